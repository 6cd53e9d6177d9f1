"""The records that a search ranks: those of one user, in the store or in memory, or candidates of all users."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from memctl.core.fact import Fact
from memctl.store.connection import Connection
from memctl.store.sql import candidates, fact_rows, ranking

if TYPE_CHECKING:
    from memctl.store.sql.held_ranking import HeldRecords


class SearchedRecords(Protocol):
    """What a search needs of its records."""

    def rank(self, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        """The rows that `ranking.statement` describes, with its parameters but $user."""

    def said(self, ids: list[UUID]) -> Iterable[tuple[UUID, str | None, str | None]]:
        """Id, role and text of the records with these ids."""

    def facts(self, ids: list[UUID]) -> dict[UUID, Fact]:
        """The facts with these ids."""


def searched_records(
    connection: Connection, user: str | None, condition: str, query_vector: Sequence[float], parameters: dict[str, Any]
) -> SearchedRecords:
    """The records of a user, or of all users if None.

    Those that meet the SQL `condition` on `records r`, with these parameters, may be hits.
    """
    held = None if user is None else connection.remembered(user, lambda: _held(connection, user))
    if held is None:
        return StoredRecords(connection, user, condition, query_vector)
    from memctl.store.sql.held_ranking import HeldSearch

    statement = f"SELECT r.key FROM records r WHERE r.user_id = $user AND {condition}"  # noqa: S608
    keys = connection.execute(statement, parameters | {"user": user}).fetchall()
    return HeldSearch(held, frozenset(key for (key,) in keys))


def _held(connection: Connection, user: str) -> HeldRecords | None:
    from memctl.store.sql.held_ranking import held_records

    return held_records(connection, user)


class StoredRecords:
    """Records that each search reads from the store."""

    def __init__(self, connection: Connection, user: str | None, condition: str, query_vector: Sequence[float]) -> None:
        self.connection = connection
        self.user = user
        self.condition = condition
        self.query_vector = query_vector
        self.keys: list[int] = []
        """The row keys of the candidates of all users, by which DuckDB finds their rows faster than by their ids."""
        self.statement = ranking.statement(user, condition, connection.vector_type(len(query_vector)))

    def rank(self, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        """See `SearchedRecords`."""
        if self.user is not None:
            return self.connection.execute(self.statement, parameters | {"user": self.user}).fetchall()
        chosen = candidates.choose(self.connection, self.condition, self.query_vector, parameters)
        if chosen is None:
            return []
        self.keys = chosen["keys"]
        return self.connection.execute(self.statement, parameters | chosen).fetchall()

    def said(self, ids: list[UUID]) -> list[tuple[UUID, str | None, str | None]]:
        """See `SearchedRecords`."""
        return self._columns("id, role, text", ids)

    def facts(self, ids: list[UUID]) -> dict[UUID, Fact]:
        """See `SearchedRecords`."""
        facts = map(fact_rows.to_fact, self._columns(fact_rows.FACT_COLUMNS, ids))
        return {fact.id: fact for fact in facts}

    def _columns(self, columns: str, ids: list[UUID]) -> list[tuple[Any, ...]]:
        listed = f"id {self.connection.in_list('UUID')}"
        which: list[Any] = [self.keys] if self.user is None else [self.user]
        few = f"key {self.connection.in_list('BIGINT')}" if self.user is None else "user_id = ?"
        statement = f"SELECT {columns} FROM records WHERE {few} AND {listed}"  # noqa: S608
        return self.connection.execute(statement, [*which, ids]).fetchall()
