"""Records by owner, id or field."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from memctl.core.claim import Claim
from memctl.core.errors import NotFound, UsageError
from memctl.core.fact import Fact
from memctl.core.subjects import about
from memctl.core.suggestions import near_users
from memctl.store.connection import Connection
from memctl.store.model import RecordText
from memctl.store.sql import claims, fact_rows
from memctl.store.sql.current import current, kept, true_at

PAGE = 10_000
"""Rows fetched at a time."""
Group = tuple[str, str, Collection[str]]
"""User, case-folded subject, predicates."""


def require_user(connection: Connection, user: str) -> None:
    """Raise NotFound, naming some existing users, for a user that the store does not have."""
    if connection.execute("SELECT 1 FROM records WHERE user_id = ? LIMIT 1", [user]).fetchall():
        return
    users = [row[0] for row in connection.execute("SELECT DISTINCT user_id FROM records").fetchall()]
    raise NotFound(f"no user is called {user!r}", hint=near_users(user, users) or "the store is empty")


def count(connection: Connection, user: str | None = None) -> int:
    """The number of records, episodes included, of one user or of everyone."""
    rows = connection.execute(
        "SELECT count(*) FROM records WHERE ?::TEXT IS NULL OR user_id = ?", [user, user]
    ).fetchall()
    return int(rows[0][0])


def texts_of_others(connection: Connection, user: str) -> Iterator[RecordText]:
    """The texts of the records of everyone but the user, in the order they were stored."""
    rows = connection.execute(
        "SELECT id, user_id, kind, speaker, subject, object, text FROM records WHERE user_id <> ? ORDER BY key", [user]
    )
    while some := rows.fetchmany(PAGE):
        yield from (RecordText(*row) for row in some)


def latest_import(connection: Connection) -> datetime | None:
    """When the newest record was stored."""
    return fact_rows.aware(connection.execute("SELECT max(imported_at) FROM records").fetchall()[0][0])


def facts_of(
    connection: Connection,
    user: str,
    *,
    kinds: Sequence[str] = (),
    subject: str | None = None,
    predicate: str | None = None,
    at: datetime | None = None,
) -> list[Fact]:
    """The user's records in the order they were learned; without `kinds`, everything but episodes.

    `at` keeps what is current at that instant; None keeps history too.
    """
    conditions = ["user_id = $user", "kind = ANY($kinds::TEXT[])" if kinds else "kind <> 'episode'"]
    parameters: dict[str, Any] = {"user": user}
    if kinds:
        parameters["kinds"] = list(kinds)
    if predicate is not None:
        conditions.append("predicate = $predicate")
        parameters["predicate"] = predicate
    if at is not None:
        conditions.append(current("$at"))
        parameters["at"] = fact_rows.naive(at)
    facts = fact_rows.select(connection, f"{' AND '.join(conditions)} ORDER BY created_at NULLS LAST, key", parameters)
    # Names are compared in Python: SQL only knows lower().
    return facts if subject is None else about(facts, subject)


def leading(
    connection: Connection,
    user: str,
    *,
    kinds: Sequence[str],
    first: Collection[str],
    at: datetime,
    as_of: bool,
    limit: int,
) -> tuple[list[Fact], int]:
    """The `limit` first of the user's records of these kinds, and how many there are.

    Blocks come first, then facts with one of the predicates `first`, and among equals what was learned last. They are
    the records current at `at`; with `as_of`, those that were true at that instant.
    """
    condition = f"{true_at('$at')} AND {kept('$at')}" if as_of else current("$at")
    rows = connection.execute(
        f"SELECT {fact_rows.FACT_COLUMNS}, count(*) OVER () FROM records "  # noqa: S608
        f"WHERE user_id = $user AND kind = ANY($kinds::TEXT[]) AND {condition} "
        "ORDER BY kind = 'block' DESC, "
        "coalesce(subject, user_id) = user_id AND coalesce(predicate = ANY($first::TEXT[]), FALSE) DESC, "
        "coalesce(created_at, valid_at) DESC NULLS LAST, key DESC LIMIT $limit",
        {"user": user, "kinds": list(kinds), "first": sorted(first), "at": fact_rows.naive(at), "limit": limit},
    ).fetchall()
    return [fact_rows.to_fact(row) for row in rows], rows[0][-1] if rows else 0


def unfolded(connection: Connection, groups: Iterable[Group], now: datetime) -> list[Fact]:
    """The current facts of these groups that have no evidence: imported or stated, not yet part of a fold."""
    subjects: dict[tuple[str, str], set[str]] = defaultdict(set)
    for user, subject, members in groups:
        for predicate in members:
            subjects[user, predicate].add(subject)
    # Most often there are none: selecting all fields takes DuckDB twice as long to plan.
    rows = connection.execute(
        "SELECT id, user_id, coalesce(subject, user_id), predicate FROM records "  # noqa: S608
        "WHERE (user_id, predicate) IN (SELECT unnest($users::TEXT[]), unnest($predicates::TEXT[])) "
        f"AND {connection.mine()} AND {current('$now')} AND NOT EXISTS (SELECT 1 FROM evidence e "
        f"WHERE {connection.mine('e')} AND e.fact = records.id AND e.user_id = records.user_id)",
        {
            "users": [user for user, _ in subjects],
            "predicates": [predicate for _, predicate in subjects],
            "now": fact_rows.naive(now),
        },
    ).fetchall()
    return fact_rows.by_ids(
        connection, [id_ for id_, user, subject, predicate in rows if subject.casefold() in subjects[user, predicate]]
    )


def episodes_before(connection: Connection, user: str, at: datetime) -> list[Fact]:
    """The user's episodes said before `at`."""
    return fact_rows.select(
        connection,
        "user_id = ? AND kind = 'episode' AND coalesce(valid_at, created_at) < ? ORDER BY key",
        [user, fact_rows.naive(at)],
    )


def overdue(connection: Connection, user: str, at: datetime) -> list[Fact]:
    """The user's records whose `expires_at` has passed at `at`."""
    return fact_rows.select(connection, f"user_id = ? AND NOT {kept('?')} ORDER BY key", [user, fact_rows.naive(at)])


def page(
    connection: Connection, user: str, *, after: int, since: datetime | None, limit: int
) -> list[tuple[int, Fact]]:
    """Up to `limit` records with row keys above `after`, in key order; `since` keeps those changed from then on."""
    rows = connection.execute(
        f"SELECT {fact_rows.FACT_COLUMNS}, key FROM records WHERE user_id = ? AND key > ? "  # noqa: S608
        "AND (?::TIMESTAMP IS NULL OR coalesce(updated_at, created_at, imported_at) >= ?) ORDER BY key LIMIT ?",
        [user, after, fact_rows.naive(since), fact_rows.naive(since), limit],
    ).fetchall()
    return [(row[-1], fact_rows.to_fact(row)) for row in rows]


def owned(connection: Connection, ids: Iterable[UUID], user: str | None = None) -> list[UUID]:
    """The subset of these ids that are records of the user, or of anyone."""
    rows = connection.execute(
        f"SELECT id FROM records WHERE {connection.mine()} AND (?::TEXT IS NULL OR user_id = ?) "  # noqa: S608
        f"AND id {connection.in_list('UUID')}",
        [user, user, list(ids)],
    ).fetchall()
    return [row[0] for row in rows]


def hashes(connection: Connection, user: str | None = None) -> dict[UUID, str]:
    """The content hash of every record, by id."""
    rows = connection.execute(
        "SELECT id, content_hash FROM records WHERE ?::TEXT IS NULL OR user_id = ?", [user, user]
    ).fetchall()
    return dict(rows)


def alike(connection: Connection, ids: Sequence[UUID], hashes: Sequence[str]) -> set[int]:
    """Which of these records, by their places, are in the store with these content hashes."""
    # Places and not ids, which take ten times as long to make.
    rows = connection.execute(
        "SELECT a.place FROM records r JOIN (SELECT unnest(?::UUID[]) AS id, unnest(?::TEXT[]) AS content_hash, "  # noqa: S608
        "unnest(?::INTEGER[]) AS place) a ON r.id = a.id AND r.content_hash = a.content_hash "
        f"WHERE {connection.mine('r')}",
        [list(ids), list(hashes), list(range(len(ids)))],
    ).fetchall()
    return {row[0] for row in rows}


def by_prefix(connection: Connection, id_: str) -> tuple[Fact, list[Claim]]:
    """A fact by its id, or by the first characters of it, and the claims that are its evidence. Raises NotFound if
    no fact matches, UsageError if several do."""
    span = _ids_from(id_)
    matching = fact_rows.select(connection, "id BETWEEN ?::UUID AND ?::UUID LIMIT 2", span) if span else []
    if not matching:
        raise NotFound(f"no fact has the id {id_!r}", hint="memctl facts USER and memctl search show ids")
    if len(matching) > 1:
        raise UsageError(f"several facts have ids that begin with {id_!r}", hint="give more characters")
    return matching[0], claims.of_fact(connection, matching[0].id, matching[0].user_id)


def _ids_from(prefix: str) -> tuple[UUID, UUID] | None:
    """The first and the last id whose usual form begins with `prefix`; None if none does."""
    least, most = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"
    prefix = prefix.lower()
    # UUID() takes other forms too: with braces, or with the hyphens elsewhere.
    shape = re.sub("[0-9a-f]", "0", prefix)
    if not least.startswith(shape):
        return None
    return UUID(prefix + least[len(prefix) :]), UUID(prefix + most[len(prefix) :])
