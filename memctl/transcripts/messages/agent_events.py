"""The JSON that MemGPT and Letta wrap around messages to an agent, and the messages that an agent sends by calling a
tool. Heartbeats, logins and alerts come in the same wrapper as the user's words, and with the user's role."""

import json
from typing import Any

from memctl.transcripts.files.jsonstream import text_of

_EVENTS = frozenset({"heartbeat", "login", "system_alert", "function_response", "system_message"})


def unwrapped(text: str) -> tuple[str, str | None]:
    """The user's text in a wrapper, or "" and the kind of event. Other text, JSON included, is the user's own."""
    wrapper = json_object(text)
    kind = text_of(wrapper.get("type"))
    if kind == "user_message" and "message" in wrapper:
        return text_of(wrapper["message"]).strip(), None
    return ("", kind) if kind in _EVENTS else (text, None)


def sent(call: object) -> str:
    """The text an agent sends by calling `send_message`, as older agents do; "" for other calls."""
    if not isinstance(call, dict) or call.get("name") != "send_message":
        return ""
    arguments = call.get("arguments")
    fields = arguments if isinstance(arguments, dict) else json_object(text_of(arguments))
    return text_of(fields.get("message")).strip()


def json_object(text: str) -> dict[str, Any]:
    """`text` as a JSON object, empty if it is not one."""
    if not text.startswith("{"):
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
