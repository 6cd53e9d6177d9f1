"""Messenger and Instagram chats in JSON, from Meta's "Download your information" and Messenger's encrypted storage.

`{"participants": [{"name"}], "messages": [{"sender_name", "timestamp_ms", "content", "is_unsent", "photos"}]}`, newest
first, where every byte of UTF-8 is written as a character; or `{"participants": [name], "threadName", "messages":
[{"senderName", "timestamp", "text", "isUnsent", "media"}]}`. People have no ids, and the file does not name its owner.
One session per chat and day. The format is undocumented; these forms are from published exports.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.jsonstream import elements, name_of, text_of
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.daily import DailySessions
from memctl.transcripts.messages.fields import Fields
from memctl.transcripts.messages.message_lists import oldest_first
from memctl.transcripts.messages.pasted import PASTED, own_part
from memctl.transcripts.messages.session_builder import TIME_UNCLEAR, SessionBuilder
from memctl.transcripts.model import ReadOptions, Role, Session

NAME = "messenger"

_SIGNS = ({"sender_name", "timestamp_ms"}, {"senderName", "timestamp"})
_NOBODY = frozenset({"facebook user", "instagram user", "instagrammer", "messenger user"})
"""What stands for all people whose accounts no longer exist."""
_MEDIA = ("photos", "videos", "audio_files", "gifs", "files", "sticker", "media", "share")
_BY_APP = re.compile(r"(?:reacted .{1,40} to (?:your|a) message|liked a message)\.?", re.IGNORECASE)
_SENT = r"sent (?:an?|\d+) (?:attachment|photo|video|gif|sticker|voice message|link|live location|location)s?\.?\Z"
_NOTICE = re.compile(
    rf"{_SENT}|(?:named|changed|set|added|removed|left|joined|created|pinned|unpinned|missed|called|started|ended|turned"
    r"|unsent a message)\b",
    re.IGNORECASE,
)
"""What the app writes behind the name of the sender, in English."""
_OWN_NOTICE = re.compile(rf"You (?:{_SENT}|(?:named the group|missed a (?:video )?call|unsent a message)\b)")


def sniff(head: Head) -> bool:
    """A chat with participants whose messages have the name of their sender."""
    messages = head.first.get("messages")
    if not isinstance(head.first.get("participants"), list) or not isinstance(messages, list):
        return False
    signed = [isinstance(each, Mapping) and any(sign <= each.keys() for sign in _SIGNS) for each in messages[:5]]
    return any(signed) or (not signed and "thread_path" in head.first)


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One session per day, `<chat>/<date>`; a turn's id is its time in milliseconds."""
    parts = document.stem.startswith("message_")
    chat = (document.parent if parts else None) or document.stem
    title = text_of(Head(document).first.get("title") or Head(document).first.get("threadName"))
    days = DailySessions(NAME, chat, _decoded(title) or None)
    for _, message in elements(document, "messages.item"):
        if not isinstance(message, Mapping):
            days.builder.skip("not a message")
            continue
        written = message.get("timestamp_ms", message.get("timestamp"))
        at, unclear = Fields({"timestamp": written}).time(options)
        yield from map(_in_order, days.turn_to(at))
        days.builder.skip(TIME_UNCLEAR, int(unclear))
        _add(days.builder, message, str(written), at)
    yield from map(_in_order, days.close())


def _in_order(session: Session) -> Session:
    return msgspec.structs.replace(session, turns=oldest_first(session.turns))


def _add(builder: SessionBuilder, message: Mapping[str, Any], turn_id: str, at: datetime | None) -> None:
    encoded = "sender_name" in message
    read = _decoded if encoded else str
    speaker = read(name_of(message.get("sender_name" if encoded else "senderName")) or "").strip()
    text = read(text_of(message.get("content" if encoded else "text"))).strip()
    text, pasted = own_part(text)
    if message.get("is_unsent") or message.get("isUnsent"):
        builder.skip("deleted message")
    elif "call_duration" in message or message.get("type") == "placeholder" or _is_notice(text, speaker):
        builder.skip("system line")
    elif not text:
        media = any(message.get(key) for key in _MEDIA)
        builder.skip(PASTED if pasted else "media" if media else "no text")
    elif not speaker or speaker.casefold() in _NOBODY:
        builder.skip("message without a sender")
    else:
        builder.skip(PASTED, int(pasted))
        role: Role = "assistant" if speaker == "Meta AI" else "user"
        builder.add(role, text, turn_id=turn_id, speaker=speaker, at=at, raw_kind="message")


def _is_notice(text: str, speaker: str) -> bool:
    """Whether the app wrote a line, about the sender or a reaction."""
    if _BY_APP.fullmatch(text) or _OWN_NOTICE.match(text):
        return True
    names = (name for name in (speaker, speaker.split(" ")[0]) if name)
    return any(text.startswith(f"{name} ") and _NOTICE.match(text, len(name) + 1) for name in names)


def _decoded(text: str) -> str:
    """The text whose bytes in UTF-8 the export wrote as characters."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text
