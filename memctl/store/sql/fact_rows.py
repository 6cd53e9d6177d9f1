"""Facts as rows of `records` and back. Nothing is decided here."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

import msgspec

from memctl.core.fact import Fact, Source, content_hash
from memctl.store.connection import Connection
from memctl.store.model import Episodic

FACT_COLUMNS = (
    "id, user_id, agent_id, session_id, app_id, kind, text, subject, predicate, object, categories, confidence, "
    "valid_at, invalid_at, created_at, updated_at, expired_at, expires_at, superseded_by, "
    "source_system, source_id, source_uri, source_session, source_turns, source_quote, metadata, native"
)
"""The columns of `records` that make a Fact, in the order `to_row` and `to_fact` speak."""
COLUMNS = f"key, {FACT_COLUMNS}, content_hash, imported_at, role, speaker, position, episode"
"""All columns of `records`."""


def _utc(at: datetime | None) -> datetime | None:
    """As `naive`, for the time of a fact, which is in UTC."""
    return at and at.replace(tzinfo=None)


def naive(at: datetime | None) -> datetime | None:
    """UTC without its zone, as DuckDB's TIMESTAMP holds it."""
    if at is None:
        return None
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).replace(tzinfo=None)


def aware(at: datetime | None) -> datetime | None:
    """A TIMESTAMP of the store as the UTC time it is."""
    return None if at is None else at.replace(tzinfo=UTC)


def _json(value: dict[str, Any]) -> str:
    return msgspec.json.encode(value).decode() if value else "{}"


def _object(text: str) -> dict[str, Any]:
    return {} if text == "{}" else msgspec.json.decode(text)


def to_row(fact: Fact) -> tuple[Any, ...]:
    """The values of FACT_COLUMNS."""
    source = fact.source
    return (
        fact.id,
        fact.user_id,
        fact.agent_id,
        fact.session_id,
        fact.app_id,
        fact.kind,
        fact.text,
        fact.subject,
        fact.predicate,
        fact.object,
        list(fact.categories),
        fact.confidence,
        _utc(fact.valid_at),
        _utc(fact.invalid_at),
        _utc(fact.created_at),
        _utc(fact.updated_at),
        _utc(fact.expired_at),
        _utc(fact.expires_at),
        fact.superseded_by,
        source.system,
        source.id,
        source.uri,
        source.session,
        list(source.turns),
        source.quote,
        _json(fact.metadata),
        _json(fact.native),
    )


def to_fact(row: Sequence[Any]) -> Fact:
    """The Fact in a row selected by FACT_COLUMNS (more columns may follow)."""
    return Fact(
        id=row[0],
        user_id=row[1],
        agent_id=row[2],
        session_id=row[3],
        app_id=row[4],
        kind=row[5],
        text=row[6],
        subject=row[7],
        predicate=row[8],
        object=row[9],
        categories=tuple(row[10]),
        confidence=row[11],
        valid_at=aware(row[12]),
        invalid_at=aware(row[13]),
        created_at=aware(row[14]),
        updated_at=aware(row[15]),
        expired_at=aware(row[16]),
        expires_at=aware(row[17]),
        superseded_by=row[18],
        source=Source(
            system=row[19],
            id=row[20],
            uri=row[21],
            session=row[22],
            turns=tuple(row[23]),
            quote=row[24],
        ),
        metadata=_object(row[25]),
        native=_object(row[26]),
    )


def select(connection: Connection, where: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[Fact]:
    """The facts `where` selects; the text after WHERE may go on with ORDER BY and LIMIT."""
    rows = connection.execute(f"SELECT {FACT_COLUMNS} FROM records WHERE {where}", parameters).fetchall()  # noqa: S608
    return [to_fact(row) for row in rows]


def by_ids(connection: Connection, ids: Iterable[UUID]) -> list[Fact]:
    """The records with these ids, in the order they were stored; missing ids are skipped."""
    wanted = list(ids)
    if not wanted:
        return []
    rows = connection.execute(
        f"SELECT {FACT_COLUMNS}, key FROM records "  # noqa: S608
        f"WHERE {connection.mine()} AND id {connection.in_list('UUID')}",
        [wanted],
    ).fetchall()
    # Sorted here: DuckDB takes as long to plan that as to read a few rows.
    return [to_fact(row) for row in sorted(rows, key=itemgetter(-1))]


def insert(
    connection: Connection, facts: Iterable[tuple[Fact, Episodic]], keys: Iterable[int], imported_at: datetime
) -> None:
    """Append rows with these keys for facts whose ids are not in the store yet."""
    stored_at = naive(imported_at)
    connection.append(
        "records",
        COLUMNS,
        [
            (key, *to_row(fact), content_hash(fact), stored_at, e.role, e.speaker, e.position, e.episode)
            for key, (fact, e) in zip(keys, facts, strict=True)
        ],
    )


def owners(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, str]:
    """The owner of each of these records, by id, whoever they are: the users of the transaction are asked about first,
    because in a cluster of servers a question about everybody goes to all of them."""
    left = list(ids)
    owners_: dict[UUID, str] = {}
    for condition in dict.fromkeys((connection.mine(), "TRUE")):
        if left:
            rows = connection.execute(
                f"SELECT id, user_id FROM records WHERE {condition} AND id {connection.in_list('UUID')}",  # noqa: S608
                [left],
            ).fetchall()
            owners_ |= rows
            left = [id_ for id_ in left if id_ not in owners_] if rows else left
    return owners_


def known(connection: Connection, ids: Iterable[UUID], *tables: str) -> list[set[UUID]]:
    """The subset of these ids that each of the tables (records, claims, removed) has."""
    wanted = list(ids)
    found: list[set[UUID]] = [set() for _ in tables]
    if not wanted:
        return found
    # Tombstones from before the store recorded their owners have none.
    mine = {"removed": f"({connection.mine()} OR user_id = '')"}
    statement = " UNION ALL ".join(
        f"SELECT {place}, id FROM {table} WHERE {mine.get(table, connection.mine())} "  # noqa: S608
        f"AND id {connection.in_list('UUID')}"
        for place, table in enumerate(tables)
    )
    for place, id_ in connection.execute(statement, [wanted] * len(tables)).fetchall():
        found[place].add(id_)
    return found
