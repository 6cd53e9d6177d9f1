"""Facts as rows of `facts`, and back. No input or output.

PostgreSQL's text cannot contain NUL, jsonb changes some numbers, and a vector has single precision; such values are
also stored in another form, so that facts are read exactly as they were written.
"""

import re
from array import array
from collections.abc import Sequence
from math import isfinite
from struct import pack
from sys import byteorder
from typing import Any, NamedTuple

import msgspec

from memctl.core.fact import Embedding, Fact, Source, content_hash

COLUMNS = (
    "id", "user_id", "agent_id", "session_id", "app_id", "kind", "text", "subject", "predicate", "object",
    "categories", "confidence", "valid_at", "invalid_at", "created_at", "updated_at", "expired_at", "expires_at",
    "superseded_by", "source_system", "source_id", "source_uri", "source_session", "source_turns", "source_quote",
    "metadata", "native", "exact", "content_hash", "embedding_model", "embedding", "embedding_exact",
)  # fmt: skip
"""The columns of a row of `from_fact`, in order."""

SELECTED = (
    *COLUMNS[:25], "metadata::text", "native::text",
    "CASE WHEN exact_of = md5(metadata::text || native::text) THEN exact END",
    "embedding_model", "vector_send(embedding)", "embedding_exact",
)  # fmt: skip
"""The columns of a SELECT for `to_fact`, in order."""

_SIGN = "␀"
_ESCAPED = re.compile(f"{_SIGN}([{_SIGN}0])")
# Numbers of which jsonb keeps the value but not the form: negative zero and powers of ten.
_CHANGING = re.compile(rb"[:\[,]-0(?:\.0)?[,\]}]|[:\[,]-?[\d.]+[eE]")
_ADDED_BYTE = b"\x01"
"""The prefix of a jsonb in PostgreSQL's binary format."""


class Row(NamedTuple):
    """A fact ready for COPY: `values` in the order of COLUMNS; `beside`: its vector is not in the indexed column."""

    values: tuple[Any, ...]
    beside: bool


def stored_text(text: str) -> str:
    """`text` in a form that PostgreSQL can store; reversible."""
    if "\0" in text or _SIGN in text:
        return text.replace(_SIGN, _SIGN * 2).replace("\0", _SIGN + "0")
    return text


def loaded_text(text: str) -> str:
    """The text before `stored_text`."""
    return _ESCAPED.sub(lambda match: "\0" if match[1] == "0" else _SIGN, text) if _SIGN in text else text


def from_fact(fact: Fact, dimensions: int | None) -> Row:
    """The row of a fact for a table whose vectors have `dimensions` dimensions."""
    source = fact.source
    digest = content_hash(fact)
    metadata, native = _json(fact.metadata), _json(fact.native)
    exact = None
    if _CHANGING.search(metadata) or _CHANGING.search(native):
        exact = msgspec.json.encode({"metadata": fact.metadata, "native": fact.native}).decode()
    model, vector, exact_vector = None, None, None
    if fact.embedding is not None:
        model = stored_text(fact.embedding.model)
        vector, exact_vector = _vector(fact.embedding.vector, dimensions)
    values = (
        fact.id,
        stored_text(fact.user_id),
        *map(_text, (fact.agent_id, fact.session_id, fact.app_id)),
        fact.kind,
        stored_text(fact.text),
        *map(_text, (fact.subject, fact.predicate, fact.object)),
        list(map(stored_text, fact.categories)),
        fact.confidence,
        fact.valid_at,
        fact.invalid_at,
        fact.created_at,
        fact.updated_at,
        fact.expired_at,
        fact.expires_at,
        fact.superseded_by,
        stored_text(source.system),
        *map(_text, (source.id, source.uri, source.session)),
        list(map(stored_text, source.turns)),
        _text(source.quote),
        _ADDED_BYTE + metadata,
        _ADDED_BYTE + native,
        exact,
        digest,
        model,
        vector,
        exact_vector,
    )
    return Row(values, beside=model is not None and vector is None)


def to_fact(row: Sequence[Any]) -> Fact:
    """The fact in a row selected by SELECTED. Raises ValueError for a row that was edited into something invalid."""
    (
        id_, user_id, agent_id, session_id, app_id, kind, text, subject, predicate, object_, categories, confidence,
        valid_at, invalid_at, created_at, updated_at, expired_at, expires_at, superseded_by, system, source_id, uri,
        session, turns, quote, metadata, native, exact, model, vector, exact_vector,
    ) = row  # fmt: skip
    if exact is not None:
        exact_values = msgspec.json.decode(exact)
    else:
        exact_values = {"metadata": _loaded_json(metadata), "native": _loaded_json(native)}
    for name in ("metadata", "native"):
        if not isinstance(exact_values[name], dict):
            raise ValueError(f"its {name} is not a JSON object")
    for name, texts in (("categories", categories), ("source_turns", turns), ("embedding_exact", exact_vector)):
        if texts is not None and None in texts:
            raise ValueError(f"its {name} contains null")
    return Fact(
        id=id_,
        user_id=loaded_text(user_id),
        agent_id=_loaded(agent_id),
        session_id=_loaded(session_id),
        app_id=_loaded(app_id),
        kind=kind,
        text=loaded_text(text),
        subject=_loaded(subject),
        predicate=_loaded(predicate),
        object=_loaded(object_),
        categories=tuple(map(loaded_text, categories)),
        confidence=confidence,
        valid_at=valid_at,
        invalid_at=invalid_at,
        created_at=created_at,
        updated_at=updated_at,
        expired_at=expired_at,
        expires_at=expires_at,
        superseded_by=superseded_by,
        source=Source(
            system=loaded_text(system),
            id=_loaded(source_id),
            uri=_loaded(uri),
            session=_loaded(session),
            turns=tuple(map(loaded_text, turns)),
            quote=_loaded(quote),
        ),
        metadata=exact_values["metadata"],
        native=exact_values["native"],
        embedding=_embedding(model, vector, exact_vector),
    )


def _text(text: str | None) -> str | None:
    return None if text is None else stored_text(text)


def _loaded(text: str | None) -> str | None:
    return None if text is None else loaded_text(text)


def _json(value: dict[str, Any]) -> bytes:
    if not value:
        return b"{}"
    encoded = msgspec.json.encode(value)
    if b"\\u0000" in encoded or _SIGN.encode() in encoded:
        encoded = msgspec.json.encode(_each_text(msgspec.json.decode(encoded), stored_text))
    return encoded


def _loaded_json(encoded: str) -> Any:
    value = msgspec.json.decode(encoded)
    return _each_text(value, loaded_text) if _SIGN in encoded else value


def _each_text(value: Any, change: Any) -> Any:
    """The JSON value with every text in it changed, including keys."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(key): _each_text(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_each_text(item, change) for item in value]
    return value


def _vector(vector: tuple[float, ...], dimensions: int | None) -> tuple[bytes | None, list[float] | None]:
    """The vector in pgvector's binary format, and its exact numbers if that format changes them."""
    if len(vector) != dimensions:
        return None, list(vector)
    single = array("f", vector)
    rounded = tuple(single)
    # A number that is not finite, or too large for single precision, shows in the sum; pgvector accepts neither.
    if not isfinite(sum(rounded)):
        return None, list(vector)
    if byteorder == "little":
        single.byteswap()
    return pack(">HH", dimensions, 0) + single.tobytes(), None if rounded == vector else list(vector)


def vector_from(data: bytes) -> tuple[float, ...]:
    """The numbers of a vector in pgvector's binary format: two shorts (dimensions, unused), then floats."""
    single = array("f", data[4:])
    if byteorder == "little":
        single.byteswap()
    return tuple(single)


def _embedding(model: str | None, vector: bytes | None, exact: list[float] | None) -> Embedding | None:
    if vector is None and exact is None:
        return None
    single = vector_from(vector) if vector is not None else None
    # A vector that was edited later takes precedence over the exact numbers.
    current = exact is not None and (single is None or tuple(array("f", exact)) == single)
    return Embedding(model=loaded_text(model or ""), vector=tuple(exact) if current and exact else single or ())
