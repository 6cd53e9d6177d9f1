"""Records of Redis Agent Memory Server as facts, and back.

A record is a hash with fields for text, user, session, namespace, topics and times. The field `memctl`, which the
server ignores, has all other fields of the fact. If it differs from the server's own field, another program has changed
the record, and the server's field counts.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from math import isfinite
from typing import Any
from uuid import UUID

import msgspec

from memctl.core.fact import Fact, Source, derive_id, pack, unpack

SYSTEM = "agent-memory-server"
PREFIX = "memory_idx:"
PACKED = "memctl"
_NOT_PACKED = ("id", "user_id", "text")
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_TIMES = {"created_at": "created_at", "updated_at": "updated_at", "event_date": "valid_at"}
_OWN = ("id_", "text", "user_id", "session_id", "namespace", "topics", "memory_type", *_TIMES)
_HOUSEKEEPING = {"access_count": b"0", "pinned": b"0", "discrete_memory_extracted": b"t"}
"""The fields of a new record from which the server should not extract anything."""
_VECTOR, _VECTOR_OF = "vector", "vector_of"

Record = dict[bytes, bytes]


def fact_id(record: str) -> UUID:
    """The id of a record's fact: the id of the record if that is a UUID, else one derived from it."""
    try:
        id_ = UUID(record)
    except ValueError:
        return derive_id(SYSTEM, record)
    return id_ if str(id_) == record else derive_id(SYSTEM, record)


def record_of(fact: Fact) -> str:
    """The id of a fact's record: that of the server if the fact came from it, else the fact's id."""
    native = fact.source.id
    return native if fact.source.system == SYSTEM and native and fact_id(native) == fact.id else str(fact.id)


def to_record(fact: Fact) -> Record:
    """The fields of the fact's hash. Raises ValueError for a fact that cannot be stored as a record."""
    if not fact.user_id:
        raise ValueError("the fact has no user, and the server shows a record without a user to everybody")
    if fact.embedding is not None and not all(map(isfinite, fact.embedding.vector)):
        raise ValueError("the embedding contains a number that is not finite")
    fields = {PACKED: msgspec.json.encode(pack(fact, _packed_fields()))} | _HOUSEKEEPING
    if fact.source.system == SYSTEM:
        fields |= _native(fact)
    text_fields = {name: value.encode() for name, value in _shown(fact).items()}
    return {name.encode(): value for name, value in (fields | text_fields).items()}


def to_fact(key: str, record: Mapping[bytes, bytes], expires_at: datetime | None, user: str | None) -> Fact:
    """The fact of the hash at a key; `user` owns records that name no user. Raises ValueError for an invalid record."""
    if b"text" not in record:
        raise ValueError("the record has no text")
    fields = {name.decode(): value for name, value in record.items() if name != _VECTOR.encode()}
    packed = fields.pop(PACKED, None)
    texts = {name: value.decode() for name, value in fields.items()}
    owner = texts.get("user_id") or user
    if not owner:
        raise ValueError("the record names no user")
    id_ = key.removeprefix(PREFIX)
    if packed is not None:
        fact = Fact(
            **_source(id_) | unpack(msgspec.json.decode(packed)) | {"id": fact_id(id_), "user_id": owner},
            text=texts["text"],
        )
        text_fields = _shown(fact)
        changed = {name for name in _OWN if name != "id_" and texts.get(name, "") != text_fields.get(name, "")}
        fact = msgspec.structs.replace(fact, **_parsed(texts, changed))
        return _expiring(fact, expires_at)
    native = {name: value for name, value in texts.items() if name not in _OWN or name == "memory_type"}
    if vector := record.get(_VECTOR.encode()):
        native |= {_VECTOR: b64encode(vector).decode(), _VECTOR_OF: _digest(texts["text"])}
    return Fact(
        id=fact_id(id_),
        user_id=owner,
        text=texts["text"],
        native=native,
        expires_at=expires_at,
        **_source(id_) | _parsed(texts, set(_OWN)),
    )


def _packed_fields() -> list[str]:
    return [name for name in Fact.__struct_fields__ if name not in _NOT_PACKED]


def _source(record: str) -> dict[str, Any]:
    return {"kind": "fact", "source": Source(system=SYSTEM, id=record)}


def _shown(fact: Fact) -> dict[str, str]:
    """The server's own fields of a fact; one without a value is left out."""
    topics = [topic for topic in fact.categories if topic == topic.strip() and topic and not {",", "|"} & set(topic)]
    fields = {
        "id_": record_of(fact),
        "text": fact.text,
        "user_id": fact.user_id,
        "session_id": fact.session_id,
        "namespace": fact.app_id,
        "topics": ",".join(topics),
        "memory_type": "episodic" if fact.kind == "episode" else "semantic",
    }
    if fact.source.system == SYSTEM and "memory_type" in fact.native:
        fields["memory_type"] = str(fact.native["memory_type"])
    for name, field in _TIMES.items():
        at = getattr(fact, field)
        if at is not None:
            fields[name] = _seconds(at)
    return {name: value or "" for name, value in fields.items() if value or name == "text"}


def _parsed(texts: Mapping[str, str], names: set[str]) -> dict[str, Any]:
    """The fields of a fact that the server's fields `names` give."""
    values: dict[str, Any] = {}
    if "session_id" in names:
        values["session_id"] = texts.get("session_id") or None
    if "namespace" in names:
        values["app_id"] = texts.get("namespace") or None
    if "topics" in names:
        topics = texts.get("topics", "").replace("|", ",").split(",")
        values["categories"] = tuple(topic.strip() for topic in topics if topic.strip())
    if "memory_type" in names:
        values["kind"] = "episode" if texts.get("memory_type") == "message" else "fact"
    for name, field in _TIMES.items():
        if name in names:
            values[field] = _instant(texts.get(name, ""))
    return values


def _expiring(fact: Fact, expires_at: datetime | None) -> Fact:
    """The fact with the expiry of its key, unless the two differ only in precision. A key without an expiry may belong
    to a fact that had already expired when it was written."""
    own = fact.expires_at
    if expires_at is None:
        over = own is not None and own <= datetime.now(UTC)
        return fact if own is None or over else msgspec.structs.replace(fact, expires_at=None)
    same = own is not None and own - (own - _FIRST) % timedelta(milliseconds=1) == expires_at
    return fact if same else msgspec.structs.replace(fact, expires_at=expires_at)


def _native(fact: Fact) -> dict[str, bytes]:
    """The server's fields that a fact has no field for. The vector is left out if the text has changed."""
    native = {name: value for name, value in fact.native.items() if isinstance(value, str) and name not in _OWN}
    vector, of = native.pop(_VECTOR, None), native.pop(_VECTOR_OF, None)
    fields = {name: value.encode() for name, value in native.items() if name != PACKED}
    if vector is not None and of == _digest(fact.text):
        fields[_VECTOR] = b64decode(vector)
    return fields


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _seconds(at: datetime) -> str:
    """Unix time in seconds with six decimals; a float would round it."""
    micros = (at - _FIRST) // timedelta(microseconds=1)
    sign, micros = ("-", -micros) if micros < 0 else ("", micros)
    return f"{sign}{micros // 10**6}.{micros % 10**6:06}"


def _instant(text: str) -> datetime | None:
    """The time of a Unix time in seconds; None for 0, which the server writes for an unknown time."""
    try:
        seconds = float(text)
        return _FIRST + timedelta(seconds=seconds) if seconds else None
    except (ValueError, OverflowError):
        return None
