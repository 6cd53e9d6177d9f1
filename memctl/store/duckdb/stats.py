"""What a store holds, in numbers: all of it, and user by user."""

from datetime import datetime
from pathlib import Path

import msgspec

from memctl.store.duckdb import fact_rows
from memctl.store.duckdb.database import Connection, get_meta


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """What a store holds. `bytes` is the size of the file; `pending` units still lack a vector."""

    path: str
    bytes: int
    users: int
    facts: int
    current: int
    superseded: int
    episodes: int
    units: int
    pending: int
    files: int
    kinds: dict[str, int]
    embedder: str | None


class UserSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One user of the store: how many facts and episodes, and when the first and the last were recorded."""

    user: str
    facts: int
    episodes: int
    first: datetime | None
    last: datetime | None


def user_summaries(connection: Connection) -> list[UserSummary]:
    """Every user with what is held of them, in alphabetical order."""
    rows = connection.execute(
        "SELECT user_id, count(*) FILTER (kind <> 'episode'), count(*) FILTER (kind = 'episode'), "
        "min(created_at), max(created_at) FROM records GROUP BY user_id ORDER BY user_id"
    ).fetchall()
    return [
        UserSummary(
            user=user,
            facts=facts,
            episodes=episodes,
            first=fact_rows.aware(first),
            last=fact_rows.aware(last),
        )
        for user, facts, episodes, first, last in rows
    ]


def statistics(connection: Connection, path: Path) -> Statistics:
    """What the store at `path` holds."""
    kinds = dict(connection.execute("SELECT kind, count(*) FROM records GROUP BY kind ORDER BY kind").fetchall())
    rows = connection.execute(
        "SELECT (SELECT count(DISTINCT user_id) FROM records), "
        "(SELECT count(*) FROM records WHERE kind <> 'episode' AND superseded_by IS NULL "
        " AND expired_at IS NULL AND (invalid_at IS NULL OR invalid_at > now()::TIMESTAMP)), "
        "(SELECT count(*) FROM records WHERE superseded_by IS NOT NULL), "
        "(SELECT count(*) FROM units), "
        "(SELECT count(*) FROM units WHERE key NOT IN (SELECT unit FROM vectors)), "
        "(SELECT count(*) FROM files)"
    ).fetchall()
    embedder = get_meta(connection, "embedder")
    users, live, superseded, units, pending, files = rows[0]
    episodes = kinds.get("episode", 0)
    return Statistics(
        path=str(path),
        bytes=path.stat().st_size,
        users=users,
        facts=sum(kinds.values()) - episodes,
        current=live,
        superseded=superseded,
        episodes=episodes,
        units=units,
        pending=pending,
        files=files,
        kinds=kinds,
        embedder=embedder,
    )
