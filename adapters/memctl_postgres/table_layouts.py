"""Layouts of existing tables: which column or JSON key has which field of a fact, and rows as facts.

No input or output: `external_table` queries the database. A row is a JSON object (PostgreSQL's `to_jsonb`). Values
without a field are kept in `native`. Rows of mem0's tables are read with the mapping of the mem0 adapters, so that a
memory gives the same fact in all adapters.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from memctl_mem0.oss.mapping import fact_of

from memctl.core.errors import UsageError
from memctl.core.fact import KINDS, TIME_FIELDS, Embedding, Fact, Source, derive_id

FIELDS = (
    "id", "user_id", "agent_id", "session_id", "app_id", "kind", "text", "subject", "predicate", "object", "categories",
    "confidence", *TIME_FIELDS, "metadata", "embedding",
)  # fmt: skip
"""The fields of a Fact that a column can be mapped to."""

_TEXTS = ("agent_id", "session_id", "app_id", "subject", "predicate", "object")
_KINDS = {"semantic": "fact", "episodic": "episode", "procedural": "procedure", "memory": "fact"}
"""Names for kinds in papers and frameworks, in addition to memctl's."""


_RETIRED_AT = {"deletedat", "deletedon", "removedat", "archivedat", "retiredat", "supersededat", "expiredat"}
_RETIRED_IF = {"deleted", "softdeleted", "removed", "archived", "retired", "superseded", "obsolete"}
_YES, _NO = {"true", "t", "1", "yes", "y"}, {"false", "f", "0", "no", "n"}
_FLAGS: Mapping[str, set[str]] = (
    dict.fromkeys(_RETIRED_IF, _YES)
    | dict.fromkeys(("active", "current"), _NO)
    | dict.fromkeys(("state", "status"), _RETIRED_IF)
)
"""Marks of a deleted row: a time, or one of these values, in a column with one of these names (also with `is_`)."""


class Path(NamedTuple):
    """A column, or the value under these keys of a JSON column."""

    column: str
    keys: tuple[str, ...] = ()


class Layout(NamedTuple):
    """The places of a fact's fields. `columns` maps a column, `COLUMN->>KEY`, or for the id `COLUMN+COLUMN`, to a
    field.

    Columns in `required` must exist, the others are optional. `payload` is the JSON column of mem0's tables, with the
    text and times under `payload_keys`. `system` names the source. `check` resolves `columns` into `paths` and `key`.
    """

    system: str
    columns: Mapping[str, str]
    required: tuple[str, ...] = ()
    payload: str | None = None
    payload_keys: Mapping[str, str] = {}
    table: str | None = None
    paths: Mapping[Path, str] = {}
    key: tuple[Path, ...] = ()


DIY = Layout(
    system="postgres",
    columns={
        "id": "id", "user_id": "user_id", "content": "text", "embedding": "embedding", "created_at": "created_at",
        "updated_at": "updated_at", "memory_type": "kind", "metadata": "metadata", "agent_id": "agent_id",
        "session_id": "session_id", "expires_at": "expires_at", "expired_at": "expired_at", "valid_at": "valid_at",
        "valid_from": "valid_at", "invalid_at": "invalid_at", "valid_to": "invalid_at", "valid_until": "invalid_at",
    },
    required=("id", "user_id", "content"),
    table="agent_memories",
)  # fmt: skip
"""The table of most pgvector tutorials."""

MEM0 = Layout(
    system="mem0",
    columns={"id": "id", "vector": "embedding"},
    required=("id", "vector", "payload"),
    payload="payload",
    payload_keys={
        "data": "text", "created_at": "created_at", "createdAt": "created_at", "updated_at": "updated_at",
        "updatedAt": "updated_at", "expiration_date": "expires_at", "expirationDate": "expires_at",
    },
    table="mem0",
)  # fmt: skip
"""mem0's collection in pgvector: the payload's keys are the text, the owners and the user's own metadata."""
MEM0_OWNERS = (("", "user_id"), ("agent:", "agent_id"), ("app:", "app_id"), ("run:", "run_id"))
"""The keys of mem0's payload that name the owner, in order, and the prefixes of the user's name in memctl."""

PRESETS = {"diy": DIY, "mem0": MEM0}


def layout_of(layout: str | None, mapping: Mapping[str, str] | str | None) -> Layout:
    """The layout of the options: a preset, a mapping of columns to fields (also as "a=b,c=d"), or both.

    Raises UsageError for an unknown preset or field, with the valid ones.
    """
    if layout is not None and layout not in PRESETS:
        raise UsageError(f"unknown layout {layout!r}", hint=f"known layouts: {', '.join(PRESETS)}")
    base = PRESETS[layout] if layout else DIY if mapping is None else Layout(system="postgres", columns={})
    if mapping is None:
        return base
    if base.payload is not None:
        raise UsageError("the layout mem0 has a fixed mapping", hint="use either --layout mem0 or --map")
    pairs = _pairs(mapping) if isinstance(mapping, str) else dict(mapping)
    for column, field in pairs.items():
        if field not in FIELDS:
            raise UsageError(
                f"{column} is mapped to {field!r}, which is not a field of a fact", hint=f"fields: {', '.join(FIELDS)}"
            )
    columns = {column: field for column, field in base.columns.items() if field not in pairs.values()}
    required = tuple(name for name in base.required if name in columns)
    return base._replace(columns=columns | pairs, required=(*required, *pairs))


def _pairs(mapping: str) -> dict[str, str]:
    pairs = {}
    for part in filter(None, (part.strip() for part in mapping.split(","))):
        column, sign, field = part.rpartition("=")
        if not sign or not column.strip():
            raise UsageError(f"invalid part {part!r} of the mapping", hint="use column=field,column=field")
        pairs[column.strip()] = field.strip()
    return pairs


def check(layout: Layout, columns: Mapping[str, str], table: str) -> Layout:
    """The layout for a table with these columns and types, without missing optional columns.

    Raises UsageError if a required column is missing, or a path is in a column that is not JSON.
    """
    resolved = {name: _paths(name, columns) for name in (*layout.required, *layout.columns)}
    missing = [path.column for name in layout.required for path in resolved[name] if path.column not in columns]
    if missing:
        raise UsageError(
            f"the table has no column {', '.join(missing)}",
            where=table,
            hint=f"it has {', '.join(columns)}; name them with --map column=field",
        )
    columns_used = {
        name: (field, resolved[name])
        for name, field in layout.columns.items()
        if all(part.column in columns for part in resolved[name])
    }
    for name, (field, parts) in columns_used.items():
        if len(parts) > 1 and field != "id":
            raise UsageError(f"{name}: only id can be mapped to several columns", where=table)
        for part in parts:
            if part.keys and columns[part.column] not in ("json", "jsonb"):
                raise UsageError(
                    f"{name}: the column {part.column} is of type {columns[part.column]}",
                    where=table,
                    hint="a path needs a column of type json or jsonb",
                )
    layout_used = layout._replace(
        columns={
            parts[0].column: field for field, parts in columns_used.values() if len(parts) == 1 and not parts[0].keys
        },
        paths={parts[0]: field for field, parts in columns_used.values() if parts[0].keys and field != "id"},
        key=next((parts for field, parts in columns_used.values() if field == "id"), ()),
    )
    fields = {*layout_used.columns.values(), *layout_used.paths.values(), *layout_used.payload_keys.values()}
    fields |= {"user_id"} if layout_used.payload else set()
    for field in ("text", "user_id"):
        if field not in fields:
            raise UsageError(f"no column is mapped to {field}", where=table, hint=f"--map COLUMN={field}; {columns}")
    return layout_used


def _paths(name: str, columns: Mapping[str, str]) -> tuple[Path, ...]:
    """The columns, or values in JSON columns, for a name in the mapping. A column with exactly this name takes
    precedence."""
    if name in columns:
        return (Path(name),)
    parts = []
    for part in name.split("+"):
        column, *keys = (re.sub(r"""^(['"])(.*)\1$""", r"\2", step.strip()) for step in re.split("->>?", part))
        parts.append(Path(column, tuple(keys)))
    return tuple(parts)


def to_fact(raw: dict[str, Any], layout: Layout, *, account: str, native_id: str, user: str) -> Fact:
    """The fact in a row, a JSON object (its vector, if any, as a list of numbers).

    The id is derived from `account` and `native_id`; `user` is the owner. A time without a zone is in UTC; values that
    are not valid for the mapped field stay in `native`. A row that its program marked as deleted is retired. Raises
    ValueError for a row without a text, and for one that was deleted at an unknown time.
    """
    if layout.payload is not None:
        return _mem0_fact(raw, layout, account, native_id, user)
    fields: dict[str, Any] = {}
    native: dict[str, Any] = {}
    remaining = {column: _without_paths(column, value, layout, fields) for column, value in raw.items()}
    for column, value in remaining.items():
        _take(column, value, layout.columns.get(column), fields, native)
    metadata = dict(fields.pop("metadata", {}))
    fields.pop("id", None)
    fields.pop("user_id", None)
    text = fields.pop("text", None)
    if text is None:
        raise ValueError("the row has no text")
    if fields.get("expired_at") is None and (mark := _retired(native)) is not None:
        column, at = mark
        fields["expired_at"] = at or fields.get("updated_at") or fields.get("created_at")
        if fields["expired_at"] is None:
            raise ValueError(f"the row is marked as deleted ({column}) without a time")
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


def _mem0_fact(raw: dict[str, Any], layout: Layout, account: str, native_id: str, user: str) -> Fact:
    """A row of mem0 as all of mem0's adapters read it; columns that are not mem0's are kept in `native`."""
    payload = raw.get(layout.payload or "")
    fact = fact_of(native_id, payload if isinstance(payload, dict) else {}, account, user)
    others = {
        name: value
        for name, value in raw.items()
        if value is not None and name != layout.payload and name not in layout.columns
    }
    vectors = (raw.get(column) for column, field in layout.columns.items() if field == "embedding")
    embedding = next((vector for value in vectors if (vector := _vector(value)) is not None), fact.embedding)
    return msgspec.structs.replace(fact, native=fact.native | others, embedding=embedding)


def _without_paths(column: str, value: Any, layout: Layout, fields: dict[str, Any]) -> Any:
    """The value of a column without the parts that its paths moved to `fields`; all of it if the column has a field
    itself."""
    for path, field in layout.paths.items():
        if path.column != column or field in fields:
            continue
        inner, remainder = _taken(value, path.keys)
        value_read = None if inner is None else _read(field, inner)
        if value_read is not None:
            fields[field] = value_read
            value = value if column in layout.columns else remainder
    return value


def _taken(value: Any, keys: Sequence[str]) -> tuple[Any, Any]:
    """The value under these keys, and the rest without it."""
    if not keys:
        return value, None
    key, *others = keys
    if isinstance(value, list) and re.fullmatch(r"-?\d+", key) and -len(value) <= int(key) < len(value):
        return _taken(value[int(key)], others)[0], value
    if not isinstance(value, dict) or key not in value:
        return None, value
    inner, remainder = _taken(value[key], others)
    remaining = {name: item for name, item in value.items() if name != key}
    remaining |= {} if remainder is None or remainder == {} else {key: remainder}
    return inner, remaining or None


def _retired(native: Mapping[str, Any]) -> tuple[str, datetime | None] | None:
    """The column that marks a row as deleted, archived or superseded, and its time; None if there is none."""
    marks: list[tuple[str, datetime | None]] = []
    for column, value in native.items():
        name = column.replace("_", "").lower()
        bare = name.removeprefix("is")
        flag = str(value).strip().lower()
        at = _instant(value)
        if (name in _RETIRED_AT or bare in _RETIRED_IF) and at is not None:
            marks.append((column, at))
        elif flag in _FLAGS.get(bare, ()):
            marks.append((column, None))
    return next((mark for mark in marks if mark[1] is not None), marks[0] if marks else None)


def _take(name: str, value: Any, field: str | None, fields: dict[str, Any], native: dict[str, Any]) -> None:
    """Put a value into its field; into `native` if it has none, or is not valid for it."""
    if value is None:
        return
    if field is None or field in fields:
        native[name] = value
        return
    result = _read(field, value)
    if result is None:
        native[name] = value
        return
    fields[field] = result
    # The original is also kept if the field's value is not exactly equal: a day, or another name of a kind.
    if (field == "kind" and result != value) or (field == "expires_at" and len(str(value)) <= len("2026-01-01")):
        native[name] = value


def _read(field: str, value: Any) -> Any:
    """The value in the field's type; None if it is not valid."""
    if field in TIME_FIELDS:
        return _time(value)
    if field == "kind":
        name = str(value).strip().lower()
        return name if name in KINDS else _KINDS.get(name)
    if field == "categories":
        values = value if isinstance(value, list) else [value]
        return tuple(values) if all(isinstance(item, str) for item in values) else None
    if field == "confidence":
        number = _number(value)
        return number if number is not None and 0 <= number <= 1 else None
    if field == "metadata":
        return value if isinstance(value, dict) else None
    if field == "embedding":
        return _vector(value)
    if field in (*_TEXTS, "id", "user_id", "text"):
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()
    raise KeyError(field)


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) or not isinstance(value, int | float | str) else float(value)
    except (ValueError, OverflowError):
        return None


def _vector(value: Any) -> Embedding | None:
    if not isinstance(value, list) or not all(type(number) in (int, float) for number in value):
        return None
    try:
        return Embedding(model="", vector=tuple(map(float, value)))
    except OverflowError:
        return None


def _instant(value: Any) -> datetime | None:
    """A time, also as seconds or milliseconds since 1970; 0 means unknown, as some programs write it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _time(value)
    try:
        return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC) if value > 1e8 else None
    except (ValueError, OverflowError, OSError):
        return None


def _time(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
