"""OpenAI chat messages as JSON or JSONL, and similar files.

A list of `{"role", "content"}`, one message per line, `{"messages": [...]}` as one object, in a list or one per line
(the fine-tuning format), a list of lists, and thread lines `{"thread_id", "role", "name", "content", "created_at"}`.
Field names as in OpenAI's chat completions reference; times and owners are common extensions.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.discovery import Document
from memctl.transcripts.jsonstream import name_of
from memctl.transcripts.model import ReadOptions, Session
from memctl.transcripts.peek import Head
from memctl.transcripts.session_builder import (
    SessionBuilder,
    bad_record,
    content_text,
    instant,
    is_half,
    is_tool_result,
    owner_of,
    records,
    role_of,
)

NAME = "openai"
_THREADS = ("thread_id", "session_id", "conversation_id")
_IDS = ("id", "uuid", "message_id")
_TIMES = ("created_at", "timestamp", "create_time", "time", "date")


def sniff(head: Head) -> bool:
    if head.shape == "array" and head.sample[0] and isinstance(head.sample[0][0], list):
        return any(_is_message(message) for message in head.sample[0][0][:3])
    first = head.first
    if isinstance(first.get("messages"), list):
        return any(_is_message(message) for message in first["messages"][:3]) or first["messages"] == []
    return any(_is_message(record) for record in head.records[:3])


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One session per conversation object; bare messages are one session per thread, or one for the file."""
    run = _Run(document)
    for index, (where, record) in enumerate(records(document), start=1):
        if isinstance(record, BadTranscript):
            yield record
        elif is_half(record):
            run.half = True
        elif isinstance(record, list) or (isinstance(record, dict) and isinstance(record.get("messages"), list)):
            yield from run.flush()
            yield _conversation(document, index, record, options)
        elif isinstance(record, dict) and "role" in record:
            yield from run.add(record, options)
        else:
            yield bad_record(where, "neither a message (role, content) nor a conversation (messages)")
    yield from run.flush(last=True)


class _Run:
    """Consecutive bare messages of one thread, collected into a session."""

    def __init__(self, document: Document) -> None:
        self.half = False
        self._document = document
        self._thread: str | None = None
        self._owner: str | None = None
        self._count: dict[str | None, int] = {}
        self._builder = SessionBuilder(NAME)

    def add(self, message: Mapping[str, Any], options: ReadOptions) -> Iterator[Session]:
        thread = _first(message, _THREADS)
        if thread != self._thread:
            yield from self.flush()
            self._thread = thread
        self._owner = self._owner or owner_of(message)
        number = self._count[thread] = self._count.get(thread, -1) + 1
        _add(self._builder, message, number, options)

    def flush(self, *, last: bool = False) -> Iterator[Session]:
        if last and self.half:
            self._builder.skip("incomplete last line")
        if self._builder.turns or self._builder.notes:
            key = self._thread or self._builder.key(self._document)
            yield self._builder.build(key, owner=self._owner)
        self._builder = SessionBuilder(NAME)
        self._owner = None


def _conversation(document: Document, index: int, record: Any, options: ReadOptions) -> Session:
    builder = SessionBuilder(NAME)
    about: Mapping[str, Any] = {} if isinstance(record, list) else record
    for number, message in enumerate(record if isinstance(record, list) else record["messages"]):
        if isinstance(message, Mapping):
            _add(builder, message, number, options)
        else:
            builder.skip("not a message")
    started_at = next((at for key in _TIMES if (at := instant(about.get(key), options.timezone))), None)
    return builder.build(
        _first(about, (*_THREADS, *_IDS)) or builder.key(document, index),
        title=_first(about, ("title", "name")),
        started_at=started_at,
        owner=owner_of(about),
        agent_id=_first(about, ("agent_id", "assistant_id")),
    )


def _add(builder: SessionBuilder, message: Mapping[str, Any], number: int, options: ReadOptions) -> None:
    role = role_of(message.get("role"))
    content = message.get("content")
    if role is None:
        builder.skip("unknown role")
        return
    if role == "user" and is_tool_result(content):
        role = "tool"
    text = content_text(content)
    kind = "message"
    if not text and message.get("refusal"):
        text, kind = content_text(message["refusal"]), "refusal"
    if not text and (message.get("tool_calls") or message.get("function_call")):
        builder.skip("tool call")
        return
    builder.add(
        role,
        text,
        turn_id=_first(message, _IDS) or str(number),
        speaker=_first(message, ("name",)),
        at=next((at for key in _TIMES if (at := instant(message.get(key), options.timezone))), None),
        raw_kind="tool" if role == "tool" else kind,
    )


def _is_message(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    return role_of(value.get("role")) is not None and ("type" not in value or value["type"] == "message")


def _first(record: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    return next((found for key in keys if (found := name_of(record.get(key)))), None)
