"""iMessage conversations as text, written by imessage-exporter (`-f txt`).

A message is a line with its time in the exporting computer's zone, a line with its sender (`Me` is the owner), and the
lines of its text; blank lines separate messages. An announcement has its text on the line of the time. Replies are
shown twice: under the message that they answer, indented, and at their own time. Layout as in imessage-exporter's
`txt` exporter. One session per day.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.encoding import clean, text_lines
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.daily import DailySessions
from memctl.transcripts.messages.pasted import PASTED, own_part
from memctl.transcripts.messages.session_builder import SessionBuilder
from memctl.transcripts.model import ReadOptions, Session
from memctl.transcripts.speaker_labels.speakers import is_unknown
from memctl.transcripts.timestamps import in_zone

NAME = "imessage"

_TIME = r"(?P<time>[A-Z][a-z]{2} [ \d]?\d, \d{4} {1,2}\d{1,2}:\d\d:\d\d [AP]M)"
_OPENING = re.compile(rf"{_TIME}(?:\s+\((?:Read|Delivered|Played)\b[^()]*\))?\s*(?P<rest>.*)")
_REPLY = re.compile(rf"(?P<indent>\s+){_TIME}(?:\s+\([^()]*\))?\s*")
_MESSAGE_AGAIN = "This message responded to an earlier message."
_DELETED = "This message was deleted from the conversation!"
_UNSENT = re.compile(r".{1,80} unsent (?:a message|this message(?: part)?)\b.{0,60}!")
_EFFECT = re.compile(
    r"Sent with (?:Confetti|Echo|Fireworks|Balloons|Heart|Lasers|Shooting Start?|Sparkles|Spotlight|Slam|Loud|Gentle"
    r"|Invisible Ink)"
)
_REACTIONS = ("Tapbacks:", "Reactions:")
_REACTION = re.compile(
    r"\s*(?:(?:Loved|Liked|Disliked|Laughed|Emphasized|Questioned|[^\w\s]\S{0,12}) by .+|.{0,30}Sticker from .+)"
)
_ATTACHMENT = re.compile(
    r"(?:~|/|[A-Z]:\\|attachments/|Library/).*(?:/|\\)[^/\\]+|Attachment missing!|.{0,30}Sticker from .{1,80}"
)
_BY_APP = re.compile(r"SharePlay Message|(?:Started|Stopped) sharing location!|Unable to format app message: .*")
_LINK = re.compile(r"https?://\S+")
_EDIT = re.compile(rf"(?:{_TIME}|Edited .{{1,60}}? later:) ")


class Record(NamedTuple):
    """A message as written: its time, its sender, "" of an announcement, None where nobody is known, and its text."""

    time: str
    sender: str | None
    lines: list[str]


def sniff(head: Head) -> bool:
    """The first line has a time as imessage-exporter writes it, and a sender or an announcement follows."""
    lines = [line for line in head.text.splitlines()[:40] if line.strip()]
    openings = [bool(_OPENING.fullmatch(line.rstrip())) for line in lines]
    return bool(openings) and openings[0] and not all(openings)


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One session per day, `<file's stem>/<date>`. A turn's id is its time."""
    days = DailySessions(NAME, document.stem, document.stem)
    for record in _records(document):
        if isinstance(record, BadTranscript):
            yield record
            continue
        at = _at(record.time, options)
        yield from days.turn_to(at)
        _add(days.builder, record, at)
    yield from days.close()


def _at(time: str, options: ReadOptions) -> datetime | None:
    try:
        return in_zone(datetime.strptime(" ".join(time.split()), "%b %d, %Y %I:%M:%S %p"), options)
    except ValueError:
        return None


def _records(document: Document) -> Iterator[Record | BadTranscript]:
    """The messages in order. A time that follows text without a blank line is that of a pasted message: its words, up
    to the next blank line before a time, are nobody's."""
    record: Record | None = None
    named = blank = True
    for line in _without_replies(document):
        if isinstance(line, BadTranscript):
            yield line
            continue
        opening = _OPENING.fullmatch(line)
        if opening and (blank or not opening["rest"]):
            if record:
                yield record
            rest = opening["rest"]
            record = Record(opening["time"], "" if blank else None, [rest] if rest else [])
            named = bool(rest) or not blank
        elif record and not named:
            record, named = record._replace(sender=line.strip() or None), True
        elif record:
            record.lines.append(line)
        blank = not line
    if record:
        yield record


def _without_replies(document: Document) -> Iterator[str | BadTranscript]:
    """The lines without the replies that are shown under the message they answer; they occur at their own time too."""
    indent = ""
    for _, line in text_lines(document.open(), document.uri):
        if isinstance(line, BadTranscript):
            yield line
            continue
        line = clean(line).rstrip()
        if reply := _REPLY.fullmatch(line):
            indent = indent or reply["indent"]
        elif indent and line and not line.startswith(indent):
            indent = ""
        if not indent or not line:
            yield line


def _add(builder: SessionBuilder, record: Record, at: datetime | None) -> None:
    lines = [line for line in record.lines if line != _MESSAGE_AGAIN and not _EFFECT.fullmatch(line)]
    if record.sender == "":
        builder.skip("system line")
    elif record.sender is None or is_unknown(record.sender):
        builder.skip("message without a sender")
    elif _DELETED in lines:
        builder.skip("deleted message")
    elif any(map(_UNSENT.fullmatch, lines)):
        builder.skip("unsent message")
    elif any(map(_BY_APP.fullmatch, lines)):
        builder.skip("system line")
    else:
        text, reason = _own_words(lines)
        text, pasted = own_part(text)
        reason = PASTED if pasted else reason
        if reason:
            builder.skip(reason)
        if text:
            sender = None if record.sender == "Me" else record.sender
            builder.add("user", text, turn_id=record.time, speaker=sender, at=at, raw_kind="message")
        elif not reason:
            builder.skip("no text")


def _own_words(lines: list[str]) -> tuple[str, str | None]:
    """The sender's own words of a message, and what else it has."""
    kept: list[str] = []
    reacting, reason = False, None
    for line in lines:
        reacting = line in _REACTIONS or (reacting and bool(not line or _REACTION.fullmatch(line)))
        if reacting:
            continue
        if _ATTACHMENT.fullmatch(line):
            reason = "media"
            continue
        kept.append(line)
    while kept and not kept[0]:
        del kept[0]
    if len(kept) > 1 and _LINK.fullmatch(kept[0]) and any(kept[1:]):
        return kept[0], "preview of a link"
    if len(kept) > 1 and _EDIT.match(kept[0]):
        edits = [number for number, line in enumerate(kept) if _EDIT.match(line)]
        last = _EDIT.sub("", kept[edits[-1]], count=1)
        return "\n".join([last, *kept[edits[-1] + 1 :]]).strip(), reason
    return "\n".join(kept).strip(), reason
