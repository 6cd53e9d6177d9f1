"""The date and time at the start of a WhatsApp message, in the forms of all locales.

The forms come from CLDR: `whatsapp_forms.json`, written by tools/whatsapp_forms.py, has the texts around the numbers
and the names of parts of the day with their ranges in minutes. Digits of every script are read. A year of the Buddhist
calendar is converted; a date in the future was read wrongly, and is none.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import msgspec

from memctl.transcripts.model import DateOrder

YEARS = range(2009, 2200)
"""WhatsApp was released in 2009; there are no older messages."""
BUDDHIST = 543
"""Years by which the Buddhist calendar is ahead."""
PLACES: dict[DateOrder, tuple[int, int, int]] = {"dmy": (2, 1, 0), "mdy": (2, 0, 1), "ymd": (0, 1, 2)}

Day = tuple[str, str, str]

_ENGLISH = {"am": [(0, 720)], "a": [(0, 720)], "pm": [(720, 1440)], "p": [(720, 1440)]}
_WORDS = ("at", "à", "um", "a las", "kl.", "kl", "o", "в", "ч.", "ч", "be", "พ.ศ.", "uhr", "klo")
"""Words around a time or a year that WhatsApp writes and CLDR's short forms do not have."""
_SHAPE = re.compile(
    r"(?P<a>\d{1,4})\s?(?P<sep>[./-]|[年년])\s?(?P<b>\d{1,2})\s?(?:(?P=sep)|[月월])\s?(?P<c>\d{1,4})\s?(?:日|일)?"
    r"(?P<middle>\D{0,40}?)"
    r"(?P<hour>\d{1,2})[:.h](?P<minute>\d\d)(?:[:.](?P<second>\d\d))?(?P<end>\D{0,40})"
)


class Stamp(NamedTuple):
    """The three numbers of a date, their separator, and the time."""

    day: Day
    separator: str
    time: tuple[int, int, int]


class Forms(msgspec.Struct, frozen=True):
    """The table of forms."""

    date_between: list[str]
    date_after: list[str]
    time_between: list[str]
    time_around: list[str]
    joins: list[str]
    periods: dict[str, list[tuple[int, int]]]


@cache
def _forms() -> Forms:
    return msgspec.json.decode(files(__package__).joinpath("whatsapp_forms.json").read_bytes(), type=Forms)


@cache
def _fillers() -> tuple[str, ...]:
    """What may stand around a time and says nothing, longest first."""
    forms = _forms()
    texts = {*_WORDS, *forms.date_after, *forms.time_around, *(join.strip() for join in forms.joins)}
    return tuple(sorted((text.casefold() for text in texts if text and "\x00" not in text), key=len, reverse=True))


def plain(text: str) -> str:
    """The text with ASCII digits, without marks of direction, and with plain spaces."""
    if text.isascii():
        return text
    read = []
    for char in text:
        category = unicodedata.category(char)
        if category == "Nd":
            read.append(str(unicodedata.decimal(char)))
        elif category == "Zs":
            read.append(" ")
        elif category != "Cf":
            read.append(char)
    return "".join(read)


def parse(text: str) -> Stamp | None:
    """The date and time that `text` is, or None. Which number is the day is not decided here."""
    match = _SHAPE.fullmatch(plain(text).strip())
    if match is None:
        return None
    spans = [_part_of_day(match[side]) for side in ("middle", "end")]
    if None in spans:
        return None
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    named = [span for span in spans if span]
    if hour > 23 or minute > 59 or second > 59 or len(named) > 1:
        return None
    if named and hour <= 12:
        placed = _placed(hour, minute, named[0])
        if placed is None:
            return None
        hour = placed
    day = (match["a"], match["b"], match["c"])
    if not any(date_of(day, order) for order in PLACES):
        return None
    return Stamp(day, match["sep"], (hour, minute, second))


def _part_of_day(text: str) -> list[tuple[int, int]] | None:
    """The ranges that the text beside a time names; [] if it says nothing, None if it is not understood."""
    text = re.sub(r"\s+", " ", text.casefold()).strip(" ,،")
    for filler in _fillers():
        if text == filler or text.startswith(filler + " "):
            text = text[len(filler) :].strip(" ,،")
            break
    word = text.replace(".", "").replace(" ", "")
    if not word:
        return []
    return _ENGLISH.get(word) or _forms().periods.get(word)


def _placed(hour: int, minute: int, spans: list[tuple[int, int]]) -> int | None:
    """The hour of 24 that an hour of 12 means in a part of the day; None if both or neither fit it well."""
    hours = [hour % 12, hour % 12 + 12]
    fitting = [each for each in hours if any(_within(each * 60 + minute, span) for span in spans)]
    if len(fitting) != 1:
        near = [each for each in hours if any(_within(each * 60 + minute, (a - 60, b + 60)) for a, b in spans)]
        fitting = fitting if fitting else near
    return fitting[0] if len(fitting) == 1 else None


def _within(minute: int, span: tuple[int, int]) -> bool:
    start, end = span
    return start <= minute < end if start < end else minute >= start or minute < end


def date_of(day: Day, order: DateOrder) -> datetime | None:
    """The start of the day named by three numbers in `order`, None if WhatsApp cannot have been used on it."""
    year, month, date = (day[place] for place in PLACES[order])
    if len(year) not in (2, 4):
        return None
    latest = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=2)
    for full in (
        (int(year), int(year) - BUDDHIST) if len(year) == 4 else (2000 + int(year), 2500 + int(year) - BUDDHIST)
    ):
        try:
            read = datetime(full, int(month), int(date)) if full in YEARS else None
        except ValueError:
            return None
        if read is not None and read <= latest:
            return read
    return None
