"""ChatGPT exports: `conversations.json`, or `conversations-000.json` and so on.

A conversation is a tree of nodes under `mapping`; the chat shown is the path from `current_node` up its parents. The
format is undocumented; this was observed in exports of 2023 to 2026. Saved memories are not exported, but messages to
the recipient `bio` write them: they become turns of kind `memory_write`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.jsonstream import name_of, text_of
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.branches import depth_first, live_path, mapping_tree
from memctl.transcripts.messages.fields import LISTS, Fields
from memctl.transcripts.messages.session_builder import TIME_UNCLEAR, SessionBuilder, bad_record, is_half, records
from memctl.transcripts.model import ReadOptions, Session
from memctl.transcripts.timestamps import instant

NAME = "chatgpt"

ANONYMOUS = "Anonymous"
"""What ChatGPT calls the person who shared a conversation."""
_SHELL = frozenset({"title", "create_time", "conversation_id"})
_THINKING = frozenset({"thoughts", "reasoning_recap"})
_CONTEXT = {"user_editable_context": "custom instructions", "model_editable_context": "model context"}
_FROM_TOOLS = frozenset(
    {"execution_output", "tether_quote", "tether_browsing_display", "sonic_webpage", "system_error"}
)


def sniff(head: Head) -> bool:
    """A tree of messages in any of the first records, or the record of a chat that was left without one."""
    records = [*head.records, *(inner for record in head.records for inner in _inside(record))]
    if any(isinstance(record.get("mapping"), Mapping) for record in records):
        return True
    if "mapping" in head.keys:
        return isinstance(head.first.get("mapping", {}), Mapping)
    return any(record.keys() >= _SHELL and "messages" not in record for record in records)


def _inside(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The conversations that a wrapper lists."""
    if "mapping" in record:
        return []
    for _, listed in Fields(record).values(LISTS):
        chats = [inner for inner in listed if isinstance(inner, Mapping)] if isinstance(listed, list) else []
        if any(isinstance(chat.get("mapping"), Mapping) for chat in chats):
            return chats
    return []


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One session per conversation, the active branch only unless `options.branches`."""
    for number, (where, record) in enumerate(records(document), start=1):
        where = where.replace(": record", ": conversation")
        if isinstance(record, BadTranscript):
            yield record
        elif is_half(record):
            yield bad_record(where, "the conversation is incomplete")
        elif isinstance(record, Mapping) and (inner := _inside(record)):
            for place, conversation in enumerate(inner, start=1):
                yield _conversation(document, f"{where}: chat {place}", f"{number}-{place}", conversation, options)
        else:
            yield _conversation(document, where, number, record, options)


def _conversation(
    document: Document, where: str, number: int | str, record: object, options: ReadOptions
) -> Session | BadTranscript:
    if not isinstance(record, Mapping) or not isinstance(record.get("mapping"), Mapping):
        return bad_record(where, "a conversation without a mapping of its messages")
    return _session(document, number, record, options)


def _session(document: Document, number: int | str, record: Mapping[str, Any], options: ReadOptions) -> Session:
    builder = SessionBuilder(NAME)
    messages, nodes = mapping_tree(record["mapping"], "create_time")
    current = record.get("current_node")
    path = live_path(nodes, current if isinstance(current, str) else None)
    if options.branches:
        path = depth_first(nodes, path)
    else:
        kept = set(path)
        aside = sum(name not in kept and _said(message) for name, message in messages.items())
        builder.skip("abandoned branch", aside)
    turn_of: dict[str, str | None] = {}
    for name in path:
        above = turn_of.get(nodes[name].parent or "")
        message = messages.get(name)
        turn_of[name] = (message and _add(builder, name, message, above, options)) or above
    times = [node.at for node in nodes.values() if node.at]
    return builder.build(
        name_of(record.get("conversation_id")) or name_of(record.get("id")) or builder.key(document, number),
        title=name_of(record.get("title")),
        started_at=instant(record.get("create_time")) or min(times, default=None) or instant(record.get("update_time")),
        agent_id=name_of(record.get("gizmo_id")),
    )


def _add(
    builder: SessionBuilder, name: str, message: Mapping[str, Any], above: str | None, options: ReadOptions
) -> str | None:
    content = _mapping(message.get("content"))
    kind = name_of(content.get("content_type")) or "text"
    author = _mapping(message.get("author"))
    role = author.get("role")
    reason = _passed_over(message, kind, role)
    if reason:
        builder.skip(reason)
        return None
    at, unclear = Fields({"create_time": message.get("create_time")}).time(options)
    builder.skip(TIME_UNCLEAR, int(unclear))
    turn_id = name_of(name)
    text = _text(content)
    recipient = message.get("recipient")
    if role == "user":
        # What was said before somebody shared the conversation was said by that person.
        shared = _mapping(message.get("metadata")).get("shared_conversation_id")
        speaker = ANONYMOUS if shared else None
        return builder.add("user", text, turn_id=turn_id, speaker=speaker, at=at, parent_id=above, raw_kind=kind)
    if role == "tool" or kind in _FROM_TOOLS:
        if author.get("name") == "bio":
            builder.skip("memory write receipt")
            return None
        speaker = name_of(author.get("name"))
        return builder.add("tool", text, turn_id=turn_id, speaker=speaker, at=at, parent_id=above, raw_kind=kind)
    if role != "assistant":
        builder.skip("unknown role")
        return None
    if recipient == "bio":
        return builder.add("assistant", text, turn_id=turn_id, at=at, parent_id=above, raw_kind="memory_write")
    if recipient not in (None, "", "all"):
        builder.skip("tool call")
        return None
    return builder.add("assistant", text, turn_id=turn_id, at=at, parent_id=above, raw_kind=kind)


def _passed_over(message: Mapping[str, Any], kind: str, role: object) -> str | None:
    if kind in _CONTEXT:
        return _CONTEXT[kind]
    if message.get("weight") == 0:
        return "hidden message"
    if _mapping(message.get("metadata")).get("is_visually_hidden_from_conversation"):
        return "hidden message"
    if role == "system":
        return "system message"
    return "thinking" if kind in _THINKING else None


def _text(content: Mapping[str, Any]) -> str:
    """The text of a message: `text` or `result`, or the strings and audio transcriptions of `parts`."""
    parts = content.get("parts")
    if not isinstance(parts, list):
        return text_of(content.get("text") or content.get("result")).strip()
    texts: list[str] = []
    for part in parts:
        if isinstance(part, str):
            texts.append(text_of(part).strip())
        elif isinstance(part, Mapping) and part.get("content_type") in ("audio_transcription", "text"):
            texts.append(text_of(part.get("text")).strip())
    return "\n".join(text for text in texts if text)


def _said(message: Mapping[str, Any]) -> bool:
    content = _mapping(message.get("content"))
    role = _mapping(message.get("author")).get("role")
    kind = content.get("content_type")
    return role in ("user", "assistant") and not _passed_over(message, str(kind), role) and bool(_text(content))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
