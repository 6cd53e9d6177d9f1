"""Discord channels and direct messages as JSON, exported with DiscordChatExporter.

`{"guild", "channel", "messages": [{"id", "type", "timestamp", "content", "author": {"id", "name", "nickname", "isBot"},
"attachments", "embeds", "reference", "forwardedMessage"}]}`. Layout as in DiscordChatExporter's `JsonMessageWriter.cs`;
types that it does not name are the numbers of Discord's API. One session per channel and day.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.jsonstream import elements, name_of, text_of
from memctl.transcripts.files.peek import Head
from memctl.transcripts.formats import discord_text
from memctl.transcripts.messages.daily import DailySessions
from memctl.transcripts.messages.fields import Fields
from memctl.transcripts.messages.pasted import PASTED, own_part
from memctl.transcripts.messages.people import People
from memctl.transcripts.messages.session_builder import TIME_UNCLEAR, SessionBuilder
from memctl.transcripts.model import ReadOptions, Session

NAME = "discord"

_SPOKEN = frozenset({"default", "reply", "chatinputcommand", "contextmenucommand", "0", "19", "20", "23"})
_NO_DISCRIMINATORS = (None, "0", "0000")


def sniff(head: Head) -> bool:
    """A channel whose messages have authors."""
    first = head.first
    return discord_text.sniff(head) or (
        isinstance(first.get("channel"), Mapping) and ("guild" in first or "messages" in first) and _is_exported(first)
    )


def _is_exported(first: Mapping[str, Any]) -> bool:
    messages = first.get("messages")
    if not isinstance(messages, list) or not messages:
        return {"guild", "dateRange"} <= first.keys()
    return any(
        isinstance(message, Mapping) and {"id", "type", "timestamp"} <= message.keys() for message in messages[:20]
    )


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One session per day, `discord-<channel>/<date>`. The file is read twice, since the names of all have to be known
    to tell people of one name apart. A text is read by `discord_text`."""
    if discord_text.sniff(Head(document)):
        yield from discord_text.read(document, options)
        return
    channel, title = _channel(document)
    people = People()
    for _, message in elements(document, "messages.item"):
        if isinstance(message, Mapping) and isinstance(author := message.get("author"), Mapping):
            _meet(people, author)
    labels = people.labels()
    days = DailySessions(NAME, f"discord-{channel}", title)
    for _, message in elements(document, "messages.item"):
        at, unclear = None, False
        if isinstance(message, Mapping):
            at, unclear = Fields({"timestamp": message.get("timestamp")}).time(options)
        yield from days.turn_to(at)
        days.builder.skip(TIME_UNCLEAR, int(unclear))
        _add(days.builder, message, at, labels)
    yield from days.close()


def _channel(document: Document) -> tuple[str, str | None]:
    """Id and title of the channel."""
    first = Head(document).first
    guild, channel = (part if isinstance(part := first.get(key), Mapping) else {} for key in ("guild", "channel"))
    names = (name_of(guild.get("name")), name_of(channel.get("category")), name_of(channel.get("name")))
    return name_of(channel.get("id")) or document.stem, " / ".join(filter(None, names)) or None


def _meet(people: People, author: Mapping[str, Any]) -> None:
    key, name = name_of(author.get("id")), name_of(author.get("name"))
    if key is None:
        return
    discriminator = name_of(author.get("discriminator"))
    handle = name if discriminator in _NO_DISCRIMINATORS else f"{name}#{discriminator}"
    people.meet(key, name_of(author.get("nickname")) or name, handle)


def _add(builder: SessionBuilder, message: object, at: datetime | None, labels: Mapping[str, str]) -> None:
    if not isinstance(message, Mapping):
        builder.skip("not a message")
        return
    if (name_of(message.get("type")) or "default").lower() not in _SPOKEN:
        builder.skip("system message")
        return
    author = message.get("author")
    author = author if isinstance(author, Mapping) else {}
    by_bot = author.get("isBot") is True
    text, pasted = own_part(text_of(message.get("content")).strip())
    builder.skip(PASTED, int(pasted))
    if isinstance(message.get("forwardedMessage"), Mapping):
        # The export does not say who wrote it.
        builder.skip("forwarded message")
        pasted = True
    if pasted and not text:
        return
    if by_bot and not text:
        text = _embedded(message)
    reference = message.get("reference")
    speaker = (
        labels.get(name_of(author.get("id")) or "") or name_of(author.get("nickname")) or name_of(author.get("name"))
    )
    if not text:
        builder.skip("media" if message.get("attachments") or message.get("stickers") else "message without text")
    elif not speaker:
        builder.skip("message without a sender")
    else:
        builder.add(
            "tool" if by_bot else "user",
            text,
            turn_id=name_of(message.get("id")),
            speaker=speaker,
            at=at,
            parent_id=name_of(reference.get("messageId")) if isinstance(reference, Mapping) else None,
            raw_kind="bot message" if by_bot else "message",
        )


def _embedded(message: Mapping[str, Any]) -> str:
    """The text of a bot's embeds. What a person embeds, such as the preview of a link, was said by somebody else."""
    embeds = message.get("embeds")
    return "\n".join(
        text
        for embed in (embeds if isinstance(embeds, list) else ())
        if isinstance(embed, Mapping)
        for key in ("title", "description")
        if (text := text_of(embed.get(key)).strip())
    )
