"""Stored episodes as turns: their fingerprints, and the sessions that contain given words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from memctl.core.fact import Fact
from memctl.store.connection import Connection
from memctl.store.model import StoredTurn
from memctl.store.sql import fact_rows
from memctl.store.sql.current import kept
from memctl.store.sql.fact_rows import aware, naive

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Halves = NDArray[np.uint64]
else:
    Halves = Any

MOST_SESSIONS = 8
"""Sessions considered for each text: a phrase that is in more of them identifies none."""
_COLUMNS = "id, user_id, session_id, source_turns[1], position, role, speaker, valid_at, text"
_FINGERPRINT = (
    "md5(concat_ws(chr(31), user_id, coalesce(role, ''), coalesce(speaker, ''), "
    "coalesce(epoch_us(valid_at)::TEXT, ''), text))"
)


def halves(connection: Connection, user: str | None = None) -> Halves:
    """The lower 64 bits of the fingerprint of every episode, of one user or of everyone; shape (n,)."""
    return connection.halves(
        f"SELECT half({_FINGERPRINT}) FROM records "  # noqa: S608
        "WHERE kind = 'episode' AND (?::TEXT IS NULL OR user_id = ?)",
        [user, user],
    )


def tombstone_halves(connection: Connection) -> Halves:
    """The lower 64 bits of every tombstone; shape (n,)."""
    return connection.halves("SELECT half(id::TEXT) FROM removed")


def episode_count(connection: Connection, most: int) -> int:
    """The number of episodes of all users, counted up to `most`."""
    counted = "SELECT count(*) FROM (SELECT 1 FROM records WHERE kind = 'episode' LIMIT ?) e"
    return int(connection.execute(counted, [most]).fetchall()[0][0])


def sessions_saying(connection: Connection, user: str, said: Sequence[tuple[str, datetime | None]]) -> list[str]:
    """The sessions with an episode of one of these texts and times, a few for each."""
    rows = connection.execute(
        "SELECT DISTINCT session_id FROM ("
        "SELECT session_id, row_number() OVER (PARTITION BY text, valid_at ORDER BY key) AS place FROM records "
        "JOIN (SELECT unnest(?::TEXT[]) AS words, unnest(?::TIMESTAMP[]) AS said_at) asked "
        "ON text = words AND valid_at IS NOT DISTINCT FROM said_at "
        "WHERE kind = 'episode' AND user_id = ? AND session_id IS NOT NULL) said WHERE place <= ?",
        [[text for text, _ in said], [naive(at) for _, at in said], user, MOST_SESSIONS],
    ).fetchall()
    return [row[0] for row in rows]


def of_sessions(connection: Connection, user: str, sessions: Iterable[str]) -> list[StoredTurn]:
    """The episodes of the user in these sessions, session by session, in order."""
    return _turns(
        connection,
        "kind = 'episode' AND user_id = ? AND session_id IN (SELECT unnest(?::TEXT[])) "
        "ORDER BY session_id, position, key",
        [user, list(sessions)],
    )


def latest(connection: Connection, user: str, at: datetime, limit: int) -> list[Fact]:
    """The last episodes said until `at` in the session that the user's last one belongs to, in order.

    Undated episodes count as older than dated ones.
    """
    said = f"kind = 'episode' AND user_id = $user AND coalesce(valid_at, created_at, $at) <= $at AND {kept('$at')}"
    return fact_rows.select(
        connection,
        f"{said} AND session_id = (SELECT session_id FROM records WHERE {said} AND session_id IS NOT NULL "  # noqa: S608
        "ORDER BY coalesce(valid_at, created_at) DESC NULLS LAST, key DESC LIMIT 1) "
        "ORDER BY position DESC NULLS LAST, coalesce(valid_at, created_at) DESC NULLS LAST, key DESC LIMIT $limit",
        {"user": user, "at": naive(at), "limit": limit},
    )[::-1]


def by_ids(connection: Connection, ids: Iterable[UUID]) -> list[StoredTurn]:
    """The episodes with these ids."""
    return _turns(
        connection, f"{connection.mine()} AND kind = 'episode' AND id {connection.in_list('UUID')}", [list(ids)]
    )


def read_by(connection: Connection, recipe: str, episodes: Iterable[UUID]) -> set[UUID]:
    """The subset of these episodes that a file read by the recipe contains."""
    rows = connection.execute(
        "SELECT DISTINCT episode FROM sightings JOIN files ON files.key = file "  # noqa: S608
        f"WHERE {connection.mine('sightings')} AND recipe = ? AND episode {connection.in_list('UUID')}",
        [recipe, list(episodes)],
    ).fetchall()
    return {row[0] for row in rows}


def _turns(connection: Connection, condition: str, parameters: list[Any]) -> list[StoredTurn]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM records WHERE {condition}", parameters).fetchall()  # noqa: S608
    return [
        StoredTurn(
            id=row[0],
            user_id=row[1],
            session_id=row[2] or "",
            turn_id=row[3] or "",
            position=row[4] or 0,
            role=row[5],
            speaker=row[6],
            at=aware(row[7]),
            text=row[8],
        )
        for row in rows
    ]
