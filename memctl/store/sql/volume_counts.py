"""The counts of a volume report, in SQL: a million facts in two seconds.

Gives the same `Tally` as `memctl.report.volume_counts` does over streamed facts; a test compares the two.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from memctl.store import tally as tallies
from memctl.store.connection import Connection, Engine
from memctl.store.model import ModelsUsed
from memctl.store.sql.current import current
from memctl.store.sql.fact_rows import aware, naive
from memctl.store.sql.meta import get_meta
from memctl.store.sql.writes import stored_embedder
from memctl.store.tally import Count, Group, Groups, Series, Tally

_COUNTS = (
    "count(*) FILTER (WHERE kind <> 'episode'), count(*) FILTER (WHERE kind = 'episode'), sum(strlen(text))::BIGINT"
)
_CURRENT = current("$now")
_CATEGORIES = (
    "(SELECT unnest(each(categories)) AS category, kind, text, created_at, user_id "
    "FROM records WHERE kind <> 'episode') labelled"
)


def tally(engine: Engine, by: str, now: datetime, top: int, user: str | None) -> Tally:
    """The tally of a store, or of one user in it; `by` is month, week or day. An unknown user has nothing."""
    with engine.reading() as connection:
        queries = _Queries(connection, by, now, user)
        counted = queries.whole()
        counted.people = queries.people(top)
        counted.kinds = queries.groups("kind", "records")
        counted.sources = queries.groups("source_system", "records")
        counted.categories = queries.groups("category", _CATEGORIES)
        counted.added, counted.arrivals, counted.active = queries.months()
        counted.duplicates, counted.near_duplicates = queries.repeated()
        counted.fact_sizes, counted.turn_sizes = (queries.sizes(sign) for sign in ("<>", "="))
        counted.fact_sample, counted.turn_sample = (queries.sample(sign) for sign in ("<>", "="))
        counted.vector_bytes = queries.vector_bytes()
    counted.file_bytes = engine.size() if user is None else None
    return counted


def models(engine: Engine) -> ModelsUsed:
    """The models that a store used."""
    with engine.reading() as connection:
        rows = connection.execute("SELECT DISTINCT claim->>'extractor' FROM claims ORDER BY 1").fetchall()
        spec = stored_embedder(connection)
    return ModelsUsed(extractors=tuple(name for (name,) in rows), embedder=spec.spec if spec else None)


class _Queries:
    """The queries of one tally. Every statement takes `$user` (NULL: all) and may take `$now`."""

    def __init__(self, connection: Connection, by: str, now: datetime, user: str | None) -> None:
        self._connection = connection
        self._by = by
        self._parameters = {"now": naive(now), "user": user}

    def _rows(self, statement: str, **more: Any) -> list[tuple[Any, ...]]:
        parameters = self._parameters | more
        used = {name: value for name, value in parameters.items() if f"${name}" in statement}
        rows: list[tuple[Any, ...]] = self._connection.execute(statement, used).fetchall()
        return rows

    def whole(self) -> Tally:
        """The totals."""
        ((users, superseded, expired, unsourced, first, last),) = self._rows(
            "SELECT count(DISTINCT user_id), "  # noqa: S608
            "count(*) FILTER (WHERE kind <> 'episode' AND superseded_by IS NOT NULL), "
            f"count(*) FILTER (WHERE kind <> 'episode' AND superseded_by IS NULL AND NOT ({_CURRENT})), "
            "count(*) FILTER (WHERE kind <> 'episode' AND coalesce(source_uri, '') = '' AND "
            "coalesce(source_session, '') = '' AND cardinality(source_turns) = 0 AND coalesce(source_quote, '') = ''), "
            "min(created_at), max(created_at) FROM records WHERE ($user::TEXT IS NULL OR user_id = $user)"
        )
        return Tally(
            users=users,
            superseded=superseded,
            expired=expired,
            without_source=unsourced,
            first=aware(first),
            last=aware(last),
        )

    def people(self, top: int) -> Groups:
        """The users with the most records."""
        rows = self._rows(
            f"SELECT user_id, {_COUNTS} FROM records WHERE ($user::TEXT IS NULL OR user_id = $user) "  # noqa: S608
            "GROUP BY user_id ORDER BY count(*) DESC, user_id LIMIT $top",
            top=top,
        )
        groups: Groups = {name: Group(Count(*counts), {}) for name, *counts in rows}
        listed = "($user::TEXT IS NULL OR user_id = $user) AND user_id IN (SELECT unnest($names::TEXT[]))"
        self._fill("user_id", f"records WHERE {listed}", groups, list(groups))
        return groups

    def groups(self, column: str, table: str) -> Groups:
        """Every value of a column."""
        where = f"{table} WHERE ($user::TEXT IS NULL OR user_id = $user)"
        rows = self._rows(f"SELECT {column}, {_COUNTS} FROM {where} GROUP BY {column}")  # noqa: S608
        groups: Groups = {name: Group(Count(*counts), {}) for name, *counts in rows}
        self._fill(column, where, groups)
        return groups

    def _fill(self, column: str, where: str, groups: Groups, names: list[str | None] | None = None) -> None:
        rows = self._rows(
            f"SELECT {column}, date_trunc('{self._by}', created_at)::DATE, count(*) FROM {where} GROUP BY 1, 2",  # noqa: S608
            names=names,
        )
        for name, period, number in rows:
            groups[name].series[period] = number

    def months(self) -> tuple[Series, Series, Series]:
        """Records by month, users by the month of their first record, and users by every month with a record."""
        added: Series = dict(
            self._rows(
                "SELECT date_trunc('month', created_at)::DATE AS month, count(*) FROM records "
                "WHERE created_at IS NOT NULL AND ($user::TEXT IS NULL OR user_id = $user) GROUP BY 1"
            )
        )
        arrivals: Series = dict(
            self._rows(
                "SELECT date_trunc('month', first)::DATE, count(*) FROM (SELECT min(created_at) AS first FROM records "
                "WHERE ($user::TEXT IS NULL OR user_id = $user) GROUP BY user_id) arrived GROUP BY 1"
            )
        )
        active: Series = dict(
            self._rows(
                "SELECT date_trunc('month', created_at)::DATE AS month, count(DISTINCT user_id) FROM records "
                "WHERE created_at IS NOT NULL AND ($user::TEXT IS NULL OR user_id = $user) GROUP BY 1"
            )
        )
        return added, arrivals, active

    def repeated(self) -> tuple[int, int]:
        """Current facts with the same words as another one of the user, and those with the same content in other
        words."""
        mine = f"kind <> 'episode' AND {_CURRENT} AND ($user::TEXT IS NULL OR r.user_id = $user)"
        ((exact,),) = self._rows(
            f"SELECT count(*) - count(DISTINCT (user_id, kind, text)) FROM records r WHERE {mine}"  # noqa: S608
        )
        ((near,),) = self._rows(
            "SELECT coalesce(sum(wordings - 1), 0)::BIGINT FROM (SELECT count(DISTINCT r.text) AS wordings "  # noqa: S608
            "FROM records r JOIN units u ON u.record = r.key AND u.user_id = r.user_id AND u.seq = 0 "
            f"WHERE cardinality(u.toks) > 0 AND {mine} "
            "GROUP BY r.user_id, r.kind, cardinality(u.toks), bag(u.toks), negates(r.text)) said"
        )
        return exact, near

    def sizes(self, sign: str) -> dict[int, int]:
        """The number of texts of each size in bytes."""
        return dict(
            self._rows(
                f"SELECT strlen(text), count(*) FROM records WHERE kind {sign} 'episode' "  # noqa: S608
                "AND ($user::TEXT IS NULL OR user_id = $user) GROUP BY 1"
            )
        )

    def sample(self, sign: str) -> list[str]:
        """The texts of the records whose ids have the smallest digests."""
        rows = self._rows(
            f"SELECT text FROM records WHERE kind {sign} 'episode' AND ($user::TEXT IS NULL OR user_id = $user) "  # noqa: S608
            f"ORDER BY md5(id::TEXT) LIMIT {tallies.SAMPLE}"
        )
        return [text for (text,) in rows]

    def vector_bytes(self) -> int | None:
        """Bytes of the vectors, four per dimension."""
        dimensions = get_meta(self._connection, "dim")
        if dimensions is None:
            return None
        ((vectors,),) = self._rows("SELECT count(*) FROM vectors WHERE ($user::TEXT IS NULL OR user_id = $user)")
        return 4 * int(dimensions) * int(vectors)
