"""The JSON formats in which applications store messages in Redis."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec

from memctl.backends.contract import Message
from memctl.core.errors import Rejected
from memctl.core.fact import derive_id

_ROLES = {
    "human": "user", "humanmessage": "user", "humanmessagechunk": "user", "ai": "assistant", "aimessage": "assistant",
    "aimessagechunk": "assistant", "model": "assistant", "bot": "assistant", "systemmessage": "system",
    "developer": "system", "toolmessage": "tool", "function": "tool", "functionmessage": "tool",
}  # fmt: skip
_KNOWN = ("user", "assistant", "system", "tool")
_TIMES = ("ts", "timestamp", "created_at", "time", "at")
_TEXTS = ("content", "text", "message")
_MILLISECONDS = 1e11
"""Larger Unix times are taken as milliseconds: in seconds, this number would be the year 5138."""
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def decoded(raw: bytes) -> Mapping[str, Any]:
    """The JSON object of an item. Raises Rejected for anything else."""
    try:
        item = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise Rejected(f"the message is not JSON: {error}") from None
    return checked(item)


def checked(item: Any) -> Mapping[str, Any]:
    """The item, if it is a JSON object. Raises Rejected for anything else."""
    if isinstance(item, Rejected):
        raise item
    if not isinstance(item, dict):
        raise Rejected("the message is not a JSON object")
    return item


def plain(item: Any, id_: str | None, expires_at: datetime | None) -> Message:
    """A message {role, content, time}, as in tutorials and agent-memory-server. Raises Rejected for a message without
    role or text."""
    item = checked(item)
    role = item.get("role") or item.get("type")
    at = next((item[name] for name in _TIMES if item.get(name) is not None), None)
    text = next((item[name] for name in _TEXTS if name in item), ())
    return Message(
        id=_text_or_none(item.get("id")) or id_ or "",
        role=_role(role),
        text=_text(text),
        name=_text_or_none(item.get("name")),
        at=moment(at),
        expires_at=expires_at,
    )


def langchain(item: Any, id_: str, expires_at: datetime | None, at: datetime | None = None) -> Message:
    """A message of LangChain: {type, data}, or a constructor {id: […, class], kwargs}. Raises Rejected for anything
    else."""
    item = checked(item)
    data = item.get("data", item.get("kwargs"))
    kind = item.get("type")
    if kind == "constructor" and isinstance(item.get("id"), list) and item["id"]:
        kind = item["id"][-1]
    if not isinstance(data, dict):
        raise Rejected("the message has no data")
    role = data.get("role") if kind in ("chat", "ChatMessage", "ChatMessageChunk") else kind
    return Message(
        id=_text_or_none(data.get("id")) or id_,
        role=_role(role),
        text=_text(data.get("content")),
        name=_text_or_none(data.get("name")),
        at=at,
        expires_at=expires_at,
    )


def raw_ids(key: str, items: list[bytes]) -> list[str]:
    """An id for each item of a list, which stays the same when items are added at the end or removed from the start.

    It is derived from the key, the bytes, and the number of equal items that follow."""
    following: dict[bytes, int] = {}
    ids: list[str] = []
    for raw in reversed(items):
        number = following[raw] = following.get(raw, -1) + 1
        ids.append(str(derive_id(key, sha256(raw).hexdigest(), str(number))))
    return ids[::-1]


def moment(value: Any) -> datetime | None:
    """The time of a number (Unix time in seconds or milliseconds) or of an ISO 8601 text (UTC without a zone); else
    None."""
    if isinstance(value, str):
        text = value.strip()
        if not _NUMBER.fullmatch(text):
            try:
                at = datetime.fromisoformat(text)
                return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
            except (ValueError, OverflowError):
                return None
        value = float(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value / 1000 if abs(value) >= _MILLISECONDS else value, UTC) if value else None
    except (ValueError, OverflowError, OSError):
        return None


def _role(role: Any) -> str:
    name = str(role or "").casefold()
    name = _ROLES.get(name, name)
    if name not in _KNOWN:
        raise Rejected(f"unknown role {role!r}" if role else "the message has no role")
    return name


def _text(content: Any) -> str:
    if content is None:
        return ""  # a tool call
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [
            part if isinstance(part, str) else part.get("text") for part in content if isinstance(part, str | dict)
        ]
        return "\n".join(part for part in parts if isinstance(part, str))
    raise Rejected("the message has no text")


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
