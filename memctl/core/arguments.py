"""Checks of what a program passes: each returns the value, or raises UsageError."""

from collections.abc import Iterable
from datetime import UTC, datetime

from memctl.core.errors import UsageError
from memctl.core.fact import KINDS
from memctl.core.timeline import parse_when


def require_user(user: object) -> str:
    """The name of a user."""
    return _require_text(user, "user", "pass the name of the user")


def require_query(query: object) -> str:
    """What a search looks for."""
    return _require_text(query, "query", "pass the words to search for")


def require_count(count: object, name: str) -> int:
    """A number of results or tokens, 1 or more."""
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise UsageError(f"{name} is {count!r}", where=name, hint="pass a whole number, 1 or more")
    return count


def require_kinds(kinds: object) -> tuple[str, ...]:
    """One kind of facts or several."""
    if not isinstance(kinds, Iterable):
        raise UsageError(f"kinds cannot be of type {type(kinds).__name__}", where="kinds", hint="pass a kind or a list")
    chosen = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    for kind in chosen:
        if kind not in KINDS:
            raise UsageError(f"unknown kind {kind!r}", where="kinds", hint=f"kinds: {', '.join(KINDS)}")
    return chosen


def require_time(time: object, name: str) -> datetime | None:
    """An instant given as a `datetime` or as text, with the zone UTC if it names none."""
    if time is None:
        return None
    if isinstance(time, str):
        return parse_when(time, now=datetime.now(UTC), timezone=UTC)
    if not isinstance(time, datetime):
        hint = "pass a datetime, or text such as '2026-01-01'"
        raise UsageError(f"{name} cannot be of type {type(time).__name__}", where=name, hint=hint)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _require_text(value: object, name: str, hint: str) -> str:
    if not isinstance(value, str):
        raise UsageError(f"the {name} cannot be of type {type(value).__name__}", where=name, hint=hint)
    if not value.strip():
        raise UsageError(f"the {name} is empty", where=name, hint=hint)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        reason = f"the {name} has a lone surrogate at position {error.start}, which is not a character"
        raise UsageError(reason, where=name, hint=hint) from None
    return value
