"""Shared by all formats with lists of messages: finding the lists, and reading one message in any spelling.

A message is an object with a role and a text; `memctl.transcripts.messages.fields` lists the names of both.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.jsonstream import HALF_LINE, name_of
from memctl.transcripts.messages import fields as names
from memctl.transcripts.messages.agent_events import unwrapped
from memctl.transcripts.messages.branches import Node, depth_first, live_path
from memctl.transcripts.messages.content import FILE, MARKER, Content, content_in, content_of
from memctl.transcripts.messages.fields import Fields
from memctl.transcripts.messages.injected import own_words
from memctl.transcripts.messages.session_builder import (
    TEXT_NOT_FOUND,
    TIME_UNCLEAR,
    SessionBuilder,
    bad_record,
    records,
    role_of,
)
from memctl.transcripts.model import ReadOptions, Role, Turn

_INSIDE = ("message", "info", "data", "msg", "node", "response")
_BY_ID = ("store", "chatstore", "conversations", "chats", "sessions", "threads", "data", "history")
"""Where a wrapper may keep lists of messages by the id of their conversation."""
_NOT_IDS: names.Names = (*names.LISTS, *names.TEXT)
_EARLIER = ("threads", "archivedthreads")
"""Where a conversation keeps its earlier ones."""
"""Where an envelope keeps its message."""
_DEEPEST = 6
_PEEKED = 20


def objects(document: Document) -> Iterator[tuple[str, dict[str, Any] | BadTranscript]]:
    """(where, object) for each record of the file; a record that is not an object is a BadTranscript.

    An incomplete last line is skipped.
    """
    for where, value in records(document):
        if isinstance(value, dict | BadTranscript):
            yield where, value
        elif value is not HALF_LINE:
            yield where, bad_record(where, "not a JSON object")


def held_messages(record: Mapping[str, Any]) -> list[Any] | None:
    """The `messages` in a wrapper object as a list, None if there are none."""
    messages = record.get("messages")
    if isinstance(messages, str):
        return [{"role": "user", "content": messages}]
    if isinstance(messages, dict):
        return [messages]
    return messages if isinstance(messages, list) else None


def conversations_in(record: object, depth: int = 0) -> Iterator[tuple[Mapping[str, Any], list[Any]]]:
    """The conversations in a wrapper: what it says about each (id, title, owner), and its messages.

    A wrapper keeps messages in a list, by id, as a JSON string, or in an object inside it; or it keeps several
    conversations, which inherit its owner.
    """
    if _is_list(record):
        yield {}, record
    elif isinstance(record, list):
        for inner in record:
            yield from conversations_in(inner, depth + 1)
    elif isinstance(record, Mapping) and depth <= _DEEPEST:
        if len(record) > 1 and all(map(is_message, record.values())):
            yield {}, list(record.values())
            return
        fields = Fields(record)
        if record and not fields.has(_NOT_IDS) and all(map(_is_list, record.values())):
            for key, messages in record.items():
                yield {"id": key}, messages
            return
        for name, value in fields.values(names.LISTS):
            inside = list(_conversations_under(name, _decoded(value), record, fields, depth))
            if inside:
                yield from inside
                return


def _conversations_under(
    name: str, value: Any, record: Mapping[str, Any], fields: Fields, depth: int
) -> Iterator[tuple[Mapping[str, Any], list[Any]]]:
    """The conversations in one field of a wrapper."""
    if isinstance(value, Mapping) and value and all(map(is_message, value.values())):
        value = list(value.values())
    if _is_list(value) or (name == "messages" and value == []):
        yield record, value
        for _, earlier in fields.values(_EARLIER if name not in _EARLIER else ()):
            yield from conversations_in(earlier, depth + 1)
    elif name in _BY_ID and isinstance(value, Mapping) and value and all(map(_is_list, value.values())):
        for key, messages in value.items():
            yield {**record, "id": key}, messages
    else:
        owner = fields.owner()
        for about, messages in conversations_in(value, depth + 1):
            inherited = record if isinstance(value, Mapping) else {"user_id": owner} if owner else {}
            yield {**inherited, **about}, messages


def holds_messages(value: object) -> bool:
    """Whether a record is a message or a wrapper of some."""
    return is_message(value) or holds_conversations(value)


def holds_conversations(value: object) -> bool:
    """Whether a record is a wrapper of messages."""
    return any(True for _ in conversations_in(value))


def has_text(message: Mapping[str, Any] | Fields) -> bool:
    """Whether a message has one of the fields of a text."""
    return opened(message).has(names.TEXT)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list) and any(map(is_message, value[:_PEEKED]))


def is_message(value: object) -> bool:
    """Whether a record has a known `role`, or a role by another name and a text."""
    if not isinstance(value, Mapping | Fields):
        return False
    fields = opened(value)
    if role_of(fields.value(("role",))):
        return True
    return role_in(fields) is not None and fields.has(names.TEXT)


def is_item(record: Mapping[str, Any]) -> bool:
    """Whether a record without a role is a call of a tool, its result, or a thought, between messages."""
    content = content_of(record) if "type" in record else Content()
    return bool(content.results or content.others)


def opened(message: Mapping[str, Any] | Fields) -> Fields:
    """The fields of a message, together with those of the envelope around it."""
    if isinstance(message, Fields):
        return message
    fields = Fields(message)
    if role_in(fields) is not None:
        return fields
    for name in _INSIDE:
        inner = fields.value((name,))
        if isinstance(inner, Mapping) and role_in(Fields(inner)) is not None:
            outer = {key: value for key, value in message.items() if value is not inner}
            return Fields({**outer, **inner})
    return fields


def role_in(fields: Fields) -> Role | None:
    """The role in a record, under any of the names of a role."""
    if role := _named_role(fields, names.ROLE):
        return role
    for flags, role, otherwise in ((names.IS_USER, "user", "assistant"), (names.IS_ASSISTANT, "assistant", "user")):
        flag = next((value for _, value in fields.values(flags) if isinstance(value, bool)), None)
        if flag is not None:
            return role_of(role if flag else otherwise)
    return _named_role(fields, names.SAID_BY)


def _named_role(fields: Fields, where: names.Names) -> Role | None:
    for _, value in fields.values(where):
        if isinstance(value, Mapping):
            value = Fields(value).value(("role", "type", "kind"))
        if role := role_of(value):
            return role
    return None


def speaker_in(fields: Fields) -> str | None:
    """The name of who sent a message, None if there is only a role."""
    if name := fields.name(names.SPEAKER):
        return None if role_of(name) == "user" else name
    for _, value in fields.values(("sender", "author", "from", "participant", "user")):
        name = Fields(value).name(names.SPEAKER) if isinstance(value, Mapping) else name_of(value)
        if name and role_of(name) is None:
            return name
    return None


def add_message(
    builder: SessionBuilder,
    message: object,
    number: int,
    options: ReadOptions,
    *,
    role: Role | None = None,
    kind: str | None = None,
    parent_id: str | None = None,
) -> str | None:
    """Add the turn of a message to `builder`, or count why there is none; the turn's id.

    `number` is its id if it has none. `role` overrides that of the message, `kind` is its `raw_kind`.
    `parent_id` overrides the parent, "" is none. What coding tools put into messages of the user is left out.
    """
    if not isinstance(message, Mapping | Fields):
        builder.skip("not a message")
        return None
    fields = opened(message)
    said = _said(fields, role or role_in(fields))
    if isinstance(said, str):
        builder.skip(said)
        return None
    role, content = said
    builder.skip("part of a message not understood", int(content.unclear))
    for reason in content.others:
        builder.skip(reason, int(reason not in (MARKER, FILE)))
    at, unclear = fields.time(options)
    builder.skip(TIME_UNCLEAR, int(unclear))
    turn_id = fields.name(names.ID) or str(number)
    key = builder.add(
        role,
        content.text or content.results,
        turn_id=turn_id,
        speaker=speaker_in(fields),
        at=at,
        parent_id=fields.name(names.PARENT) if parent_id is None else parent_id or None,
        raw_kind=kind or ("tool" if role == "tool" else "message"),
        owner=fields.owner(),
    )
    if key is not None and role == "user" and (sender := fields.sender()):
        builder.senders[key] = sender
    if content.text and content.results:
        builder.add("tool", content.results, turn_id=f"{turn_id}:tool", at=at, parent_id=key, raw_kind="tool")
    return key


def _said(fields: Fields, role: Role | None) -> tuple[Role, Content] | str:
    """The role and the content of a message with words, else the reason why it has none."""
    content = content_in(fields)
    if role is None:
        content = content_of(fields.record)
        if not content.results:
            return content.others[0] if content.others else "unknown role" if content.text else "not a message"
        return "tool", content
    if fields.value(names.DELETED):
        return "deleted message"
    if fields.value(names.IS_THOUGHT) is True:
        return "thinking"
    if fields.value(names.IS_INJECTED) is True:
        return "injected context"
    if role == "user":
        words, event = unwrapped(content.text)
        words, injected = own_words(words)
        content = content._replace(text=words, others=(*([event] if event else injected), *content.others))
    if not content.text:
        content = content._replace(text=content_of(fields.value(("refusal",))).text)
    if not content.text and not content.results:
        return _without_text(fields, content.others, unclear=content.unclear)
    return (role if content.text else "tool"), content


def add_tree(
    builder: SessionBuilder,
    messages: Mapping[str, Mapping[str, Any]],
    parents: Mapping[str, str | None],
    leaf: str | None,
    options: ReadOptions,
) -> None:
    """Add the messages of a tree: the path to `leaf`, or to the newest message if that is unknown; all with
    `options.branches`."""
    nodes = {name: Node(parents.get(name), opened(message).time(options)[0]) for name, message in messages.items()}
    path = live_path(nodes, leaf)
    if options.branches:
        path = depth_first(nodes, path)
    builder.skip("abandoned branch", len(nodes) - len(path))
    turns: dict[str, str | None] = {}
    for number, name in enumerate(path):
        above = turns.get(nodes[name].parent or "")
        turns[name] = add_message(builder, messages[name], number, options, parent_id=above or "") or above


def oldest_first(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """The turns in chronological order if the service listed the newest first, else unchanged."""
    times = [turn.at for turn in turns if turn.at]
    newest_first = len(times) == len(turns) > 1 and times[0] > times[-1]
    return tuple(reversed(turns)) if newest_first else tuple(turns)


def _without_text(fields: Fields, others: Sequence[str], *, unclear: bool) -> str:
    """Why a message has no text: it has something else, or it has one that was not found."""
    if others:
        return others[0]
    if fields.value(names.CALLS):
        return "tool call"
    if unclear or not fields.has((*names.TEXT, *names.FILES, "refusal")):
        known = (*names.ID, *names.ROLE, *names.TIME)
        where = [key for key, value in fields.record.items() if names.plain(key) not in known and value is not None]
        return f"{TEXT_NOT_FOUND} in {', '.join(sorted(where)[:5]) or 'the message'}"
    return "no text"


def _decoded(value: object) -> object:
    """A list or object that is kept as a JSON string; any other value as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
