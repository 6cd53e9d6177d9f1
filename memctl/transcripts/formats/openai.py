"""OpenAI chat messages as JSON or JSONL, and the many files that are similar.

A list of `{"role", "content"}`, one message per line, `{"messages": [...]}` as one object, in a list or one per line
(the fine-tuning format), a list of lists, and thread lines `{"thread_id", "role", "name", "content", "created_at"}`.
Field names as in OpenAI's chat completions reference; times, owners and other spellings are common extensions. The
same lists are written by the AI SDK (`parts`), LlamaIndex (`blocks`), Gemini's API (`contents`), Cohere and Vapi
(`message`), Chatbox (`contentParts`), and many programs of people's own.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages import fields as names
from memctl.transcripts.messages.fields import Fields
from memctl.transcripts.messages.message_lists import (
    add_message,
    conversations_in,
    has_text,
    holds_conversations,
    holds_messages,
    is_item,
    is_message,
    opened,
)
from memctl.transcripts.messages.session_builder import SessionBuilder, bad_record, is_half, records
from memctl.transcripts.model import ReadOptions, Session

NAME = "openai"
_SNIFFED = 20


def sniff(head: Head) -> bool:
    """Messages, or wrappers of messages, among the first records."""
    listed = head.sample[0] if head.shape == "array" else head.sample
    return any(map(holds_messages, listed[:_SNIFFED]))


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One session per conversation object; bare messages are one session per thread, or one for the file."""
    run = _Run(document)
    for index, (where, record) in enumerate(records(document), start=1):
        if isinstance(record, BadTranscript):
            yield record
        elif is_half(record):
            run.half = True
        elif (
            isinstance(record, Mapping)
            and is_message(fields := opened(record))
            and (has_text(fields) or not holds_conversations(record))
        ):
            yield from run.add(fields, options)
        elif conversations := list(conversations_in(record)):
            yield from run.flush()
            for number, (about, messages) in enumerate(conversations):
                place = f"{index}-{number}" if number else index
                yield _conversation(document, place, about, messages, options)
        elif isinstance(record, Mapping) and (Fields(record).has(("role",)) or is_item(record)):
            yield from run.add(Fields(record), options)
        else:
            yield bad_record(where, "neither a message (role, content) nor a conversation (messages)")
    yield from run.flush(last=True)


class _Run:
    """Consecutive bare messages of one thread, collected into a session."""

    def __init__(self, document: Document) -> None:
        self.half = False
        self._document = document
        self._thread: str | None = None
        self._count: dict[str | None, int] = {}
        self._builder = SessionBuilder(NAME)

    def add(self, message: Fields, options: ReadOptions) -> Iterator[Session]:
        thread = message.name(names.THREAD)
        if thread != self._thread:
            yield from self.flush()
            self._thread = thread
        number = self._count[thread] = self._count.get(thread, -1) + 1
        add_message(self._builder, message, number, options)

    def flush(self, *, last: bool = False) -> Iterator[Session]:
        if last and self.half:
            self._builder.skip("incomplete last line")
        if self._builder.turns or self._builder.notes:
            yield self._builder.build(self._thread or self._builder.key(self._document))
        self._builder = SessionBuilder(NAME)


def _conversation(
    document: Document, index: int | str, about: Mapping[str, Any], messages: list[Any], options: ReadOptions
) -> Session:
    builder = SessionBuilder(NAME)
    for number, message in enumerate(messages):
        add_message(builder, message, number, options)
    fields = Fields(about)
    return builder.build(
        fields.name((*names.THREAD, *names.ID)) or builder.key(document, index),
        title=fields.name(names.TITLE),
        started_at=fields.time(options)[0],
        owner=fields.owner(),
        agent_id=fields.name(names.AGENT),
    )
