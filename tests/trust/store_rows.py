"""A store to the last row, so that what was to be taken back can be held against what there was."""

from contextlib import closing
from pathlib import Path

from memctl.store.engines import open_engine

BOOKS = ("runs", "touched", "taken_back", "meta")
"""Tables that tell of runs, and the one with the salt for those who were forgotten."""


def rows(store: Path | str, *but: str) -> dict[str, list[str]]:
    """Every row of every table that holds what somebody said or what was made of it, and of what is kept to undo;
    without the tables that `but` names."""
    with closing(open_engine(store, 30)) as engine, engine.reading() as connection:
        return {
            name: sorted(map(str, connection.execute(f"SELECT * FROM {name}").fetchall()))
            for name in connection.tables()
            if name not in (*BOOKS, *but)
        }
