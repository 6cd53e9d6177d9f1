"""Copilot chats of VS Code: `chat.json` ("Chat: Export Chat") and the files of `chatSessions`.

`{"requesterUsername", "responderUsername", "requests": [{"requestId", "message": {"text"}, "response": [part],
"timestamp"}]}`. Parts of an answer without a kind are Markdown; others are tool calls, edits and progress. Layout as
in VS Code's `chatModel.ts`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.jsonstream import name_of, text_of
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.content import content_of
from memctl.transcripts.messages.fields import Fields
from memctl.transcripts.messages.injected import own_words
from memctl.transcripts.messages.session_builder import (
    TEXT_NOT_FOUND,
    TIME_UNCLEAR,
    SessionBuilder,
    bad_record,
    is_half,
    records,
)
from memctl.transcripts.model import ReadOptions, Session

NAME = "copilot-chat"
_TITLES = ("customtitle", "title")


def sniff(head: Head) -> bool:
    return any(_is_chat(record) for record in head.records[:20])


def _is_chat(record: Mapping[str, Any]) -> bool:
    requests = record.get("requests")
    if not isinstance(requests, list):
        return False
    said = any(isinstance(request, Mapping) and "message" in request for request in requests)
    return said or "responderUsername" in record


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One session per chat."""
    for number, (where, record) in enumerate(records(document), start=1):
        if isinstance(record, BadTranscript):
            yield record
        elif is_half(record) or not isinstance(record, Mapping) or not isinstance(record.get("requests"), list):
            yield bad_record(where, "a chat without requests")
        else:
            yield _session(document, number, record, options)


def _session(document: Document, number: int, record: Mapping[str, Any], options: ReadOptions) -> Session:
    builder = SessionBuilder(NAME)
    for index, request in enumerate(record["requests"]):
        if not isinstance(request, Mapping):
            builder.skip("not a message")
        elif request.get("shouldBeRemovedOnSend") or request.get("isHidden"):
            builder.skip("rolled-back turn")
        else:
            _add(builder, request, index, options)
    fields = Fields(record)
    return builder.build(
        name_of(record.get("sessionId")) or builder.key(document, number),
        title=fields.name(_TITLES),
        started_at=fields.time(options)[0],
    )


def _add(builder: SessionBuilder, request: Mapping[str, Any], index: int, options: ReadOptions) -> None:
    """Add what the user asked and the answer."""
    at, unclear = Fields({"timestamp": request.get("timestamp")}).time(options)
    builder.skip(TIME_UNCLEAR, int(unclear))
    message = content_of(request.get("message"))
    words, reasons = own_words(message.text)
    for reason in reasons:
        builder.skip(reason)
    turn_id = name_of(request.get("requestId")) or str(index)
    asked = None
    if words:
        asked = builder.add("user", words, turn_id=turn_id, at=at, raw_kind="request")
    elif not reasons:
        builder.skip(f"{TEXT_NOT_FOUND} in message" if message.unclear else "no text")
    parts = request.get("response")
    texts: list[str] = []
    for part in parts if isinstance(parts, list) else ():
        kind = name_of(part.get("kind")) if isinstance(part, Mapping) else None
        if kind in (None, "markdownContent"):
            texts.append(_markdown(part))
        else:
            builder.skip("thinking" if kind == "thinking" else "tool call")
    if answer := "".join(texts).strip():
        key = name_of(request.get("responseId")) or f"{turn_id}:response"
        builder.add("assistant", answer, turn_id=key, parent_id=asked, raw_kind="response")


def _markdown(part: object) -> str:
    """The text of a part of an answer."""
    if isinstance(part, Mapping):
        inner = part.get("content", part.get("value"))
        return _markdown(inner) if isinstance(inner, Mapping) else text_of(inner)
    return text_of(part)
