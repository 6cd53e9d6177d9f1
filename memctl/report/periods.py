"""Months, weeks and days of a report. A period is named by its first day, in UTC."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Literal

By = Literal["month", "week", "day"]


def start(at: datetime, by: By) -> date:
    """The first day of the period of `at` (UTC); weeks start on Monday."""
    day = at.date()
    if by == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if by == "week" else day


def following(period: date, by: By) -> date:
    """The first day of the next period."""
    if by == "month":
        return date(period.year + period.month // 12, period.month % 12 + 1, 1)
    return period + timedelta(days=7 if by == "week" else 1)


def between(first: date, last: date, by: By) -> Iterator[date]:
    """Every period from the one that starts on `first` to the one that starts on `last`, including empty ones."""
    while first <= last:
        yield first
        first = following(first, by)


def label(period: date, by: By) -> str:
    """A period's label: 2026-03, 2026-W11, 2026-03-09."""
    if by == "month":
        return period.strftime("%Y-%m")
    return period.strftime("%G-W%V") if by == "week" else period.isoformat()
