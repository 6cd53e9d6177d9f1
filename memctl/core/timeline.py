"""Facts in time: what was true, what was believed, and what changed between two instants.

Pure functions over Facts of any backend. World time (`valid_at`, `invalid_at`) says when something was true, record
time (`created_at`, `expired_at`) when it was known. Unknown times are never guessed; where a function falls back on
record time, it says so.
"""

import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec

from memctl.core.errors import UsageError
from memctl.core.fact import Fact
from memctl.core.late_pattern import late
from memctl.core.subjects import about

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """The changes in a span of time: `began`/`ended` in the world, `learned`/`retired` in the record.

    `undated` counts the facts that are in no span, because none of these times is known.
    """

    began: tuple[Fact, ...] = ()
    ended: tuple[Fact, ...] = ()
    learned: tuple[Fact, ...] = ()
    retired: tuple[Fact, ...] = ()
    undated: int = 0


def as_of(facts: Iterable[Fact], at: datetime) -> list[Fact]:
    """The facts true in the world at the instant `at`, as far as known today.

    A fact without `valid_at` counts from its `created_at`, one without `invalid_at` until its `expired_at`; one with
    neither start nor end always counts. `expires_at` ends it in any case.
    """
    return [fact for fact in facts if holds(fact, at)]


def holds(fact: Fact, at: datetime) -> bool:
    """Whether a fact was true in the world at the instant `at`, as `as_of` defines it."""
    start = fact.valid_at or fact.created_at or _FIRST
    end = fact.invalid_at or fact.expired_at or _LAST
    return start <= at < end and (fact.expires_at is None or at < fact.expires_at)


def current(facts: Iterable[Fact], now: datetime) -> list[Fact]:
    """The facts that are current at `now`."""
    return [fact for fact in facts if is_current(fact, now)]


def is_current(fact: Fact, now: datetime) -> bool:
    """Whether a fact is current at `now`: neither superseded nor retired, and neither over nor overdue by then.

    The SQL form of this definition is `memctl.store.sql.current`.
    """
    return (
        not fact.retired
        and (fact.invalid_at is None or fact.invalid_at > now)
        and (fact.expires_at is None or fact.expires_at > now)
    )


def outdated(fact: Fact, other: Fact) -> bool:
    """Whether `fact` is an earlier state of a record than `other`, which has the same id.

    The later change of the record decides; if that is equal or unknown, a retired record is the later state.
    """
    mine, theirs = _last_change(fact), _last_change(other)
    if mine != theirs and mine is not None and theirs is not None:
        return mine < theirs
    return other.retired and not fact.retired


def _last_change(fact: Fact) -> datetime | None:
    return max((at for at in (fact.created_at, fact.updated_at, fact.expired_at) if at is not None), default=None)


def history(facts: Iterable[Fact], predicate: str | None = None, subject: str | None = None) -> list[Fact]:
    """The facts with a predicate and a subject (None: any), in the order in which they came to be believed.

    Facts recorded together are ordered by their start; those without any time come last.
    """
    named = facts if subject is None else about(facts, subject)
    chosen = [fact for fact in named if predicate is None or fact.predicate == predicate]
    return sorted(chosen, key=_believed)


def _believed(fact: Fact) -> tuple[datetime, datetime, datetime, str]:
    learned = fact.created_at or fact.valid_at or _LAST
    return learned, fact.valid_at or _LAST, fact.invalid_at or fact.expired_at or _LAST, str(fact.id)


def diff(facts: Iterable[Fact], start: datetime, end: datetime) -> Diff:
    """The changes after `start` and up to `end`.

    Raises UsageError if `start` is later than `end`.
    """
    require_order(start, end)
    listed = list(facts)

    def within(field: str) -> tuple[Fact, ...]:
        dated = [(getattr(fact, field), fact) for fact in listed]
        inside = [(at, fact) for at, fact in dated if at is not None and start < at <= end]
        return tuple(fact for _, fact in sorted(inside, key=lambda pair: (pair[0], str(pair[1].id))))

    return Diff(
        began=within("valid_at"),
        ended=within("invalid_at"),
        learned=within("created_at"),
        retired=within("expired_at"),
        undated=sum(not any((each.valid_at, each.invalid_at, each.created_at, each.expired_at)) for each in listed),
    )


def require_order(start: datetime, end: datetime) -> None:
    """Raise UsageError if a span starts after its end."""
    if start > end:
        raise UsageError(
            f"the span starts at {start.isoformat()}, after its end {end.isoformat()}",
            hint="give the earlier time first",
        )


WHEN_FORMS = (
    "now, today, yesterday, a span back from now such as 12h, 7d, 2w, 6mo or 1y, a year 2026, "
    "a month 2026-03, a date 2026-03-01, or a date and time 2026-03-01T09:30 with or without an offset "
    "(Z, +02:00)"
)

_SPAN = late(r"(\d{1,6}) ?(h|d|w|mo|y)", re.ASCII)
_MONTH = late(r"(\d{4})(?:-(\d{2}))?", re.ASCII)


def parse_when(text: str, *, now: datetime, timezone: tzinfo) -> datetime:
    """The instant (UTC) that a user means by `text`; days, months and years begin at midnight in `timezone`.

    `now` is timezone-aware. Raises UsageError listing the valid forms.
    """
    said = text.strip().casefold()
    try:
        at = _named_time(said, now.astimezone(timezone)) or _written_time(text.strip(), timezone)
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"invalid time {text!r}", hint=f"use {WHEN_FORMS}") from None


def _named_time(said: str, now: datetime) -> datetime | None:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if said in ("now", "today"):
        return now if said == "now" else midnight
    if said == "yesterday":
        return midnight - timedelta(days=1)
    span = _SPAN.fullmatch(said)
    if span is None:
        return None
    count, unit = int(span[1]), span[2]
    if unit in ("mo", "y"):
        return _months_before(now, count * (12 if unit == "y" else 1))
    return now.astimezone(UTC) - timedelta(hours=count * {"h": 1, "d": 24, "w": 168}[unit])


def _months_before(now: datetime, months: int) -> datetime:
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    if year < 1:
        raise OverflowError
    return now.replace(year=year, month=month + 1, day=min(now.day, monthrange(year, month + 1)[1]))


def _written_time(text: str, timezone: tzinfo) -> datetime:
    month = _MONTH.fullmatch(text)
    if month is not None:
        at = datetime(int(month[1]), int(month[2] or 1), 1)
    else:
        at = datetime.fromisoformat(text)
    return at if at.tzinfo is not None else at.replace(tzinfo=timezone)
