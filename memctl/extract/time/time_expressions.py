"""Calendar periods of time expressions, relative to the time of their message.

One reader per kind of expression turns a match and a clock into a period. `memctl.extract.time.dates` has the patterns.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

import msgspec

from memctl.core.claim import Precision
from memctl.extract.vocabulary import date_words


class Clock(msgspec.Struct, frozen=True):
    """The reference time of an expression."""

    at: datetime | None
    zone: tzinfo
    future: bool

    def day(self, year: int, month: int, day: int) -> datetime:
        return datetime(year, month, day, tzinfo=self.zone)

    @property
    def today(self) -> datetime:
        if self.at is None:
            raise NoClockError
        return self.at.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


class NoClockError(Exception):
    """A relative expression in a message without a time."""


Period = tuple[datetime, datetime, Precision]
Reader = Callable[[re.Match[str], Clock], "Period | None"]


def shift(day: datetime, count: int, unit: str) -> datetime:
    """`day` moved by `count` units; a day missing from the target month becomes its last day.

    Raises OverflowError or ValueError if the result is outside the years 1 to 9999.
    """
    if unit in ("day", "week"):
        return day + timedelta(days=count * (7 if unit == "week" else 1))
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "year" else 1)
    year, month = months // 12, months % 12 + 1
    for last in (day.day, 30, 29, 28):
        try:
            return day.replace(year=year, month=month, day=last)
        except ValueError:
            if last == 28:
                raise
    raise AssertionError("unreachable")


def period(day: datetime, unit: str) -> Period:
    """The calendar day, week (from Monday), weekend, month, season or year that contains `day`."""
    if unit == "day":
        return day, day + timedelta(days=1), "day"
    if unit == "week":
        start = day - timedelta(days=day.weekday())
        return start, start + timedelta(days=7), "week"
    if unit == "weekend":
        start = day + timedelta(days=5 - day.weekday())
        return start, start + timedelta(days=2), "day"
    if unit == "month":
        start = day.replace(day=1)
        return start, shift(start, 1, "month"), "month"
    if unit == "season":
        return day, shift(day, 3, "month"), "season"
    start = day.replace(month=1, day=1)
    return start, shift(start, 1, "year"), "year"


def count_of(match: re.Match[str], group: str = "n") -> int:
    text = " ".join(match[group].lower().split())
    return int(text) if text.isdigit() else date_words.NUMBERS[text]


def unit_of(match: re.Match[str]) -> str:
    unit = match["unit"].lower()
    return "year" if unit == "yr" else unit


def month_of(match: re.Match[str]) -> int:
    return date_words.MONTHS[match["month"].lower()]


def iso(match: re.Match[str], clock: Clock) -> Period:
    return period(clock.day(int(match["year"]), int(match["m"]), int(match["d"])), "day")


def slashed(match: re.Match[str], clock: Clock) -> Period | None:
    first, second, year = int(match["a"]), int(match["b"]), int(match["year"])
    if first > 12 >= second or first == second:
        return period(clock.day(year, second, first), "day")
    if second > 12 >= first:
        return period(clock.day(year, first, second), "day")
    return None


def nearest(clock: Clock, month: int, day: int, unit: str) -> datetime:
    """The occurrence of a date without a year that the tense implies."""
    today = clock.today
    here = clock.day(today.year, month, day)
    floor = today if unit == "day" else today.replace(day=1)
    if clock.future and here < floor:
        return clock.day(today.year + 1, month, day)
    if not clock.future and here > today:
        return clock.day(today.year - 1, month, day)
    return here


def _year(match: re.Match[str], clock: Clock) -> int:
    """The year of "2019" and "'19": one in the past, or the next."""
    groups = match.groupdict()
    if groups.get("year"):
        return int(groups["year"])
    latest = clock.at.year + 1 if clock.at is not None else _LATEST_SHORT
    year = latest // 100 * 100 + int(groups["yy"])
    return year if year <= latest else year - 100


_LATEST_SHORT = 2030


def dated(match: re.Match[str], clock: Clock) -> Period:
    groups = match.groupdict()
    said = groups.get("day") or date_words.ORDINALS.get((groups.get("nth") or "").lower())
    day, unit = (int(said), "day") if said else (1, "month")
    if groups.get("year") or groups.get("yy"):
        return period(clock.day(_year(match, clock), month_of(match), day), unit)
    return period(nearest(clock, month_of(match), day, unit), unit)


def relative_month(match: re.Match[str], clock: Clock) -> Period:
    today, month, which = clock.today, month_of(match), match["which"].lower()
    year = today.year
    if which in ("last", "past"):
        year -= month >= today.month
    elif which in ("next", "coming"):
        year += month <= today.month
    day = match.groupdict().get("day")
    return period(clock.day(year, month, int(day or 1)), "day" if day else "month")


def whole_year(match: re.Match[str], clock: Clock) -> Period:
    return period(clock.day(_year(match, clock), 1, 1), "year")


def decade(match: re.Match[str], clock: Clock) -> Period:
    start = clock.day(int(match["decade"]), 1, 1)
    return start, shift(start, 10, "year"), "year"


def near_day(match: re.Match[str], clock: Clock) -> Period:
    word = " ".join(match[0].lower().replace("\u2019", "'").split())
    offset = {
        "the day before yesterday": -2,
        "the night before last": -2,
        "yesterday": -1,
        "last night": -1,
        "the day after tomorrow": 2,
        "tomorrow": 1,
    }
    return period(clock.today + timedelta(days=next((n for w, n in offset.items() if w in word), 0)), "day")


def foreign_day(match: re.Match[str], clock: Clock) -> Period:
    return period(clock.today + timedelta(days=date_words.FOREIGN_DAYS[match[0].lower().replace("\u2019", "'")]), "day")


def foreign_last(match: re.Match[str], clock: Clock) -> Period:
    unit = date_words.FOREIGN_LAST[match[0].lower().replace("\u2019", "'")]
    return period(shift(clock.today, -1, unit), unit)


def foreign_ago(match: re.Match[str], clock: Clock) -> Period:
    return _before(clock, int(match["n"]), date_words.FOREIGN_UNITS[match["unit"].lower()])


def japanese(match: re.Match[str], clock: Clock) -> Period:
    month, day = int(match["m"] or 1), int(match["d"] or 1)
    unit = "day" if match["d"] else "month" if match["m"] else "year"
    return period(clock.day(int(match["year"]), month, day), unit)


def ago(match: re.Match[str], clock: Clock) -> Period:
    return _before(clock, count_of(match), unit_of(match))


def _before(clock: Clock, count: int, unit: str) -> Period:
    """ "Three years ago" names a year, but "a year ago", like "half a year ago", a month."""
    if unit == "year" and count == 1:
        return period(shift(clock.today, -12, "month"), "month")
    return period(shift(clock.today, -count, "week" if unit == "weekend" else unit), unit)


def halves_ago(match: re.Match[str], clock: Clock) -> Period:
    """ "A year and a half ago" and "a month and a half ago" name a month, "a week and a half ago" a week."""
    unit = (match["one"] or unit_of(match)).lower()
    whole = 1 if match["one"] else int(match["whole"]) if match["whole"] else count_of(match) if match["n"] else 0
    if unit == "year":
        return period(shift(clock.today, -12 * whole - 6, "month"), "month")
    return period(shift(clock.today, -whole, unit) - timedelta(days=15 if unit == "month" else 4), unit)


def years_and_months_ago(match: re.Match[str], clock: Clock) -> Period:
    return period(shift(clock.today, -12 * count_of(match) - count_of(match, "months"), "month"), "month")


def weekdays_ago(match: re.Match[str], clock: Clock) -> Period:
    """ "Two Fridays ago" is the second Friday before today."""
    back = (clock.today.weekday() - date_words.WEEKDAYS[match["weekday"].lower()]) % 7 or 7
    return period(clock.today - timedelta(days=back + 7 * (count_of(match) - 1)), "day")


def fortnights(match: re.Match[str], clock: Clock) -> Period:
    text = match["ahead"] or match["n"]
    count = int(text) if text.isdigit() else date_words.NUMBERS[" ".join(text.lower().split())]
    return period(shift(clock.today, 2 * count if match["ahead"] else -2 * count, "week"), "week")


def one_further(match: re.Match[str], clock: Clock) -> Period:
    """ "The week before last", "the month after next"."""
    unit, sign = match["unit"].lower(), -1 if match["side"].lower().startswith("before") else 1
    step = "week" if unit == "weekend" else unit
    return period(shift(clock.today.replace(day=1) if unit == "month" else clock.today, 2 * sign, step), unit)


def ahead(match: re.Match[str], clock: Clock) -> Period:
    if unit_of(match) == "weekend":
        # The first weekend ahead is the coming one.
        coming = clock.today.weekday() < 5
        return period(clock.today + timedelta(days=7 * (count_of(match) - coming)), "weekend")
    return period(shift(clock.today, count_of(match), unit_of(match)), unit_of(match))


def few_ago(match: re.Match[str], clock: Clock) -> Period:
    """ "A few days ago" is the period from five to two days ago."""
    unit = unit_of(match)
    start, end, precision = shift(clock.today, -5, unit), shift(clock.today, -1, unit), unit
    coarser: dict[str, Precision] = {"day": "week", "week": "month", "month": "season", "year": "year"}
    return start, end, coarser[precision]


def part_of(match: re.Match[str], clock: Clock) -> Period:
    """ "At the end of the month" is this month."""
    unit = match["unit"].lower()
    start = clock.today.replace(day=1) if unit == "month" else clock.today
    return period(shift(start, int(match["which"].lower() == "next"), unit), unit)


def last(match: re.Match[str], clock: Clock) -> Period:
    unit, which, today = match["unit"].lower(), match["which"].lower(), clock.today
    step = {"this": 0, "next": 1, "coming": 1, "upcoming": 1, "following": 1}.get(which, -1)
    if unit == "weekend":
        # "Last weekend", said on a Sunday, is the one a week before it; "this past weekend" may be today's.
        return period(today + timedelta(days=7 * step), "weekend")
    return period(shift(today.replace(day=1) if unit == "month" else today, step, unit), unit)


def last_weekday(match: re.Match[str], clock: Clock) -> Period:
    target, which, today = (
        date_words.WEEKDAYS[match["weekday"].lower()],
        (match["which"] or "").lower(),
        clock.today,
    )
    future = which in ("next", "coming", "upcoming") or (which in ("", "this") and clock.future)
    if future:
        days = (target - today.weekday() - 1) % 7 + 1
        # Tomorrow is not called "next Thursday".
        return period(today + timedelta(days=8 if which == "next" and days == 1 else days), "day")
    back = (today.weekday() - target) % 7
    return period(today - timedelta(days=back or (0 if which == "this" else 7)), "day")


def last_season(match: re.Match[str], clock: Clock) -> Period:
    month, which, today = date_words.SEASONS[match["season"].lower()], (match["which"] or "").lower(), clock.today
    start = clock.day(today.year, month, 1)
    if which in ("last", "past", "previous"):
        while shift(start, 3, "month") > today:
            start = shift(start, -1, "year")
    elif which in ("next", "coming") or (clock.future and shift(start, 3, "month") <= today):
        while start <= today:
            start = shift(start, 1, "year")
    return period(start, "season")


def season_of(match: re.Match[str], clock: Clock) -> Period:
    return period(clock.day(int(match["year"]), date_words.SEASONS[match["season"].lower()], 1), "season")


def holiday(match: re.Match[str], clock: Clock) -> Period:
    name, which = match["holiday"].lower().replace("\u2019", "'"), (match["which"] or "").lower()
    month, day = date_words.HOLIDAYS[name]

    def on(year: int) -> datetime:
        if day:
            return clock.day(year, month, day)
        first = clock.day(year, month, 1)
        return first + timedelta(days=(3 - first.weekday()) % 7 + 21)

    if match["year"]:
        return period(on(int(match["year"])), "day")
    today = clock.today
    future = which in ("next", "this", "coming") or (not which and clock.future)
    if future:
        return period(on(today.year if on(today.year) >= today else today.year + 1), "day")
    return period(on(today.year if on(today.year) < today else today.year - 1), "day")


def day_of_month(match: re.Match[str], clock: Clock) -> Period:
    day, today = int(match["day"]), clock.today
    month = today.replace(day=1)
    if clock.future and day < today.day:
        month = shift(month, 1, "month")
    elif not clock.future and day > today.day:
        month = shift(month, -1, "month")
    return period(month.replace(day=day), "day")


def weekday_of_month(match: re.Match[str], clock: Clock) -> Period | None:
    """ "Monday the 12th": the next or the last 12th that is a Monday."""
    weekday, day, month = date_words.WEEKDAYS[match["weekday"].lower()], int(match["day"]), clock.today.replace(day=1)
    for _ in range(12):
        if (month + timedelta(days=day - 1)).month == month.month:
            found = month.replace(day=day)
            if found.weekday() == weekday and (found >= clock.today) == clock.future:
                return period(found, "day")
        month = shift(month, 1 if clock.future else -1, "month")
    return None


def duration(match: re.Match[str], clock: Clock) -> Period:
    unit = unit_of(match)
    return period(shift(clock.today, -count_of(match), unit), unit)
