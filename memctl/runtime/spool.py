"""Facts and ids kept on disk while a run needs them, so that memory stays bounded.

The databases are unnamed SQLite files: private to the process, and deleted with it however it ends.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from memctl.core.fact import Fact, decode, encode

_MAX_VARIABLES = 500
_PAGE = 512


def _database(schema: str) -> sqlite3.Connection:
    # Nothing is ever committed: everything happens in one transaction that ends with the process.
    database = sqlite3.connect("", check_same_thread=False)
    database.execute("PRAGMA cache_size = -16000")
    database.execute("PRAGMA journal_mode = OFF")
    database.executescript(schema)
    return database


class FactSpool:
    """Facts by id. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._database = _database("CREATE TABLE spool (id BLOB PRIMARY KEY, fact BLOB NOT NULL) WITHOUT ROWID")

    def put(self, facts: Iterable[Fact]) -> list[Fact]:
        """Add facts; return those that were not added because their id is present."""
        with self._lock:
            return [
                fact
                for fact in facts
                if not self._database.execute(
                    "INSERT OR IGNORE INTO spool VALUES (?, ?)", (fact.id.bytes, encode(fact))
                ).rowcount
            ]

    def get(self, ids: Sequence[UUID]) -> dict[UUID, Fact]:
        """The facts present among `ids`."""
        facts: dict[UUID, Fact] = {}
        with self._lock:
            for start in range(0, len(ids), _MAX_VARIABLES):
                part = [id_.bytes for id_ in ids[start : start + _MAX_VARIABLES]]
                marks = ",".join("?" * len(part))
                rows = self._database.execute(f"SELECT id, fact FROM spool WHERE id IN ({marks})", part)  # noqa: S608
                facts |= {UUID(bytes=id_): decode(record) for id_, record in rows}
        return facts

    def drop(self, ids: Iterable[UUID]) -> None:
        """Remove facts."""
        with self._lock:
            self._database.executemany("DELETE FROM spool WHERE id = ?", [(id_.bytes,) for id_ in ids])

    def rest(self) -> Iterator[Fact]:
        """All facts present; the spool must not be changed during the iteration."""
        for (record,) in self._database.execute("SELECT fact FROM spool"):
            yield decode(record)

    def clear(self) -> None:
        """Remove all facts."""
        with self._lock:
            self._database.execute("DELETE FROM spool")

    def close(self) -> None:
        """Delete the database."""
        self._database.close()


class SeenIds:
    """The ids of facts with their owners."""

    def __init__(self) -> None:
        self._database = _database("CREATE TABLE seen (id BLOB PRIMARY KEY, user TEXT NOT NULL) WITHOUT ROWID")

    def add(self, fact: Fact) -> str | None:
        """Add the fact's id; returns the owner with which it was added before, None if it is new."""
        row = (fact.id.bytes, fact.user_id)
        if self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", row).rowcount:
            return None
        return self.owner(fact.id)

    def owner(self, id_: UUID) -> str | None:
        """The owner with which the id was added, None if it was not."""
        row = self._database.execute("SELECT user FROM seen WHERE id = ?", (id_.bytes,)).fetchone()
        return None if row is None else str(row[0])

    def close(self) -> None:
        """Delete the database."""
        self._database.close()


class FactIndex:
    """The facts of a file: id, owner, and an integer that says where the fact is; numbered in the order of arrival."""

    def __init__(self) -> None:
        self._database = _database(
            "CREATE TABLE facts (number INTEGER PRIMARY KEY, id BLOB UNIQUE, user TEXT, offset INTEGER);"
            "CREATE INDEX facts_user ON facts (user)"
        )

    def add(self, id_: UUID, user: str, offset: int) -> bool:
        """Add a fact; False if its id is present."""
        insert = "INSERT OR IGNORE INTO facts (id, user, offset) VALUES (?, ?, ?)"
        return self._database.execute(insert, (id_.bytes, user, offset)).rowcount > 0

    def put(self, id_: UUID, user: str, offset: int) -> None:
        """Add a fact, or change where the fact with this id is."""
        if not self.add(id_, user, offset):
            self._database.execute("UPDATE facts SET offset = ? WHERE id = ?", (offset, id_.bytes))

    def find(self, id_: UUID) -> int | None:
        """Where the fact is, None if it is not present."""
        row = self._database.execute("SELECT offset FROM facts WHERE id = ?", (id_.bytes,)).fetchone()
        return None if row is None else int(row[0])

    def drop(self, id_: UUID) -> None:
        """Remove a fact."""
        self._database.execute("DELETE FROM facts WHERE id = ?", (id_.bytes,))

    def counts(self) -> dict[str, int]:
        """The number of facts by owner, in the order of each owner's first fact."""
        return dict(self._database.execute("SELECT user, count(*) FROM facts GROUP BY user ORDER BY min(number)"))

    def count(self, user: str) -> int:
        """The number of facts of an owner."""
        return int(self._database.execute("SELECT count(*) FROM facts WHERE user = ?", (user,)).fetchone()[0])

    def offsets(self, user: str | None, after: UUID | None = None) -> Iterator[int]:
        """Where the facts of a user (None: of everyone) are, in order, from the one after the id `after` if present.

        Facts may be added and dropped during the iteration.
        """
        row = after and self._database.execute("SELECT number FROM facts WHERE id = ?", (after.bytes,)).fetchone()
        number = int(row[0]) if row else -1
        of_user, owner = ("user = ? AND", [user]) if user is not None else ("", [])
        select = f"SELECT number, offset FROM facts WHERE {of_user} number > ? ORDER BY number LIMIT {_PAGE}"  # noqa: S608
        while rows := self._database.execute(select, [*owner, number]).fetchall():
            for _, offset in rows:
                yield offset
            number = rows[-1][0]

    def close(self) -> None:
        """Delete the database."""
        self._database.close()
