"""Facts and ids set aside on disk while a run needs them, so that memory stays bounded however much a user has.

An unnamed SQLite database: private to the process, and gone with it, whatever ends it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from memctl.core.fact import Fact, decode, encode

_MOST_VARIABLES = 500


class Shelf:
    """Facts by id. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._base = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._base.execute("PRAGMA cache_size = -16000")
        self._base.execute("CREATE TABLE shelf (id BLOB PRIMARY KEY, fact BLOB NOT NULL) WITHOUT ROWID")

    def put(self, facts: Iterable[Fact]) -> list[Fact]:
        """Set facts aside; those whose id was there already stay out, and are returned."""
        twice = []
        with self._lock:
            self._base.execute("BEGIN")
            for fact in facts:
                done = self._base.execute("INSERT OR IGNORE INTO shelf VALUES (?, ?)", (fact.id.bytes, encode(fact)))
                if not done.rowcount:
                    twice.append(fact)
            self._base.execute("COMMIT")
        return twice

    def get(self, ids: Sequence[UUID]) -> dict[UUID, Fact]:
        """Those of `ids` that are there."""
        found: dict[UUID, Fact] = {}
        with self._lock:
            for start in range(0, len(ids), _MOST_VARIABLES):
                part = [id_.bytes for id_ in ids[start : start + _MOST_VARIABLES]]
                marks = ",".join("?" * len(part))
                for key, record in self._base.execute(f"SELECT * FROM shelf WHERE id IN ({marks})", part):  # noqa: S608
                    found[UUID(bytes=key)] = decode(record)
        return found

    def drop(self, ids: Iterable[UUID]) -> None:
        """Take facts off the shelf."""
        with self._lock:
            self._base.execute("BEGIN")
            self._base.executemany("DELETE FROM shelf WHERE id = ?", [(id_.bytes,) for id_ in ids])
            self._base.execute("COMMIT")

    def rest(self) -> Iterator[Fact]:
        """What is on the shelf, one after the other; nothing may be put or dropped meanwhile."""
        for (record,) in self._base.execute("SELECT fact FROM shelf"):
            yield decode(record)

    def clear(self) -> None:
        """Empty the shelf."""
        with self._lock:
            self._base.execute("DELETE FROM shelf")

    def close(self) -> None:
        """Give the disk space back."""
        self._base.close()


class Seen:
    """A set of ids on disk."""

    def __init__(self) -> None:
        self._base = sqlite3.connect("", isolation_level=None)
        self._base.execute("PRAGMA cache_size = -16000")
        self._base.execute("CREATE TABLE seen (id BLOB PRIMARY KEY) WITHOUT ROWID")

    def fresh(self, facts: Sequence[Fact]) -> list[Fact]:
        """Those of `facts` whose id was not seen before, each once; from now on all are seen."""
        self._base.execute("BEGIN")
        new = [
            fact
            for fact in facts
            if self._base.execute("INSERT OR IGNORE INTO seen VALUES (?)", (fact.id.bytes,)).rowcount
        ]
        self._base.execute("COMMIT")
        return new

    def clear(self) -> None:
        """Forget all ids."""
        self._base.execute("DELETE FROM seen")

    def close(self) -> None:
        """Give the disk space back."""
        self._base.close()
