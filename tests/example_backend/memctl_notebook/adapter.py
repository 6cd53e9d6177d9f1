"""The backend named `notebook`: facts in a SQLite file.

This is all that a backend must have. Each method is described in `memctl.backends.contract.Backend`.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID

from memctl.backends.contract import Backend, Capabilities, Features, Health, Hit, Outcome, Page, Query, lexical_hits
from memctl.core.errors import MemctlError, Retryable, UsageError
from memctl.core.fact import Fact
from memctl_notebook.mapping import to_fact, to_row

SCHEMA = "CREATE TABLE IF NOT EXISTS facts (number INTEGER PRIMARY KEY, id TEXT UNIQUE, user TEXT, body BLOB)"


class NotebookBackend(Backend):
    """The notebook in the file at `path`. `timeout` is how long to wait for another writer, in seconds."""

    name = "notebook"
    # Every field is kept, so that `fields` stays empty.
    capabilities = Capabilities(batch_size=1000)
    features = Features(
        options=("path", "timeout", "page_size"), address_option="path", env_vars={"path": ("NOTEBOOK_PATH",)}
    )

    def __init__(self, path: str | Path, *, timeout: float = 10.0, page_size: int = 1000) -> None:
        self.identity = str(Path(path).absolute())
        self._timeout = timeout
        self._page_size = page_size

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """A connection and a transaction. SQLite's errors become memctl's: memctl repeats what is Retryable."""
        try:
            connection = sqlite3.connect(self.identity, timeout=self._timeout)
            try:
                with connection:
                    connection.execute(SCHEMA)
                    yield connection
            finally:
                connection.close()
        except sqlite3.OperationalError as error:
            raise Retryable(f"the notebook is busy: {error}", where=self.identity) from None
        except sqlite3.DatabaseError as error:
            raise MemctlError(
                f"cannot use the notebook: {error}", where=self.identity, hint="name a file that memctl created"
            ) from None

    def check(self) -> Health:
        with self._connected() as connection:
            (count,) = connection.execute("SELECT count(*) FROM facts").fetchone()
        return Health(ok=True, detail=f"{self.identity}: {count} facts")

    def users(self) -> Iterator[str]:
        with self._connected() as connection:
            rows = connection.execute("SELECT user FROM facts GROUP BY user ORDER BY min(number)").fetchall()
        return iter([user for (user,) in rows])

    def count(self, user: str) -> int:
        with self._connected() as connection:
            (count,) = connection.execute("SELECT count(*) FROM facts WHERE user = ?", [user]).fetchone()
        return int(count)

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        if cursor is not None and not cursor.isdigit():
            raise UsageError(f"{cursor!r} is not a cursor of a notebook", hint="read from the start")
        after = int(cursor or 0)
        while True:
            with self._connected() as connection:
                rows = connection.execute(
                    "SELECT number, body FROM facts WHERE user = ? AND number > ? ORDER BY number LIMIT ?",
                    [user, after, self._page_size],
                ).fetchall()
            after = rows[-1][0] if rows else after
            facts = [to_fact(body) for _, body in rows]
            last = len(rows) < self._page_size
            yield Page(tuple(fact for fact in facts if _recent(fact, since)), None if last else str(after))
            if last:
                return

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        with self._connected() as connection:
            return [_write(connection, fact) for fact in facts]

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        with self._connected() as connection:
            statement = "DELETE FROM facts WHERE user = ? AND id = ?"
            return sum(connection.execute(statement, [user, str(id_)]).rowcount for id_ in ids)

    def search(self, query: Query) -> list[Hit]:
        users = [query.user] if query.user is not None else list(self.users())
        return lexical_hits((fact for user in users for page in self.read(user) for fact in page.facts), query)

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Writes can be read at once."""

    def close(self) -> None:
        """Nothing stays open between calls."""


def _write(connection: sqlite3.Connection, fact: Fact) -> Outcome:
    try:
        id_, user, body = to_row(fact)
    except ValueError as error:
        return Outcome(state="rejected", target_id=str(fact.id), reason=str(error))
    stored = connection.execute("SELECT user, body FROM facts WHERE id = ?", [id_]).fetchone()
    if stored is None:
        connection.execute("INSERT INTO facts (id, user, body) VALUES (?, ?, ?)", [id_, user, body])
        return Outcome(state="written", target_id=id_)
    if stored[0] != user:
        return Outcome(state="rejected", target_id=id_, reason="a fact of another user has this id")
    if to_fact(stored[1]) == fact:
        return Outcome(state="unchanged", target_id=id_)
    connection.execute("UPDATE facts SET body = ? WHERE id = ?", [body, id_])
    return Outcome(state="updated", target_id=id_)


def _recent(fact: Fact, since: datetime | None) -> bool:
    changed = fact.updated_at or fact.created_at
    return since is None or changed is None or changed >= since
