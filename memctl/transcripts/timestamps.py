"""Times as transcripts write them, as timezone-aware times.

A time keeps its own offset, so that "yesterday" is the writer's yesterday. One without a zone gets the reader's
`timezone`, else UTC. An unclear time is None, never a guess.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from memctl.core.fact import to_utc
from memctl.core.late_pattern import late
from memctl.transcripts.model import DateOrder, ReadOptions

_MONTH_NAMES = (
    "january jan januar janvier janv enero ene janeiro gennaio gen",
    "february feb februar février fév févr febrero fevereiro fev febbraio",
    "march mar märz mars marzo março",
    "april apr avril avr abril abr aprile",
    "may mai mayo maio maggio mag",
    "june jun juni juin junio junho giugno giu",
    "july jul juli juillet juil julio julho luglio lug",
    "august aug août agosto ago",
    "september sep sept septembre septiembre setembro set settembre",
    "october oct oktober okt octobre octubre outubro out ottobre ott",
    "november nov novembre noviembre novembro",
    "december dec dezember dez décembre déc diciembre dic dezembro dicembre",
)
_MONTHS = {name: month for month, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}

_TIME = late(r"(\d{1,2})[:h](\d\d)(?::(\d\d))?(?:[.,]\d+)?(?: ?([ap])\.? ?m\.?(?!\w))?", re.IGNORECASE)
_YMD = late(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_NUMBERS = late(r"(?<!\d)(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d\d)(?!\d)")
_DAY_MONTH = late(r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|\.|er|º)?(?: de| of)? ([^\W\d_]+)\.?,?(?: de)? (\d{4})(?!\d)")
_MONTH_DAY = late(r"([^\W\d_]+)\.? +(\d{1,2})(?:st|nd|rd|th)?,? (\d{4})(?!\d)")
_CTIME = late(r"([A-Z][a-z]{2}) +(\d{1,2}) +([\d:]+)((?: [A-Z]{1,5})?) +(\d{4})\Z")
_HYPHENATED = late(r"(?<!\d)(\d{1,2})-([A-Za-z]{3,9})-(\d{4})(?!\d)")
_CHINESE = late(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_DIGITS = late(r"((?:19|20)\d{6})(\d{6})?")
_PLACE = late(r"(?:\s|\[)([A-Z][A-Za-z_]+/[A-Za-z_/+-]+)\]?\Z")

_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC).timestamp()
_LATEST = datetime(2200, 1, 1, tzinfo=UTC).timestamp()
_SCALES = (1, 1e3, 1e6, 1e9)
_WRAPPED = (
    *("$date", "$numberLong", "$numberDouble", "$numberInt", "iso", "timestampValue", "integerValue", "stringValue"),
    *("N", "S", "created", "created_at", "createdAt", "value", "timestamp"),
)
"""Keys of objects that wrap a time: extended JSON, Parse, Firestore, DynamoDB, and times of several events."""
_SECONDS = ("seconds", "_seconds", "secs")
_NANOS = ("nanos", "nanoseconds", "_nanoseconds", "nanosecs")
_DOT_NET = late(r"/?Date\((-?\d+)([+-]\d{4})?\)/?")
_ZONE_NAMES = {
    **dict.fromkeys(("Z", "UTC", "GMT", "UT"), 0),
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
    "WET": 0,
    "WEST": 1,
    "CET": 1,
    "CEST": 2,
    "EET": 2,
    "EEST": 3,
    "JST": 9,
    "KST": 9,
}
_ZONE = late(
    r"(?:(?<=[\d\s])(?P<name>[A-Z]{1,5}))?(?:(?<=[\d\sA-Z])(?P<offset>[+-]\d\d:?\d\d)|(?<=\s|[TC])(?P<short>[+-]\d\d?))?\Z"
)
_OFFSET_NAMED = late(r"(?<=\s)(?P<offset>[+-]\d\d:?\d\d) [A-Z]{1,5}\Z")
_COMMENT = late(r"\s*(?:\([^()]*\)|\[[^\[\]]*\])\Z")
_LETTER_CLOCK = late(r"@?\s*(\d{1,2})h ?(\d{1,2})m ?(\d{1,2})s(?: ?\d{1,3}ms)?")
_REWRITTEN = (
    (_LETTER_CLOCK, r" \1:\2:\3"),
    (_CTIME, r"\1 \2, \5 \3\4"),
    (_HYPHENATED, r"\1 \2 \3"),
    (_CHINESE, r"\1-\2-\3"),
)
"""Forms that are rewritten as a more common one."""
_REST_WORDS = late(r"(?:[^\W\d_]+\.?|[,@T\s|·•-])*\Z")


def in_zone(at: datetime, options: ReadOptions) -> datetime | None:
    """`at` with the reader's zone if it has none; None if it is outside the years 1 to 9999 in UTC."""
    aware = at if at.tzinfo else at.replace(tzinfo=options.timezone or UTC)
    try:
        to_utc(aware)
    except ValueError:
        return None
    return aware


def instant(value: object, zone: tzinfo | None = None, order: DateOrder | None = None) -> datetime | None:
    """A time as a machine or a form wrote it, with its own offset.

    Seconds, milliseconds, microseconds or nanoseconds since 1970 as a number or digits; ISO 8601; RFC 2822; what
    JavaScript, C, Go, Java and .NET print; a date and a time in words; or an object around one of these. `zone` applies
    to times without one (None: UTC), `order` to dates such as 05/03/2025. None for zero, blanks, unclear times, and
    those outside 1980-2200.
    """
    for _ in range(4):
        if isinstance(value, str) or not isinstance(value, Mapping):
            break
        value = _unwrapped(value)
    if isinstance(value, str):
        return _of_text(value.strip(), zone, order)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    digits = _DIGITS.fullmatch(str(value)) if isinstance(value, int) and 0 < value < 10**14 else None
    return _of_digits(digits, zone) if digits else _of_number(value, zone)


def _of_text(text: str, zone: tzinfo | None, order: DateOrder | None) -> datetime | None:
    if not text or len(text) > 100:
        return None
    if text[4:5] == "-" and (at := _iso(text, zone)):
        return _within(at)
    if digits := _DIGITS.fullmatch(text):
        return _of_digits(digits, zone)
    try:
        number = float(text)
    except ValueError:
        return _within(_parsed(text, zone, order))
    return _of_number(number, zone)


def _of_digits(digits: re.Match[str], zone: tzinfo | None) -> datetime | None:
    """20260305 and 20260305101400."""
    at = _iso(digits[1] + (f"T{digits[2]}" if digits[2] else ""), zone)
    return _within(at)


def _of_number(value: float | Decimal, zone: tzinfo | None) -> datetime | None:
    """Seconds since 1970, or thousandths, millionths or billionths of them."""
    try:
        number = float(value)
    except OverflowError:
        return None
    scaled = (number / scale for scale in _SCALES if _EARLIEST <= number / scale <= _LATEST)
    return next((datetime.fromtimestamp(seconds, zone or UTC) for seconds in scaled), None)


def _unwrapped(value: Mapping[str, object]) -> object:
    """The time in an object, as a number of seconds or what the object wraps; None if it has none."""
    seconds = next((value[key] for key in _SECONDS if key in value), None)
    if seconds is not None:
        nanos = next((value[key] for key in _NANOS if key in value), 0)
        try:
            return float(str(seconds)) + float(str(nanos)) / 1e9
        except ValueError:
            return None
    return next((value[key] for key in _WRAPPED if value.get(key) is not None), None)


def _parsed(text: str, zone: tzinfo | None, order: DateOrder | None) -> datetime | None:
    """A written time; None if any part of it is not understood."""
    if match := _DOT_NET.fullmatch(text):
        at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(match[1])) if len(match[1]) < 16 else None
        return at.astimezone(_offset(match[2])) if at and match[2] else at
    text = text.replace("\u202f", " ").replace("\u00a0", " ").strip()
    if match := _PLACE.search(text):
        zone, text = _place(match[1]), text[: match.start()]
        if zone is None:
            return None
    text = _COMMENT.sub("", text)
    for pattern, form in _REWRITTEN:
        text = pattern.sub(form, text)
    if at := _iso(text.strip().upper(), zone):
        return at
    text, own = _zone_at_end(text)
    if own == "unknown":
        return None
    zone = own if isinstance(own, tzinfo) else zone
    try:
        return datetime.fromisoformat(text.strip().upper()).replace(tzinfo=zone or UTC)
    except ValueError:
        return _in_words(text.strip(), zone, order)


def _iso(text: str, zone: tzinfo | None) -> datetime | None:
    """A time in ISO 8601, None if it is another form."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=zone or UTC)


def _zone_at_end(text: str) -> tuple[str, tzinfo | Literal["unknown"] | None]:
    """A written time without the offset or zone at its end, and that zone. Only a time of day has an offset."""
    named = _OFFSET_NAMED.search(text) or _ZONE.search(text)
    groups = named.groupdict() if named else {}
    before = text[: named.start()] if named else text
    if offset := groups.get("offset") or groups.get("short"):
        return (before, _offset(offset) or "unknown") if ":" in before else (text, None)
    name = groups.get("name")
    if name in (None, "AM", "PM", "A", "P", "M"):
        return text, None
    hours = _ZONE_NAMES.get(name)
    return before, "unknown" if hours is None else timezone(timedelta(hours=hours))


def _in_words(text: str, zone: tzinfo | None, order: DateOrder | None) -> datetime | None:
    """A date and a time of day, with nothing around them but words such as a weekday."""
    dated = _date_in(text, ReadOptions(date_order=order))
    if dated is None:
        return None
    (year, month, day), rest = dated
    clock = time_in(rest)
    others = _TIME.sub(" ", rest, count=1)
    if not _REST_WORDS.match(others) or (clock is None and others != rest):
        return None
    try:
        return datetime(year, month, day, *(clock or (0, 0, 0)), tzinfo=zone or UTC)
    except ValueError:
        return None


def _place(name: str) -> tzinfo | None:
    """The time zone of a name such as Europe/Paris, None if it is unknown."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _offset(text: str) -> tzinfo | None:
    hours, minutes = int(text[1:3]), int(text[-2:]) if len(text) > 3 else 0
    if hours > 23 or minutes > 59:
        return None
    return timezone((-1 if text[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))


def _within(at: datetime | None) -> datetime | None:
    try:
        return at if at is not None and _EARLIEST <= at.timestamp() <= _LATEST else None
    except (OverflowError, ValueError):
        return None


def time_in(text: str) -> tuple[int, int, int] | None:
    """The first clock time in `text` as hour (0..23), minute, second."""
    match = _TIME.search(text)
    if not match:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[4] and hour <= 12:
        hour = hour % 12 + (12 if match[4].lower() == "p" else 0)
    return (hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None


def day_of(first: int, second: int, order: DateOrder | None) -> tuple[int, int] | None:
    """(day, month) of two numbers before a year; None if `order` is None and both readings are possible and differ."""
    if order is None and first != second and first <= 12 and second <= 12:
        return None
    if order == "mdy" or (order is None and second > 12):
        return second, first
    return first, second


def written(text: str, options: ReadOptions) -> datetime | None:
    """The date, and its time if present, in a header or a file name.

    Reads ISO 8601, "5 March 2026", "March 5, 2026", "5 de marzo de 2026" (months of six languages) and numeric dates
    with a clear or given order. A date without a time is the start of that day.
    """
    text = text.strip()[:200]
    try:
        return in_zone(datetime.fromisoformat(text), options)
    except ValueError:
        pass
    found = _date_in(text, options)
    if not found:
        return None
    (year, month, day), rest = found
    hour, minute, second = time_in(rest) or (0, 0, 0)
    try:
        return in_zone(datetime(year, month, day, hour, minute, second), options)
    except ValueError:
        return None


def _date_in(text: str, options: ReadOptions) -> tuple[tuple[int, int, int], str] | None:
    """(year, month, day) in `text`, and `text` without them."""
    if match := _YMD.search(text):
        date = int(match[1]), int(match[2]), int(match[3])
    elif match := _NUMBERS.search(text):
        first, second, third = int(match[1]), int(match[3]), int(match[4])
        short = len(match[4]) == 2
        order: DateOrder | None = "dmy" if match[2] == "." and options.date_order != "ymd" else options.date_order
        day = day_of(first, second, order)
        # Without a given order, the first of three short numbers may be the year.
        if not day or (short and not options.date_order):
            return None
        date = (_full(first), second, third) if short and order == "ymd" else (_full(third), day[1], day[0])
    elif (match := _DAY_MONTH.search(text)) and match[2].lower() in _MONTHS:
        date = int(match[3]), _MONTHS[match[2].lower()], int(match[1])
    elif (match := _MONTH_DAY.search(text)) and match[1].lower() in _MONTHS:
        date = int(match[3]), _MONTHS[match[1].lower()], int(match[2])
    else:
        return None
    return date, text[: match.start()] + " " + text[match.end() :]


def _full(year: int) -> int:
    """A year of two digits as one from 1970 to 2069."""
    return year if year > 99 else year + (2000 if year < 70 else 1900)
