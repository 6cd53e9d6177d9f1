"""A store to the last row, so that what was to be taken back can be held against what there was."""

from pathlib import Path

from memctl.store.duckdb.database import Database

BOOKS = ("runs", "touched", "taken_back", "meta")
"""Tables that tell of runs, and the one with the salt for those who were forgotten."""


def rows(store: Path, *but: str) -> dict[str, list[str]]:
    """Every row of every table that holds what somebody said or what was made of it, and of what is kept to undo;
    without the tables that `but` names."""
    with Database(store).reading() as connection:
        tables = connection.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall()
        return {
            name: sorted(map(str, connection.execute(f'FROM "{name}"').fetchall()))
            for (name,) in tables
            if name not in (*BOOKS, *but)
        }
