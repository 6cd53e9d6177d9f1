"""Messages in Letta agent files (`.af`), complete exports of agents.

A file contains a list of agents with `messages`; in the form of early 2025 it is a single agent. Fields as in
`AgentFileSchema` of Letta 0.16. `letta` decides which messages are turns.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from memctl.transcripts.files.jsonstream import name_of

_KINDS = {
    "user": "user_message",
    "assistant": "assistant_message",
    "system": "system_message",
    "tool": "tool_return_message",
}
_OWNER = "user:"


class Agent(NamedTuple):
    """An agent's conversation: its name, the user in its tags, and its messages, None if they are not a list. Invalid
    messages are passed on."""

    name: str | None
    owner: str | None
    messages: list[Any] | None


def is_one(keys: Collection[str]) -> bool:
    """Whether an object with these keys is an agent file."""
    return {"agents", "blocks"} <= set(keys) or {"agent_type", "core_memory", "messages"} <= set(keys)


def agents(record: Mapping[str, Any]) -> Iterator[Agent]:
    """The agents of a file."""
    held = record.get("agents", [record])
    for agent in held if isinstance(held, list) else [held]:
        messages = agent.get("messages") if isinstance(agent, dict) else None
        if not isinstance(messages, list):
            yield Agent(None, None, None)
            continue
        parts = [part for message in messages for part in _parted(message)]
        yield Agent(name_of(agent.get("name")), _owner(agent), parts)


def _owner(agent: Mapping[str, Any]) -> str | None:
    tags = agent.get("tags")
    users = [tag for tag in tags if isinstance(tag, str) and tag.startswith(_OWNER)] if isinstance(tags, list) else []
    return users[0].removeprefix(_OWNER) or None if len(users) == 1 else None


def _parted(message: object) -> Iterator[Any]:
    """A message as the API lists it: text and tool calls separately.

    Identified by its time, because every export gives the messages new numbers.
    """
    if not isinstance(message, dict) or "role" not in message:
        yield message
        return
    at, role = message.get("created_at"), str(message["role"])
    common = {"id": at or message.get("id"), "date": at, "name": message.get("name")}
    yield common | {"message_type": _KINDS.get(role, role), "content": message.get("content")}
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict):
            yield common | {"message_type": "tool_call_message", "tool_call": call.get("function")}
