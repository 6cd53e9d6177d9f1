"""The tables of a store as Parquet files, and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from memctl.store.duckdb import parquet_sql
from memctl.store.duckdb.connection import DuckConnection
from memctl.store.sql import writes
from memctl.store.sql.meta import get_meta

VECTORS = "vectors"


def write_table(connection: DuckConnection, table: str, file: Path) -> int:
    """Write a table to a Parquet file; returns its number of rows."""
    connection.execute(f"COPY \"{table}\" TO '{parquet_sql.quoted(file)}' (FORMAT parquet, COMPRESSION zstd)")
    return _rows(connection, table)


def read_tables(connection: DuckConnection, files: Mapping[str, Path], limit: int) -> dict[str, int]:
    """Fill the tables of an empty store from Parquet files, by table; returns the rows of each.

    Raises MemctlError for a file that unpacks to far more than its size, or has a row of more than `limit` bytes.
    """
    for file in files.values():
        parquet_sql.longest_row(connection.raw, parquet_sql.columns(connection.raw, file), file, limit)
    connection.execute("DELETE FROM meta")
    connection.execute(f"INSERT INTO meta SELECT name, value FROM read_parquet('{parquet_sql.quoted(files['meta'])}')")  # noqa: S608
    rows = {"meta": _rows(connection, "meta")}
    dim = get_meta(connection, "dim")
    if dim is not None and VECTORS in files:
        writes.make_vectors_table(connection, VECTORS, int(dim))
        writes.define_facts_view(connection)
    for table, file in files.items():
        if table != "meta":
            source = parquet_sql.quoted(file)
            connection.execute(f"INSERT INTO \"{table}\" BY NAME SELECT * FROM read_parquet('{source}')")  # noqa: S608
            rows[table] = _rows(connection, table)
    return rows


def _rows(connection: DuckConnection, table: str) -> int:
    return int(connection.execute(f'SELECT count(*) FROM "{table}"').fetchall()[0][0])  # noqa: S608
