"""What a store holds, in numbers: all of it, and user by user."""

from pathlib import Path

from memctl.store.duckdb import fact_rows
from memctl.store.duckdb.current import current
from memctl.store.duckdb.database import Connection, get_meta
from memctl.store.model import Statistics, UserSummary


def user_summaries(connection: Connection) -> list[UserSummary]:
    """Every user with counts and times, in alphabetical order."""
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
        "SELECT (SELECT count(DISTINCT user_id) FROM records), "  # noqa: S608
        f"(SELECT count(*) FROM records WHERE kind <> 'episode' AND {current('now()::TIMESTAMP')}), "
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
