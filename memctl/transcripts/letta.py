"""Letta message dumps: messages with a `message_type`, as listed for an agent; and agent files, which
`letta_agent_file` converts to that form.

Only what user and agent said to each other becomes turns. Letta wraps messages to an agent in JSON and sends heartbeats
and login notices in the same way, as the user; those are skipped. Fields as in letta-client 1.12.1.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts import letta_agent_file
from memctl.transcripts.discovery import Document
from memctl.transcripts.jsonstream import name_of, text_of
from memctl.transcripts.message_lists import held_messages, objects, oldest_first
from memctl.transcripts.model import ReadOptions, Role, Session, Turn
from memctl.transcripts.peek import Head
from memctl.transcripts.session_builder import content_text, instant

NAME = "letta"


def sniff(head: Head) -> bool:
    """Messages with a `message_type`, bare or in an object's `messages`; or an agent file."""
    inner = held_messages(head.first) or []
    held = any(isinstance(item, dict) and "message_type" in item for item in inner)
    return held or "message_type" in head.keys or letta_agent_file.is_one(head.keys)


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
                if not isinstance(message, dict) or "message_type" not in message:
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
    agent = name_of(record.get("agent_id"))
    name = name_of(record.get("conversation_id")) or agent or stem
    yield name, agent, None, [record] if messages is None else messages


def _session(
    name: str, agent: str | None, owner: str | None, messages: list[dict[str, Any]], options: ReadOptions
) -> Session:
    notes: Counter[str] = Counter()
    turns = []
    for index, message in enumerate(messages):
        kind = text_of(message["message_type"])
        role, text = _said(kind, message, notes)
        if role is None or not text:
            continue
        turns.append(
            Turn(
                turn_id=name_of(message.get("id")) or str(index),
                role=role,
                speaker=name_of(message.get("name")),
                text=text,
                at=instant(message.get("date"), options.timezone),
                raw_kind=kind,
            )
        )
    ordered = oldest_first(turns)
    return Session(
        source_format=NAME,
        session_id=name,
        started_at=next((turn.at for turn in ordered if turn.at), None),
        owner=owner,
        agent_id=agent,
        turns=ordered,
        notes=dict(notes),
    )


def _said(kind: str, message: Mapping[str, Any], notes: Counter[str]) -> tuple[Role | None, str]:
    """Role and text of a message; no role if it is not a turn, which is counted."""
    role: Role | None = None
    text = ""
    if kind == "user_message":
        role, text = "user", _unwrapped(content_text(message.get("content")), notes)
    elif kind == "assistant_message":
        role, text = "assistant", content_text(message.get("content"))
    elif kind == "tool_call_message":
        role, text = "assistant", _sent(message.get("tool_call"))
    if role is None or (kind == "tool_call_message" and not text):
        notes[kind or "unknown message"] += 1
        return None, ""
    if not text and kind == "assistant_message":
        notes["message without text"] += 1
    return role, text


def _unwrapped(text: str, notes: Counter[str]) -> str:
    """The user's text in Letta's JSON wrapper, "" for Letta's own events. Other JSON is the user's text."""
    wrapper = _object(text)
    kind = text_of(wrapper.get("type"))
    if kind == "user_message":
        text = text_of(wrapper.get("message")).strip()
    elif kind in ("heartbeat", "login", "system_alert", "function_response"):
        notes[kind] += 1
        return ""
    if not text:
        notes["message without text"] += 1
    return text


def _sent(call: object) -> str:
    """The text an agent sends by calling `send_message`, as older agents do; "" for other calls."""
    if not isinstance(call, dict) or call.get("name") != "send_message":
        return ""
    arguments = call.get("arguments")
    fields = arguments if isinstance(arguments, dict) else _object(text_of(arguments))
    return text_of(fields.get("message")).strip()


def _object(text: str) -> dict[str, Any]:
    """`text` as a JSON object, empty if it is not one."""
    if not text.startswith("{"):
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
