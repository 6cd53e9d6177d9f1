"""What a store holds, in numbers: all of it, and user by user."""

from datetime import UTC, datetime

from memctl.store.connection import Connection
from memctl.store.model import Statistics, UserSummary
from memctl.store.sql import fact_rows
from memctl.store.sql.current import current
from memctl.store.sql.meta import get_meta


def user_summaries(connection: Connection) -> list[UserSummary]:
    """Every user with counts and times, in alphabetical order."""
    rows = connection.execute(
        "SELECT user_id, count(*) FILTER (WHERE kind <> 'episode'), count(*) FILTER (WHERE kind = 'episode'), "
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


def statistics(connection: Connection, place: str, size: int | None) -> Statistics:
    """What the store at `place` holds; `size` is in bytes."""
    kinds = dict(connection.execute("SELECT kind, count(*) FROM records GROUP BY kind ORDER BY kind").fetchall())
    rows = connection.execute(
        "SELECT (SELECT count(DISTINCT user_id) FROM records), "  # noqa: S608
        f"(SELECT count(*) FROM records WHERE kind <> 'episode' AND {current('$now')}), "
        "(SELECT count(*) FROM records WHERE superseded_by IS NOT NULL), "
        "(SELECT count(*) FROM units), "
        "(SELECT count(*) FROM units u WHERE NOT EXISTS "
        "(SELECT 1 FROM vectors v WHERE v.unit = u.key AND v.user_id = u.user_id)), "
        "(SELECT count(*) FROM files)",
        {"now": fact_rows.naive(datetime.now(UTC))},
    ).fetchall()
    embedder = get_meta(connection, "embedder")
    users, live, superseded, units, pending, files = rows[0]
    episodes = kinds.get("episode", 0)
    return Statistics(
        path=place,
        bytes=size,
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
