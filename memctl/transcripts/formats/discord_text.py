"""Discord channels and direct messages as text, exported with DiscordChatExporter.

A head between two rules of `=` names guild and channel. A message is a line with its time in the exporting computer's
locale and zone and the sender's handle, then its text, then blocks such as `{Attachments}`. A rule and the number of
messages end the file. Layout as in DiscordChatExporter's `PlainTextMessageWriter.cs`. One session per channel and day.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.encoding import gather_lines
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.daily import DailySessions
from memctl.transcripts.messages.pasted import PASTED, own_part
from memctl.transcripts.messages.session_builder import TIME_UNCLEAR, SessionBuilder
from memctl.transcripts.model import DateOrder, ReadOptions, Session
from memctl.transcripts.speaker_labels.text_clock import order_of
from memctl.transcripts.timestamps import instant

NAME = "discord"

_RULE = re.compile(r"={20,}\s*")
_FIELD = re.compile(r"(?P<name>Guild|Channel|Topic|After|Before): (?P<value>.*)")
_OPENING = re.compile(
    r"\[(?P<time>[^\[\]]*\d[^\[\]]*\d[:.]\d\d[^\[\]]{0,10})\] (?P<name>\S.{0,99}?)(?: \(pinned\))?\s*"
)
_BLOCK = re.compile(r"\{(?:Attachments|Embed|Stickers|Reactions|Forwarded Message|Invite)\}\s*")
_SYSTEM = re.compile(
    r"Joined the server\.|Pinned a message\.|Started a thread\.|Left the group\.|Added .+ to the group\."
    r"|Removed .+ from the group\.|Started a call that lasted .+|Changed the channel (?:name|icon).*"
    r"|Boosted the server.*"
)
_SHORT_YEAR = re.compile(r"(\d{1,2}-[A-Za-z]{3})-(\d\d)(?= )")


class Record(NamedTuple):
    """A message as written: its time, its sender and its lines."""

    time: str
    sender: str
    lines: list[str]


def sniff(head: Head) -> bool:
    """The head of an export."""
    lines = [line for line in head.text[:2000].splitlines() if line.strip()][:3]
    return len(lines) == 3 and bool(_RULE.fullmatch(lines[0])) and lines[1].startswith("Guild: ")


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One session per day, `<file's stem>/<date>`. The file is held whole, since all dates show the order of day and
    month."""
    lines: list[str] = []
    yield from gather_lines(document.open(), document.uri, lines)
    title, records = _records(lines)
    order = options.date_order or order_of(record.time for record in records)
    days = DailySessions(NAME, document.stem, title)
    for record in records:
        at = _at(record.time, order, options)
        yield from days.turn_to(at)
        days.builder.skip(TIME_UNCLEAR, int(at is None))
        _add(days.builder, record, at)
    yield from days.close()


def _records(lines: Sequence[str]) -> tuple[str | None, list[Record]]:
    """The title of the channel, and its messages: a line with a time begins one after a blank line."""
    rules = [place for place, line in enumerate(lines) if _RULE.fullmatch(line)]
    start = rules[1] + 1 if len(rules) > 1 else 0
    complete = len(rules) > 3 and lines[rules[-1] - 1].startswith("Exported ")
    end = rules[-2] if complete else len(lines)
    named = [field["value"] for line in lines[:start] if (field := _FIELD.fullmatch(line))][:2]
    records: list[Record] = []
    blank = True
    for line in lines[start:end]:
        opening = _OPENING.fullmatch(line) if blank else None
        if opening:
            records.append(Record(opening["time"], opening["name"], []))
        elif records:
            records[-1].lines.append(line)
        blank = not line
    return " / ".join(filter(None, named)) or None, records


def _at(time: str, order: DateOrder | None, options: ReadOptions) -> datetime | None:
    return instant(_SHORT_YEAR.sub(r"\1-20\2", time), options.timezone, order)


def _add(builder: SessionBuilder, record: Record, at: datetime | None) -> None:
    block = next((place for place, line in enumerate(record.lines) if _BLOCK.fullmatch(line)), None)
    text, pasted = own_part("\n".join(record.lines[:block]).strip())
    builder.skip(PASTED, int(pasted))
    if _SYSTEM.fullmatch(text):
        builder.skip("system message")
    elif text:
        builder.add("user", text, turn_id=f"{record.time} {record.sender}", speaker=record.sender, at=at)
    elif not pasted:
        forwarded = block is not None and record.lines[block].startswith("{Forwarded")
        builder.skip("forwarded message" if forwarded else "message without text" if block is None else "media")
