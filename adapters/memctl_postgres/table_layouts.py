"""Tables that memctl did not make: which column or JSON key holds which field of a Fact, and rows to Facts.

Pure: `foreign` asks the database, this says what to ask and what the answer means. A row arrives as the JSON PostgreSQL
makes of it (`to_jsonb`). What has no field of its own is kept in `native`, so that nothing is lost.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from memctl.core.errors import UsageError
from memctl.core.fact import KINDS, TIME_FIELDS, Embedding, Fact, Source, derive_id

FIELDS = (
    "id", "user_id", "agent_id", "session_id", "app_id", "kind", "text", "subject", "predicate", "object", "categories",
    "confidence", *TIME_FIELDS, "metadata", "embedding",
)  # fmt: skip
"""The fields of a Fact that a column can be mapped to."""

_TEXTS = ("agent_id", "session_id", "app_id", "subject", "predicate", "object")
_KINDS = {"semantic": "fact", "episodic": "episode", "procedural": "procedure", "memory": "fact"}
"""The names that papers and frameworks use for kinds, beside our own."""


class Layout(NamedTuple):
    """Where a Fact's fields are: `columns` maps a column to a field; with `payload`, the keys of that JSON column too.

    `required` columns must be there, the others are taken where they are. `system` names the source.
    """

    system: str
    columns: Mapping[str, str]
    required: tuple[str, ...] = ()
    payload: str | None = None
    payload_keys: Mapping[str, str] = {}
    table: str | None = None


DIY = Layout(
    system="postgres",
    columns={
        "id": "id", "user_id": "user_id", "content": "text", "embedding": "embedding", "created_at": "created_at",
        "updated_at": "updated_at", "memory_type": "kind", "metadata": "metadata", "agent_id": "agent_id",
        "session_id": "session_id", "expires_at": "expires_at",
    },
    required=("id", "user_id", "content"),
    table="agent_memories",
)  # fmt: skip
"""The home-made table of most pgvector tutorials."""

MEM0 = Layout(
    system="mem0",
    columns={"id": "id", "vector": "embedding"},
    required=("id", "vector", "payload"),
    payload="payload",
    payload_keys={
        "data": "text", "user_id": "user_id", "agent_id": "agent_id", "run_id": "session_id",
        "created_at": "created_at", "updated_at": "updated_at", "createdAt": "created_at", "updatedAt": "updated_at",
        "expiration_date": "expires_at",
    },
    table="mem0",
)  # fmt: skip
"""mem0's collection in pgvector: `data` and the scopes are keys of the payload, as is the user's own metadata."""

_MEM0_NATIVE = ("hash", "actor_id", "role", "attributed_to", "text_lemmatized", "textLemmatized", "attributedTo")

PRESETS = {"diy": DIY, "mem0": MEM0}


def layout_of(layout: str | None, mapping: Mapping[str, str] | str | None) -> Layout:
    """The layout that the options name: a preset, a mapping of columns to fields (also as "a=b,c=d"), or both.

    Raises UsageError for an unknown preset or field, listing the valid ones.
    """
    if layout is not None and layout not in PRESETS:
        raise UsageError(f"unknown layout {layout!r}", hint=f"known layouts: {', '.join(PRESETS)}")
    base = PRESETS[layout] if layout else DIY if mapping is None else Layout(system="postgres", columns={})
    if mapping is None:
        return base
    pairs = _pairs(mapping) if isinstance(mapping, str) else dict(mapping)
    for column, field in pairs.items():
        if field not in FIELDS:
            raise UsageError(
                f"{column} is mapped to {field!r}, no field of a fact", hint=f"fields: {', '.join(FIELDS)}"
            )
    kept = {column: field for column, field in base.columns.items() if field not in pairs.values()}
    required = tuple(name for name in base.required if name in kept or name == base.payload)
    return base._replace(columns=kept | pairs, required=(*required, *pairs))


def _pairs(mapping: str) -> dict[str, str]:
    pairs = {}
    for part in filter(None, (part.strip() for part in mapping.split(","))):
        column, sign, field = part.rpartition("=")
        if not sign or not column.strip():
            raise UsageError(f"cannot read {part!r} in the mapping", hint="use column=field,column=field")
        pairs[column.strip()] = field.strip()
    return pairs


def check(layout: Layout, columns: Sequence[str], table: str) -> Layout:
    """The layout for a table that has these columns; columns that are not there and not required fall away.

    Raises UsageError when a needed column is missing.
    """
    missing = [name for name in layout.required if name not in columns]
    if missing:
        raise UsageError(
            f"the table has no column {', '.join(missing)}",
            where=table,
            hint=f"it has {', '.join(columns)}; name them with --map column=field",
        )
    found = layout._replace(columns={name: field for name, field in layout.columns.items() if name in columns})
    fields = {*found.columns.values(), *found.payload_keys.values()}
    for field in ("text", "user_id"):
        if field not in fields:
            raise UsageError(f"no column is mapped to {field}", where=table, hint=f"--map COLUMN={field}; {columns}")
    return found


def to_fact(raw: dict[str, Any], layout: Layout, *, account: str, native_id: str, user: str) -> Fact:
    """The Fact in a row, given as a JSON object (its vector, if any, as a list of numbers).

    `account` and `native_id` make the fact's id, `user` owns it. A time without a zone is taken as UTC; what cannot be
    read as the field it is mapped to stays in `native`.
    """
    fields: dict[str, Any] = {}
    native: dict[str, Any] = {}
    payload = raw.get(layout.payload) if layout.payload else None
    payload = payload if isinstance(payload, dict) else {}
    for column, value in raw.items():
        if column != layout.payload or not (payload or value in (None, {})):
            _take(column, value, layout.columns.get(column), fields, native)
    metadata = dict(fields.pop("metadata", {}))
    for key, value in payload.items():
        field = layout.payload_keys.get(key)
        if field is not None or key in _MEM0_NATIVE:
            _take(key, value, field, fields, native)
        else:
            metadata[key] = value
    fields.pop("id", None)
    fields.pop("user_id", None)
    text = fields.pop("text", None) or ""
    return Fact(
        id=derive_id(layout.system, account, native_id),
        user_id=user,
        kind=fields.pop("kind", "fact"),
        text=text,
        source=Source(system=layout.system, id=native_id, uri=account),
        metadata=metadata,
        native=native,
        **fields,
    )


def _take(name: str, value: Any, field: str | None, fields: dict[str, Any], native: dict[str, Any]) -> None:
    """Put a value into its field; into `native` when it has none, or is none such."""
    if value is None:
        return
    if field is None or field in fields:
        native[name] = value
        return
    read = _read(field, value)
    if read is None:
        native[name] = value
        return
    fields[field] = read
    # A day, or another kind's name, says a little more or less than the field does: keep how it was put.
    if (field == "kind" and read != value) or (field == "expires_at" and len(str(value)) <= len("2026-01-01")):
        native[name] = value


def _read(field: str, value: Any) -> Any:
    """The value as the field holds it, or None when it is none such."""
    if field in TIME_FIELDS:
        return _time(value)
    if field == "kind":
        named = str(value).strip().lower()
        return named if named in KINDS else _KINDS.get(named)
    if field == "categories":
        values = value if isinstance(value, list) else [value]
        return tuple(values) if all(isinstance(item, str) for item in values) else None
    if field == "confidence":
        fits = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1
        return float(value) if fits else None
    if field == "metadata":
        return value if isinstance(value, dict) else None
    if field == "embedding":
        return _vector(value)
    if field in (*_TEXTS, "id", "user_id", "text"):
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()
    raise KeyError(field)


def _vector(value: Any) -> Embedding | None:
    if not isinstance(value, list) or not all(type(number) in (int, float) for number in value):
        return None
    try:
        return Embedding(model="", vector=tuple(map(float, value)))
    except OverflowError:
        return None


def _time(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def is_uuid(text: str) -> bool:
    """Whether the text is written as PostgreSQL writes a uuid."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
