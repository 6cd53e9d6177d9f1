"""A trial of changes to a store in PostgreSQL, for dry runs: everything is part of one transaction, which is rolled
back."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from memctl_postgres.store_connection import PostgresConnection

if TYPE_CHECKING:
    from memctl_postgres.store import PostgresEngine


class Trial:
    """An engine whose transactions are all part of one that is rolled back."""

    def __init__(self, engine: PostgresEngine, raw: psycopg.Connection[Any]) -> None:
        self._engine, self._raw = engine, raw
        self.place, self.file = engine.place, engine.file
        self.address, self.lock_timeout, self.copying = None, engine.lock_timeout, False

    def exists(self) -> bool:
        """True, because the trial created the store if it was missing."""
        return True

    @contextmanager
    def reading(self, *, users: Collection[str] | None = None) -> Iterator[PostgresConnection]:
        """The one transaction."""
        yield PostgresConnection(self._raw, secured=self._engine.secured)

    @contextmanager
    def writing(self, *, make: bool = True, users: Collection[str] | None = None) -> Iterator[PostgresConnection]:
        """A part of the one transaction, rolled back alone by an exception."""
        with self._raw.transaction():
            yield PostgresConnection(self._raw, secured=self._engine.secured)

    @contextmanager
    def trial(self) -> Iterator[Trial]:
        """A part of the one transaction that is rolled back."""
        with self._raw.transaction(force_rollback=True):
            yield self

    @contextmanager
    def llm_lock(self) -> Iterator[None]:
        """Does nothing, because no other process can write during a trial."""
        yield

    def size(self) -> int | None:
        """The bytes of the store."""
        return self._engine.size()

    def rebuild(self) -> None:
        """Does nothing, because nothing of a trial remains."""

    def sql(self, statement: str, *, write: bool = False) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """The columns and rows of a user's own statement, against the store itself."""
        return self._engine.sql(statement, write=write)

    def close(self) -> None:
        """Does nothing, because the trial ends with its block."""
