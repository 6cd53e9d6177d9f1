"""SillyTavern chats: JSONL with a header and one message per line.

The header has `user_name` and `character_name`; a message has `name`, `is_user`, `is_system`, `mes` and `send_date`.
Of several versions of an answer (`swipes`), `mes` is the one chosen. Layout as in SillyTavern's sources. The user's
name in a chat is that of a persona, so it names no speaker.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.jsonstream import name_of, text_of
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.fields import Fields
from memctl.transcripts.messages.session_builder import TIME_UNCLEAR, SessionBuilder, bad_record, is_half, records
from memctl.transcripts.model import ReadOptions, Session

NAME = "sillytavern"


def sniff(head: Head) -> bool:
    """A message with the fields of SillyTavern, or the header of a chat."""
    return any(_is_message(record) or _is_header(record) for record in head.records[:20])


def _is_message(record: Mapping[str, Any]) -> bool:
    return {"name", "is_user", "mes"} <= record.keys()


def _is_header(record: Mapping[str, Any]) -> bool:
    return {"user_name", "character_name"} <= record.keys()


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """The one session of the file."""
    builder = SessionBuilder(NAME)
    title = None
    for number, (where, record) in enumerate(records(document)):
        if isinstance(record, BadTranscript):
            yield record
        elif is_half(record):
            builder.skip("incomplete last line")
        elif isinstance(record, Mapping) and _is_message(record):
            _add(builder, record, number, options)
        elif isinstance(record, Mapping) and (_is_header(record) or "chat_metadata" in record):
            title = name_of(record.get("character_name")) or title
        else:
            yield bad_record(where, "not a message of a chat")
    yield builder.build(builder.key(document), title=title)


def _add(builder: SessionBuilder, message: Mapping[str, Any], number: int, options: ReadOptions) -> None:
    text = text_of(message.get("mes")).strip()
    if message.get("is_system"):
        builder.skip("hidden message" if text else "no text")
        return
    at, unclear = Fields({"send_date": message.get("send_date")}).time(options)
    builder.skip(TIME_UNCLEAR, int(unclear))
    user = message.get("is_user") is True
    speaker = None if user else name_of(message.get("name"))
    builder.add("user" if user else "assistant", text, turn_id=str(number), speaker=speaker, at=at, raw_kind="mes")
