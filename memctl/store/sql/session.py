"""Sessions: the operations of `memctl.store.base` are functions on a connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar
from uuid import UUID

from memctl.store.connection import Connection, Engine
from memctl.store.model import Statistics
from memctl.store.sql import claims as claim_rows
from memctl.store.sql import (
    fact_rows,
    llm_batches,
    llm_cache,
    queries,
    stats,
    undo,
    undo_log,
    vector_search,
    writes,
)
from memctl.store.sql import ingested_files as file_rows
from memctl.store.sql import search as ranking
from memctl.store.sql import turns as turn_rows
from memctl.store.suppressed_users import SuppressedUsers

P = ParamSpec("P")
R = TypeVar("R")


def operation(function: Callable[Concatenate[Connection, P], R]) -> Callable[Concatenate[SqlSession, P], R]:
    """A function on a connection as a method of a session."""

    def bound(session: SqlSession, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return function(session.connection, *args, **kwargs)

    bound.__doc__ = function.__doc__
    return bound


class SqlSession:
    """A `Session` over a connection of an engine."""

    def __init__(self, connection: Connection, engine: Engine) -> None:
        self.connection = connection
        self.engine = engine

    embedder = operation(writes.stored_embedder)
    outdated_model = operation(writes.outdated_model)
    users = operation(stats.user_summaries)
    require_user = operation(queries.require_user)
    count = operation(queries.count)
    latest_import = operation(queries.latest_import)
    facts = operation(fact_rows.by_ids)
    facts_of = operation(queries.facts_of)
    leading_facts = operation(queries.leading)
    episodes_before = operation(queries.episodes_before)
    overdue = operation(queries.overdue)
    page = operation(queries.page)
    by_prefix = operation(queries.by_prefix)
    owned = operation(queries.owned)
    owners = operation(fact_rows.owners)
    hashes = operation(queries.hashes)
    alike = operation(queries.alike)
    search = operation(ranking.search)
    has_facts = operation(vector_search.has_facts)
    nearest = operation(vector_search.nearest)
    vectors_of = operation(writes.vectors_of)

    claims = operation(claim_rows.by_id)
    mentions = operation(claim_rows.mentions)
    claims_of_groups = operation(claim_rows.of_groups)
    claims_of_episodes = operation(claim_rows.of_episodes)
    claims_of_fact = operation(claim_rows.of_fact)
    episodes_of = operation(claim_rows.episodes)
    evidence_of = operation(claim_rows.evidence_of)
    evidence_with = operation(claim_rows.evidence_with)
    unfolded = operation(queries.unfolded)

    episode_count = operation(turn_rows.episode_count)
    halves = operation(turn_rows.halves)
    tombstone_halves = operation(turn_rows.tombstone_halves)
    sessions_saying = operation(turn_rows.sessions_saying)
    turns_of_sessions = operation(turn_rows.of_sessions)
    turns = operation(turn_rows.by_ids)
    latest_turns = operation(turn_rows.latest)
    read_by = operation(turn_rows.read_by)

    ingested_files = operation(file_rows.entries)
    episodes_in = operation(file_rows.episodes_of)
    refusals = operation(file_rows.refusals)
    runs = operation(undo_log.runs)
    touched = operation(undo.touched)
    runs_touching = operation(undo.touching)
    texts_of_others = operation(queries.texts_of_others)
    answers = operation(llm_cache.find)
    open_batches = operation(llm_batches.under_way)
    ended_batches = operation(llm_batches.over)
    batch_requests = operation(llm_batches.requests)
    batch_attempts = operation(llm_batches.asked)

    def known(self, ids: Iterable[UUID]) -> set[UUID]:
        """The subset of these ids that are records."""
        return fact_rows.known(self.connection, ids, "records")[0]

    def known_and_tombstoned(self, ids: Iterable[UUID]) -> tuple[set[UUID], set[UUID]]:
        """The subsets of these ids that are records, and that have a tombstone."""
        records, removed = fact_rows.known(self.connection, ids, "records", "removed")
        return records, removed

    def suppressed(self) -> SuppressedUsers:
        """The users who were erased and must stay out of the store."""
        from memctl.store.sql import suppression

        return suppression.suppressed(self.connection)

    def suppressed_since(self, user: str) -> datetime | None:
        """When the user was erased; None if they were not."""
        from memctl.store.sql import suppression

        return suppression.forgotten_at(self.connection, user)

    def erasure_began(self, user: str) -> datetime | None:
        """When an erasure of the user began that has not succeeded since; None if there is none."""
        from memctl.store.sql import suppression

        return suppression.begun_at(self.connection, user)

    def has_traces(self, user: str) -> bool:
        """Whether anything in the store names the user as its owner, data kept for undo included."""
        from memctl.store.sql import suppression

        return suppression.has_traces(self.connection, user)

    def stands_for(self, user: str, hashed: str) -> bool:
        """Whether a salted hash stands for this user."""
        from memctl.store.sql import suppression

        return suppression.is_digest(self.connection, user, hashed)

    def statistics(self) -> Statistics:
        """What the store holds, in numbers."""
        return stats.statistics(self.connection, self.engine.place, self.engine.size())
