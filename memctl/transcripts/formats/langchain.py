"""LangChain messages, and LangGraph states with messages.

Three forms of langchain-core: `messages_to_dict` (`{"type", "data"}`), `dumpd` (`{"lc", "id", "kwargs"}`), and
`model_dump` (flat). Messages have no times; those in `response_metadata` are used.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.jsonstream import name_of
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.fields import Fields
from memctl.transcripts.messages.message_lists import add_message
from memctl.transcripts.messages.session_builder import (
    SessionBuilder,
    bad_record,
    is_half,
    owner_of,
    records,
)
from memctl.transcripts.model import ReadOptions, Role, Session

NAME = "langchain"
_KINDS: Mapping[str, Role] = {
    "human": "user",
    "ai": "assistant",
    "system": "system",
    "developer": "system",
    "tool": "tool",
    "function": "tool",
}
_CHAT_ROLES: Mapping[str, Role] = {**_KINDS, "user": "user", "assistant": "assistant"}


def sniff(head: Head) -> bool:
    if head.shape == "array" and head.sample[0] and isinstance(head.sample[0][0], list):
        return any(_is_message(message) for message in head.sample[0][0][:3])
    records = head.records[:20]
    return any(_is_message(record) or any(map(_is_message, (_messages(record) or [])[:20])) for record in records)


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One session per conversation or state; bare messages are one session for the file.

    In a state history each state repeats earlier messages, so only the longest state of each thread is read.
    """
    bare: list[Any] = []
    states: dict[str, tuple[int, Mapping[str, Any]]] = {}
    half = False
    for number, (where, record) in enumerate(records(document), start=1):
        if isinstance(record, BadTranscript):
            yield record
        elif is_half(record):
            half = True
        elif _is_message(record):
            bare.append(record)
        elif isinstance(record, Mapping) and (thread := _thread(record)) and _messages(record) is not None:
            kept = states.get(thread)
            if kept is None or len(_messages(record) or ()) > len(_messages(kept[1]) or ()):
                states[thread] = number, record
        elif isinstance(record, list) or (isinstance(record, Mapping) and _messages(record) is not None):
            yield _session(document, number, record, options)
        else:
            yield bad_record(where, "neither a LangChain message nor a list of them")
    for number, state in states.values():
        yield _session(document, number, state, options)
    if bare or half:
        yield _session(document, None, bare, options, half=half)


def _session(
    document: Document, number: int | None, record: Any, options: ReadOptions, *, half: bool = False
) -> Session:
    builder = SessionBuilder(NAME)
    about: Mapping[str, Any] = record if isinstance(record, Mapping) else {}
    for index, message in enumerate(record if isinstance(record, list) else _messages(record) or ()):
        _add(builder, message, index, options)
    builder.skip("incomplete last line", int(half))
    return builder.build(
        _thread(about) or name_of(about.get("id")) or builder.key(document, number),
        started_at=Fields(about).time(options)[0],
        owner=owner_of(about) or owner_of(_configurable(about)),
    )


def _add(builder: SessionBuilder, message: object, index: int, options: ReadOptions) -> None:
    opened = _opened(message)
    if opened is None:
        builder.skip("not a message")
        return
    kind, data = opened
    role = _CHAT_ROLES.get(str(data.get("role"))) if kind == "chat" else _KINDS.get(kind)
    if role is None:
        builder.skip("unknown role")
        return
    add_message(builder, data, index, options, role=role, kind=kind)


def _opened(message: object) -> tuple[str, Mapping[str, Any]] | None:
    """A message's kind (`human`, `ai`, …) and fields, in any of the three forms."""
    if not isinstance(message, Mapping):
        return None
    kind = message.get("type")
    if "lc" in message and kind == "constructor":
        data = message.get("kwargs")
        path = message.get("id")
        name = path[-1] if isinstance(path, list) and path and isinstance(path[-1], str) else ""
        kind = name.removesuffix("Chunk").removesuffix("Message").lower()
    else:
        data = message.get("data") if "data" in message else message
    if not isinstance(data, Mapping) or not isinstance(kind, str):
        return None
    return kind.removesuffix("MessageChunk").lower(), data


def _is_message(value: object) -> bool:
    opened = _opened(value)
    if opened is None or (opened[0] not in _KINDS and opened[0] != "chat"):
        return False
    return opened[1] is not value or "content" in opened[1]


def _messages(record: Mapping[str, Any]) -> list[Any] | None:
    values = record.get("values")
    held = values if isinstance(values, Mapping) else record
    found = held.get("messages")
    return found if isinstance(found, list) else None


def _configurable(record: Mapping[str, Any]) -> Mapping[str, Any]:
    config = record.get("config")
    inner = config.get("configurable") if isinstance(config, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def _thread(record: Mapping[str, Any]) -> str | None:
    return name_of(record.get("thread_id")) or name_of(_configurable(record).get("thread_id"))
