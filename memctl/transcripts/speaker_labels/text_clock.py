"""The times of labelled text, from labels and from dates between the turns. A time of which only a part is understood
gives none, because that part may be another time.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from memctl.transcripts.model import DateOrder, ReadOptions
from memctl.transcripts.speaker_labels.label_words import HEADINGS, PARTICLES
from memctl.transcripts.timestamps import instant, time_in

_CLOCK = re.compile(
    r"(?:today|at|heute|um|hoy|aujourd.hui|,|\s)*"
    r"(?P<time>\d{1,3}[:.h]\d\d(?:[:.]\d\d)?(?:[.,]\d{1,9})?(?:\s?[ap]\.?\s?m\.?)?)"
    r"(?:\s*(?:-->|[-–—]|to)\s*\d{1,2}[:.]\d\d(?:[:.]\d\d)?(?:[.,]\d{1,9})?(?:\s?[ap]\.?\s?m\.?)?)?(?:\s*(?:uhr|h))?",
    re.IGNORECASE,
)
"""A time of day without a date, or the first of two."""
_MINUTES = re.compile(r"(\d{1,3}):([0-5]\d)")
_NUMERIC = re.compile(r"(?<!\d)(\d{1,2})([-/.])(\d{1,2})\2\d{4}(?!\d)")
_DAY = re.compile(r"\d[-/.年]\s?\d|\d(?:st|nd|rd|th|\.|º|er)?,?\s|[^\W\d_]\.?\s\d")
_WORDS = re.compile(r"[^\W\d_]+")
_DECORATION = " \t#*_=~-–—[]()"
_LONGEST_DAY = 60


class Clock:
    """Converts the stamps of labels to times: full ones as they are, clock times on the current date.

    Stamps count from the start of a recording if the first one has the form 00:01:23, or if one like 62:10 shows that
    they are minutes and seconds. The first clock time is not before a start that has a time of day: then it may be
    minutes, and gives none. `unclear` counts stamps that were not understood.
    """

    def __init__(self, start: datetime | None, options: ReadOptions, stamps: Iterable[str]) -> None:
        self._start = self._last = start
        self._options = options
        stamps = list(stamps)
        self._order = options.date_order or order_of(stamps)
        clocks = [found["time"] for stamp in stamps if (found := _CLOCK.fullmatch(stamp.strip("[]() ")))]
        self._minutes = any(int(found[1]) > 23 for clock in clocks if (found := _MINUTES.fullmatch(clock)))
        self._offsets = self._minutes or (
            bool(clocks) and clocks[0].startswith(("00:0", "0:0")) and clocks[0].count(":") == 2
        )
        self.unclear = 0

    def at(self, stamp: str) -> datetime | None:
        """The time of a turn with the label `stamp`; without one, that of the previous turn."""
        stamp = stamp.strip("[]() ")
        if not stamp:
            return self._last
        if clock := _CLOCK.fullmatch(stamp):
            return self._of_clock(clock["time"].replace(".", ":", 1))
        at = self._full(stamp)
        self.unclear += at is None
        self._last = at
        return at

    def is_day(self, line: str) -> bool:
        """Whether a line has only a date, as programs write it between the messages of two days."""
        return self._day(line) is not None

    def turn_to(self, line: str) -> None:
        """Begin the day that `line` names."""
        self._start = self._last = self._day(line)

    def _day(self, line: str) -> datetime | None:
        text = line.strip(_DECORATION)
        if not _DAY.search(text) or len(text) > _LONGEST_DAY or ":" in text:
            return None
        words = [word.lower() for word in _WORDS.findall(text)]
        others = [word for word in words if word not in HEADINGS and word not in PARTICLES]
        return self._full(text) if len(others) <= 1 else None

    def _full(self, text: str) -> datetime | None:
        return instant(text, self._options.timezone, self._order)

    def _of_clock(self, text: str) -> datetime | None:
        if not self._last or not self._start:
            return self._last
        minutes = self._minutes and _MINUTES.fullmatch(text)
        time = (0, int(minutes[1]), int(minutes[2])) if minutes else time_in(text)
        if time is None:
            self.unclear += 1
            return None
        hour, minute, second = time
        try:
            if self._offsets:
                self._last = self._start + timedelta(hours=hour, minutes=minute, seconds=second)
            else:
                at = self._last.replace(hour=hour, minute=minute, second=second)
                midnight = at < self._last - timedelta(hours=12)
                if self._last == self._start and at < self._start and not midnight:
                    self.unclear += 1
                    return None
                self._last = at + timedelta(days=1) if midnight else at
        except OverflowError:
            return None
        return self._last


def order_of(stamps: Iterable[str]) -> DateOrder | None:
    """The order of day and month that a number over 12 shows, None if there is none or if they differ."""
    orders: set[DateOrder] = set()
    for stamp in stamps:
        if match := _NUMERIC.search(stamp):
            if int(match[1]) > 12:
                orders.add("dmy")
            if int(match[3]) > 12:
                orders.add("mdy")
    return orders.pop() if len(orders) == 1 else None
