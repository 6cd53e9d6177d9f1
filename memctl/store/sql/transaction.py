"""Transactions: the operations of `memctl.store.base` are functions on a connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from memctl.store.connection import Connection, Engine
from memctl.store.model import Entry, FileRead, Place, file_id
from memctl.store.sql import claims as claim_rows
from memctl.store.sql import ingested_files as file_rows
from memctl.store.sql import llm_batches, llm_cache, suppression, undo, undo_log, writes
from memctl.store.sql.session import SqlSession, operation

if TYPE_CHECKING:
    from memctl.store.base import Vector


class SqlTransaction(SqlSession):
    """A `Transaction`; what it changes is recorded in `journal`, if there is one, so that it can be undone."""

    def __init__(self, connection: Connection, engine: Engine, journal: undo_log.Journal | None = None) -> None:
        super().__init__(connection, engine)
        self.journal = journal

    use_embedder = operation(writes.use_embedder)
    replace = operation(writes.replace)
    remove = operation(writes.remove)
    add_claims = operation(claim_rows.add)
    remove_claims = operation(claim_rows.remove)
    set_evidence = operation(claim_rows.set_evidence)
    tombstone = operation(claim_rows.tombstone)
    record_refusals = operation(file_rows.record_refusals)
    begin_erasure = operation(suppression.begin)
    suppress = operation(suppression.mark)
    unsuppress = operation(suppression.restore)
    erase_user = operation(suppression.forget)
    restore_run = operation(undo.undo)
    clear_undone = operation(undo.clear_undone)
    drop_old_runs = operation(undo_log.expire)
    keep_answers = operation(llm_cache.keep)
    drop_answers = operation(llm_cache.forget)
    add_batch = operation(llm_batches.prepare)
    set_batch_state = operation(llm_batches.set_state)
    mark_batches_done = operation(llm_batches.finish)

    def add(self, entries: Sequence[Entry], vectors: Mapping[str, Vector]) -> None:
        """Add records that are not in the store."""
        keys = writes.add(self.connection, entries, vectors)
        if self.journal:
            self.journal.added_records(keys, [entry.fact.id for entry in entries])

    @property
    def run(self) -> str | None:
        """The id of the run once it has changed something."""
        return self.journal.run if self.journal else None

    @property
    def run_id(self) -> str:
        """The id under which the changes are recorded."""
        return self.journal.id if self.journal else ""

    def before_change(self, place: Place, ids: Iterable[UUID], *, reworded: bool = True) -> None:
        """Record these rows as they are now."""
        if self.journal:
            self.journal.before_change(place, ids, reworded=reworded)

    def added(self, place: Place, ids: Iterable[UUID]) -> None:
        """Record rows that did not exist before."""
        if self.journal:
            self.journal.added(place, ids)

    def record_files(self, files: Sequence[FileRead]) -> set[UUID]:
        """Record files as read; returns the episodes they no longer contain and that no other file contains.

        All files are recorded first: an episode that moved from one of them to another is still contained.
        """
        self.connection.lock(file.entry.uri for file in files)
        self.before_change("file", map(file_id, file_rows.keys(self.connection, [file.entry for file in files])))
        self.added("file", map(file_id, file_rows.record(self.connection, files)))
        return file_rows.unseen(self.connection, {id_ for file in files for id_ in file.gone})
