"""Sessions and transactions of DuckDB: the operations of `memctl.store.base` are functions on a connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar
from uuid import UUID

from memctl.store.duckdb import claims as claim_rows
from memctl.store.duckdb import (
    fact_rows,
    llm_batches,
    llm_cache,
    queries,
    stats,
    suppression,
    undo,
    undo_log,
    vector_search,
    writes,
)
from memctl.store.duckdb import ingested_files as file_rows
from memctl.store.duckdb import search as ranking
from memctl.store.duckdb.database import Connection
from memctl.store.model import FileRead, Place, Statistics, file_id

P = ParamSpec("P")
R = TypeVar("R")


def _operation(function: Callable[Concatenate[Connection, P], R]) -> Callable[Concatenate[DuckSession, P], R]:
    """A function on a connection as a method of a session."""

    def operation(session: DuckSession, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return function(session.connection, *args, **kwargs)

    operation.__doc__ = function.__doc__
    return operation


class DuckSession:
    """A `Session` over an open connection to the file at `path`."""

    def __init__(self, connection: Connection, path: Path) -> None:
        self.connection = connection
        self.path = path

    embedder = _operation(writes.stored_embedder)
    users = _operation(stats.user_summaries)
    require_user = _operation(queries.require_user)
    count = _operation(queries.count)
    latest_import = _operation(queries.latest_import)
    facts = _operation(fact_rows.by_ids)
    facts_of = _operation(queries.facts_of)
    episodes_before = _operation(queries.episodes_before)
    overdue = _operation(queries.overdue)
    page = _operation(queries.page)
    by_prefix = _operation(queries.by_prefix)
    owned = _operation(queries.owned)
    hashes = _operation(queries.hashes)
    search = _operation(ranking.search)
    has_facts = _operation(vector_search.has_facts)
    nearest = _operation(vector_search.nearest)
    vectors_of = _operation(writes.vectors_of)

    claims = _operation(claim_rows.by_id)
    claims_of_groups = _operation(claim_rows.of_groups)
    claims_of_episodes = _operation(claim_rows.of_episodes)
    claims_of_fact = _operation(claim_rows.of_fact)
    episodes_of = _operation(claim_rows.episodes)
    facts_resting_on = _operation(claim_rows.facts_resting_on)
    evidence_of = _operation(claim_rows.evidence_of)
    unfolded = _operation(queries.unfolded)

    ingested_files = _operation(file_rows.entries)
    episodes_in = _operation(file_rows.episodes_of)
    suppressed = _operation(suppression.among)
    runs = _operation(undo_log.runs)
    touched = _operation(undo.touched)
    runs_touching = _operation(undo.touching)
    undone_ids = _operation(undo.undone_ids)
    answers = _operation(llm_cache.find)
    open_batches = _operation(llm_batches.under_way)
    ended_batches = _operation(llm_batches.over)
    batch_requests = _operation(llm_batches.requests)
    batch_attempts = _operation(llm_batches.asked)

    def known(self, ids: Iterable[UUID]) -> set[UUID]:
        """The subset of these ids that are records."""
        return fact_rows.known(self.connection, "records", ids)

    def tombstoned(self, ids: Iterable[UUID]) -> set[UUID]:
        """The subset of these ids that have a tombstone."""
        return fact_rows.known(self.connection, "removed", ids)

    def statistics(self) -> Statistics:
        """What the store holds, in numbers."""
        return stats.statistics(self.connection, self.path)


class DuckTransaction(DuckSession):
    """A `Transaction`; what it changes is recorded in `journal`, if there is one, so that it can be undone."""

    def __init__(self, connection: Connection, path: Path, journal: undo_log.Journal | None = None) -> None:
        super().__init__(connection, path)
        self.journal = journal

    use_embedder = _operation(writes.use_embedder)
    add = _operation(writes.add)
    replace = _operation(writes.replace)
    remove = _operation(writes.remove)
    add_claims = _operation(claim_rows.add)
    remove_claims = _operation(claim_rows.remove)
    set_evidence = _operation(claim_rows.set_evidence)
    tombstone = _operation(claim_rows.tombstone)
    suppress = _operation(suppression.mark)
    unsuppress = _operation(suppression.restore)
    erase_user = _operation(suppression.forget)
    restore_run = _operation(undo.undo)
    clear_undone = _operation(undo.clear_undone)
    drop_old_runs = _operation(undo_log.expire)
    keep_answers = _operation(llm_cache.keep)
    drop_answers = _operation(llm_cache.forget)
    add_batch = _operation(llm_batches.prepare)
    set_batch_state = _operation(llm_batches.set_state)
    mark_batches_done = _operation(llm_batches.finish)

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
        self.before_change("file", map(file_id, file_rows.keys(self.connection, [file.entry for file in files])))
        keys = [file_rows.record(self.connection, file.entry, file.episodes) for file in files]
        self.added("file", map(file_id, keys))
        return file_rows.unseen(self.connection, {id_ for file in files for id_ in file.gone})
