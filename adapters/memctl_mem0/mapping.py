"""mem0's memories as facts, and back, for all of its adapters. No input or output; needs neither mem0 nor a network.

Fields that mem0 does not have are stored under the key `memctl` of a memory's metadata, and restored from it; later
edits in mem0 take precedence. `to_fact` takes a memory as mem0's API returns it: `id`, `memory`, the owner's ids,
`metadata`, `created_at` and so on, in snake_case or, as in the TypeScript library, in camelCase.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec

from memctl.core.fact import Fact, Source, derive_id, pack, unpack

SYSTEM = "mem0"
OWN = "memctl"
"""The key of a memory's metadata for fields that mem0 does not have."""
OWN_ID = "memctl_id"
"""The key for the fact's id, at the top level of the metadata, because mem0 can filter only by top-level keys."""
IMPORTED = "mem0_migration_"
"""The prefix of keys that mem0's own importer adds to the metadata (scripts/oss-to-platform-migrate.sh)."""

PLATFORM_SLOTS = frozenset({"user_id", "agent_id", "session_id", "app_id", "text", "metadata"})
"""The fields that mem0's platform stores exactly. Times are not among them: it rounds them to seconds or sets them."""

SCOPES = {"user": "user_id", "agent": "agent_id", "app": "app_id", "run": "run_id"}
"""mem0's kinds of owners, with the keys of a memory that name them."""

_FIELD_OF_SCOPE = {"user_id": "user_id", "agent_id": "agent_id", "app_id": "app_id", "run_id": "session_id"}
_FORCED = ("created_at", "updated_at", "expires_at", "superseded_by")
"""Fields that mem0 may set itself; if a fact has none, this must be stored too."""
_OF_THE_TEXT = ("subject", "predicate", "object", "confidence")
"""Fields that depend on the text, and are dropped after an edit of the text."""
_ALIASES = {
    "content": "memory", "userId": "user_id", "agentId": "agent_id", "appId": "app_id", "runId": "run_id",
    "session_id": "run_id", "sessionId": "run_id", "createdAt": "created_at", "updatedAt": "updated_at",
    "expirationDate": "expiration_date", "structuredAttributes": "structured_attributes", "replacedBy": "replaced_by",
    "actorId": "actor_id", "attributedTo": "attributed_to", "textLemmatized": "text_lemmatized",
}  # fmt: skip
_OF_A_SEARCH = frozenset({"score", "score_breakdown", "score_details"})
_STAMP = re.compile(r"\d{9,}(?:\.\d+)?")
_MILLISECONDS = 1e11
_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)
_PROCEDURAL = "procedural_memory"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """A fact for mem0's platform. `scope` has the owners (`user_id`, `agent_id`, `app_id`, `run_id`),
    `timestamp` is in whole seconds since 1970, `expiration_date` a day as YYYY-MM-DD."""

    text: str
    scope: dict[str, str]
    metadata: dict[str, Any]
    timestamp: int | None
    expiration_date: str | None


def from_fact(fact: Fact) -> Memory:
    """The memory for a fact. Raises ValueError for a fact that mem0 cannot store."""
    return Memory(
        text=fact.text,
        scope=scope_of(fact),
        metadata=metadata_of(fact, PLATFORM_SLOTS),
        timestamp=None if fact.created_at is None else seconds(fact.created_at),
        expiration_date=None if fact.expires_at is None else day_of(fact.expires_at),
    )


def scope_of(fact: Fact) -> dict[str, str]:
    """The owners' ids of the memory; ids that are not valid in mem0 (an empty one, `*`) are only in the metadata.

    A fact from a memory that belonged only to an agent is written to the agent only. Raises ValueError for a user id
    that is not valid in mem0.
    """
    ids = {key: getattr(fact, field) for key, field in _FIELD_OF_SCOPE.items()}
    kind = fact.native.get("owner")
    if isinstance(kind, str) and kind != "user" and fact.user_id == owner_name(kind, ids.get(SCOPES.get(kind, ""))):
        del ids["user_id"]
    elif not _is_id(fact.user_id):
        raise ValueError(f"mem0 cannot have a user named {fact.user_id!r}")
    return {key: value for key, value in ids.items() if _is_id(value)}


def metadata_of(fact: Fact, slots: Collection[str]) -> dict[str, Any]:
    """The memory's metadata: the user's own, and under `memctl` the fields that are not in `slots`.

    `slots` are the fields that the backend itself stores exactly. Embeddings are never packed.
    """
    away = [name for name in Fact.__struct_fields__ if name not in slots and name != "embedding"]
    away += [name for name in _FIELD_OF_SCOPE.values() if name in slots and not _is_id(getattr(fact, name))]
    reserved = {key for key in fact.metadata if key in (OWN, OWN_ID) or key.startswith(IMPORTED)}
    if reserved:
        away.append("metadata")
    packed = pack(fact, away) | {"id": str(fact.id), "user_id": fact.user_id}
    packed |= {name: None for name in _FORCED if name not in slots and name not in packed}
    imported = {key: value for key, value in fact.native.items() if key.startswith(IMPORTED)}
    other_metadata = {key: value for key, value in fact.metadata.items() if key not in reserved}
    return imported | other_metadata | {OWN: {"fact": packed, "text": _digest(fact.text)}, OWN_ID: str(fact.id)}


def to_fact(
    memory: Mapping[str, Any],
    *,
    account: str,
    default_user: str | None = None,
    successors: Mapping[str, UUID] | None = None,
) -> Fact:
    """The fact in a memory as mem0's API returns it.

    `account` makes ids that are not UUIDs unique, and is the source's uri; `default_user` owns memories without an
    owner; `successors` has the fact ids of memories that replace others, by mem0's id, as far as known. Times without
    a zone are in UTC; values that no field has, or that are not valid for their field, are kept in `native`.

    Raises ValueError for a record without text, without an owner, or with half a surrogate pair in it.
    """
    row = {_ALIASES.get(key, key): value for key, value in memory.items() if value is not None}
    text = row.pop("memory", None)
    if not isinstance(text, str):
        raise ValueError("the memory has no text")
    owner = owner_of(row) or default_user
    if owner is None:
        raise ValueError("the memory names neither a user nor an agent, app or run")
    native_id = str(row.pop("id")) if "id" in row else None
    fields, native = _taken(row, account, successors or {})
    metadata, packed = _parted(fields.pop("metadata"), native, fields)
    fact = Fact(
        id=_fact_id(native_id, account, owner, text),
        user_id=owner,
        kind="procedure" if metadata.get("memory_type") == _PROCEDURAL else "fact",
        text=text,
        source=Source(system=SYSTEM, id=native_id, uri=account or None),
        metadata=metadata,
        native=native,
        **fields,
    )
    return _undated(fact) if packed is None else _restored(fact, packed)


def owner_of(memory: Mapping[str, Any]) -> str | None:
    """The owner of a memory: its user, else `agent:ID`, `app:ID` or `run:ID`; None if it has no owner."""
    for kind, key in SCOPES.items():
        value = memory.get(key) or (memory.get("session_id") if kind == "run" else None)
        if isinstance(value, str) and value:
            return owner_name(kind, value)
    return None


def ids_of(memory: Mapping[str, Any]) -> dict[str, str]:
    """The owners' ids in a memory of the platform, by mem0's keys."""
    ids = {key: memory.get(key) for key in SCOPES.values()}
    ids["run_id"] = ids["run_id"] or memory.get("session_id")
    return {key: value for key, value in ids.items() if isinstance(value, str) and value}


def owner_name(kind: str, name: str | None) -> str | None:
    """The user id in memctl of an owner in mem0."""
    return name if kind == "user" or name is None else f"{kind}:{name}"


def owner_beside_users(owner: str) -> tuple[str, str] | None:
    """The kind and the name in `agent:ID`, `app:ID` or `run:ID`; None for a user."""
    kind, colon, name = owner.partition(":")
    return (kind, name) if colon and name and kind in SCOPES and kind != "user" else None


def native_fact_id(native_id: str, account: str) -> UUID:
    """The fact id of a memory that memctl did not write. mem0's ids are usually UUIDs, which are unique across dumps
    and accounts; other ids are made unique by the account."""
    return derive_id(SYSTEM, "" if _UUID.fullmatch(native_id) else account, native_id)


def _fact_id(native_id: str | None, account: str, owner: str, text: str) -> UUID:
    if native_id is None:
        return derive_id(SYSTEM, account, owner, text)
    # A dump does not name the account: there the owner makes an id such as "1" unique.
    return native_fact_id(native_id, account or owner)


def _taken(row: dict[str, Any], account: str, successors: Mapping[str, UUID]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A memory's values as fields of a fact, and those without a field."""
    fields: dict[str, Any] = {"metadata": {}}
    native: dict[str, Any] = {}
    if not row.get("user_id"):
        kind = next((kind for kind, key in SCOPES.items() if row.get(key)), None)
        native |= {"owner": kind} if kind else {}
    for key, value in row.items():
        if key == "user_id" or key in _OF_A_SEARCH or (key == "synthesized" and value is False):
            continue
        field, convert = _READERS.get(key, _NOWHERE)
        converted = convert(value)
        if converted is None:
            native[key] = value
            continue
        fields[field] = converted
        if field == "expires_at":
            # The original value is kept too, because a day is less precise than the time in the field.
            native[key] = value
    if "replaced_by" in fields:
        replaced_by = native["replaced_by"] = fields.pop("replaced_by")
        fields["superseded_by"] = successors.get(replaced_by) or native_fact_id(replaced_by, account)
    return fields, native


def _parted(
    metadata: dict[str, Any], native: dict[str, Any], fields: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The user's own metadata, and the fields that memctl packed. Keys of mem0's importer are moved to `native`; the
    day of expiry that it puts into the metadata is moved to its field."""
    own = metadata
    imported = {key: value for key, value in metadata.items() if key.startswith(IMPORTED)}
    if imported:
        native.update(imported)
        own = {key: value for key, value in metadata.items() if key not in imported}
        if "expires_at" not in fields and (at := time_of(own.get("expiration_date"))):
            fields["expires_at"] = at
            native["expiration_date"] = own.pop("expiration_date")
    packed = _packed(own.get(OWN))
    if packed is not None:
        own = {key: value for key, value in own.items() if key not in (OWN, OWN_ID)}
    return own, packed


def _packed(value: Any) -> dict[str, Any] | None:
    """The fields that memctl packed, with a digest of the text as `text`; None if memctl did not pack them."""
    if not isinstance(value, dict) or not isinstance(value.get("fact"), dict):
        return None
    try:
        return unpack(value["fact"]) | {"text": value.get("text")}
    except ValueError:
        return None


def _restored(fact: Fact, packed: dict[str, Any]) -> Fact:
    """The fact as it was written, with later edits in mem0."""
    values = dict(packed)
    if values.pop("user_id", None) != fact.user_id:
        # The memory was copied to another owner: the copy is a different fact.
        values.pop("id", None)
    if values.pop("text") != _digest(fact.text):
        for name in (*_OF_THE_TEXT, "updated_at"):
            values.pop(name, None)
    created, expires = values.get("created_at"), values.get("expires_at")
    if created is not None and (fact.created_at is None or seconds(fact.created_at) != seconds(created)):
        values.pop("created_at")
    if _day_or_none(expires) != _day_or_none(fact.expires_at):
        values.pop("expires_at", None)
    if fact.superseded_by is not None:
        values.pop("superseded_by", None)
    # A field that is not packed was empty, even if mem0 has set it since.
    plain: dict[str, Any] = {"native": {}, "categories": ()}
    return msgspec.structs.replace(fact, **(plain | values))


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and value not in ("", "*")


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]


def seconds(at: datetime) -> int:
    """Whole seconds since 1970, rounded down."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def day_of(at: datetime) -> str:
    """The day of expiry for an instant: the first day that ends at or after it, so that nothing expires too early."""
    day = at.date() if at.time() == datetime.min.time() or at.date() == date.max else at.date() + timedelta(days=1)
    return day.isoformat()


def _day_or_none(at: datetime | None) -> str | None:
    return None if at is None else day_of(at)


def time_of(value: Any) -> datetime | None:
    """The time in a format of mem0 and its stores: ISO 8601, a day, or (milli)seconds since 1970; None if it is not
    valid."""
    try:
        if isinstance(value, str) and not _STAMP.fullmatch(value):
            time = datetime.fromisoformat(value)
            return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            number = float(value)
            return datetime.fromtimestamp(number / 1000 if number > _MILLISECONDS else number, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _undated(fact: Fact) -> Fact:
    """The fact without times that mean unknown, which mem0's Redis and Valkey stores write as 0."""
    unknown = {name: None for name in ("created_at", "updated_at") if getattr(fact, name) == _UNKNOWN}
    return msgspec.structs.replace(fact, **unknown) if unknown else fact


def _labels(value: Any) -> tuple[str, ...] | None:
    fits = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return tuple(value) if fits else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


_NOWHERE: tuple[str, Callable[[Any], Any]] = ("", lambda _: None)
_READERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "agent_id": ("agent_id", _text),
    "app_id": ("app_id", _text),
    "run_id": ("session_id", _text),
    "created_at": ("created_at", time_of),
    "updated_at": ("updated_at", time_of),
    "expiration_date": ("expires_at", time_of),
    "categories": ("categories", _labels),
    "replaced_by": ("replaced_by", _text),
    "metadata": ("metadata", _object),
}
"""The field of a fact for each key of a memory, and a function that converts the value: None if it is not valid."""
