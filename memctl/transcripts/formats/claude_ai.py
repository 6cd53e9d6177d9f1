"""Claude.ai exports: conversations, and Claude's memories of the account.

Reads `conversations.json` of the older single archive and of the `conversations-000.zip` that a manifest lists since
September 2026; `memories.json` and `memories/<uuid>.json`. Pasted text is an attachment: it becomes a turn of role
`tool`, because it is not the user's own text. A memory is Claude's summary: it becomes a turn of role `assistant` and
kind `memory`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.jsonstream import name_of, text_of
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.branches import Node, depth_first, live_path
from memctl.transcripts.messages.content import content_text
from memctl.transcripts.messages.fields import Fields
from memctl.transcripts.messages.session_builder import (
    TIME_UNCLEAR,
    SessionBuilder,
    bad_record,
    is_half,
    records,
    role_of,
)
from memctl.transcripts.model import ReadOptions, Session
from memctl.transcripts.timestamps import instant

NAME = "claude"
_MEMORY_KEYS = frozenset({"conversations_memory", "project_memories", "memory_files"})


def sniff(head: Head) -> bool:
    return any("chat_messages" in record or _MEMORY_KEYS & set(record) for record in (head.keys, *head.records[:20]))


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One session per conversation, the active branch only unless `options.branches`, and one per memory record."""
    for number, (where, record) in enumerate(records(document), start=1):
        where = where.replace(": record", ": conversation")
        if isinstance(record, BadTranscript):
            yield record
        elif is_half(record):
            yield bad_record(where, "the conversation is incomplete")
        elif isinstance(record, Mapping) and isinstance(record.get("chat_messages"), list):
            yield _conversation(document, number, record, options)
        elif isinstance(record, Mapping) and record.keys() & _MEMORY_KEYS:
            yield _memories(document, record, options)
        else:
            yield bad_record(where, "neither a conversation (chat_messages) nor memories")


def _conversation(document: Document, number: int, record: Mapping[str, Any], options: ReadOptions) -> Session:
    builder = SessionBuilder(NAME)
    messages = [message for message in record["chat_messages"] if isinstance(message, Mapping)]
    for message, parent in _in_order(builder, record, messages, options):
        _add(builder, message, parent, options)
    return builder.build(
        name_of(record.get("uuid")) or builder.key(document, number),
        title=name_of(record.get("name")),
        started_at=instant(record.get("created_at"), options.timezone),
    )


def _in_order(
    builder: SessionBuilder,
    record: Mapping[str, Any],
    messages: list[Mapping[str, Any]],
    options: ReadOptions,
) -> list[tuple[Mapping[str, Any], str | None]]:
    """The messages to read with their parents' ids; all, in file order, if none names a parent."""
    by_id = {str(message.get("uuid") or f"#{index}"): message for index, message in enumerate(messages)}
    if len(by_id) < len(messages) or not any(message.get("parent_message_uuid") for message in messages):
        return [(message, None) for message in messages]
    nodes: dict[str, Node] = {}
    for name, message in by_id.items():
        parent = message.get("parent_message_uuid")
        at = instant(message.get("created_at"), options.timezone)
        nodes[name] = Node(parent if isinstance(parent, str) and parent in by_id else None, at)
    leaf = record.get("current_leaf_message_uuid")
    path = live_path(nodes, leaf if isinstance(leaf, str) else None)
    if options.branches:
        path = depth_first(nodes, path)
    builder.skip("abandoned branch", len(nodes) - len(path))
    return [(by_id[name], nodes[name].parent) for name in path]


def _add(builder: SessionBuilder, message: Mapping[str, Any], parent: str | None, options: ReadOptions) -> None:
    role = role_of(message.get("sender"))
    if role is None:
        builder.skip("unknown role")
        return
    name = name_of(message.get("uuid")) or str(len(builder.turns))
    at, unclear = Fields({"created_at": message.get("created_at")}).time(options)
    builder.skip(TIME_UNCLEAR, int(unclear))
    blocks = message.get("content")
    blocks = [block for block in blocks if isinstance(block, Mapping)] if isinstance(blocks, list) else []
    calls = _add_tool_results(builder, blocks, name, options)
    text = content_text([block for block in blocks if block.get("type") == "text"])
    text = text or ("" if blocks else text_of(message.get("text")).strip())
    attachments = message.get("attachments")
    attachments = attachments if isinstance(attachments, list) else []
    files = message.get("files")
    builder.skip("file", len(files) if isinstance(files, list) else 0)
    if text or not (calls or attachments):
        builder.add(role, text, turn_id=name, at=at, parent_id=parent, raw_kind="text")
    for index, attachment in enumerate(attachments):
        if isinstance(attachment, Mapping):
            builder.add(
                "tool",
                text_of(attachment.get("extracted_content")).strip(),
                turn_id=f"{name}:attachment:{index}",
                speaker=name_of(attachment.get("file_name")),
                at=at,
                parent_id=name,
                raw_kind="attachment",
            )


def _add_tool_results(builder: SessionBuilder, blocks: list[Mapping[str, Any]], name: str, options: ReadOptions) -> int:
    """Add the tool results in a message, count other blocks that are not text, and return the number of tool calls."""
    calls = 0
    for index, block in enumerate(blocks):
        kind = block.get("type")
        if kind == "tool_result":
            builder.add(
                "tool",
                content_text(block.get("content")),
                turn_id=f"{name}:tool:{index}",
                speaker=name_of(block.get("name")),
                at=instant(block.get("stop_timestamp"), options.timezone),
                parent_id=name,
                raw_kind="tool_result",
            )
        elif kind == "tool_use":
            calls += 1
            builder.skip("tool call")
        elif kind == "thinking":
            builder.skip("thinking")
    return calls


def _memories(document: Document, record: Mapping[str, Any], options: ReadOptions) -> Session:
    builder = SessionBuilder(NAME)
    kept: list[tuple[str, object, object]] = [("conversations_memory", record.get("conversations_memory"), None)]
    projects = record.get("project_memories")
    if isinstance(projects, Mapping):
        kept += [(f"project:{name}", text, None) for name, text in projects.items()]
    files = record.get("memory_files")
    for file in files if isinstance(files, list) else ():
        if isinstance(file, Mapping):
            kept.append((f"file:{file.get('path')}", file.get("content"), file.get("updated_at")))
    for name, text, at in kept:
        if text:
            builder.add(
                "assistant",
                text_of(text).strip(),
                turn_id=name_of(name),
                at=instant(at, options.timezone),
                raw_kind="memory",
            )
    account = name_of(record.get("account_uuid"))
    return builder.build(f"memories-{account or document.stem}", title="Claude's memory")
