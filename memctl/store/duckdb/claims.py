"""The evidence log: claims as rows, and which facts rest on which of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from memctl.core.claim import Claim
from memctl.store.duckdb.database import Connection
from memctl.store.duckdb.fact_rows import known, naive

_decoder = msgspec.json.Decoder(Claim)


def add(connection: Connection, claims: Sequence[tuple[Claim, UUID | None]], now: datetime) -> list[Claim]:
    """Append claims that are not in the log yet and were never removed by hand, each with the episode it was read
    from; those that were appended.

    `now` becomes the `recorded_at` of claims that have none.
    """
    ids = [claim.id for claim, _ in claims]
    seen = known(connection, "claims", ids) | known(connection, "removed", ids)
    fresh: dict[UUID, tuple[Claim, UUID | None]] = {}
    for claim, episode in claims:
        if claim.id not in seen:
            recorded = claim if claim.recorded_at else msgspec.structs.replace(claim, recorded_at=now)
            fresh.setdefault(claim.id, (recorded, episode))
    if fresh:
        with connection.appender("claims") as appender:
            appender.append_rows(
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
                ]
            )
    return [claim for claim, _ in fresh.values()]


def of_groups(connection: Connection, groups: Iterable[tuple[str, str, Iterable[str]]]) -> list[Claim]:
    """All claims of the (user, case-folded subject, predicates) groups."""
    wanted = [(user, subject, predicate) for user, subject, members in groups for predicate in members]
    rows = connection.execute(
        "SELECT claim FROM claims JOIN (SELECT unnest(?::VARCHAR[]) u, unnest(?::VARCHAR[]) s, unnest(?::VARCHAR[]) p) "
        "ON user_id = u AND subject = s AND predicate = p",
        [list(column) for column in zip(*wanted, strict=True)] if wanted else [[], [], []],
    ).fetchall()
    return [_decoder.decode(row[0]) for row in rows]


def of_episodes(connection: Connection, episodes: Iterable[UUID]) -> list[Claim]:
    """The claims read from these episodes."""
    rows = connection.execute(
        "SELECT claim FROM claims WHERE episode IN (SELECT unnest(?::UUID[]))", [list(episodes)]
    ).fetchall()
    return [_decoder.decode(row[0]) for row in rows]


def by_id(connection: Connection, ids: Iterable[UUID]) -> list[Claim]:
    """The claims of these ids that the log holds."""
    rows = connection.execute("SELECT claim FROM claims WHERE id IN (SELECT unnest(?::UUID[]))", [list(ids)]).fetchall()
    return [_decoder.decode(row[0]) for row in rows]


def of_fact(connection: Connection, fact: UUID) -> list[Claim]:
    """The claims a fact rests on, in order."""
    rows = connection.execute(
        "SELECT c.claim FROM claims c JOIN evidence e ON e.claim = c.id WHERE e.fact = ? ORDER BY e.seq",
        [fact],
    ).fetchall()
    return [_decoder.decode(row[0]) for row in rows]


def episodes(connection: Connection, claims: Iterable[UUID]) -> dict[UUID, UUID]:
    """Claim id -> the episode it was read from, where there is one."""
    rows = connection.execute(
        "SELECT id, episode FROM claims WHERE episode IS NOT NULL AND id IN (SELECT unnest(?::UUID[]))",
        [list(claims)],
    ).fetchall()
    return dict(rows)


def facts_resting_on(connection: Connection, claims: Iterable[UUID]) -> set[UUID]:
    """The facts for which any of these claims is evidence."""
    rows = connection.execute(
        "SELECT DISTINCT fact FROM evidence WHERE claim IN (SELECT unnest(?::UUID[]))", [list(claims)]
    ).fetchall()
    return {row[0] for row in rows}


def evidence_of(connection: Connection, facts: Iterable[UUID]) -> dict[UUID, tuple[UUID, ...]]:
    """The claims each of these facts rests on, in order; of those that rest on any."""
    rows = connection.execute(
        "SELECT fact, list(claim ORDER BY seq) FROM evidence WHERE fact IN (SELECT unnest(?::UUID[])) GROUP BY fact",
        [list(facts)],
    ).fetchall()
    return {fact: tuple(claims) for fact, claims in rows}


def remove(connection: Connection, ids: Iterable[UUID]) -> None:
    """Take claims out of the log."""
    gone = list(ids)
    connection.execute("DELETE FROM evidence WHERE claim IN (SELECT unnest(?::UUID[]))", [gone])
    connection.execute("DELETE FROM claims WHERE id IN (SELECT unnest(?::UUID[]))", [gone])


def tombstone(connection: Connection, ids: Iterable[UUID]) -> None:
    """Note that somebody removed these claims and episodes by hand, so that no transcript brings them back."""
    rows = [(id_,) for id_ in ids]
    if rows:
        with connection.appender("removed") as appender:
            appender.append_rows(rows)


def set_evidence(connection: Connection, evidence: Mapping[UUID, Sequence[UUID]], gone: Iterable[UUID] = ()) -> None:
    """Record which claims each fact rests on now, replacing what was recorded for it; `gone` facts rest on none."""
    connection.execute("DELETE FROM evidence WHERE fact IN (SELECT unnest(?::UUID[]))", [[*evidence.keys(), *gone]])
    rows = [(fact, claim, seq) for fact, claims in evidence.items() for seq, claim in enumerate(claims)]
    if rows:
        with connection.appender("evidence") as appender:
            appender.append_rows(rows)
