"""SQLite files of mem0's and Qdrant's, from which something is to be taken to the last byte. It knows no memories."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from memctl.core.errors import Locked, MemctlError

_WAIT_SECONDS = 10.0


@contextmanager
def opened(path: str | Path) -> Iterator[sqlite3.Connection]:
    """A connection that overwrites what it deletes. Raises Locked while another process writes, MemctlError for what
    cannot be changed or is no such file."""
    try:
        with closing(sqlite3.connect(path, timeout=_WAIT_SECONDS)) as connection:
            connection.execute("PRAGMA secure_delete = ON").fetchall()
            yield connection
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise Locked("another process is writing to it", where=str(path), hint="stop it, then try again") from None
        raise MemctlError(f"it cannot be changed: {error}", where=str(path)) from None
    except sqlite3.DatabaseError as error:
        raise MemctlError(f"this is no SQLite file: {error}", where=str(path)) from None


def rewrite(path: str | Path) -> None:
    """Rewrite a file without deleted bytes."""
    with opened(path) as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
