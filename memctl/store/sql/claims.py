"""The log of evidence: claims as rows, and the facts that are based on them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from uuid import UUID

import msgspec

from memctl.core.claim import Claim
from memctl.core.subjects import Mention
from memctl.store.connection import Connection
from memctl.store.sql.fact_rows import known, naive

COLUMNS = "id, user_id, subject, predicate, episode, recorded_at, claim"
EVIDENCE = "fact, claim, seq, user_id"

_decoder = msgspec.json.Decoder(Claim)


def add(connection: Connection, claims: Sequence[tuple[Claim, UUID | None]], now: datetime) -> list[Claim]:
    """Append claims that are not in the log and were never removed by hand, each with the episode it was read from;
    returns the appended ones. `now` becomes the `recorded_at` of claims that have none."""
    if not claims:
        return []
    ids = [claim.id for claim, _ in claims]
    seen = set().union(*known(connection, ids, "claims", "removed"))
    fresh: dict[UUID, tuple[Claim, UUID | None]] = {}
    for claim, episode in claims:
        if claim.id not in seen:
            recorded = claim if claim.recorded_at else msgspec.structs.replace(claim, recorded_at=now)
            fresh.setdefault(claim.id, (recorded, episode))
    connection.append(
        "claims",
        COLUMNS,
        [
            (
                claim.id,
                claim.user_id,
                claim.subject.casefold(),
                claim.predicate,
                episode,
                naive(claim.recorded_at),
                msgspec.json.encode(claim).decode(),
            )
            for claim, episode in fresh.values()
        ],
    )
    return [claim for claim, _ in fresh.values()]


def of_groups(connection: Connection, groups: Iterable[tuple[str, str, Iterable[str]]]) -> list[Claim]:
    """All claims of the (user, case-folded subject, predicates) groups."""
    wanted = [(user, subject, predicate) for user, subject, members in groups for predicate in members]
    rows = connection.execute(
        "SELECT claim FROM claims "  # noqa: S608
        "JOIN (SELECT unnest(?::TEXT[]) AS u, unnest(?::TEXT[]) AS s, unnest(?::TEXT[]) AS p) asked "
        f"ON user_id = u AND subject = s AND predicate = p WHERE {connection.mine()}",
        [list(column) for column in zip(*wanted, strict=True)] if wanted else [[], [], []],
    ).fetchall()
    return [_decoder.decode(row[0]) for row in rows]


def mentions(connection: Connection, users: Iterable[str]) -> list[Mention]:
    """Who the claims, and the facts without claims, of these users are about besides the user, and how they are related
    to the user."""
    asked = "(SELECT unnest($users::TEXT[]))"
    related = "substr(predicate, 1, 4) = 'has_'"
    rows = connection.execute(
        f"SELECT DISTINCT user_id, claim->>'subject', predicate, CASE WHEN {related} THEN claim->>'object' END "  # noqa: S608
        f"FROM claims WHERE {connection.mine()} AND user_id IN {asked} AND (subject <> lower(user_id) OR {related}) "
        f"UNION SELECT DISTINCT user_id, subject, predicate, CASE WHEN {related} THEN object END FROM records "
        f"WHERE {connection.mine()} AND user_id IN {asked} AND predicate IS NOT NULL AND episode IS NULL "
        f"AND (lower(subject) <> lower(user_id) OR {related}) AND NOT EXISTS "
        f"(SELECT 1 FROM evidence e WHERE {connection.mine('e')} AND e.fact = records.id "
        "AND e.user_id = records.user_id)",
        {"users": list(users)},
    ).fetchall()
    return [(user, subject or user, predicate, value) for user, subject, predicate, value in rows]


def of_episodes(connection: Connection, episodes: Iterable[UUID]) -> list[Claim]:
    """The claims read from these episodes."""
    wanted = list(episodes)
    if not wanted:
        return []
    rows = connection.execute(
        f"SELECT claim FROM claims WHERE {connection.mine()} AND episode {connection.in_list('UUID')}",  # noqa: S608
        [wanted],
    ).fetchall()
    return [_decoder.decode(row[0]) for row in rows]


def by_id(connection: Connection, ids: Iterable[UUID]) -> list[Claim]:
    """The claims of these ids that the log holds."""
    wanted = list(ids)
    if not wanted:
        return []
    rows = connection.execute(
        f"SELECT claim FROM claims WHERE {connection.mine()} AND id {connection.in_list('UUID')}",  # noqa: S608
        [wanted],
    ).fetchall()
    return [_decoder.decode(row[0]) for row in rows]


def of_fact(connection: Connection, fact: UUID, user: str | None = None) -> list[Claim]:
    """The claims that are evidence of a fact, in order; `user` is its owner, if known."""
    rows = connection.execute(
        "SELECT c.claim FROM claims c JOIN evidence e ON e.claim = c.id AND e.user_id = c.user_id "  # noqa: S608
        f"WHERE {connection.mine('c')} AND (?::TEXT IS NULL OR c.user_id = ?) AND e.fact = ? ORDER BY e.seq",
        [user, user, fact],
    ).fetchall()
    return [_decoder.decode(row[0]) for row in rows]


def episodes(connection: Connection, claims: Iterable[UUID]) -> dict[UUID, UUID]:
    """Claim id -> the episode it was read from, where there is one."""
    wanted = list(claims)
    if not wanted:
        return {}
    rows = connection.execute(
        f"SELECT id, episode FROM claims WHERE {connection.mine()} AND episode IS NOT NULL "  # noqa: S608
        f"AND id {connection.in_list('UUID')}",
        [wanted],
    ).fetchall()
    return dict(rows)


def evidence_with(
    connection: Connection, claims: Iterable[UUID], facts: Iterable[UUID] = ()
) -> dict[UUID, tuple[UUID, ...]]:
    """The evidence, in order, of each fact for which any of these claims is evidence, and of these facts."""
    wanted = [list(claims), list(facts)]
    if not any(wanted):
        return {}
    mine = connection.mine()
    rows = connection.execute(
        f"SELECT seq, fact, claim FROM evidence WHERE {mine} AND fact IN (SELECT fact FROM evidence "  # noqa: S608
        f"WHERE {mine} AND claim {connection.in_list('UUID')} UNION ALL SELECT unnest(?::UUID[]))",
        wanted,
    ).fetchall()
    evidence: dict[UUID, list[UUID]] = {}
    for _, fact, claim in sorted(rows, key=itemgetter(0)):
        evidence.setdefault(fact, []).append(claim)
    return {fact: tuple(claims) for fact, claims in evidence.items()}


def evidence_of(connection: Connection, facts: Iterable[UUID]) -> dict[UUID, tuple[UUID, ...]]:
    """The claims that are evidence of each of these facts, in order; facts without evidence are left out."""
    wanted = list(facts)
    if not wanted:
        return {}
    rows = connection.execute(
        f"SELECT fact, array_agg(claim ORDER BY seq) FROM evidence WHERE {connection.mine()} "  # noqa: S608
        f"AND fact {connection.in_list('UUID')} GROUP BY fact",
        [wanted],
    ).fetchall()
    return {fact: tuple(claims) for fact, claims in rows}


def remove(connection: Connection, ids: Iterable[UUID]) -> None:
    """Remove claims from the log."""
    gone = list(ids)
    if not gone:
        return
    for table, column in (("evidence", "claim"), ("claims", "id")):
        connection.execute(
            f"DELETE FROM {table} WHERE {connection.mine()} AND {column} {connection.in_list('UUID')}",  # noqa: S608
            [gone],
        )


def tombstone(connection: Connection, user: str, ids: Iterable[UUID]) -> None:
    """Record that these claims and episodes of the user were removed by hand, so that no transcript adds them again."""
    connection.append("removed", "id, user_id", [(id_, user) for id_ in ids])


def set_evidence(
    connection: Connection,
    evidence: Mapping[UUID, Sequence[UUID]],
    before: Mapping[UUID, Sequence[UUID]],
    owners: Mapping[UUID, str],
) -> None:
    """Give these facts, which belong to `owners`, other evidence than they had `before`.

    Most often there is only more of it: then no row is removed.
    """
    kept: dict[UUID, int] = {}
    for fact, claims in evidence.items():
        had = before.get(fact, ())
        if tuple(claims[: len(had)]) == tuple(had):
            kept[fact] = len(had)
    if old := [fact for fact in evidence if fact not in kept]:
        connection.execute(
            f"DELETE FROM evidence WHERE {connection.mine()} AND fact {connection.in_list('UUID')}",  # noqa: S608
            [old],
        )
    connection.append(
        "evidence",
        EVIDENCE,
        [
            (fact, claim, seq, owners[fact])
            for fact, claims in evidence.items()
            for seq, claim in enumerate(claims)
            if seq >= kept.get(fact, 0)
        ],
    )
