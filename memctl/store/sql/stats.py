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
    counted = connection.execute(
        # One scan of the records: a server takes far longer for each than a file does.
        "WITH counted AS (SELECT user_id, kind, count(*) AS records, "  # noqa: S608
        f"count(*) FILTER (WHERE kind <> 'episode' AND {current('$now')}) AS live, "
        "count(superseded_by) AS superseded FROM records GROUP BY user_id, kind) "
        "SELECT kind, sum(records)::BIGINT, sum(live)::BIGINT, sum(superseded)::BIGINT, "
        "(SELECT count(*) FROM (SELECT DISTINCT user_id FROM counted) u) FROM counted GROUP BY kind ORDER BY kind",
        {"now": fact_rows.naive(datetime.now(UTC))},
    ).fetchall()
    rows = connection.execute(
        "SELECT (SELECT count(*) FROM units), (SELECT count(*) FROM units u WHERE NOT EXISTS "
        "(SELECT 1 FROM vectors v WHERE v.unit = u.key AND v.user_id = u.user_id)), (SELECT count(*) FROM files)"
    ).fetchall()
    embedder = get_meta(connection, "embedder")
    units, pending, files = rows[0]
    kinds = {kind: number for kind, number, _, _, _ in counted}
    episodes = kinds.get("episode", 0)
    return Statistics(
        path=place,
        bytes=size,
        users=counted[0][4] if counted else 0,
        facts=sum(kinds.values()) - episodes,
        current=sum(live for _, _, live, _, _ in counted),
        superseded=sum(superseded for *_, superseded, _ in counted),
        episodes=episodes,
        units=units,
        pending=pending,
        files=files,
        kinds=kinds,
        embedder=embedder,
    )
