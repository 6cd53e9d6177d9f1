"""Letta message dumps: messages with a `message_type`, as listed for an agent; and agent files, which
`letta_agent_file` converts to that form.

Only what user and agent said to each other becomes turns. Letta wraps messages to an agent in JSON and sends heartbeats
and login notices in the same way, as the user; those are skipped. Fields as in letta-client 1.12.1.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.peek import Head
from memctl.transcripts.formats import letta_agent_file
from memctl.transcripts.messages.agent_events import sent, unwrapped
from memctl.transcripts.messages.content import content_in
from memctl.transcripts.messages.fields import Fields
from memctl.transcripts.messages.message_lists import held_messages, objects, oldest_first
from memctl.transcripts.messages.session_builder import TEXT_NOT_FOUND, TIME_UNCLEAR, SessionBuilder
from memctl.transcripts.model import ReadOptions, Role, Session

NAME = "letta"
_KIND = ("messagetype",)
_TEXT = ("content", "text", "message", "assistantmessage")
_ROLES: Mapping[str, Role] = {
    "user_message": "user",
    "assistant_message": "assistant",
    "tool_call_message": "assistant",
}


def sniff(head: Head) -> bool:
    """Messages with a `message_type`, bare or in an object's `messages`; or an agent file."""
    listed = [*head.records[:20], *(item for record in head.records[:20] for item in held_messages(record) or ())]
    return any(map(_is_message, listed)) or letta_agent_file.is_one(head.keys)


def _is_message(value: object) -> bool:
    return isinstance(value, dict) and Fields(value).has(_KIND)


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One Session per conversation, named by its id, else the agent's, else the file. Agents of an agent file are named
    by their names, because their ids are only numbers.

    Other messages (system prompt, reasoning, tool calls and results, summaries) are counted by `message_type`.
    """
    gathered: dict[str, list[dict[str, Any]]] = {}
    agents: dict[str, str | None] = {}
    owners: dict[str, str | None] = {}
    for where, record in objects(document):
        if isinstance(record, BadTranscript):
            yield record
            continue
        for name, agent, owner, messages in _conversations(record, document.stem):
            for message in messages:
                if not _is_message(message):
                    yield BadTranscript("not a Letta message", where=where, hint="the other messages are read")
                    continue
                gathered.setdefault(name, []).append(message)
                agents.setdefault(name, agent)
                owners.setdefault(name, owner)
    for name, messages in gathered.items():
        yield _session(name, agents[name], owners[name], messages, options)


def _conversations(record: Mapping[str, Any], stem: str) -> Iterator[tuple[str, str | None, str | None, list[Any]]]:
    """Name, agent, owner and messages of each conversation in a record."""
    if letta_agent_file.is_one(record):
        names: Counter[str] = Counter()
        for said in letta_agent_file.agents(record):
            name = said.name or stem
            names[name] += 1
            # Two agents of different users may have the same name.
            name = name if names[name] == 1 else f"{name}#{names[name]}"
            yield name, None, said.owner, [None] if said.messages is None else said.messages
        return
    messages = held_messages(record)
    fields = Fields(record)
    agent = fields.name(("agentid",))
    name = fields.name(("conversationid",)) or agent or stem
    yield name, agent, None, [record] if messages is None else messages


def _session(
    name: str, agent: str | None, owner: str | None, messages: list[dict[str, Any]], options: ReadOptions
) -> Session:
    builder = SessionBuilder(NAME)
    for index, message in enumerate(messages):
        _add(builder, Fields(message), index, options)
    builder.turns = list(oldest_first(builder.turns))
    return builder.build(
        name,
        started_at=next((turn.at for turn in builder.turns if turn.at), None),
        owner=owner,
        agent_id=agent,
    )


def _add(builder: SessionBuilder, fields: Fields, index: int, options: ReadOptions) -> None:
    """Add the turn of a message, or count what it is instead."""
    kind = fields.name(_KIND) or "unknown message"
    content = content_in(fields, _TEXT)
    role: Role | None = _ROLES.get(kind)
    text = content.text
    if kind == "user_message":
        text, event = unwrapped(text)
        if event:
            builder.skip(event)
            return
    elif kind == "tool_call_message":
        text = sent(fields.value(("toolcall",)))
    if role is None or (kind == "tool_call_message" and not text):
        builder.skip(kind)
        return
    if not text:
        builder.skip(f"{TEXT_NOT_FOUND} in {kind}" if content.unclear or not fields.has(_TEXT) else "no text")
        return
    at, unclear = fields.time(options)
    builder.skip(TIME_UNCLEAR, int(unclear))
    builder.add(
        role, text, turn_id=fields.name(("id",)) or str(index), speaker=fields.name(("name",)), at=at, raw_kind=kind
    )
