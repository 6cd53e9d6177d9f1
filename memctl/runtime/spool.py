"""Facts and ids kept on disk while a run needs them, so that memory stays bounded.

The databases are unnamed SQLite files: private to the process, and deleted with it however it ends.
"""

from __future__ import annotations

import heapq
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from uuid import UUID

from memctl.core.fact import Fact, decode, encode
from memctl.runtime.seen_ids import SeenIds

_MAX_VARIABLES = 500
_PAGE = 512
ROOM = 16 * 2**20
"""Bytes of facts, roughly, that a spool keeps in memory."""
_OBJECT = 1_200
"""Bytes, roughly, of a fact in memory without its longest texts."""


def _size(fact: Fact) -> int:
    """Roughly the bytes that a fact takes in memory."""
    if fact.metadata or fact.native or fact.embedding:
        return _OBJECT + 8 * len(encode(fact))
    return _OBJECT + len(fact.text) + len(fact.object or "") + len(fact.source.quote or "")


def _bytes(fact: Fact) -> bytes:
    return fact.id.bytes


def _parts(ids: Sequence[bytes]) -> Iterator[tuple[Sequence[bytes], str]]:
    """The ids in lists that are short enough for one statement, each with its question marks."""
    for start in range(0, len(ids), _MAX_VARIABLES):
        part = ids[start : start + _MAX_VARIABLES]
        yield part, ",".join("?" * len(part))


def _database(schema: str) -> sqlite3.Connection:
    # Nothing is ever committed: everything happens in one transaction that ends with the process.
    database = sqlite3.connect("", check_same_thread=False)
    database.execute("PRAGMA cache_size = -16000")
    database.execute("PRAGMA journal_mode = OFF")
    database.executescript(schema)
    return database


class FactSpool:
    """Facts by id, on disk after the first ROOM bytes. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._memory: dict[UUID, Fact] = {}
        self._room = ROOM
        # From the first fact on disk on, all go there, so that no id is in both places.
        self._spilled = False
        self._database = _database("CREATE TABLE spool (id BLOB PRIMARY KEY, fact BLOB NOT NULL) WITHOUT ROWID")

    def put(self, facts: Iterable[Fact]) -> list[Fact]:
        """Add facts; return those that were not added because their id is present."""
        with self._lock:
            return [fact for fact in facts if not self._put(fact)]

    def _put(self, fact: Fact) -> bool:
        if fact.id in self._memory:
            return False
        self._spilled = self._spilled or self._room <= 0
        if self._spilled:
            row = (fact.id.bytes, encode(fact))
            return self._database.execute("INSERT OR IGNORE INTO spool VALUES (?, ?)", row).rowcount > 0
        self._memory[fact.id] = fact
        self._room -= _size(fact)
        return True

    def get(self, ids: Sequence[UUID]) -> dict[UUID, Fact]:
        """The facts present among `ids`."""
        with self._lock:
            facts = {id_: self._memory[id_] for id_ in ids if id_ in self._memory}
            left = [id_.bytes for id_ in ids if id_ not in facts] if self._spilled else []
            for part, marks in _parts(left):
                rows = self._database.execute(f"SELECT id, fact FROM spool WHERE id IN ({marks})", part)  # noqa: S608
                facts |= {UUID(bytes=id_): decode(record) for id_, record in rows}
        return facts

    def drop(self, ids: Iterable[UUID]) -> None:
        """Remove facts."""
        with self._lock:
            left = []
            for id_ in ids:
                fact = self._memory.pop(id_, None)
                if fact is None:
                    left.append((id_.bytes,))
                else:
                    self._room += _size(fact)
            if self._spilled:
                self._database.executemany("DELETE FROM spool WHERE id = ?", left)

    def rest(self) -> Iterator[Fact]:
        """All facts present, in the order of their ids; the spool must not be changed during the iteration."""
        first = sorted(self._memory.values(), key=_bytes)
        others = (decode(record) for (record,) in self._database.execute("SELECT fact FROM spool ORDER BY id"))
        return heapq.merge(first, others, key=_bytes)

    def clear(self) -> None:
        """Remove all facts."""
        with self._lock:
            self._memory.clear()
            self._room = ROOM
            if self._spilled:
                self._database.execute("DELETE FROM spool")
                self._spilled = False

    def close(self) -> None:
        """Delete the database."""
        self._database.close()


class FactIndex:
    """The facts of a file: id, owner, and an integer that says where the fact is; numbered in the order of arrival."""

    def __init__(self) -> None:
        self._database = _database(
            "CREATE TABLE facts (number INTEGER PRIMARY KEY, id BLOB NOT NULL, user TEXT, offset INTEGER)"
        )
        self._seen: SeenIds | None = SeenIds()
        """The ids, until there is an index of them: making one of all ids at the end takes half as long."""

    def add_all(self, facts: Sequence[tuple[UUID, str, int]]) -> list[bool]:
        """Add facts, each with its owner and where it is; returns which of them were added, because their ids were not
        present."""
        if self._seen is None:
            return [self.add(*fact) for fact in facts]
        present = self._seen.add([fact[0] for fact in facts], [fact[1] for fact in facts])
        new = [owner is None for owner in present]
        self._database.executemany(
            "INSERT INTO facts (id, user, offset) VALUES (?, ?, ?)",
            [(id_.bytes, user, offset) for id_, user, offset in compress(facts, new)],
        )
        return new

    def _by_id(self) -> sqlite3.Connection:
        """The database with an index of the ids."""
        if self._seen is not None:
            self._database.execute("CREATE UNIQUE INDEX facts_id ON facts (id)")
            self._seen.close()
            self._seen = None
        return self._database

    def _by_user(self) -> sqlite3.Connection:
        """The database with an index of the owners."""
        self._database.execute("CREATE INDEX IF NOT EXISTS facts_user ON facts (user)")
        return self._database

    def add(self, id_: UUID, user: str, offset: int) -> bool:
        """Add a fact; False if its id is present."""
        insert = "INSERT OR IGNORE INTO facts (id, user, offset) VALUES (?, ?, ?)"
        return self._by_id().execute(insert, (id_.bytes, user, offset)).rowcount > 0

    def put(self, id_: UUID, user: str, offset: int) -> None:
        """Add a fact, or change where the fact with this id is."""
        if not self.add(id_, user, offset):
            self._database.execute("UPDATE facts SET offset = ? WHERE id = ?", (offset, id_.bytes))

    def find(self, id_: UUID) -> int | None:
        """Where the fact is, None if it is not present."""
        row = self._by_id().execute("SELECT offset FROM facts WHERE id = ?", (id_.bytes,)).fetchone()
        return None if row is None else int(row[0])

    def drop(self, id_: UUID) -> None:
        """Remove a fact."""
        self._by_id().execute("DELETE FROM facts WHERE id = ?", (id_.bytes,))

    def counts(self) -> dict[str, int]:
        """The number of facts by owner, in the order of each owner's first fact."""
        select = "SELECT user, count(*) FROM facts GROUP BY user ORDER BY min(number)"
        return dict(self._by_user().execute(select))

    def count(self, user: str) -> int:
        """The number of facts of an owner."""
        return int(self._by_user().execute("SELECT count(*) FROM facts WHERE user = ?", (user,)).fetchone()[0])

    def offsets(self, user: str | None, after: UUID | None = None) -> Iterator[int]:
        """Where the facts of a user (None: of everyone) are, in order, from the one after the id `after` if present.

        Facts may be added and dropped during the iteration.
        """
        number = -1
        if after is not None:
            row = self._by_id().execute("SELECT number FROM facts WHERE id = ?", (after.bytes,)).fetchone()
            number = int(row[0]) if row else -1
        of_user, owner = ("user = ? AND", [user]) if user is not None else ("", [])
        select = f"SELECT number, offset FROM facts WHERE {of_user} number > ? ORDER BY number LIMIT {_PAGE}"  # noqa: S608
        database = self._by_user() if user is not None else self._database
        while rows := database.execute(select, [*owner, number]).fetchall():
            for _, offset in rows:
                yield offset
            number = rows[-1][0]

    def close(self) -> None:
        """Delete the database."""
        self._database.close()
        if self._seen is not None:
            self._seen.close()
