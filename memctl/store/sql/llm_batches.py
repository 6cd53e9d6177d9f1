"""Batches of questions that a server works through on its own, and what is in each, so that a crash loses none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from memctl.store.connection import Connection
from memctl.store.model import Batch, BatchRequest, BatchState
from memctl.store.sql.fact_rows import aware, naive


def prepare(connection: Connection, batch: Batch, requests: Sequence[BatchRequest]) -> None:
    """Record a batch that is about to be submitted."""
    connection.execute(
        "INSERT INTO batches (id, remote_id, model, base_url, state, command, made_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            batch.id,
            batch.remote_id,
            batch.model,
            batch.base_url,
            batch.state,
            msgspec.json.encode(batch.command).decode(),
            naive(batch.made_at),
        ],
    )
    connection.append(
        "batch_requests",
        "batch, key, user_id, existing, episodes",
        [(batch.id, one.key, one.user_id, one.existing, list(one.episodes)) for one in requests],
    )


def set_state(connection: Connection, id_: str, state: BatchState, remote_id: str | None = None) -> None:
    """Record what became of a batch."""
    connection.execute(
        "UPDATE batches SET state = ?, remote_id = coalesce(?, remote_id) WHERE id = ?", [state, remote_id, id_]
    )


def under_way(connection: Connection) -> list[Batch]:
    """The batches that were prepared or submitted, oldest first."""
    return _in_state(connection, "prepared", "submitted")


def over(connection: Connection) -> list[Batch]:
    """The batches that ended but whose input has not been ingested again, oldest first."""
    return _in_state(connection, "collected", "lost")


def finish(connection: Connection, ids: Sequence[str]) -> None:
    """Record that the input of these batches has been ingested again."""
    connection.execute(
        "UPDATE batches SET state = CASE WHEN state = 'lost' THEN 'dropped' ELSE 'done' END "
        "WHERE state IN ('collected', 'lost') AND id IN (SELECT unnest(?::TEXT[]))",
        [list(ids)],
    )


def _in_state(connection: Connection, *states: BatchState) -> list[Batch]:
    rows = connection.execute(
        "SELECT id, remote_id, model, base_url, state, command, made_at FROM batches "
        "WHERE state IN (SELECT unnest(?::TEXT[])) ORDER BY made_at, id",
        [list(states)],
    ).fetchall()
    return [
        Batch(
            id=row[0],
            remote_id=row[1],
            model=row[2],
            base_url=row[3],
            state=row[4],
            command=msgspec.json.decode(row[5]),
            made_at=aware(row[6]) or datetime.now(UTC),
        )
        for row in rows
    ]


def requests(connection: Connection, id_: str) -> dict[str, BatchRequest]:
    """The questions of a batch, by key."""
    rows = connection.execute(
        "SELECT key, user_id, existing, episodes FROM batch_requests WHERE batch = ?", [id_]
    ).fetchall()
    return {row[0]: BatchRequest(key=row[0], user_id=row[1], existing=row[2], episodes=tuple(row[3])) for row in rows}


def asked(connection: Connection, keys: Iterable[str]) -> tuple[set[str], Counter[str]]:
    """Which of these questions are in an open batch, and how often each was in one that ended."""
    rows = connection.execute(
        "SELECT r.key, b.state IN ('prepared', 'submitted'), count(*) FROM batch_requests r "
        "JOIN batches b ON b.id = r.batch "
        "WHERE b.state NOT IN ('lost', 'dropped') AND r.key IN (SELECT unnest(?::TEXT[])) GROUP BY 1, 2",
        [list(keys)],
    ).fetchall()
    return {row[0] for row in rows if row[1]}, Counter({row[0]: row[2] for row in rows if not row[1]})
