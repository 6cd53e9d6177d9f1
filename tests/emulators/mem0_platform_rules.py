"""The rules of mem0's platform for filters, similarity, and the format of times.

They depend only on a memory and a request, not on the account or HTTP.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any

from memctl.embed.static import StaticEmbedder

FILTERS = {
    "user_id", "agent_id", "app_id", "run_id", "created_at", "updated_at", "timestamp", "expiration_date", "text",
    "categories", "metadata", "keywords_search", "memory_ids", "keywords",
}  # fmt: skip
_PACIFIC = timezone(timedelta(hours=-7))

Answer = tuple[int, Any, dict[str, str]]
Row = dict[str, Any]


class Refused(Exception):
    """An error response."""

    def __init__(self, status: int, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.answer: Answer = (status, {"detail": detail}, {name.replace("_", "-"): v for name, v in headers.items()})


def shown(row: Row) -> Row:
    """A memory as it is listed."""
    return {
        name: said(value) if isinstance(value, datetime) else value for name, value in row.items() if name != "merged"
    }


def said(at: datetime) -> str:
    """A time in the platform's format, if the calendar allows it."""
    try:
        return at.astimezone(_PACIFIC).isoformat()
    except OverflowError:
        return at.isoformat().replace("+00:00", "Z")


def from_seconds(seconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def conditions(filters: Row) -> list[tuple[str, Any]]:
    """The pairs of a filter that are used: an OR or a NOT next to an AND is silently ignored."""
    return [(key, value) for key, value in filters.items() if key == "AND" or "AND" not in filters]


def check_filters(filters: Row) -> None:
    for key, value in filters.items():
        if key in ("AND", "OR", "NOT"):
            for inner in value if isinstance(value, list) else [value]:
                check_filters(inner)
        elif key not in FILTERS:
            raise Refused(400, f"Unsupported filter: {key}")


def named(filters: Row) -> set[str]:
    """The kinds of owners that a filter names."""
    names: set[str] = set()
    for key, value in conditions(filters):
        if key in ("AND", "OR", "NOT"):
            for inner in value if isinstance(value, list) else [value]:
                names |= named(inner)
        elif key in ("user_id", "agent_id", "app_id", "run_id"):
            names.add("session_id" if key == "run_id" else key)
    return names


def only_user(filters: Row) -> str | None:
    """The one user that all matches must belong to, if the filter states it directly."""
    for key, value in conditions(filters):
        if key == "user_id" and isinstance(value, str) and value != "*":
            return value
        if key == "AND":
            for inner in value:
                if (user := only_user(inner)) is not None:
                    return user
    return None


def matches(row: Row, filters: Row) -> bool:
    return all(_holds(row, key, value) for key, value in conditions(filters))


def _holds(row: Row, key: str, value: Any) -> bool:
    match key:
        case "AND":
            return all(matches(row, inner) for inner in value)
        case "OR":
            return any(matches(row, inner) for inner in value)
        case "NOT":
            return not any(matches(row, inner) for inner in (value if isinstance(value, list) else [value]))
        case "memory_ids":
            return row["id"] in value
        case "metadata":
            held = row["metadata"] or {}
            return all(name in held and held[name] == wanted for name, wanted in value.items())
        case "user_id" | "agent_id" | "app_id" | "run_id":
            held = row["session_id" if key == "run_id" else key]
            if value == "*":
                return held is not None
            return held in value["in"] if isinstance(value, dict) else held == value
    raise Refused(500, f"the emulator has no filter {key}")


@cache
def _embedder() -> StaticEmbedder:
    return StaticEmbedder()


@cache
def _vector(text: str) -> tuple[float, ...]:
    return tuple(_embedder().embed_one(text))


def likeness(query: str, text: str) -> float:
    return sum(a * b for a, b in zip(_vector(query), _vector(text), strict=True))


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))


def overlap(query: str, text: str) -> float:
    """The share of the query's words that are in the text."""
    words = re.findall(r"\w+", _plain(query))
    return sum(word in _plain(text) for word in words) / len(words) if words else 0.0
