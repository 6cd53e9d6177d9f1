"""Facts as Parquet, with the Parquet code built into DuckDB: nothing is downloaded.

Columns are the fields of a Fact. Times are instants (TIMESTAMP adjusted to UTC), `source` and `embedding` are structs,
`metadata` and `native` are JSON text: stricter types would change numbers beyond 64 bits.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from memctl.backends.files.records import LONGEST_LINE, PAGE_BYTES, Row, check_columns, convert, decoded
from memctl.core.errors import MemctlError
from memctl.core.fact import TIME_FIELDS, Fact
from memctl.store.duckdb.database import CONFIG, driver

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    Connection: TypeAlias = DuckDBPyConnection
else:
    Connection = Any

MEMORY = 250
"""Memory limit of DuckDB in megabytes, without the allowance for a very long fact."""
FETCH = 256
"""Rows fetched at a time."""
MOST_RATIO = 200
ALWAYS = 64 * 2**20
"""Bytes that any file may unpack to."""
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


@contextlib.contextmanager
def _duckdb(where: str) -> Iterator[Connection]:
    """An in-memory DuckDB with a small memory limit that spills to disk."""
    duckdb = driver()
    with tempfile.TemporaryDirectory(prefix="memctl-") as folder:
        connection = duckdb.connect(":memory:", config=CONFIG | {"temp_directory": folder})
        try:
            connection.execute("SET enable_progress_bar = false")
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f"SET memory_limit = '{MEMORY}MB'")
            connection.execute("SET threads = 1")
            yield connection
        except duckdb.Error as error:
            raise MemctlError(
                f"cannot read the Parquet file: {str(error).splitlines()[0][:200]}",
                where=where,
                hint="it may be truncated: download or export it again",
            ) from None
        finally:
            connection.close()


def rows(path: Path) -> Iterator[Row]:
    """Every row as a fact, or the reason why it is not one.

    Raises UsageError for missing or unknown columns, MemctlError for a damaged file.
    """
    with _duckdb(str(path)) as connection:
        types = columns(connection, path)
        check_columns(list(types), _COLUMNS, REQUIRED, str(path))
        at_once = max(1, min(FETCH, PAGE_BYTES // max(longest_row(connection, types, path), 1)))
        chosen = ", ".join(_reading(name, type_) for name, type_ in types.items())
        connection.execute(f"SELECT {chosen} FROM read_parquet(?)", [str(path)])  # noqa: S608
        zoned = {name for name, type_ in types.items() if type_ == "TIMESTAMP WITH TIME ZONE"}
        number = 0
        while batch := connection.fetchmany(at_once):
            for values in batch:
                number += 1
                yield _row(number, dict(zip(types, values, strict=True)), zoned)


def longest_row(connection: Connection, types: dict[str, str], path: Path) -> int:
    """The bytes of text in the longest row; `types` are the DuckDB types of the columns.

    A small file may repeat one long text in many rows. Raises MemctlError for a file that unpacks to more than an
    archive may, and for a text longer than a fact may be.
    """
    connection.execute("SELECT sum(total_uncompressed_size) FROM parquet_metadata(?)", [str(path)])
    ((unpacked,),) = connection.fetchall()
    _refuse_bomb(unpacked or 0, path)
    names = (name.replace('"', '""') for name, type_ in types.items() if type_ == "VARCHAR")
    texts = " + ".join(f'coalesce(strlen("{name}"), 0)' for name in names) or "0"
    connection.execute(f"SELECT max({texts}), sum({texts}) FROM read_parquet(?)", [str(path)])  # noqa: S608
    ((longest, said),) = connection.fetchall()
    _refuse_bomb(said or 0, path)
    if (longest or 0) > LONGEST_LINE:
        raise MemctlError(f"a row has more than {LONGEST_LINE:,} bytes of text", where=str(path))
    return int(longest or 0)


def columns(connection: Connection, path: Path) -> dict[str, str]:
    """The file's columns with their DuckDB types."""
    connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)])
    return {row[0]: row[1] for row in connection.fetchall()}


def _refuse_bomb(size: int, path: Path) -> None:
    own = max(path.stat().st_size, 1)
    if size > max(ALWAYS, MOST_RATIO * own):
        raise MemctlError(
            f"refused: the Parquet file unpacks to {int(size) // own:,} times its size, the limit is {MOST_RATIO}",
            where=str(path),
            hint="not written by memctl",
        )


def _reading(name: str, type_: str) -> str:
    return f'"{name}"::TIMESTAMP' if type_ == "TIMESTAMP WITH TIME ZONE" else f'"{name}"'


def _row(number: int, values: dict[str, Any], zoned: set[str]) -> Row:
    try:
        record = {name: _value(name, value, zoned) for name, value in values.items() if value is not None}
        return Row(number, convert(record))
    except ValueError as error:
        return Row(number, None, str(error))


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
    with tempfile.NamedTemporaryFile(prefix="memctl-", suffix=".jsonl") as staged, _duckdb(str(target)) as connection:
        longest, facts = 2**20, 0
        for line in lines:
            facts += 1
            record = msgspec.json.decode(line)
            for field in _TEXTS:
                record[field] = msgspec.json.encode(record[field]).decode()
            longest = max(longest, staged.write(msgspec.json.encode(record) + b"\n"))
        staged.flush()
        # DuckDB reads JSON into buffers of twice the longest object, and uses several.
        connection.execute(f"SET memory_limit = '{MEMORY + 8 * longest // 2**20}MB'")
        group = min(max(ROW_GROUP * facts // max(staged.tell(), 1), FEWEST), MOST)
        columns = ", ".join(f"\"{name}\": '{type_}'" for name, type_ in _COLUMNS.items())
        written = ", ".join(_writing(name) for name in _COLUMNS)
        connection.execute(
            f"COPY (SELECT {written} FROM read_json(?, format = 'newline_delimited', "  # noqa: S608
            f"maximum_object_size = {longest}, columns = {{{columns}}})) "
            f"TO '{_quoted(target)}' (FORMAT parquet, COMPRESSION zstd, "
            f"ROW_GROUP_SIZE {group}, USE_TMP_FILE false)",
            [staged.name],
        )


def _writing(name: str) -> str:
    return f'"{name}"::TIMESTAMPTZ AS "{name}"' if name in TIME_FIELDS else f'"{name}"'


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
