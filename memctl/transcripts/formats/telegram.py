"""Telegram Desktop's JSON export (`result.json`) of one chat or of a whole account.

A chat is `{"name", "type", "id", "messages": [message]}`; an account has `personal_information` and
`{"chats": {"list": [chat]}}`, `left_chats` alike. A message has `date` in the exporting computer's local time and
`date_unixtime`, `from` and `from_id`, and a `text` that is a string or a list of strings and entities. Layout as in
Telegram Desktop's `export_output_json.cpp`. One session per chat and day.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.jsonstream import list_items, name_of, text_of
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.daily import DailySessions
from memctl.transcripts.messages.pasted import PASTED, own_part
from memctl.transcripts.messages.people import People
from memctl.transcripts.messages.session_builder import TIME_UNCLEAR, SessionBuilder
from memctl.transcripts.model import ReadOptions, Role, Session
from memctl.transcripts.timestamps import instant

NAME = "telegram"

_CHATS = ("", "chats.list.item", "left_chats.list.item")
_MEDIA = frozenset(
    {"photo", "file", "media_type", "sticker_emoji", "game_title", "invoice_information", "giveaway_information"}
    | {"giveaway_start", "giveaway_results", "paid_media", "story_id"}
)
_ASIDE = {"poll": "poll", "contact_information": "contact", "location_information": "location", "todo_list": "list"}
_QUOTES = ("blockquote", "expandable_blockquote")
_LONGEST_OFFSET = timedelta(hours=14)


class Chat(NamedTuple):
    """What a chat says about itself."""

    key: str
    name: str | None
    is_with_bot: bool


def sniff(head: Head) -> bool:
    """A chat whose messages are Telegram's, or the beginning of an account."""
    first = head.first
    if {"about", "personal_information"} <= first.keys() or any(
        isinstance(part := first.get(name), Mapping) and isinstance(part.get("list"), list)
        for name in ("chats", "left_chats")
    ):
        return True
    messages = first.get("messages")
    return isinstance(messages, list) and any(map(_is_message, messages[:20]))


def _is_message(value: object) -> bool:
    if not isinstance(value, Mapping) or value.get("type") not in ("message", "service"):
        return False
    sent = "from_id" in value or "actor_id" in value
    return "id" in value and ("date_unixtime" in value or ("date" in value and sent))


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One session per chat and day, `telegram-<id>/<date>`. An account's sessions belong to its holder.

    The file is read twice: people are told apart by their ids, for which all names have to be known.
    """
    chats, people = _overview(document)
    labels = people.labels()
    holder = _holder(document)
    owner = labels.get(holder) if holder else None
    current: int | None = None
    days = DailySessions(NAME, "telegram")
    for number, name, value in list_items(document, _CHATS, "messages"):
        if number != current:
            yield from days.close()
            chat = chats[number]
            current, days = number, DailySessions(NAME, f"telegram-{chat.key}", chat.name, owner)
        if name == "messages":
            at = _time(value, options) if isinstance(value, Mapping) else None
            yield from days.turn_to(at)
            _add(days.builder, value, at, chat, labels)
    yield from days.close()


def _overview(document: Document) -> tuple[dict[int, Chat], People]:
    """The chats by their number in the file, and everybody who sent something."""
    about: dict[int, dict[str, str | None]] = {}
    people = People()
    for number, name, value in list_items(document, _CHATS, "messages"):
        fields = about.setdefault(number, {})
        if name != "messages":
            fields[name] = name_of(value)
        elif isinstance(value, Mapping) and (sender := _sender(value)):
            people.meet(sender, name_of(value.get("from")))
    chats = {
        number: Chat(fields.get("id") or document.stem, fields.get("name"), fields.get("type") == "bot_chat")
        for number, fields in about.items()
    }
    return chats, people


def _holder(document: Document) -> str | None:
    """The id of the account's holder, if the file is the export of an account."""
    person = Head(document).first.get("personal_information")
    return _user(name_of(person.get("user_id"))) if isinstance(person, Mapping) else None


def _sender(message: Mapping[str, Any]) -> str | None:
    return _user(name_of(message.get("from_id")))


def _user(key: str | None) -> str | None:
    """An id as today's exports write it; older ones write users as bare numbers."""
    return f"user{key}" if key and key.isdecimal() else key


def _add(builder: SessionBuilder, message: object, at: datetime | None, chat: Chat, labels: Mapping[str, str]) -> None:
    if not isinstance(message, Mapping) or message.get("type") != "message":
        kind = message.get("type") if isinstance(message, Mapping) else None
        builder.skip("service message" if kind == "service" else "not a message")
        return
    if "forwarded_from" in message:
        # Only a name says who wrote it, and that may be anybody's.
        builder.skip("forwarded message")
        return
    if message.get("via_bot"):
        builder.skip("message written by a bot")
        return
    text, quoted = _text(message)
    if quoted:
        builder.skip("quoted text")
    text, pasted = own_part(text)
    builder.skip(PASTED, int(pasted))
    sender = _sender(message)
    speaker = labels.get(sender or "") or name_of(message.get("from"))
    if not text.strip() and pasted:
        return
    if not text.strip():
        aside = next((reason for key, reason in _ASIDE.items() if key in message), None)
        builder.skip(aside or ("media" if _MEDIA & message.keys() else "no text"))
    elif not speaker:
        builder.skip("message without a sender")
    else:
        builder.skip(TIME_UNCLEAR, int(at is None and bool(message.get("date_unixtime") or message.get("date"))))
        role, kind = _role(sender, chat)
        builder.add(
            role,
            text.strip(),
            turn_id=name_of(message.get("id")),
            speaker=speaker,
            at=at,
            parent_id=None if message.get("reply_to_peer_id") else name_of(message.get("reply_to_message_id")),
            raw_kind=kind,
        )


def _role(sender: str | None, chat: Chat) -> tuple[Role, str]:
    """The role of a sender, and the kind of message. Who writes in the name of a channel or group is not known."""
    if chat.is_with_bot and sender == f"user{chat.key}":
        return "assistant", "bot message"
    if sender and not sender.startswith("user"):
        return "tool", "channel post"
    return "user", "message"


def _text(message: Mapping[str, Any]) -> tuple[str, bool]:
    """The sender's own words, and whether the message quotes others."""
    value = message.get("text") or message.get("text_entities")
    parts = value if isinstance(value, list) else [value]
    words: list[str] = []
    quoted = False
    for part in parts:
        if not isinstance(part, Mapping):
            words.append(text_of(part))
        elif part.get("type") in _QUOTES:
            quoted = True
            words.append("\n")
        else:
            text, link = text_of(part.get("text")), text_of(part.get("href"))
            words.append(f"{text} ({link})" if link and link != text else text)
    return "".join(words), quoted


def _time(message: Mapping[str, Any], options: ReadOptions) -> datetime | None:
    """When a message was sent, in the offset of the exporting computer if both of its times are there."""
    exact = instant(message.get("date_unixtime"))
    local = message.get("date")
    if exact is None:
        return instant(local, options.timezone)
    try:
        offset = datetime.fromisoformat(text_of(local)).replace(tzinfo=UTC) - exact
    except ValueError:
        return exact
    whole = offset % timedelta(minutes=15) == timedelta(0) and abs(offset) <= _LONGEST_OFFSET
    return exact.astimezone(timezone(offset)) if whole else exact
