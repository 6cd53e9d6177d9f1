"""The tables of a store file, in versions."""

from __future__ import annotations

from memctl.store.duckdb.connection import DuckConnection
from memctl.store.duckdb.driver import driver
from memctl.store.sql.meta import get_meta, set_meta

SCHEMA_VERSION = 4
"""Each version's tables are in a file of their own; a store gets the missing ones when it is next written to."""
SIGNS = 4
"""The version since which vectors have their signs beside them."""
EMPTY = "0"
"""The version of a file without tables, which a kill during the first write leaves."""


def version_of(connection: DuckConnection) -> str | None:
    """The version that a file states, `EMPTY` if it has no tables, None if it is not a memctl store."""
    duckdb = driver()
    try:
        return get_meta(connection, "schema_version")
    except (duckdb.CatalogException, duckdb.BinderException):
        # Listing the catalog takes 10 ms, too long for a table that nearly always exists.
        tables = connection.execute("SELECT 1 FROM duckdb_tables() WHERE NOT internal LIMIT 1").fetchall()
        return None if tables else EMPTY


def upgrade(connection: DuckConnection, version: int, to: int = SCHEMA_VERSION) -> None:
    """Bring a store of `version` (0: an empty file) to a later one."""
    for number in range(version + 1, to + 1):
        connection.execute(_statements("schema.sql" if number == 1 else f"schema_{number}.sql"))
        if number == SIGNS:
            # The first embedder makes the table `vectors`, a reindex the other one.
            for table in {"vectors", "vectors_next"}.intersection(connection.tables()):
                connection.made(table)
    if version < to:
        set_meta(connection, "schema_version", str(to))


def _statements(name: str) -> str:
    from importlib import resources

    return resources.files("memctl.store.duckdb").joinpath(name).read_text(encoding="utf-8")
