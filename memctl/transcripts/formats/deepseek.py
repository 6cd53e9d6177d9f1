"""DeepSeek exports: `conversations.json`, whose messages are fragments in a tree.

A fragment says by its type who speaks: REQUEST is the user, RESPONSE the assistant, THINK is reasoning; others are
searches and files that were read. Layout as in exports of 2025; the chat shown is the path to the newest message.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.jsonstream import name_of
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.branches import depth_first, live_path, mapping_tree
from memctl.transcripts.messages.content import content_text
from memctl.transcripts.messages.fields import Fields
from memctl.transcripts.messages.session_builder import (
    TEXT_NOT_FOUND,
    TIME_UNCLEAR,
    SessionBuilder,
    bad_record,
    is_half,
    records,
)
from memctl.transcripts.model import ReadOptions, Role, Session

NAME = "deepseek"
_ROLES: Mapping[str, Role] = {"REQUEST": "user", "RESPONSE": "assistant"}
_OTHERS = {"THINK": "thinking", "SEARCH": "tool call", "READ_LINK": "tool call", "TOOL_SEARCH": "tool call"}


def sniff(head: Head) -> bool:
    """A tree of which a message has fragments, or a chat with DeepSeek's name of its time."""
    return any(
        isinstance(record.get("mapping"), Mapping)
        and ("inserted_at" in record or any(map(_has_fragments, record["mapping"].values())))
        for record in head.records
    )


def _has_fragments(node: object) -> bool:
    message = node.get("message") if isinstance(node, Mapping) else None
    return isinstance(message, Mapping) and "fragments" in message


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One session per conversation, the active branch only unless `options.branches`."""
    for number, (where, record) in enumerate(records(document), start=1):
        where = where.replace(": record", ": conversation")
        if isinstance(record, BadTranscript):
            yield record
        elif is_half(record):
            yield bad_record(where, "the conversation is incomplete")
        elif not isinstance(record, Mapping) or not isinstance(record.get("mapping"), Mapping):
            yield bad_record(where, "a conversation without a mapping of its messages")
        else:
            yield _session(document, number, record, options)


def _session(document: Document, number: int, record: Mapping[str, Any], options: ReadOptions) -> Session:
    builder = SessionBuilder(NAME)
    messages, nodes = mapping_tree(record["mapping"], "inserted_at")
    path = live_path(nodes, None)
    if options.branches:
        path = depth_first(nodes, path)
    builder.skip("abandoned branch", len(messages.keys() - set(path)))
    turn_of: dict[str, str | None] = {}
    for name in path:
        above = turn_of.get(nodes[name].parent or "")
        turn_of[name] = (name in messages and _add(builder, name, messages[name], above, options)) or above
    fields = Fields(record)
    return builder.build(
        name_of(record.get("id")) or builder.key(document, number),
        title=name_of(record.get("title")),
        started_at=fields.time(options)[0],
    )


def _add(
    builder: SessionBuilder, name: str, message: Mapping[str, Any], above: str | None, options: ReadOptions
) -> str | None:
    """Add the turns of a message, one for each speaker in it; the id of the last one."""
    at, unclear = Fields(message).time(options)
    # The offset is that of DeepSeek's servers for everybody, so it does not say which day it was for the user.
    at = at.astimezone(options.timezone or UTC) if at else None
    builder.skip(TIME_UNCLEAR, int(unclear))
    fragments = message.get("fragments")
    said: dict[Role, list[str]] = {}
    for fragment in fragments if isinstance(fragments, list) else ():
        kind = str(fragment.get("type")) if isinstance(fragment, Mapping) else ""
        if role := _ROLES.get(kind):
            said.setdefault(role, []).append(content_text(fragment.get("content")))
        else:
            builder.skip(_OTHERS.get(kind, "part of a message not understood"))
    if not said and not fragments:
        builder.skip(f"{TEXT_NOT_FOUND} in {', '.join(sorted(message)[:5])}")
    last = None
    for role, texts in said.items():
        text = "\n".join(text for text in texts if text)
        turn_id = name if last is None else f"{name}:{role}"
        last = builder.add(role, text, turn_id=turn_id, at=at, parent_id=last or above, raw_kind="text") or last
    return last
