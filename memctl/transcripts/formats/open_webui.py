"""Open WebUI exports: one chat or a list of chats, each with its messages as a tree.

`{"id", "user_id", "title", "chat": {"history": {"messages": {id: message}, "currentId"}}}`; a message has `parentId`,
`role`, `content` and `timestamp`. Layout as in Open WebUI's own export and import. The chat shown is the path from
`currentId` up its parents.
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

NAME = "open-webui"


def sniff(head: Head) -> bool:
    return any(_history(record) is not None for record in head.records[:20])


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One session per chat, the active branch only unless `options.branches`."""
    for number, (where, record) in enumerate(records(document), start=1):
        if isinstance(record, BadTranscript):
            yield record
        elif is_half(record):
            yield bad_record(where, "the chat is incomplete")
        elif not isinstance(record, Mapping) or (history := _history(record)) is None:
            yield bad_record(where, "a chat without a history of its messages")
        else:
            yield _session(document, number, record, history, options)


def _history(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The tree of a chat, in the record itself or in its `chat`."""
    chat = record.get("chat", record)
    history = chat.get("history") if isinstance(chat, Mapping) else None
    if not isinstance(history, Mapping) or not isinstance(history.get("messages"), Mapping):
        return None
    messages = history["messages"].values()
    tree = all(isinstance(message, Mapping) and "parentId" in message for message in messages)
    return history if "currentId" in history or (tree and messages) else None


def _session(
    document: Document, number: int, record: Mapping[str, Any], history: Mapping[str, Any], options: ReadOptions
) -> Session:
    builder = SessionBuilder(NAME)
    messages = {key: value for key, value in history["messages"].items() if isinstance(value, Mapping)}
    parents = {key: name_of(message.get("parentId")) for key, message in messages.items()}
    add_tree(builder, messages, parents, name_of(history.get("currentId")), options)
    builder.skip("not a message", len(history["messages"]) - len(messages))
    fields = Fields(record)
    chat = record.get("chat")
    return builder.build(
        fields.name(("id", "chatid")) or builder.key(document, number),
        title=fields.name(("title",)) or (Fields(chat).name(("title",)) if isinstance(chat, Mapping) else None),
        started_at=fields.time(options)[0],
        owner=fields.owner(),
    )
