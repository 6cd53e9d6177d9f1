"""All rows of a store, to compare the state before a run and after its undo."""

from contextlib import closing
from pathlib import Path

from memctl.store.engines import open_engine

BOOKS = ("runs", "touched", "taken_back", "meta")
"""The tables about runs, and the table with the salt for erased users."""


def rows(store: Path | str, *but: str) -> dict[str, list[str]]:
    """Every row of every table with turns, data derived from them, or undo data; without the tables in `but`."""
    with closing(open_engine(store, 30)) as engine, engine.reading() as connection:
        return {
            name: sorted(map(str, connection.execute(f"SELECT * FROM {name}").fetchall()))
            for name in connection.tables()
            if name not in (*BOOKS, *but)
        }
