"""Deleting from SQLite files of mem0 and Qdrant so that no bytes remain."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from memctl.core.errors import Locked, MemctlError

_WAIT_SECONDS = 10.0


@contextmanager
def opened(path: str | Path, seconds: float = _WAIT_SECONDS) -> Iterator[sqlite3.Connection]:
    """A connection that overwrites deleted bytes. Raises Locked if another process still writes after `seconds`,
    MemctlError if the file cannot be changed or is not a SQLite file."""
    try:
        with closing(sqlite3.connect(path, timeout=seconds)) as connection:
            connection.execute("PRAGMA secure_delete = ON").fetchall()
            yield connection
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise Locked("another process is writing to it", where=str(path), hint="stop it, then try again") from None
        raise MemctlError(f"the file cannot be changed: {error}", where=str(path)) from None
    except sqlite3.DatabaseError as error:
        raise MemctlError(f"not a SQLite file: {error}", where=str(path)) from None


def rewrite(path: str | Path) -> None:
    """Rewrite a file without deleted bytes."""
    with opened(path) as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
