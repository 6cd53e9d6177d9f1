"""Growth, and a projection of the next months by a simple, named method.

Pure functions of counts by month.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from memctl.report import periods

LOOKED_AT = 12
"""Complete months used for growth and projection."""
FEWEST = 3
"""Complete months needed for a line, and those that show whether a memory still grows."""

LINE = "least-squares line through the records added in each of the last {} complete months, never below zero"
MEAN = "mean of the records added in each of the {} complete months, too few for a line"
NOTHING = "no projection: no complete month of dated records"


class Month(msgspec.Struct, frozen=True):
    """A past or future month: what is added in it and the total at its end."""

    month: str
    added: int
    total: int


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """`rate` is the mean monthly growth of the total over the months used (0.08: 8 %), None if unknown; 0 if the memory
    has `stopped` growing: that is its last month with records if the last three complete months have none. `recent` is
    the growth over the last three complete months. `method` describes how `projection` was made. `past` has every month
    from the first record to now."""

    rate: float | None
    recent: float | None
    stopped: str | None
    months: int
    method: str
    past: tuple[Month, ...]
    projection: tuple[Month, ...]


def monthly(added: Mapping[date, int], now: date) -> list[int]:
    """The additions in each of the last complete months, oldest first, zeros included.

    `added` is by the first day of a month; the month of `now` is incomplete.
    """
    if not added:
        return []
    current = now.replace(day=1)
    complete = [month for month in periods.between(min(added), current, "month") if month < current]
    return [added.get(month, 0) for month in complete][-LOOKED_AT:]


def rate(added: Mapping[date, int], now: date, undated: int = 0) -> float | None:
    """Mean monthly growth of the total: the (n-1)th root of last over first total, minus one; None below two months.

    0 if the memory has stopped growing. Undated records count from the beginning.
    """
    return 0.0 if stopped(added, now) else _rate(added, now, undated, LOOKED_AT)


def stopped(added: Mapping[date, int], now: date) -> str | None:
    """The last month with records, if neither this month nor the last three complete ones have any."""
    steps = monthly(added, now)
    if len(steps) <= FEWEST or any(steps[-FEWEST:]) or added.get(now.replace(day=1)):
        return None
    return periods.label(max(month for month, number in added.items() if number), "month")


def _rate(added: Mapping[date, int], now: date, undated: int, months: int) -> float | None:
    """The mean monthly growth over the last `months` complete months, or as many as follow the first."""
    steps = monthly(added, now)
    later = steps[1:][-months:]
    everything = sum(number for month, number in added.items() if month < now.replace(day=1)) + undated
    first = everything - sum(later)
    if not later or first <= 0:
        return None
    growth: float = (everything / first) ** (1 / len(later)) - 1
    return growth


def project(added: Mapping[date, int], now: date, total: int, months: int = 12, undated: int = 0) -> Growth:
    """The growth so far and the `months` after the month of `now`, starting with `total` records."""
    steps = monthly(added, now)
    if not steps:
        return Growth(
            rate=None,
            recent=None,
            stopped=None,
            months=0,
            method=NOTHING,
            past=past(added, now, undated),
            projection=(),
        )
    start, slope = line(steps) if len(steps) >= FEWEST else (sum(steps) / len(steps), 0.0)
    projection = []
    month, held = now.replace(day=1), total
    for number in range(1, months + 1):
        month = periods.following(month, "month")
        # The month of `now` is between the last complete one and the first projected one.
        expected = max(0, round(start + slope * (len(steps) + number)))
        held += expected
        projection.append(Month(periods.label(month, "month"), expected, held))
    return Growth(
        rate=rate(added, now, undated),
        recent=_rate(added, now, undated, FEWEST),
        stopped=stopped(added, now),
        months=len(steps),
        method=(LINE if len(steps) >= FEWEST else MEAN).format(len(steps)),
        past=past(added, now, undated),
        projection=tuple(projection),
    )


def past(added: Mapping[date, int], now: date, undated: int = 0) -> tuple[Month, ...]:
    """Every month from the first to that of `now`; undated records are there from the beginning."""
    held, months = undated, []
    for month in periods.between(min(added, default=now), max(now.replace(day=1), max(added, default=now)), "month"):
        held += added.get(month, 0)
        months.append(Month(periods.label(month, "month"), added.get(month, 0), held))
    return tuple(months) if added else ()


def line(values: Sequence[float]) -> tuple[float, float]:
    """Start and slope of the least-squares line through at least two values at 0, 1, 2, …."""
    count = len(values)
    middle, mean = (count - 1) / 2, sum(values) / count
    spread = sum((x - middle) ** 2 for x in range(count))
    slope = sum((x - middle) * (value - mean) for x, value in enumerate(values)) / spread
    return mean - slope * middle, slope
