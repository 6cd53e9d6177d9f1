"""The `Store` over an engine. What a search does not need is imported by the methods that do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from memctl.core.errors import NotFound, UsageError
from memctl.embed.spec import EmbedderSpec
from memctl.store.connection import Engine
from memctl.store.model import ModelsUsed, Reindexed, Table
from memctl.store.sql.session import SqlSession

if TYPE_CHECKING:
    from memctl.store.sql.transaction import SqlTransaction
    from memctl.store.tally import Tally


class SqlStore:
    """The store in an engine's database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.place = engine.place
        self.address = engine.address
        self.lock_timeout = engine.lock_timeout

    def exists(self) -> bool:
        """False until something is written for the first time."""
        return self.engine.exists()

    @contextmanager
    def reading(self, *, users: Collection[str] | None = None) -> Iterator[SqlSession]:
        """A read-only session about these users (None: everybody)."""
        with self.engine.reading(users=users) as connection:
            yield SqlSession(connection, self.engine)

    @contextmanager
    def writing(self, *, make: bool = True) -> Iterator[SqlTransaction]:
        """A transaction that cannot be undone."""
        from memctl.store.sql.transaction import SqlTransaction

        with self.engine.writing(make=make) as connection:
            yield SqlTransaction(connection, self.engine)

    @contextmanager
    def changing(
        self,
        command: str,
        user: str | None = None,
        run: str | None = None,
        *,
        make: bool = True,
        users: Collection[str] | None = None,
    ) -> Iterator[SqlTransaction]:
        """A transaction recorded as (part of) a run of `command`; see `memctl.store.base.Store.changing`."""
        from memctl.store.sql.transaction import SqlTransaction
        from memctl.store.sql.undo_log import Journal

        with self.engine.writing(make=make, users=users) as connection:
            journal = Journal(connection, command, user, run)
            yield SqlTransaction(connection, self.engine, journal)
            journal.close()

    @contextmanager
    def trial(self) -> Iterator[SqlStore]:
        """A copy of the store, dropped with the block."""
        with self.engine.trial() as engine:
            yield SqlStore(engine)

    def llm_lock(self) -> AbstractContextManager[None]:
        """Be the only process that asks a model on behalf of this store."""
        return self.engine.llm_lock()

    def reindex(self, spec: EmbedderSpec, progress: Callable[[int, int, str], None] | None = None) -> Reindexed:
        """Make missing vectors, or all of them with another embedder."""
        from memctl.store.sql import reindex

        return reindex.reindex(self.engine, spec, progress)

    def tally(self, by: str, now: datetime, top: int, user: str | None) -> Tally:
        """The counts of a volume report."""
        from memctl.store.sql import volume_counts

        return volume_counts.tally(self.engine, by, now, top, user)

    def models(self) -> ModelsUsed:
        """The models that the store used."""
        from memctl.store.sql import volume_counts

        return volume_counts.models(self.engine)

    def sql(self, statement: str, *, write: bool = False) -> Table:
        """The result of a user's own SQL statement."""
        if self.engine.file is None and "embed" in statement.lower():
            from memctl.store.sql import embed_calls

            with self.engine.reading() as connection:
                statement = embed_calls.expanded(connection, statement)
        try:
            columns, rows = self.engine.sql(statement, write=write)
        except UsageError:
            if self.exists():
                with self.reading() as session:
                    if session.embedder() is None:  # the view `facts` is created with the first record
                        raise NotFound("the store has no facts yet", where=self.place) from None
            raise
        return Table(columns=_distinct(columns), rows=rows)


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    """Column names, a repeated one numbered, so that a row as a mapping loses no column."""
    found: list[str] = []
    for name in names:
        number, distinct = 1, name
        while distinct in found:
            number += 1
            distinct = f"{name}_{number}"
        found.append(distinct)
    return tuple(found)
