"""Parquet through DuckDB's own reader and writer, which are linked into it: nothing is downloaded. Knows no facts."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from memctl.core.errors import MemctlError
from memctl.store.duckdb.driver import Connection, driver
from memctl.store.duckdb.instances import CONFIG
from memctl.store.duckdb.unusable import unwritten

MEMORY = 250
"""Megabytes DuckDB may use, beyond what a single very long fact needs."""
MOST_RATIO = 200
ALWAYS = 64 * 2**20
"""Bytes that any file may unpack to."""


@contextlib.contextmanager
def connect(where: str) -> Iterator[Connection]:
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
            if full := unwritten(error):
                raise full from None
            raise MemctlError(
                f"cannot read the Parquet file: {str(error).splitlines()[0][:200]}",
                where=where,
                hint="it may be truncated: download or export it again",
            ) from None
        finally:
            connection.close()


def longest_row(connection: Connection, types: dict[str, str], path: Path, limit: int) -> int:
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
    if (longest or 0) > limit:
        raise MemctlError(f"a row has more than {limit:,} bytes of text", where=str(path))
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


def batches(connection: Connection, path: Path, types: Mapping[str, str], size: int) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a file, at most `size` at a time; a time with a zone comes as UTC without one."""
    columns = ", ".join(
        f'"{name}"::TIMESTAMP' if type_ == "TIMESTAMP WITH TIME ZONE" else f'"{name}"' for name, type_ in types.items()
    )
    connection.execute(f"SELECT {columns} FROM read_parquet(?)", [str(path)])  # noqa: S608
    while batch := connection.fetchmany(size):
        yield batch


def write(
    source: str, target: Path, types: Mapping[str, str], *, times: Sequence[str], longest: int, row_group: int
) -> None:
    """Make a Parquet file of a file of JSON lines with columns of these DuckDB types.

    The `times` are written as instants. `longest` is the size of the longest line in bytes.
    """
    columns = ", ".join(f"\"{name}\": '{type_}'" for name, type_ in types.items())
    written = ", ".join(f'"{name}"::TIMESTAMPTZ AS "{name}"' if name in times else f'"{name}"' for name in types)
    with connect(str(target)) as connection:
        # DuckDB reads JSON into a buffer of twice its longest object, and works with a few of them.
        connection.execute(f"SET memory_limit = '{MEMORY + 8 * longest // 2**20}MB'")
        connection.execute(
            f"COPY (SELECT {written} FROM read_json(?, format = 'newline_delimited', "  # noqa: S608
            f"maximum_object_size = {longest}, columns = {{{columns}}})) "
            f"TO '{quoted(target)}' (FORMAT parquet, COMPRESSION zstd, "
            f"ROW_GROUP_SIZE {row_group}, USE_TMP_FILE false)",
            [source],
        )


def quoted(path: Path) -> str:
    """A path as the inside of an SQL string."""
    return str(path).replace("'", "''")
