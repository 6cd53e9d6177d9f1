"""Times as transcripts write them, as timezone-aware times.

A time without a zone gets the reader's `timezone`, else UTC. An unclear time is None, never a guess.
"""

import re
from datetime import UTC, datetime

from memctl.core.fact import to_utc
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

_TIME = re.compile(r"(\d{1,2})[:h](\d\d)(?::(\d\d))?(?:[.,]\d+)?(?: ?([ap])\.? ?m\.?(?!\w))?", re.IGNORECASE)
_YMD = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_NUMBERS = re.compile(r"(?<!\d)(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?!\d)")
_DAY_MONTH = re.compile(r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|\.|er|º)?(?: de| of)? ([^\W\d_]+)\.?,?(?: de)? (\d{4})(?!\d)")
_MONTH_DAY = re.compile(r"([^\W\d_]+)\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})(?!\d)")


def in_zone(at: datetime, options: ReadOptions) -> datetime | None:
    """`at` with the reader's zone if it has none; None if it is outside the years 1 to 9999 in UTC."""
    aware = at if at.tzinfo else at.replace(tzinfo=options.timezone or UTC)
    try:
        to_utc(aware)
    except ValueError:
        return None
    return aware


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
        order: DateOrder | None = "dmy" if match[2] == "." else options.date_order
        day = day_of(int(match[1]), int(match[3]), order)
        if not day:
            return None
        date = int(match[4]), day[1], day[0]
    elif (match := _DAY_MONTH.search(text)) and match[2].lower() in _MONTHS:
        date = int(match[3]), _MONTHS[match[2].lower()], int(match[1])
    elif (match := _MONTH_DAY.search(text)) and match[1].lower() in _MONTHS:
        date = int(match[3]), _MONTHS[match[1].lower()], int(match[2])
    else:
        return None
    return date, text[: match.start()] + " " + text[match.end() :]
