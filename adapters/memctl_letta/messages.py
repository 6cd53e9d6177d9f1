"""The conversation of a user and an agent, from the messages of the agent. No input or output.

Letta lists every step of an agent: reasoning, tool calls, their results, and its own notices. Only what the user and
the agent said is part of the conversation. Messages to an agent may be wrapped in JSON, and older agents answer by
calling `send_message`. Fields as in letta-client 1.12.1."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from memctl.backends.contract import Message
from memctl.core.fact import to_utc
from memctl_letta.mapping import aware

_EVENTS = ("heartbeat", "login", "system_alert", "function_response")


def spoken(messages: Iterable[Mapping[str, Any]]) -> Iterator[Message]:
    """The messages of the user and the agent, in the order given; a step of the agent may contain several."""
    for message in messages:
        kind = message.get("message_type")
        role, text = "assistant", ""
        if kind == "user_message":
            role, text = "user", _unwrapped(_text(message.get("content")))
        elif kind == "assistant_message":
            text = _text(message.get("content"))
        elif kind == "tool_call_message":
            text = _sent(message.get("tool_call"))
        if text:
            name = message.get("name")
            yield Message(
                id=str(message.get("id")),
                role=role,
                text=text,
                name=name if role == "user" and isinstance(name, str) else None,
                at=_time(message.get("date")),
            )


def _text(content: object) -> str:
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return "\n".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _unwrapped(text: str) -> str:
    """The user's text in Letta's wrapper; "" for a notice of Letta. Any different JSON is the user's own text."""
    wrapper = _object(text)
    if wrapper.get("type") in _EVENTS:
        return ""
    inner = wrapper.get("message")
    return inner.strip() if wrapper.get("type") == "user_message" and isinstance(inner, str) else text


def _sent(call: object) -> str:
    if not isinstance(call, dict) or call.get("name") != "send_message":
        return ""
    arguments = call.get("arguments")
    fields = arguments if isinstance(arguments, dict) else _object(arguments if isinstance(arguments, str) else "")
    message = fields.get("message")
    return message.strip() if isinstance(message, str) else ""


def _object(text: str) -> dict[str, Any]:
    if not text.startswith("{"):
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _time(date: object) -> datetime | None:
    try:
        at = aware(datetime.fromisoformat(date)) if isinstance(date, str) else None
        return to_utc(at) if at is not None else None
    except ValueError:
        return None
