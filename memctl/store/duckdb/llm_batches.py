"""Batches of questions that a server works through on its own, and what is in each, so that a crash loses none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from memctl.store.duckdb.database import Connection
from memctl.store.duckdb.fact_rows import aware, naive
from memctl.store.duckdb.llm_cache import held

State = Literal["prepared", "submitted", "collected", "lost", "done", "dropped"]
"""What is still to be ingested again is `collected` when its answers are kept, `lost` when the server never had it; it
is `done` or `dropped` then."""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A batch. `id` is memctl's own, `remote_id` the server's, None until it is known to have been submitted.

    `command` is what was to be ingested and how, for whoever collects.
    """

    id: str
    remote_id: str | None = None
    model: str
    base_url: str
    state: State = "prepared"
    command: dict[str, Any]
    made_at: datetime


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A question in a batch, with what has to be kept with its answer."""

    key: str
    user_id: str
    existing: str
    episodes: tuple[UUID, ...]


def prepare(connection: Connection, batch: Batch, requests: Sequence[Request]) -> None:
    """Note a batch that is about to be submitted."""
    connection.execute(
        "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)",
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
    with connection.appender("batch_requests") as appender:
        appender.append_rows([(batch.id, one.key, one.user_id, one.existing, list(one.episodes)) for one in requests])


def set_state(connection: Connection, id_: str, state: State, remote_id: str | None = None) -> None:
    """Note what became of a batch."""
    connection.execute(
        "UPDATE batches SET state = ?, remote_id = coalesce(?, remote_id) WHERE id = ?", [state, remote_id, id_]
    )


def under_way(connection: Connection) -> list[Batch]:
    """The batches that are prepared or submitted, the oldest first."""
    return _in_state(connection, "prepared", "submitted")


def over(connection: Connection) -> list[Batch]:
    """The batches that are over, but whose command is still to be done again, the oldest first."""
    return _in_state(connection, "collected", "lost")


def finish(connection: Connection, ids: Sequence[str]) -> None:
    """Note that what these batches were about has been ingested again."""
    connection.execute(
        "UPDATE batches SET state = if(state = 'lost', 'dropped', 'done') "
        "WHERE state IN ('collected', 'lost') AND id IN (SELECT unnest(?::VARCHAR[]))",
        [list(ids)],
    )


def _in_state(connection: Connection, *states: State) -> list[Batch]:
    if not held(connection):
        return []
    rows = connection.execute(
        "SELECT id, remote_id, model, base_url, state, command, made_at FROM batches "
        "WHERE state IN (SELECT unnest(?::VARCHAR[])) ORDER BY made_at, id",
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


def requests(connection: Connection, id_: str) -> dict[str, Request]:
    """What is in a batch, by key."""
    rows = connection.execute(
        "SELECT key, user_id, existing, episodes FROM batch_requests WHERE batch = ?", [id_]
    ).fetchall()
    return {row[0]: Request(key=row[0], user_id=row[1], existing=row[2], episodes=tuple(row[3])) for row in rows}


def asked(connection: Connection, keys: Iterable[str]) -> tuple[set[str], Counter[str]]:
    """Those of the questions that are in a batch under way, and how often each was in one that is over."""
    if not held(connection):
        return set(), Counter()
    rows = connection.execute(
        "SELECT r.key, b.state IN ('prepared', 'submitted'), count(*) FROM batch_requests r "
        "JOIN batches b ON b.id = r.batch "
        "WHERE b.state NOT IN ('lost', 'dropped') AND r.key IN (SELECT unnest(?::VARCHAR[])) GROUP BY ALL",
        [list(keys)],
    ).fetchall()
    return {row[0] for row in rows if row[1]}, Counter({row[0]: row[2] for row in rows if not row[1]})
