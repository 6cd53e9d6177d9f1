"""LibreChat exports: a conversation with its messages as a list, or as a tree of `children`.

`{"conversationId", "endpoint", "title", "exportAt", "messages" | "messagesTree"}`; a message has `messageId`,
`parentMessageId`, `isCreatedByUser`, `sender`, and `text` or `content`. Layout as in LibreChat's own importer. The
chat read is the path to the newest message.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.jsonstream import name_of
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.fields import Fields
from memctl.transcripts.messages.message_lists import add_tree
from memctl.transcripts.messages.session_builder import SessionBuilder, bad_record, is_half, records
from memctl.transcripts.model import ReadOptions, Session

NAME = "librechat"
_LISTS = ("messages", "messagesTree")


def sniff(head: Head) -> bool:
    """A conversation with LibreChat's ids of messages."""
    return any(
        "conversationId" in record and any("messageId" in message for message in _listed(record)[:20])
        for record in head.records[:20]
    )


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One session per conversation, the newest branch only unless `options.branches`."""
    for number, (where, record) in enumerate(records(document), start=1):
        if isinstance(record, BadTranscript):
            yield record
        elif is_half(record):
            yield bad_record(where, "the conversation is incomplete")
        elif not isinstance(record, Mapping) or not any(isinstance(record.get(key), list) for key in _LISTS):
            yield bad_record(where, "a conversation without messages")
        else:
            yield _session(document, number, record, options)


def _listed(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The messages of a conversation, those below others included, parents first."""
    found: list[Mapping[str, Any]] = []
    waiting = [message for key in _LISTS if isinstance(record.get(key), list) for message in reversed(record[key])]
    while waiting:
        message = waiting.pop()
        if isinstance(message, Mapping):
            found.append(message)
            children = message.get("children")
            waiting += reversed(children) if isinstance(children, list) else ()
    return found


def _session(document: Document, number: int, record: Mapping[str, Any], options: ReadOptions) -> Session:
    builder = SessionBuilder(NAME)
    messages = {name_of(message.get("messageId")) or f"#{n}": message for n, message in enumerate(_listed(record))}
    parents = {key: name_of(message.get("parentMessageId")) for key, message in messages.items()}
    add_tree(builder, messages, parents, None, options)
    fields = Fields(record)
    return builder.build(
        name_of(record.get("conversationId")) or builder.key(document, number),
        title=fields.name(("title",)),
        started_at=fields.time(options)[0] if not builder.turns else None,
        owner=fields.owner(),
    )
