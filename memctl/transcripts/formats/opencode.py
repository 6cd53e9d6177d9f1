"""opencode sessions: what `opencode export` prints, or a list of its messages.

`{"info": {"id", "title", "time"}, "messages": [{"info": {"id", "role", "time"}, "parts": [part]}]}`. Parts that
opencode added are `synthetic`. A session that was undone says from which message on (`revert`). Layout as in
opencode's sources.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.jsonstream import name_of
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.fields import Fields
from memctl.transcripts.messages.message_lists import add_message
from memctl.transcripts.messages.session_builder import SessionBuilder, bad_record, is_half, records
from memctl.transcripts.model import ReadOptions, Session

NAME = "opencode"


def sniff(head: Head) -> bool:
    return any(_is_message(record) or any(map(_is_message, _messages(record)[:20])) for record in head.records[:20])


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One session per export; bare messages are one session for the file. A sub-agent's session has no turns unless
    `options.sidechains`."""
    bare: list[Any] = []
    for number, (where, record) in enumerate(records(document), start=1):
        if isinstance(record, BadTranscript):
            yield record
        elif is_half(record):
            yield bad_record(where, "the last line is incomplete")
        elif isinstance(record, Mapping) and _is_message(record):
            bare.append(record)
        elif isinstance(record, Mapping) and isinstance(record.get("messages"), list):
            info = record.get("info")
            yield _session(document, number, info if isinstance(info, Mapping) else {}, record["messages"], options)
        else:
            yield bad_record(where, "neither a session nor a message")
    if bare:
        yield _session(document, None, {}, bare, options)


def _is_message(value: object) -> bool:
    info = value.get("info") if isinstance(value, Mapping) else None
    return isinstance(value, Mapping) and isinstance(info, Mapping) and "role" in info and "parts" in value


def _messages(record: Mapping[str, Any]) -> list[Any]:
    messages = record.get("messages")
    return messages if isinstance(messages, list) else []


def _session(
    document: Document, number: int | None, info: Mapping[str, Any], messages: list[Any], options: ReadOptions
) -> Session:
    builder = SessionBuilder(NAME)
    revert = info.get("revert")
    undone = name_of(revert.get("messageID")) if isinstance(revert, Mapping) else None
    reverted = False
    for index, message in enumerate(messages):
        inner = message.get("info") if isinstance(message, Mapping) else None
        key = name_of(inner.get("id")) if isinstance(inner, Mapping) else None
        reverted = reverted or (undone is not None and key == undone)
        if reverted:
            builder.skip("rolled-back turn")
        else:
            add_message(builder, message, index, options)
    if info.get("parentID") and not options.sidechains:
        builder.skip("sidechain", len(builder.turns))
        builder.turns = []
    fields = Fields(info)
    return builder.build(
        name_of(info.get("id")) or _session_id(messages) or builder.key(document, number),
        title=fields.name(("title",)),
        started_at=fields.time(options)[0],
    )


def _session_id(messages: list[Any]) -> str | None:
    """The session that the first message names."""
    info = messages[0].get("info") if messages and isinstance(messages[0], Mapping) else None
    return name_of(info.get("sessionID")) if isinstance(info, Mapping) else None
