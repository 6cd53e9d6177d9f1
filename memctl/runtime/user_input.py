"""Times, time zones, rates and durations as people write them in options and settings."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

from memctl.core.errors import UsageError
from memctl.core.late_pattern import late
from memctl.core.timeline import parse_when
from memctl.runtime import settings

_RATE = late(r"(\d+(?:\.\d+)?)(?:/([smh]))?", re.ASCII)
_DURATION = late(r"(\d+(?:\.\d+)?)([smhd]?)", re.ASCII)
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def zone(name: str | None) -> tzinfo | None:
    """The time zone called `name`. Raises UsageError for an unknown one."""
    if name is None:
        return None
    from zoneinfo import ZoneInfo  # few commands are given a time in another zone than UTC

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UsageError(
            f"unknown time zone {name!r}", where="--tz", hint="use a name such as Europe/Paris or UTC"
        ) from None


def when(text: str | None, where: str, timezone: str | None = None) -> datetime | None:
    """A time that the user wrote, in UTC; see `memctl.core.timeline.parse_when`. `where` names the option in the
    error."""
    if text is None:
        return None
    local = zone(timezone or settings.load().timezone) or UTC
    try:
        return parse_when(text, now=datetime.now(UTC), timezone=local)
    except UsageError as error:
        error.where = where
        raise


def rate(text: str | None) -> float | None:
    """Calls per second, from "10/s", "600/m", "36000/h" or "10"."""
    if text is None:
        return None
    match = _RATE.fullmatch(text.strip())
    if match is None or not float(match[1]):
        raise UsageError(f"cannot read {text!r} as a rate", where="--rate", hint="use 10/s, 600/m or 3600/h")
    return float(match[1]) / _SECONDS[match[2] or "s"]


def duration(text: str | None, where: str = "--max-duration") -> float | None:
    """Seconds, from "90", "90s", "15m", "2h" or "1d"; `where` names the option in the error."""
    if text is None:
        return None
    match = _DURATION.fullmatch(text.strip())
    if match is None or not float(match[1]):
        raise UsageError(f"cannot read {text!r} as a duration", where=where, hint="use 90s, 15m, 2h or 1d")
    return float(match[1]) * _SECONDS[match[2]]
