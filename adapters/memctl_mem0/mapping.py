"""mem0's memories as Facts and back, for all its doors. Pure: nothing here needs mem0 or a network.

What mem0 has no place for travels under the key `memctl` of a memory's metadata and comes back in the fields it was
taken from; where the memory was edited in mem0 since, what mem0 says stands. A memory reaches `to_fact` as mem0's API
gives it: `id`, `memory`, the owner's ids, `metadata`, `created_at` and so on, in snake_case or, as the TypeScript
library writes them, in camelCase.
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
"""The key of a memory's metadata under which what mem0 has no place for travels."""
OWN_ID = "memctl_id"
"""The fact's id once more, as a key that mem0's filters reach: they look at the top level of metadata only."""
IMPORTED = "mem0_migration_"
"""How the keys begin that mem0's own importer leaves in the metadata (scripts/oss-to-platform-migrate.sh)."""

PLATFORM_SLOTS = frozenset({"user_id", "agent_id", "session_id", "app_id", "text", "metadata"})
"""The fields that mem0's platform keeps exactly by itself; times it keeps to the second, or sets itself."""

SCOPES = {"user": "user_id", "agent": "agent_id", "app": "app_id", "run": "run_id"}
"""mem0's kinds of owners, and the key of a memory that names each."""

_FIELD_OF_SCOPE = {"user_id": "user_id", "agent_id": "agent_id", "app_id": "app_id", "run_id": "session_id"}
_FORCED = ("created_at", "updated_at", "expires_at", "superseded_by")
"""Fields that mem0 may fill by itself, so that it must be said when a fact had none."""
_OF_THE_TEXT = ("subject", "predicate", "object", "confidence")
"""Fields that say something of one wording only, and no longer hold when mem0 has another."""
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
    """A fact as mem0's platform takes it. `scope` names the owners (`user_id`, `agent_id`, `app_id`, `run_id`),
    `timestamp` is in whole seconds since 1970, `expiration_date` a day as YYYY-MM-DD."""

    text: str
    scope: dict[str, str]
    metadata: dict[str, Any]
    timestamp: int | None
    expiration_date: str | None


def from_fact(fact: Fact) -> Memory:
    """The memory that mem0's platform is to keep for a fact. Raises ValueError for a fact it cannot hold."""
    return Memory(
        text=fact.text,
        scope=scope_of(fact),
        metadata=metadata_of(fact, PLATFORM_SLOTS),
        timestamp=None if fact.created_at is None else seconds(fact.created_at),
        expiration_date=None if fact.expires_at is None else day_of(fact.expires_at),
    )


def scope_of(fact: Fact) -> dict[str, str]:
    """The owners' ids of the memory; what mem0 cannot have as an id (an empty one, `*`) is left to the metadata.

    A fact that came from a memory of an agent alone goes back to the agent alone. Raises ValueError for a user whom
    mem0 cannot have.
    """
    ids = {key: getattr(fact, field) for key, field in _FIELD_OF_SCOPE.items()}
    kind = fact.native.get("owner")
    if isinstance(kind, str) and kind != "user" and fact.user_id == owner_name(kind, ids.get(SCOPES.get(kind, ""))):
        del ids["user_id"]
    elif not _is_id(fact.user_id):
        raise ValueError(f"mem0 can have no user {fact.user_id!r}")
    return {key: value for key, value in ids.items() if _is_id(value)}


def metadata_of(fact: Fact, slots: Collection[str]) -> dict[str, Any]:
    """The memory's metadata: the user's own, and under `memctl` what a backend that has these slots has no place for.

    `slots` are the fields that come back exactly by themselves. Embeddings are never packed.
    """
    away = [name for name in Fact.__struct_fields__ if name not in slots and name != "embedding"]
    away += [name for name in _FIELD_OF_SCOPE.values() if name in slots and not _is_id(getattr(fact, name))]
    own = {key for key in fact.metadata if key in (OWN, OWN_ID) or key.startswith(IMPORTED)}
    if own:
        away.append("metadata")
    packed = pack(fact, away) | {"id": str(fact.id), "user_id": fact.user_id}
    packed |= {name: None for name in _FORCED if name not in slots and name not in packed}
    imported = {key: value for key, value in fact.native.items() if key.startswith(IMPORTED)}
    beside = {key: value for key, value in fact.metadata.items() if key not in own}
    return imported | beside | {OWN: {"fact": packed, "text": _digest(fact.text)}, OWN_ID: str(fact.id)}


def to_fact(
    memory: Mapping[str, Any],
    *,
    account: str,
    default_user: str | None = None,
    successors: Mapping[str, UUID] | None = None,
) -> Fact:
    """The Fact in a memory as mem0's API gives it.

    `account` tells apart memories whose ids are no UUIDs, and is the source's uri; `default_user` owns what names no
    owner at all; `successors` are the facts' ids of memories that replace others, by mem0's id, where these are known.
    Times without a zone are taken as UTC; what has no field, or is none such, is kept in `native`.

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
    found = Fact(
        id=_fact_id(native_id, account, owner, text),
        user_id=owner,
        kind="procedure" if metadata.get("memory_type") == _PROCEDURAL else "fact",
        text=text,
        source=Source(system=SYSTEM, id=native_id, uri=account or None),
        metadata=metadata,
        native=native,
        **fields,
    )
    return _undated(found) if packed is None else _restored(found, packed)


def owner_of(memory: Mapping[str, Any]) -> str | None:
    """Who owns a memory: its user, else `agent:ID`, `app:ID` or `run:ID`; None when it names nobody."""
    for kind, key in SCOPES.items():
        value = memory.get(key) or (memory.get("session_id") if kind == "run" else None)
        if isinstance(value, str) and value:
            return owner_name(kind, value)
    return None


def ids_of(memory: Mapping[str, Any]) -> dict[str, str]:
    """The owners' ids that a memory of the platform names, by mem0's keys."""
    ids = {key: memory.get(key) for key in SCOPES.values()}
    ids["run_id"] = ids["run_id"] or memory.get("session_id")
    return {key: value for key, value in ids.items() if isinstance(value, str) and value}


def owner_name(kind: str, name: str | None) -> str | None:
    """How an owner of mem0 is called as a user of memctl."""
    return name if kind == "user" or name is None else f"{kind}:{name}"


def owner_beside_users(owner: str) -> tuple[str, str] | None:
    """The kind and the name in `agent:ID`, `app:ID` or `run:ID`; None for what can only be a user."""
    kind, colon, name = owner.partition(":")
    return (kind, name) if colon and name and kind in SCOPES and kind != "user" else None


def native_fact_id(native_id: str, account: str) -> UUID:
    """The id of the fact in a memory that memctl never wrote. mem0's ids are UUIDs, the same in whatever dump or
    account the memory is found; only others need the account beside them."""
    return derive_id(SYSTEM, "" if _UUID.fullmatch(native_id) else account, native_id)


def _fact_id(native_id: str | None, account: str, owner: str, text: str) -> UUID:
    if native_id is None:
        return derive_id(SYSTEM, account, owner, text)
    # A dump says nothing of the account: there the owner tells "1" from "1".
    return native_fact_id(native_id, account or owner)


def _taken(row: dict[str, Any], account: str, successors: Mapping[str, UUID]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A memory's values as fields of a Fact, and those that are of none."""
    fields: dict[str, Any] = {"metadata": {}}
    native: dict[str, Any] = {}
    if not row.get("user_id"):
        kind = next((kind for kind, key in SCOPES.items() if row.get(key)), None)
        native |= {"owner": kind} if kind else {}
    for key, value in row.items():
        if key == "user_id" or key in _OF_A_SEARCH or (key == "synthesized" and value is False):
            continue
        field, read = _READERS.get(key, _NOWHERE)
        found = read(value)
        if found is None:
            native[key] = value
            continue
        fields[field] = found
        if field == "expires_at":
            # A day says less than an instant does: keep how it was put.
            native[key] = value
    if "replaced_by" in fields:
        replaced_by = native["replaced_by"] = fields.pop("replaced_by")
        fields["superseded_by"] = successors.get(replaced_by) or native_fact_id(replaced_by, account)
    return fields, native


def _parted(
    metadata: dict[str, Any], native: dict[str, Any], fields: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The user's own metadata, and what memctl packed beside it. mem0's importer's keys go to `native`, and the day of
    expiry that it puts among the metadata to its field."""
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
    """The fields that memctl packed with a digest of the text beside them, as `text`; None for what is somebody
    else's."""
    if not isinstance(value, dict) or not isinstance(value.get("fact"), dict):
        return None
    try:
        return unpack(value["fact"]) | {"text": value.get("text")}
    except ValueError:
        return None


def _restored(found: Fact, packed: dict[str, Any]) -> Fact:
    """The fact as it was before mem0 had it, but for what was edited in mem0 since."""
    values = dict(packed)
    if values.pop("user_id", None) != found.user_id:
        # Somebody copied the memory to another owner: that is a fact of its own.
        values.pop("id", None)
    if values.pop("text") != _digest(found.text):
        for name in (*_OF_THE_TEXT, "updated_at"):
            values.pop(name, None)
    created, expires = values.get("created_at"), values.get("expires_at")
    if created is not None and (found.created_at is None or seconds(found.created_at) != seconds(created)):
        values.pop("created_at")
    if _day_or_none(expires) != _day_or_none(found.expires_at):
        values.pop("expires_at", None)
    if found.superseded_by is not None:
        values.pop("superseded_by", None)
    # What was not packed had nothing in it; what mem0 sets by itself is none of the fact's.
    plain: dict[str, Any] = {"native": {}, "categories": ()}
    return msgspec.structs.replace(found, **(plain | values))


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and value not in ("", "*")


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]


def seconds(at: datetime) -> int:
    """Whole seconds since 1970, rounded down."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def day_of(at: datetime) -> str:
    """The first day that is not over before the instant: nothing is forgotten before its time."""
    whole = at.date() if at.time() == datetime.min.time() or at.date() == date.max else at.date() + timedelta(days=1)
    return whole.isoformat()


def _day_or_none(at: datetime | None) -> str | None:
    return None if at is None else day_of(at)


def time_of(value: Any) -> datetime | None:
    """The instant in a time as mem0 and its stores write it: ISO 8601, a day, or (milli)seconds since 1970; or None."""
    try:
        if isinstance(value, str) and not _STAMP.fullmatch(value):
            found = datetime.fromisoformat(value)
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            number = float(value)
            return datetime.fromtimestamp(number / 1000 if number > _MILLISECONDS else number, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _undated(fact: Fact) -> Fact:
    """The fact without times that say that they are unknown: mem0's Redis and Valkey stores write 0 for those."""
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
"""The field of a Fact that a memory's key fills, and what makes the one's value of the other's: None when it is none
such."""
