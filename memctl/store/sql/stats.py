"""The statistics of a store: in total, and by user."""

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
    """The counts of the store at `place`; `size` is in bytes."""
    counted = connection.execute(
        f"SELECT kind, count(*), count(*) FILTER (WHERE kind <> 'episode' AND {current('$now')}), "  # noqa: S608
        "count(superseded_by) FROM records GROUP BY kind ORDER BY kind",
        {"now": fact_rows.naive(datetime.now(UTC))},
    ).fetchall()
    embedder = get_meta(connection, "embedder")
    # A unit has at most one vector, which is deleted with it. A server counts each of these tables from an index. The
    # table of vectors is created with the first record.
    places = ("units", "files", "vectors") if embedder else ("units", "files")
    counts = ", ".join(f"(SELECT count(*) FROM {place})" for place in places)  # noqa: S608
    ((users, units, files, *vectors),) = connection.execute(
        f"SELECT (SELECT count(*) FROM (SELECT DISTINCT user_id FROM records) u), {counts}"  # noqa: S608
    ).fetchall()
    kinds = {kind: number for kind, number, _, _ in counted}
    episodes = kinds.get("episode", 0)
    return Statistics(
        path=place,
        bytes=size,
        users=users,
        facts=sum(kinds.values()) - episodes,
        current=sum(live for _, _, live, _ in counted),
        superseded=sum(superseded for *_, superseded in counted),
        episodes=episodes,
        units=units,
        pending=max(0, units - sum(vectors)),
        files=files,
        kinds=kinds,
        embedder=embedder,
    )
