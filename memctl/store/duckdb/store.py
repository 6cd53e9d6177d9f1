"""The `Store` in one DuckDB file. What a search does not need is imported by the methods that do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from memctl.embed.spec import EmbedderSpec
from memctl.store.duckdb.database import Database
from memctl.store.duckdb.session import DuckSession
from memctl.store.model import Reindexed, Table

if TYPE_CHECKING:
    from memctl.store.duckdb.transaction import DuckTransaction
    from memctl.store.tally import Tally


class DuckStore:
    """The store in a database file, which is open only for the time of a transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.place = str(database.path)

    def exists(self) -> bool:
        """Whether there is a file."""
        return self.database.path.exists()

    @contextmanager
    def reading(self) -> Iterator[DuckSession]:
        """A read-only session."""
        with self.database.reading() as connection:
            yield DuckSession(connection, self.database.path)

    @contextmanager
    def writing(self, *, make: bool = True) -> Iterator[DuckTransaction]:
        """A transaction that cannot be undone."""
        from memctl.store.duckdb.transaction import DuckTransaction

        with self.database.writing(make=make) as connection:
            yield DuckTransaction(connection, self.database.path)

    @contextmanager
    def changing(
        self, command: str, user: str | None = None, run: str | None = None, *, make: bool = True
    ) -> Iterator[DuckTransaction]:
        """A transaction recorded as (part of) a run of `command`."""
        from memctl.store.duckdb.transaction import DuckTransaction
        from memctl.store.duckdb.undo_log import Journal

        with self.database.writing(make=make) as connection:
            journal = Journal(connection, command, user, run)
            yield DuckTransaction(connection, self.database.path, journal)
            journal.close()

    @contextmanager
    def trial(self) -> Iterator[DuckStore]:
        """A store over a copy of the file, or over none where there is none yet; dropped with the block."""
        import shutil
        import tempfile

        with tempfile.TemporaryDirectory(prefix="memctl-") as folder:
            copy = Database(Path(folder) / "store.duckdb", self.database.lock_timeout)
            if self.exists():
                with self.database.reading():
                    for suffix in ("", ".wal"):
                        file = self.database.path.with_name(self.database.path.name + suffix)
                        if file.exists():
                            shutil.copy(file, copy.path.with_name(copy.path.name + suffix))
            yield DuckStore(copy)

    @contextmanager
    def llm_lock(self) -> Iterator[None]:
        """Be the only process that asks a model on behalf of this store."""
        with self.database.llm_lock():
            yield

    def reindex(self, spec: EmbedderSpec, progress: Callable[[int, int, str], None] | None = None) -> Reindexed:
        """Make missing vectors, or all of them with another embedder."""
        from memctl.store.duckdb import reindex

        return reindex.reindex(self.database, spec, progress)

    def tally(self, by: str, now: datetime, top: int, user: str | None) -> Tally:
        """The counts of a volume report."""
        from memctl.store.duckdb import volume_counts

        return volume_counts.tally(self.database, by, now, top, user)

    def sql(self, statement: str, *, write: bool = False) -> Table:
        """The result of a user's own SQL statement."""
        from memctl.store.duckdb import user_sql

        return user_sql.run(self.database, statement, write=write)
