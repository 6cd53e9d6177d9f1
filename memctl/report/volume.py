"""The volume of a memory: facts by user, kind, category, source and period, growth, waste, bytes and tokens.

The local store is queried in SQL, other backends are read completely.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import msgspec

from memctl.migrate.listing import reading
from memctl.report import periods, tokens, volume_counts
from memctl.report.growth import Growth, project
from memctl.store import tally as tallies
from memctl.store.local_store import LocalStore
from memctl.store.tally import Groups, Series, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from memctl.backends.contract import Backend

TOP = 10
NEAR = (
    "current facts of one user and kind with the same stemmed words, numbers and labels in any order, without stop "
    "words, both or neither of them negated"
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A user, kind, category or source. `name` is None for facts without one; `series` are its records per period of
    the report; `undated` those without a time."""

    name: str | None
    facts: int
    episodes: int
    bytes: int
    series: tuple[int, ...]
    undated: int


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of facts, not turns, that are superseded, ended without successor, duplicates of a current fact,
    near-duplicates of one, or without a source."""

    superseded: int
    expired: int
    duplicates: int
    near_duplicates: int
    without_source: int


class Bytes(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of the texts, of the vectors (four per dimension) and of the file; None if unknown."""

    text: int
    vectors: int | None
    file: int | None


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of the texts of facts and of turns, and the method; `estimated` if only a sample was counted."""

    facts: int
    turns: int
    method: str
    estimated: bool


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """The measurements behind a workload's cost. `user_months` counts the months in which each user has a record; the
    sizes map bytes of a text to the number of facts or turns; `arrivals` are users by first month."""

    user_months: int
    fact_sizes: dict[int, int]
    turn_sizes: dict[int, int]
    arrivals: dict[str, int]


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """The report. `periods` are labels, oldest first; `by_user` are the users with the most records."""

    backend: str
    user: str | None
    now: datetime
    by: periods.By
    users: int
    records: int
    facts: int
    episodes: int
    undated: int
    first: datetime | None
    last: datetime | None
    periods: tuple[str, ...]
    by_user: tuple[Row, ...]
    by_kind: tuple[Row, ...]
    by_category: tuple[Row, ...]
    by_source: tuple[Row, ...]
    shares: Shares
    near_duplicate: str = NEAR
    bytes: Bytes
    tokens: Tokens
    growth: Growth
    activity: Activity


def measure(
    adapter: Backend,
    *,
    now: datetime,
    by: periods.By = "month",
    user: str | None = None,
    top: int = TOP,
    counter: tokens.Counter | None = None,
    progress: Callable[[int, int, str], None] | None = None,
    warn: Callable[[str], None] | None = None,
) -> Volume:
    """The volume of a backend, or of one of its users, as of `now` (timezone-aware).

    `progress` receives records read, records in total (0: unknown) and the current user. Raises NotFound for an unknown
    user.
    """
    if isinstance(adapter, LocalStore):
        if user is not None:
            with adapter.store.reading() as session:
                session.require_user(user)
        counted = adapter.store.tally(by, now, top, user)
    else:
        counted = _streamed(adapter, by, now, top, user, progress, warn)
    return _report(counted, adapter.name, by, now, user, counter or tokens.counter())


def _streamed(
    adapter: Backend,
    by: periods.By,
    now: datetime,
    top: int,
    user: str | None,
    progress: Callable[[int, int, str], None] | None,
    warn: Callable[[str], None] | None,
) -> Tally:
    streaming = volume_counts.Streaming(by, now, top)
    with reading(adapter, *([user] if user is not None else []), warn=warn) as reader:
        users = reader.users()
        total = reader.total(users) or 0
        for name in users:
            for facts in reader.facts(name):
                streaming.take(facts)
                if progress:
                    progress(reader.read, total, name)
    return streaming.done()


def _report(
    counted: Tally, backend: str, by: periods.By, now: datetime, user: str | None, counter: tokens.Counter
) -> Volume:
    kinds = counted.kinds.values()
    facts, episodes = (sum(getattr(group.count, name) for group in kinds) for name in ("facts", "episodes"))
    undated = sum(group.series.get(None, 0) for group in kinds)
    covered = tuple(_covered(counted, by))
    added = {month: number for month, number in counted.added.items() if month is not None}
    return Volume(
        backend=backend,
        user=user,
        now=now,
        by=by,
        users=counted.users,
        records=facts + episodes,
        facts=facts,
        episodes=episodes,
        undated=undated,
        first=counted.first,
        last=counted.last,
        periods=tuple(periods.label(period, by) for period in covered),
        by_user=_rows(counted.people, covered),
        by_kind=_rows(counted.kinds, covered),
        by_category=_rows(counted.categories, covered),
        by_source=_rows(counted.sources, covered),
        shares=Shares(
            superseded=counted.superseded,
            expired=counted.expired,
            duplicates=counted.duplicates,
            near_duplicates=counted.near_duplicates,
            without_source=counted.without_source,
        ),
        bytes=Bytes(
            text=sum(group.count.bytes for group in kinds), vectors=counted.vector_bytes, file=counted.file_bytes
        ),
        tokens=_tokens(counted, counter),
        growth=project(added, now.date(), facts + episodes, undated=undated),
        activity=Activity(
            user_months=sum(counted.active.values()),
            fact_sizes=dict(sorted(counted.fact_sizes.items())),
            turn_sizes=dict(sorted(counted.turn_sizes.items())),
            arrivals={
                periods.label(month, "month"): users
                for month, users in sorted((month, users) for month, users in counted.arrivals.items() if month)
            },
        ),
    )


def _covered(counted: Tally, by: periods.By) -> Iterator[date]:
    if counted.first is None or counted.last is None:
        return iter(())
    return periods.between(periods.start(counted.first, by), periods.start(counted.last, by), by)


def _rows(groups: Groups, covered: tuple[date, ...]) -> tuple[Row, ...]:
    return tuple(
        Row(
            name=name,
            facts=group.count.facts,
            episodes=group.count.episodes,
            bytes=group.count.bytes,
            series=tuple(group.series.get(period, 0) for period in covered),
            undated=_undated(group.series),
        )
        for name, group in volume_counts.largest(groups, len(groups)).items()
    )


def _undated(series: Series) -> int:
    return series.get(None, 0)


def _tokens(counted: Tally, counter: tokens.Counter) -> Tokens:
    scaled = [
        _scaled(sample, sizes, counter)
        for sample, sizes in ((counted.fact_sample, counted.fact_sizes), (counted.turn_sample, counted.turn_sizes))
    ]
    estimated = any(sum(sizes.values()) > tallies.SAMPLE for sizes in (counted.fact_sizes, counted.turn_sizes))
    method = f"{counter.method}; in a sample of {tallies.SAMPLE:,}, scaled by bytes" if estimated else counter.method
    return Tokens(facts=scaled[0], turns=scaled[1], method=method, estimated=estimated)


def _scaled(sample: list[str], sizes: dict[int, int], counter: tokens.Counter) -> int:
    """The tokens of all texts: counted, or estimated from a sample's tokens per byte."""
    counted = sum(counter.count(sample))
    if len(sample) == sum(sizes.values()):
        return counted
    sampled = sum(len(text.encode()) for text in sample)
    everything = sum(size * number for size, number in sizes.items())
    return round(counted * everything / sampled) if sampled else 0
