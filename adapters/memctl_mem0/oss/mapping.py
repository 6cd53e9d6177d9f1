"""Facts as payloads of mem0's vector stores, and back. No input or output.

A payload is flat: the text under `data`, the owner's ids, two times as ISO 8601 text, a day of expiry, and the user's
own metadata with its keys. The fields that `memctl_mem0.mapping` packs are JSON in one string under `memctl`, because
stores change JSON values: PostgreSQL's jsonb cannot contain NUL and reformats numbers.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

import msgspec

from memctl.core.errors import UsageError
from memctl.core.fact import Fact
from memctl_mem0.mapping import OWN, OWN_ID, day_of, metadata_of, native_fact_id, scope_of, to_fact

SLOTS = frozenset({"user_id", "agent_id", "session_id", "text", "metadata", "created_at", "updated_at"})
"""The fields that a payload stores exactly."""
SECONDS = SLOTS - {"created_at", "updated_at"}
"""The same for a store that keeps times to the second."""

_OWNERS = ("user_id", "agent_id", "app_id", "run_id")
_SPEAKER = ("actor_id", "role", "attributed_to")
_CAMEL = {
    "createdAt": "created_at", "updatedAt": "updated_at", "attributedTo": "attributed_to",
    "textLemmatized": "text_lemmatized", "expirationDate": "expiration_date",
}  # fmt: skip
"""The keys that mem0's TypeScript library spells differently."""
_TAKEN = frozenset(
    {
        "id",
        "data",
        "hash",
        "created_at",
        "updated_at",
        "expiration_date",
        "text_lemmatized",
        *_OWNERS,
        *_SPEAKER,
        *_CAMEL,
    }
)
"""The keys of a payload that belong to mem0, and cannot be used for metadata."""
_WHOLE = 2**53
_FIELDS = {"agent_id": "agent_id", "app_id": "app_id", "run_id": "session_id"}


def payload_of(
    fact: Fact, slots: frozenset[str] = SLOTS, *, blanks: bool = True, scalars: bool = False
) -> dict[str, Any]:
    """The payload for a fact, without the key `text_lemmatized`, which mem0 computes from the text.

    `slots` has the fields that a payload stores exactly. With `blanks`, ids may contain white space, which a vector
    store accepts but mem0's API does not. With `scalars`, values must be texts, numbers or booleans. Raises ValueError
    for a fact that mem0 cannot store.
    """
    if "\0" in fact.text or "\0" in fact.user_id:
        raise ValueError("mem0's stores cannot contain a NUL character in a text or a user")
    ids = scope_of(fact)
    if not blanks and "user_id" in ids and not _is_key(ids["user_id"], blanks=False):
        raise ValueError("mem0 does not accept a user id with white space")
    away = {key for key in _FIELDS if key in ids and not _is_key(ids[key], blanks=blanks)}
    if away and "user_id" not in ids:
        raise ValueError("mem0 does not accept an owner's id with white space or a NUL character")
    metadata = metadata_of(fact, slots - {_FIELDS[key] for key in away})
    packed = metadata[OWN]
    fits = _is_scalar if scalars else storable
    astray = {key: value for key, value in fact.metadata.items() if key != OWN and not fits(key, value)}
    if astray:
        packed = packed | {"fact": packed["fact"] | {"metadata": packed["fact"].get("metadata", {}) | astray}}
    payload = {key: value for key, value in metadata.items() if fits(key, value)}
    payload |= {OWN: msgspec.json.encode(packed).decode(), OWN_ID: str(fact.id)}
    payload |= {"data": fact.text, "hash": hash_of(fact.text)}
    payload |= {key: value for key, value in ids.items() if key not in away}
    for key in _SPEAKER:
        value = fact.native.get(key)
        if isinstance(value, str) and storable("", value):
            payload[key] = value
    for key, at in (("created_at", fact.created_at), ("updated_at", fact.updated_at)):
        if at is not None:
            payload[key] = at.isoformat()
    if fact.expires_at is not None:
        payload["expiration_date"] = day_of(fact.expires_at)
    return payload


def memory_of(point_id: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The memory in a payload, in the form of mem0's API, with the fields that the API leaves out."""
    row: dict[str, Any] = {"id": point_id}
    metadata: dict[str, Any] = {}
    for key, value in payload.items():
        name = _CAMEL.get(key, key)
        if name not in _TAKEN:
            metadata[key] = value
        elif name in _OWNERS and isinstance(value, int) and not isinstance(value, bool):
            row[name] = str(value)
        elif name == "data":
            row["memory"] = value
        elif name not in ("id", "text_lemmatized") and (name == key or name not in payload):
            row[name] = value
    _unfold(metadata)
    return row | {"metadata": metadata}


def fact_of_row(row: Mapping[str, Any], account: str, default_user: str | None = None) -> Fact:
    """The fact in a memory of mem0's REST server. Raises ValueError for one without text or an owner."""
    # `to_fact` keeps metadata that is not an object unchanged.
    memory = {**row, "metadata": _metadata_of(row)} if isinstance(row.get("metadata") or {}, dict) else row
    return to_fact(memory, account=account, default_user=default_user)


def stamp_of(row: Mapping[str, Any]) -> str:
    """The time at which memctl wrote the memory, from its packed fields; empty if it did not."""
    packed = _metadata_of(row).get(OWN)
    return str(packed.get("written", "")) if isinstance(packed, dict) else ""


def stamped(payload: Mapping[str, Any], at: str) -> dict[str, Any]:
    """The payload with the time of the write, which identifies the later of two writes of a fact."""
    return {**payload, OWN: msgspec.json.encode(msgspec.json.decode(payload[OWN]) | {"written": at}).decode()}


def fact_of(point_id: str, payload: Mapping[str, Any], account: str, default_user: str | None = None) -> Fact:
    """The fact in a payload. Raises ValueError for one without text or without an owner."""
    return to_fact(memory_of(point_id, payload), account=account, default_user=default_user)


def point_of(fact: Fact, account: str) -> str:
    """The id of the fact in mem0: that of its original memory, else the fact's own."""
    native = fact.source.id
    if fact.source.system == "mem0" and native is not None and native_fact_id(native, account) == fact.id:
        try:
            return str(msgspec.convert(native, type(fact.id), strict=False))
        except msgspec.ValidationError:
            pass
    return str(fact.id)


def hash_of(text: str) -> str:
    """mem0's hash of a text: MD5 (hex), used to detect duplicates, not for security."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def storable(key: str, value: Any) -> bool:
    """Whether every store returns the value under this key of a payload unchanged."""
    return key not in _TAKEN and _plain(key) and _plain(value)


def _is_scalar(key: str, value: Any) -> bool:
    """Whether Chroma also returns the value under this key unchanged."""
    valid_name = key[:1].isalnum() and not key.startswith("chroma:")
    return valid_name and isinstance(value, str | int | float) and storable(key, value)


def _plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_plain(key) and _plain(inner) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return all(map(_plain, value))
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, float):
        # jsonb keeps the value of numbers with an exponent and of negative zero, but not their form.
        return "e" not in (form := repr(value)) and form != "-0.0"
    return not isinstance(value, int) or abs(value) <= _WHOLE


def _is_key(name: str, *, blanks: bool) -> bool:
    return "\0" not in name and (blanks or not any(map(str.isspace, name)))


def _metadata_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row's metadata with memctl's packed fields decoded; empty if it has none."""
    stored = row.get("metadata")
    metadata = dict(stored) if isinstance(stored, dict) else {}
    _unfold(metadata)
    return metadata


def _unfold(metadata: dict[str, Any]) -> None:
    """The decoded packed fields in the form that `mapping` expects; packed metadata is merged with the rest."""
    folded = metadata.get(OWN)
    if not isinstance(folded, str):
        return
    try:
        unfolded = msgspec.json.decode(folded)
    except (msgspec.DecodeError, RecursionError):
        return
    if not isinstance(unfolded, dict) or not isinstance(unfolded.get("fact"), dict):
        return
    packed = unfolded["fact"].get("metadata")
    if isinstance(packed, dict):
        lying_open = {key: value for key, value in metadata.items() if key not in (OWN, OWN_ID)}
        unfolded["fact"]["metadata"] = packed | lying_open
    metadata[OWN] = unfolded


def messages_of(turns: Iterable[Any]) -> list[dict[str, str]]:
    """Turns (texts of the user, or mappings with `role` and `content`) as messages for mem0's own extraction.

    Raises UsageError for a turn without a text.
    """
    messages = []
    for number, turn in enumerate(turns):
        message = {"content": turn} if isinstance(turn, str) else turn
        if not isinstance(message, Mapping) or not isinstance(message.get("content"), str):
            raise UsageError("a turn needs a text under 'content'", where=f"turn {number}")
        messages.append({"role": str(message.get("role", "user")), "content": message["content"]})
    return messages


def batches(facts: Iterable[Fact], size: int) -> Iterator[list[Fact]]:
    """The facts in order, in batches that have each id at most once."""
    batch: dict[UUID, Fact] = {}
    for fact in facts:
        if len(batch) == size or fact.id in batch:
            yield list(batch.values())
            batch = {}
        batch[fact.id] = fact
    if batch:
        yield list(batch.values())
