"""Temporal grounding: the periods that a text names, relative to the time of its message.

A relative expression ("last Friday") without a message time, or an ambiguous one ("03/05/2025"), is not grounded: a
wrong date is worse than none.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Literal, NamedTuple

import msgspec

from memctl.core.claim import Precision
from memctl.core.late_pattern import late
from memctl.extract.patterns.hints import HintIndex
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.word_masks import DIGIT
from memctl.extract.time import time_expressions
from memctl.extract.time.date_pieces import (
    A_MONTH,
    DAY_OF_WEEK,
    EN_MONTH,
    EN_MONTHS,
    END,
    FULL_WEEKDAY,
    HALVES,
    IN_WORDS,
    LAST_DAY,
    MONTH,
    MONTHS_TOO,
    NUMBER,
    ON_WEEKDAY,
    ORDINAL,
    SEASON,
    SHORT_YEAR,
    UNIT,
    YEAR,
)
from memctl.extract.time.time_expressions import Clock, NoClockError, Period, Reader, period, shift
from memctl.extract.vocabulary import date_words

Role = Literal["at", "since", "until"]


class Grounded(msgspec.Struct, frozen=True, kw_only=True):
    """A period named in a text: `start` inclusive, `end` exclusive, in the message's own time zone (UTC without one).

    `precision` is the unit of the expression, `span` its place in the text. `role` distinguishes "since 2016" (a state
    began then) and "until May" (it ended then) from a plain date; a `deadline` comes after "by". `relative` marks an
    expression computed from the message time, `vague` one without a number ("a few days ago").
    """

    start: datetime
    end: datetime
    precision: Precision
    span: tuple[int, int]
    role: Role = "at"
    relative: bool = False
    vague: bool = False
    deadline: bool = False


_UNIT_WORDS = ("day", "week", "month", "year", "yr")
_WHICH_WORDS = ("last ", "past ", "previous ", "this ", "next ", "coming ", "following ")
_MAYBE = (
    *("yesterday", "today", "tonight", "tomorrow", "morning", "afternoon", "evening", "night", "now", "ago", "last"),
    *("past", "previous", "next", "this", "since", "week", "month", "year", "fortnight"),
    *(
        *date_words.MONTHS,
        *date_words.FULL_WEEKDAYS,
        *date_words.SEASONS,
        *date_words.HOLIDAYS,
        *date_words.FOREIGN_DAYS,
        *date_words.FOREIGN_LAST,
    ),
)
"""A text with none of these and no digit names no period."""
_DIGIT = late(r"\d")
_ODD_CASE = str.maketrans({"ſ": "s", "İ": "I", "ı": "i"})
"""Letters that a case-insensitive pattern treats as s and i, but `str.lower` does not map to them."""
_FUTURE = KeyedPattern(
    r"\b(?:will|'ll|going to|gonna|plan(?:s|ning|ned)?|tomorrow|upcoming|schedul\w+|book\w*|next|soon|"
    r"looking forward|can't wait|due|deadline|flying|leaving|have (?:a|an|my)|hoping to)\b",
    re.IGNORECASE,
)


def _beside(match: re.Match[str], clock: Clock) -> Period | None:
    """ "the Sunday before 25 May 2023", "the week after June 3rd"."""
    inner = ground(match["date"], clock.at, zone=clock.zone, future=clock.future)
    if not inner:
        return None
    anchor, unit, side = inner[0].start, match["what"].lower(), match["side"].lower()
    count = time_expressions.count_of(match) if match["n"] else 1
    if side == "of":
        return period(anchor, unit) if unit in ("week", "weekend", "month", "year") else None
    sign = -count if side in ("before", "prior to") else count
    if unit in date_words.WEEKDAYS:
        target = date_words.WEEKDAYS[unit]
        gap = (anchor.weekday() - target) % 7 if sign < 0 else (target - anchor.weekday()) % 7
        return period(anchor + timedelta(days=(-1 if sign < 0 else 1) * (gap or 7)), "day")
    if unit == "weekend":
        saturday = anchor - timedelta(days=(anchor.weekday() - 5) % 7)
        if sign > 0 or saturday + timedelta(days=1) >= anchor:
            saturday += timedelta(days=7 * (1 if sign > 0 else -1))
        return period(saturday + timedelta(days=7 * (sign - (1 if sign > 0 else -1))), "weekend")
    if unit == "week":
        start = anchor + timedelta(days=7 * sign) if sign < 0 else inner[0].end + timedelta(days=7 * (sign - 1))
        return start, start + timedelta(days=7), "week"
    return period(shift(anchor, sign, unit), unit)


class Rule(NamedTuple):
    """A kind of expression. Every match contains one of `hints` (lower case), or a digit if there are no hints."""

    pattern: KeyedPattern
    reader: Reader
    hints: tuple[str, ...]
    role: Role


def _rule(pattern: str, reader: Reader, hints: Iterable[str] = (), role: Role = "at") -> Rule:
    return Rule(KeyedPattern(pattern), reader, tuple(hints), role)


_WHICH = r"(?P<which>this past|last|past|previous|this|next|coming|upcoming|following)"
_DATE = (
    rf"(?:\d{{4}}-\d\d-\d\d|\d{{1,2}}(?:st|nd|rd|th)?(?: of)?\s*{MONTH.replace('?P<month>', '?:')},?(?:\s*\d{{4}})?"
    rf"|{MONTH.replace('?P<month>', '?:')} \d{{1,2}}(?:st|nd|rd|th)?,?(?: \d{{4}})?)"
)

_MOVED_TO = (
    r"(?<!\bi )(?<!\bwe )(?:moved|changed|pushed|pushed back|put back|brought forward|rescheduled|postponed|delayed|"
    r"switched|shifted) (?:to|until|till)"
)

_WEEKDAY_STEMS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NOT_RECURRING = (
    r"(?<![\w'-])(?<!\bevery )(?<!\beach )(?<!\bother )(?<!\bto )(?<!\band )(?<!\bor )(?<!\ba )(?<!\bany )"
    r"(?<!- )(?<!, )(?<!whit )(?<!good )(?<!black )(?<!easter )(?<!ash )(?<!shrove )(?<!palm )(?<!pancake )"
    r"(?<!mothering )(?<!super )(?<!maundy )(?<!cyber )"
)
_CLOCK = r"(?= (?:at )?(?:\d{1,2}[:.]\d\d|\d{1,2} ?(?:am|pm|h)\b))"
_AT_A_TIME = rf"(?:{_CLOCK}|(?= (?:morning|afternoon|evening|night|lunchtime)\b)|(?= at \d)|(?=\W*$))"
""" "Friday night", "Saturday at 2", "we land Friday"; not "Monday to Friday", "every Tuesday"."""

RULES: tuple[Rule, ...] = (
    _rule(
        r"\b(?:the )?(?:(?P<n>two|three|2|3) )?(?P<what>day|week|weekend|month|year|"
        rf"{date_words.alternation(date_words.FULL_WEEKDAYS)})s? "
        rf"(?P<side>before|prior to|after|following|of) (?P<date>{_DATE})",
        _beside,
    ),
    _rule(r"\b(?P<year>\d{4})[-/](?P<m>\d\d)[-/](?P<d>\d\d)(?!\d)", time_expressions.iso),
    _rule(r"(?P<year>\d{4})年(?:(?P<m>\d{1,2})月)?(?:(?P<d>\d{1,2})日)?", time_expressions.japanese, ("年",)),
    _rule(r"\b(?P<a>\d{1,2})[/.](?P<b>\d{1,2})[/.](?P<year>(?:19|20)\d\d)\b", time_expressions.slashed),
    _rule(rf"\b{ORDINAL}{LAST_DAY}\.?(?: of| de)?\s*{MONTH},?(?: de)?(?:\s*{YEAR})?{END}", time_expressions.dated),
    _rule(rf"\b{IN_WORDS} {MONTH},?(?: {YEAR})?{END}", time_expressions.dated, ("th of", "st of", "nd of", "rd of")),
    _rule(rf"\b(?P<which>next|last) {MONTH} {ORDINAL}{END}", time_expressions.relative_month, _WHICH_WORDS),
    _rule(rf"\b{ON_WEEKDAY}{MONTH} {ORDINAL}{END}(?:,? {YEAR}\b)?", time_expressions.dated),
    _rule(rf"\b{MONTH},?(?: of| de)? (?:{YEAR}\b|{SHORT_YEAR})", time_expressions.dated),
    _rule(rf"\b(?:in|since|back in|until|till|by|from) {SHORT_YEAR}(?!\w)", time_expressions.whole_year),
    _rule(
        rf"\b{DAY_OF_WEEK},? (?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th){END}(?!,? (?:of )?{A_MONTH})",
        time_expressions.weekday_of_month,
    ),
    _rule(rf"\b{SEASON}(?: of)? {YEAR}\b", time_expressions.season_of),
    _rule(
        r"\bthe day before yesterday\b|\bthe day after tomorrow\b|\bthe night before last\b|\byesterday\b|"
        r"\blast night\b|\btomorrow\b",
        time_expressions.near_day,
        ("yesterday", "last night", "tomorrow", "before last"),
    ),
    _rule(
        r"\btoday\b|\btonight\b|\bthis (?:morning|afternoon|evening)\b|\bearlier today\b",
        time_expressions.near_day,
        ("today", "tonight", "this "),
    ),
    _rule(rf"\b(?:{HALVES}) ago\b", time_expressions.halves_ago, (" ago",)),
    _rule(rf"\b{MONTHS_TOO} (?:ago|back)\b", time_expressions.years_and_months_ago, (" ago", " back")),
    _rule(
        rf"\b(?:for|been|past|over) (?:about |around |nearly |almost |the )?(?:past |last )?{MONTHS_TOO}\b(?! old)",
        time_expressions.years_and_months_ago,
        (" month",),
        "since",
    ),
    _rule(
        rf"\b(?:for|past|over) (?:about |around |nearly |almost |the )?(?:past |last )?(?:{HALVES}){END}(?! old)",
        time_expressions.halves_ago,
        ("half", ".5 ", ",5 "),
        "since",
    ),
    _rule(
        (
            r"\b(?:for|been|past|over) (?:about |around |nearly |almost |the )?(?:past |"
            rf"last )?{NUMBER} {UNIT}{END}(?! (?:ago|old|and a half))"
        ),
        time_expressions.duration,
        _UNIT_WORDS,
        "since",
    ),
    _rule(rf"(?<![\w,] ){NUMBER} {UNIT} now\b", time_expressions.duration, (" now",), "since"),
    _rule(
        rf"\b{NUMBER} {UNIT} (?:ago|back|earlier|prior)\b",
        time_expressions.ago,
        (" ago", " back", " earlier", " prior"),
    ),
    _rule(rf"\b{NUMBER} {FULL_WEEKDAY}s? ago\b", time_expressions.weekdays_ago, (" ago",)),
    _rule(
        rf"\b{NUMBER} fortnights? ago\b|\bin {NUMBER.replace('?P<n>', '?P<ahead>')} fortnights?{END}",
        time_expressions.fortnights,
        ("fortnight",),
    ),
    _rule(
        r"\bthe (?P<unit>week|weekend|month|year) (?P<side>before last|after next)\b",
        time_expressions.one_further,
        (" before last", " after next"),
    ),
    _rule(
        r"\b(?:at |by |towards |in )?the (?:start|beginning|middle|end) of (?P<which>the|this|next) "
        r"(?P<unit>week|month|year)\b",
        time_expressions.part_of,
        (" of the ", " of this ", " of next "),
    ),
    _rule(rf"\b(?:a few|few|several|some|many) {UNIT} (?:ago|back)\b", time_expressions.few_ago, (" ago", " back")),
    _rule(
        rf"\bin (?:about |around )?{NUMBER} {UNIT}(?:'?s? time)?{END}|\b(?=\w+ \w+ from now)never\b",
        time_expressions.ahead,
        (*_UNIT_WORDS, "never"),
    ),
    _rule(rf"\b{NUMBER} {UNIT} (?:from now|later|hence)\b", time_expressions.ahead, (" from now", " later", " hence")),
    _rule(rf"\b{_WHICH} (?P<unit>week|weekend|month|year){END}", time_expressions.last, _WHICH_WORDS),
    _rule(rf"\b{_WHICH} {DAY_OF_WEEK}{END}", time_expressions.last_weekday, _WHICH_WORDS),
    _rule(r"\b(?P<which>last|past|this|next|coming) " + EN_MONTH + END, time_expressions.relative_month, _WHICH_WORDS),
    _rule(rf"\b{_WHICH} {SEASON}{END}", time_expressions.last_season, _WHICH_WORDS),
    _rule(
        (
            r"\b(?:(?P<which>last|this past|this|next|coming) )?"
            rf"(?P<holiday>{date_words.alternation(date_words.HOLIDAYS)})(?:,? {YEAR})?{END}"
        ),
        time_expressions.holiday,
        date_words.HOLIDAYS,
    ),
    _rule(
        rf"\b(?P<which>)(?:on |come |{_MOVED_TO} ){FULL_WEEKDAY}{END}",
        time_expressions.last_weekday,
        date_words.FULL_WEEKDAYS,
    ),
    _rule(
        rf"{_NOT_RECURRING}(?P<which>){FULL_WEEKDAY}{END}{_AT_A_TIME}",
        time_expressions.last_weekday,
        date_words.FULL_WEEKDAYS,
    ),
    _rule(
        rf"{_NOT_RECURRING}(?P<which>)(?:on )?{DAY_OF_WEEK}\.?,?{_CLOCK}",
        time_expressions.last_weekday,
        _WEEKDAY_STEMS,
    ),
    _rule(
        rf"\b(?:on|for|the|by|is|to|until|till) the (?P<day>\d{{1,2}})(?:st|nd|rd|th){END}(?! (?:of|floor|time|"
        rf"grade|place))",
        time_expressions.day_of_month,
    ),
    _rule(
        (
            rf"\b(?:in|since|during|back in|until|till|by|from|early|late|mid|of) {EN_MONTH}{END}"
            r"(?!(?<=may) (?:i|we|you|they|be)\b)"
        ),
        time_expressions.dated,
        EN_MONTHS,
    ),
    _rule(
        (
            r"\b(?:in|since|during|back in|until|till|by|from|to|of|for|early|late|mid|around|before|"
            rf"after) (?:early |late |mid[- ]?)?{YEAR}\b(?![-/\w])"
        ),
        time_expressions.whole_year,
    ),
    _rule(r"\b(?:in|since|during) the (?P<decade>(?:19|20)\d0)s\b", time_expressions.decade),
    _rule(
        rf"(?:\b|(?<=\s))(?:{date_words.alternation(date_words.FOREIGN_LAST)})",
        time_expressions.foreign_last,
        date_words.FOREIGN_LAST,
    ),
    _rule(
        rf"\b(?:hace|il y a|vor|há|fa) (?P<n>\d{{1,3}}) (?P<unit>{date_words.alternation(date_words.FOREIGN_UNITS)})\b",
        time_expressions.foreign_ago,
    ),
    _rule(
        rf"(?<!\w)(?:{date_words.alternation(w for w in date_words.FOREIGN_DAYS if w.isascii() or 'ã' in w)})(?!\w)"
        r"|昨日|今日|明日|きのう",
        time_expressions.foreign_day,
        date_words.FOREIGN_DAYS,
    ),
)

_ANY = -1
_BY_HINT = HintIndex([(_ANY, _MAYBE), *((number, rule.hints) for number, rule in enumerate(RULES))])
"""The numbers of the rules by their hints, and `_ANY` for the hints that every period without a digit has."""
HINTS = KeyedGroup(words=(DIGIT,), test=HintIndex([(_ANY, _MAYBE)]).announced_by)
"""Without one of these words, a text names no period."""

_SINCE = KeyedPattern(
    r"\b(?:since|from|as of|starting|beginning|ever since|depuis|desde|seit)(?: the| about| around| early| late)*\s*$",
    re.IGNORECASE,
)
_FROM = KeyedPattern(r"\b(?:from|as of|starting|beginning)(?: the)?\s*$", re.IGNORECASE)
_AS_OF = late(r"\w as of $", re.IGNORECASE)
""" "I live in Tucson as of Thursday": the last one."""
_PAST_TENSE = KeyedPattern(
    r"\b(?:was|were|had|been|did|until|till|to|lived|worked|went|stayed|came|got|have|has|'ve|ago|"
    r"last)\b",
    re.IGNORECASE,
)
_SOON = timedelta(days=183)
""" "From 1 July I am self-employed", said in June, is about the July to come."""
_UNTIL = KeyedPattern(r"\b(?:until|till|til|through|up to)(?: the| about| around| early| late)*\s*$", re.IGNORECASE)
_BEFORE_OR_AFTER = KeyedPattern(r"\b(?:before|after|prior to)\s*$", re.IGNORECASE)
_RANGE = KeyedPattern(
    rf"\b(?:from|between) (?:{EN_MONTH.replace('?P<month>', '?:')} )?\d{{4}} (to|until|till|and|through|-) $",
    re.IGNORECASE,
)


def ground(text: str, at: datetime | None, *, zone: tzinfo | None = None, future: bool | None = None) -> list[Grounded]:
    """The periods `text` names, in text order, without overlaps.

    `at` is the time of the message (None: only absolute expressions). `future` decides dates without a year and bare
    weekdays; by default the words of the text do.
    """
    text = _plain(text)
    due = _due(text)
    if not due:
        return []
    zone = zone or (at.tzinfo if at is not None else None) or UTC
    clock = Clock(at, zone, bool(_FUTURE.search(text)) if future is None else future)
    periods: list[Grounded] = []
    for rule in due:
        for match in rule.pattern.finditer(text):
            grounded = _read(match, rule, clock, text)
            if grounded is not None and not any(_overlap(grounded.span, other.span) for other in periods):
                periods.append(grounded)
    return sorted(periods, key=lambda one: one.span)


def may_name_time(text: str) -> bool:
    """False if neither `text` nor any part of it can name a period, judging by hints alone."""
    return bool(_due(_plain(text)))


def _plain(text: str) -> str:
    return text if text.isascii() else text.translate(_ODD_CASE)


@lru_cache(maxsize=256)
def _due(text: str) -> list[Rule]:
    """The rules that may match somewhere in a plain text."""
    digits = bool(_DIGIT.search(text))
    announced = set(_BY_HINT.due(text))
    if not digits and _ANY not in announced:
        return []
    return [rule for number, rule in enumerate(RULES) if number in announced or (digits and not rule.hints)]


def certain(text: str, at: datetime | None, *, future: bool | None = None) -> list[Grounded]:
    """`ground` without vague expressions ("a few years ago")."""
    return [one for one in ground(text, at, future=future) if not one.vague]


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _read(match: re.Match[str], rule: Rule, clock: Clock, text: str) -> Grounded | None:
    reader, role = rule.reader, rule.role
    since = role == "since" or _SINCE.search(text[: match.start()]) or match[0].lower().startswith("since")
    try:
        named = reader(match, msgspec.structs.replace(clock, future=False) if since else clock)
        begun = reader is time_expressions.last_weekday and _AS_OF.search(text[: match.start()])
        if since and named and _FROM.search(text[: match.start()]) and not (begun or _PAST_TENSE.search(text)):
            coming = reader(match, msgspec.structs.replace(clock, future=True))
            soon = coming is not None and clock.at is not None and coming[0] - clock.at < _SOON
            named = coming if soon else named
    except (NoClockError, ValueError, OverflowError):
        return None
    if named is None:
        return None
    start, end, precision = named
    before, word = text[: match.start()], match[0].lower()
    if _BEFORE_OR_AFTER.search(before):
        return None
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
        relative=reader
        not in (
            time_expressions.iso,
            time_expressions.slashed,
            time_expressions.whole_year,
            time_expressions.japanese,
            time_expressions.decade,
            time_expressions.season_of,
        ),
        vague=reader is time_expressions.few_ago,
        deadline=before.lower().endswith("by ") or word.startswith("by "),
    )
