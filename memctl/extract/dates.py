"""Temporal grounding: the periods a text names, reckoned from the time it was said.

Knows words and the calendar, nothing of facts. A relative expression ("last Friday") without a message time, and an
expression that could mean two days ("03/05/2025"), is not grounded at all: a wrong date is worse than none.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

import msgspec

from memctl.claim import Precision
from memctl.extract import date_words as words

Role = Literal["at", "since", "until"]


class Grounded(msgspec.Struct, frozen=True, kw_only=True):
    """A period named in a text: `start` inclusive, `end` exclusive, in the message's own time zone (UTC without one).

    `precision` is the unit of the expression, `span` its place in the text. `role` tells "since 2016" (the state
    began then) and "until May" (it ended then) from a plain date. `relative` marks what was reckoned from the
    message time.
    """

    start: datetime
    end: datetime
    precision: Precision
    span: tuple[int, int]
    role: Role = "at"
    relative: bool = False
    vague: bool = False


_MONTH = rf"(?P<month>{words.alternation(words.MONTHS)})"
_EN_MONTH = rf"(?P<month>{words.alternation(m for m in words.ENGLISH_MONTHS if len(m) > 3 or m == 'may')})"
_DAY_OF_WEEK = rf"(?P<weekday>{words.alternation(words.WEEKDAYS)})"
_FULL_WEEKDAY = rf"(?P<weekday>{words.alternation(words.FULL_WEEKDAYS)})"
_NUMBER = rf"(?P<n>\d{{1,3}}|{words.alternation(words.NUMBERS)})"
_UNIT = r"(?P<unit>day|week|weekend|month|year|yr)s?"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_SEASON = rf"(?P<season>{words.alternation(words.SEASONS)})"
_ORDINAL = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_END = r"(?![\w'-])"

_WORDLIKE = "|".join(
    (
        r"\d",
        "yesterday|today|tonight|tomorrow|morning|afternoon|evening|night|now|ago|last|past|previous|next|this|since|week|month|year",
        words.alternation(words.MONTHS),
        words.alternation(words.FULL_WEEKDAYS),
        words.alternation(words.SEASONS),
        words.alternation(words.HOLIDAYS),
        words.alternation([*words.FOREIGN_DAYS, *words.FOREIGN_LAST]),
    )
)
_MAYBE = re.compile(_WORDLIKE, re.IGNORECASE)
_FUTURE = re.compile(
    r"\b(?:will|'ll|going to|gonna|plan(?:s|ning|ned)?|tomorrow|upcoming|schedul\w+|book\w*|next|soon|"
    r"looking forward|can't wait|due|deadline|flying|leaving|have (?:a|an|my)|hoping to)\b",
    re.IGNORECASE,
)


class _Clock(msgspec.Struct, frozen=True):
    """What an expression is reckoned from."""

    at: datetime | None
    zone: tzinfo
    future: bool

    def day(self, year: int, month: int, day: int) -> datetime:
        return datetime(year, month, day, tzinfo=self.zone)

    @property
    def today(self) -> datetime:
        if self.at is None:
            raise _NoClockError
        return self.at.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


class _NoClockError(Exception):
    """A relative expression was met and the message has no time."""


Period = tuple[datetime, datetime, Precision]
Reader = Callable[[re.Match[str], _Clock], "Period | None"]


def shift(day: datetime, count: int, unit: str) -> datetime:
    """`day` moved by `count` units; a day that the target month lacks becomes its last.

    Raises OverflowError or ValueError when the result leaves the years 1 to 9999.
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
    """The calendar day, week (from Monday), weekend, month, season or year that holds `day`."""
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


def _count(match: re.Match[str]) -> int:
    text = " ".join(match["n"].lower().split())
    return int(text) if text.isdigit() else words.NUMBERS[text]


def _unit(match: re.Match[str]) -> str:
    unit = match["unit"].lower()
    return "year" if unit == "yr" else unit


def _month(match: re.Match[str]) -> int:
    return words.MONTHS[match["month"].lower()]


def _iso(match: re.Match[str], clock: _Clock) -> Period:
    return period(clock.day(int(match["year"]), int(match["m"]), int(match["d"])), "day")


def _slashed(match: re.Match[str], clock: _Clock) -> Period | None:
    first, second, year = int(match["a"]), int(match["b"]), int(match["year"])
    if first > 12 >= second or first == second:
        return period(clock.day(year, second, first), "day")
    if second > 12 >= first:
        return period(clock.day(year, first, second), "day")
    return None


def _nearest(clock: _Clock, month: int, day: int, unit: str) -> datetime:
    """The occurrence of a yearless date that the tense points to."""
    today = clock.today
    here = clock.day(today.year, month, day)
    floor = today if unit == "day" else today.replace(day=1)
    if clock.future and here < floor:
        return clock.day(today.year + 1, month, day)
    if not clock.future and here > today:
        return clock.day(today.year - 1, month, day)
    return here


def _dated(match: re.Match[str], clock: _Clock) -> Period:
    groups = match.groupdict()
    day = int(groups.get("day") or 1)
    unit = "day" if groups.get("day") else "month"
    if groups.get("year"):
        return period(clock.day(int(groups["year"]), _month(match), day), unit)
    return period(_nearest(clock, _month(match), day, unit), unit)


def _relative_month(match: re.Match[str], clock: _Clock) -> Period:
    today, month, which = clock.today, _month(match), match["which"].lower()
    year = today.year
    if which in ("last", "past"):
        year -= month >= today.month
    elif which in ("next", "coming"):
        year += month <= today.month
    return period(clock.day(year, month, 1), "month")


def _year(match: re.Match[str], clock: _Clock) -> Period:
    return period(clock.day(int(match["year"]), 1, 1), "year")


def _decade(match: re.Match[str], clock: _Clock) -> Period:
    start = clock.day(int(match["decade"]), 1, 1)
    return start, shift(start, 10, "year"), "year"


def _near_day(match: re.Match[str], clock: _Clock) -> Period:
    word = " ".join(match[0].lower().replace("\u2019", "'").split())
    offset = {
        "the day before yesterday": -2,
        "yesterday": -1,
        "last night": -1,
        "the day after tomorrow": 2,
        "tomorrow": 1,
    }
    return period(clock.today + timedelta(days=next((n for w, n in offset.items() if w in word), 0)), "day")


def _foreign_day(match: re.Match[str], clock: _Clock) -> Period:
    return period(clock.today + timedelta(days=words.FOREIGN_DAYS[match[0].lower().replace("\u2019", "'")]), "day")


def _foreign_last(match: re.Match[str], clock: _Clock) -> Period:
    unit = words.FOREIGN_LAST[match[0].lower().replace("\u2019", "'")]
    return period(shift(clock.today, -1, unit), unit)


def _foreign_ago(match: re.Match[str], clock: _Clock) -> Period:
    unit = words.FOREIGN_UNITS[match["unit"].lower()]
    return period(shift(clock.today, -int(match["n"]), unit), unit)


def _japanese(match: re.Match[str], clock: _Clock) -> Period:
    month, day = int(match["m"] or 1), int(match["d"] or 1)
    unit = "day" if match["d"] else "month" if match["m"] else "year"
    return period(clock.day(int(match["year"]), month, day), unit)


def _ago(match: re.Match[str], clock: _Clock) -> Period:
    unit = _unit(match)
    return period(shift(clock.today, -_count(match), "week" if unit == "weekend" else unit), unit)


def _ahead(match: re.Match[str], clock: _Clock) -> Period:
    return period(shift(clock.today, _count(match), _unit(match)), _unit(match))


def _few_ago(match: re.Match[str], clock: _Clock) -> Period:
    """ "A few" is read as two to five."""
    unit = _unit(match)
    start, end, precision = shift(clock.today, -5, unit), shift(clock.today, -1, unit), unit
    coarser: dict[str, Precision] = {"day": "week", "week": "month", "month": "season", "year": "year"}
    return start, end, coarser[precision]


def _last(match: re.Match[str], clock: _Clock) -> Period:
    unit, which, today = match["unit"].lower(), match["which"].lower(), clock.today
    step = {"this": 0, "next": 1, "coming": 1, "upcoming": 1, "following": 1}.get(which, -1)
    if unit == "weekend":
        # "Last weekend", said on a Sunday, is the one a week before it; "this past weekend" may be today's.
        return period(today + timedelta(days=7 * step), "weekend")
    return period(shift(today.replace(day=1) if unit == "month" else today, step, unit), unit)


def _last_weekday(match: re.Match[str], clock: _Clock) -> Period:
    target, which, today = (
        words.WEEKDAYS[match["weekday"].lower()],
        (match["which"] or "").lower(),
        clock.today,
    )
    future = which in ("next", "coming", "upcoming") or (which in ("", "this") and clock.future)
    if future:
        return period(today + timedelta(days=(target - today.weekday() - 1) % 7 + 1), "day")
    back = (today.weekday() - target) % 7
    return period(today - timedelta(days=back or (0 if which == "this" else 7)), "day")


def _last_season(match: re.Match[str], clock: _Clock) -> Period:
    month, which, today = words.SEASONS[match["season"].lower()], (match["which"] or "").lower(), clock.today
    start = clock.day(today.year, month, 1)
    if which in ("last", "past", "previous"):
        while shift(start, 3, "month") > today:
            start = shift(start, -1, "year")
    elif which in ("next", "coming") or (clock.future and shift(start, 3, "month") <= today):
        while start <= today:
            start = shift(start, 1, "year")
    return period(start, "season")


def _season_of(match: re.Match[str], clock: _Clock) -> Period:
    return period(clock.day(int(match["year"]), words.SEASONS[match["season"].lower()], 1), "season")


def _holiday(match: re.Match[str], clock: _Clock) -> Period:
    name, which = match["holiday"].lower().replace("\u2019", "'"), (match["which"] or "").lower()
    month, day = words.HOLIDAYS[name]

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


def _beside(match: re.Match[str], clock: _Clock) -> Period | None:
    """ "the Sunday before 25 May 2023", "the week after June 3rd"."""
    inner = ground(match["date"], clock.at, zone=clock.zone, future=clock.future)
    if not inner:
        return None
    anchor, unit = inner[0].start, match["what"].lower()
    sign = -1 if match["side"].lower() in ("before", "prior to") else 1
    if unit in words.WEEKDAYS:
        target = words.WEEKDAYS[unit]
        gap = (anchor.weekday() - target) % 7 if sign < 0 else (target - anchor.weekday()) % 7
        return period(anchor + timedelta(days=sign * (gap or 7)), "day")
    if unit == "weekend":
        saturday = anchor - timedelta(days=(anchor.weekday() - 5) % 7)
        if sign > 0 or saturday + timedelta(days=1) >= anchor:
            saturday += timedelta(days=7 * sign)
        return period(saturday, "weekend")
    if unit == "week":
        start = anchor - timedelta(days=7) if sign < 0 else inner[0].end
        return start, start + timedelta(days=7), "week"
    return period(shift(anchor, sign, unit), unit)


def _day_of_month(match: re.Match[str], clock: _Clock) -> Period:
    day, today = int(match["day"]), clock.today
    month = today.replace(day=1)
    if clock.future and day < today.day:
        month = shift(month, 1, "month")
    elif not clock.future and day > today.day:
        month = shift(month, -1, "month")
    return period(month.replace(day=day), "day")


def _duration(match: re.Match[str], clock: _Clock) -> Period:
    unit = _unit(match)
    return period(shift(clock.today, -_count(match), unit), unit)


def _rule(pattern: str, reader: Reader, role: Role = "at") -> tuple[re.Pattern[str], Reader, Role]:
    return re.compile(pattern, re.IGNORECASE), reader, role


_WHICH = r"(?P<which>this past|last|past|previous|this|next|coming|upcoming|following)"
_DATE = (
    rf"(?:\d{{4}}-\d\d-\d\d|\d{{1,2}}(?:st|nd|rd|th)?(?: of)?\s*{_MONTH.replace('?P<month>', '?:')},?(?:\s*\d{{4}})?"
    rf"|{_MONTH.replace('?P<month>', '?:')} \d{{1,2}}(?:st|nd|rd|th)?,?(?: \d{{4}})?)"
)

RULES: tuple[tuple[re.Pattern[str], Reader, Role], ...] = (
    _rule(
        rf"\b(?:the )?(?P<what>day|week|weekend|month|year|{words.alternation(words.FULL_WEEKDAYS)}) "
        rf"(?P<side>before|prior to|after|following) (?P<date>{_DATE})",
        _beside,
    ),
    _rule(r"\b(?P<year>\d{4})[-/](?P<m>\d\d)[-/](?P<d>\d\d)(?!\d)", _iso),
    _rule(r"(?P<year>\d{4})年(?:(?P<m>\d{1,2})月)?(?:(?P<d>\d{1,2})日)?", _japanese),
    _rule(r"\b(?P<a>\d{1,2})[/.](?P<b>\d{1,2})[/.](?P<year>(?:19|20)\d\d)\b", _slashed),
    _rule(rf"\b{_ORDINAL}\.?(?: of| de)?\s*{_MONTH},?(?: de)?(?:\s*{_YEAR})?{_END}", _dated),
    _rule(rf"\b{_MONTH} {_ORDINAL}{_END}(?:,? {_YEAR}\b)?", _dated),
    _rule(rf"\b{_MONTH},?(?: of| de)? {_YEAR}\b", _dated),
    _rule(rf"\b{_SEASON}(?: of)? {_YEAR}\b", _season_of),
    _rule(
        r"\bthe day before yesterday\b|\bthe day after tomorrow\b|\byesterday\b|\blast night\b|\btomorrow\b",
        _near_day,
    ),
    _rule(r"\btoday\b|\btonight\b|\bthis (?:morning|afternoon|evening)\b|\bearlier today\b", _near_day),
    _rule(
        rf"\b(?:for|been|past|over) (?:about |around |nearly |almost |the )?(?:past |last )?{_NUMBER} {_UNIT}{_END}(?! (?:ago|old))",
        _duration,
        "since",
    ),
    _rule(rf"(?<![\w,] ){_NUMBER} {_UNIT} now\b", _duration, "since"),
    _rule(rf"\b{_NUMBER} {_UNIT} (?:ago|back|earlier)\b", _ago),
    _rule(rf"\b(?:a few|few|several|some|many) {_UNIT} (?:ago|back)\b", _few_ago),
    _rule(
        rf"\bin (?:about |around )?{_NUMBER} {_UNIT}(?:'?s? time)?{_END}|\b(?=\w+ \w+ from now)never\b",
        _ahead,
    ),
    _rule(rf"\b{_NUMBER} {_UNIT} from now\b", _ahead),
    _rule(rf"\b{_WHICH} (?P<unit>week|weekend|month|year){_END}", _last),
    _rule(rf"\b{_WHICH} {_DAY_OF_WEEK}{_END}", _last_weekday),
    _rule(r"\b(?P<which>last|past|this|next|coming) " + _EN_MONTH + _END, _relative_month),
    _rule(rf"\b{_WHICH} {_SEASON}{_END}", _last_season),
    _rule(
        rf"\b(?:(?P<which>last|this past|this|next|coming) )?(?P<holiday>{words.alternation(words.HOLIDAYS)})(?:,? {_YEAR})?{_END}",
        _holiday,
    ),
    _rule(rf"\b(?P<which>)(?:on |come ){_FULL_WEEKDAY}{_END}", _last_weekday),
    _rule(
        rf"\b(?:on|for|the|by) the (?P<day>\d{{1,2}})(?:st|nd|rd|th){_END}(?! (?:of|floor|time|grade|place))",
        _day_of_month,
    ),
    _rule(
        rf"\b(?:in|since|during|back in|until|till|by|from|early|late|mid|of) {_EN_MONTH}{_END}(?! (?:i|we|you|they|be))",
        _dated,
    ),
    _rule(
        rf"\b(?:in|since|during|back in|until|till|by|from|to|of|for|early|late|mid|around|before|after) (?:early |late |mid[- ]?)?{_YEAR}\b(?![-/\w])",
        _year,
    ),
    _rule(r"\b(?:in|since|during) the (?P<decade>(?:19|20)\d0)s\b", _decade),
    _rule(rf"(?:\b|(?<=\s))(?:{words.alternation(words.FOREIGN_LAST)})", _foreign_last),
    _rule(
        rf"\b(?:hace|il y a|vor|há|fa) (?P<n>\d{{1,3}}) (?P<unit>{words.alternation(words.FOREIGN_UNITS)})\b",
        _foreign_ago,
    ),
    _rule(
        rf"(?<!\w)(?:{words.alternation(w for w in words.FOREIGN_DAYS if w.isascii() or 'ã' in w)})(?!\w)|昨日|今日|明日|きのう",
        _foreign_day,
    ),
)

_SINCE = re.compile(
    r"\b(?:since|from|as of|starting|beginning|ever since|depuis|desde|seit)(?: the| about| around| early| late)*\s*$",
    re.IGNORECASE,
)
_UNTIL = re.compile(r"\b(?:until|till|til|through|up to)(?: the| about| around| early| late)*\s*$", re.IGNORECASE)
_RANGE = re.compile(
    rf"\b(?:from|between) (?:{_EN_MONTH.replace('?P<month>', '?:')} )?\d{{4}} (to|until|till|and|through|-) $",
    re.IGNORECASE,
)


def ground(text: str, at: datetime | None, *, zone: tzinfo | None = None, future: bool | None = None) -> list[Grounded]:
    """Every period `text` names, in the order of the text, without overlaps.

    `at` is when it was said (None: only absolute expressions). `future` settles yearless dates and bare weekdays;
    by default the words of the text do.
    """
    if not _MAYBE.search(text):
        return []
    zone = zone or (at.tzinfo if at is not None else None) or UTC
    clock = _Clock(at, zone, bool(_FUTURE.search(text)) if future is None else future)
    found: list[Grounded] = []
    for pattern, reader, role in RULES:
        for match in pattern.finditer(text):
            grounded = _read(match, reader, role, clock, text)
            if grounded is not None and not any(_overlap(grounded.span, other.span) for other in found):
                found.append(grounded)
    return sorted(found, key=lambda one: one.span)


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _read(match: re.Match[str], reader: Reader, role: Role, clock: _Clock, text: str) -> Grounded | None:
    try:
        named = reader(match, clock)
    except (_NoClockError, ValueError, OverflowError):
        return None
    if named is None:
        return None
    start, end, precision = named
    before, word = text[: match.start()], match[0].lower()
    if role == "at" and (
        _UNTIL.search(before) or word.startswith(("until", "till")) or _RANGE.search(before + word.split()[0] + " ")
    ):
        role = "until"
    elif role == "at" and (_SINCE.search(before) or word.startswith(("since", "from "))):
        role = "since"
    return Grounded(
        start=start,
        end=end,
        precision=precision,
        span=match.span(),
        role=role,
        relative=reader not in (_iso, _slashed, _year, _japanese, _decade, _season_of),
        vague=reader is _few_ago,
    )
