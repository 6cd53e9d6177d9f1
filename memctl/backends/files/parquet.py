"""Facts as Parquet, with the Parquet code built into DuckDB: nothing is downloaded.

Columns are the fields of a Fact. Times are instants (TIMESTAMP adjusted to UTC), `source` and `embedding` are structs,
`metadata` and `native` are JSON text: stricter types would change numbers beyond 64 bits.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from memctl.backends.files.records import LONGEST_LINE, PAGE_BYTES, Row, check_columns, convert, decoded
from memctl.core.fact import TIME_FIELDS, Fact
from memctl.core.short_hash import short_hash
from memctl.store.duckdb import parquet_sql

FETCH = 256
"""Rows fetched at a time."""
ROW_GROUP = 32 * 2**20
"""Bytes of JSON per row group, which is buffered in memory."""
FEWEST, MOST = 1_024, 122_880
"""Facts per row group; the maximum is DuckDB's default."""

_TYPES = {
    "id": "UUID",
    "superseded_by": "UUID",
    "categories": "VARCHAR[]",
    "confidence": "DOUBLE",
    "source": "STRUCT(system VARCHAR, id VARCHAR, uri VARCHAR, session VARCHAR, turns VARCHAR[], quote VARCHAR)",
    "embedding": "STRUCT(model VARCHAR, vector DOUBLE[])",
} | dict.fromkeys(TIME_FIELDS, "TIMESTAMP")
_TEXTS = ("metadata", "native")
_COLUMNS = {field: _TYPES.get(field, "VARCHAR") for field in Fact.__struct_fields__}
REQUIRED = ("id", "user_id", "kind", "text", "source")


def rows(path: Path) -> Iterator[Row]:
    """Every row as a fact, or the reason why it is not one.

    Raises UsageError for missing or unknown columns, MemctlError for a damaged file.
    """
    with parquet_sql.connect(str(path)) as connection:
        types = parquet_sql.columns(connection, path)
        check_columns(list(types), _COLUMNS, REQUIRED, str(path))
        longest = parquet_sql.longest_row(connection, types, path, LONGEST_LINE)
        at_once = max(1, min(FETCH, PAGE_BYTES // max(longest, 1)))
        zoned = {name for name, type_ in types.items() if type_ == "TIMESTAMP WITH TIME ZONE"}
        number = 0
        for batch in parquet_sql.batches(connection, path, types, at_once):
            for values in batch:
                number += 1
                yield _row(number, dict(zip(types, values, strict=True)), zoned)


def _row(number: int, values: dict[str, Any], zoned: set[str]) -> Row:
    try:
        record = {name: _value(name, value, zoned) for name, value in values.items() if value is not None}
        return Row(number, convert(record))
    except ValueError as error:
        return Row(number, None, str(error), digest=short_hash(*map(repr, values.values())))


def _value(name: str, value: Any, zoned: set[str]) -> Any:
    if name in zoned and isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    if name in _TEXTS and isinstance(value, str):
        return decoded(name, value)
    if name == "source" and isinstance(value, dict) and value.get("turns", ()) is None:
        return value | {"turns": []}
    return value


def write(lines: Iterable[bytes], target: Path) -> None:
    """Write facts, given as JSON lines, to a Parquet file in their order.

    They go through a temporary file, because DuckDB reads files in bounded memory and needs numpy for anything else.
    """
    with tempfile.NamedTemporaryFile(prefix="memctl-", suffix=".jsonl") as staged:
        longest, facts = 2**20, 0
        for line in lines:
            facts += 1
            record = msgspec.json.decode(line)
            for field in _TEXTS:
                record[field] = msgspec.json.encode(record[field]).decode()
            longest = max(longest, staged.write(msgspec.json.encode(record) + b"\n"))
        staged.flush()
        group = min(max(ROW_GROUP * facts // max(staged.tell(), 1), FEWEST), MOST)
        parquet_sql.write(staged.name, target, _COLUMNS, times=TIME_FIELDS, longest=longest, row_group=group)
