"""Facts by their owner, their id or one of their fields, for those who know what they are looking for."""

from __future__ import annotations

from memctl.core.claim import Claim
from memctl.core.errors import NotFound, UsageError
from memctl.core.fact import Fact
from memctl.store.duckdb import claims, fact_rows
from memctl.store.duckdb.database import Connection


def require_user(connection: Connection, user: str) -> None:
    """Raise NotFound, naming some who are there, for a user the store does not know."""
    if connection.execute("SELECT 1 FROM records WHERE user_id = ? LIMIT 1", [user]).fetchall():
        return
    rows = connection.execute("SELECT DISTINCT user_id FROM records ORDER BY user_id LIMIT 6").fetchall()
    known = ", ".join(row[0] for row in rows[:5]) + (", …" if len(rows) > 5 else "")
    raise NotFound(f"no user is called {user!r}", hint=f"users: {known}" if known else "the store is empty")


def facts_of(
    connection: Connection, user: str, *, subject: str | None, predicate: str | None, kind: str | None
) -> list[Fact]:
    """The user's facts, history included, in the order they were learned; episodes only as that `kind`.

    Raises NotFound for a user the store does not know.
    """
    require_user(connection, user)
    wanted = "kind = ?" if kind else "kind <> 'episode'"
    found = fact_rows.select(
        connection,
        f"user_id = ? AND {wanted} AND (? IS NULL OR predicate = ?) ORDER BY created_at NULLS LAST, key",
        [user, *([kind] if kind else []), predicate, predicate],
    )
    if subject is None:
        return found
    return [fact for fact in found if (fact.subject or "").casefold() == subject.casefold()]


def by_prefix(connection: Connection, id_: str) -> tuple[Fact, list[Claim]]:
    """A fact by its id, or by the first characters of it, and the claims it rests on.

    Raises NotFound when no fact, UsageError when several begin so.
    """
    found = fact_rows.select(connection, "starts_with(id::VARCHAR, ?) LIMIT 2", [id_.lower()])
    if not found:
        raise NotFound(f"no fact has the id {id_!r}", hint="memctl facts USER and memctl search show ids")
    if len(found) > 1:
        raise UsageError(f"several facts have ids that begin with {id_!r}", hint="give more characters")
    return found[0], claims.of_fact(connection, found[0].id)
