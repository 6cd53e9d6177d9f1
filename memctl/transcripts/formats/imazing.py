"""Messages of an iPhone as CSV, exported with iMazing: iMessage, SMS and WhatsApp.

The columns are named in the first row: `Chat Session`, `Message Date`, `Type` (`Incoming`, `Outgoing`, `Notification`),
`Sender ID`, `Sender Name`, `Text`, `Attachment`, and more by version. Dates are in the computer's zone. Outgoing
messages are the owner's. One session per chat and day.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.encoding import LINE_LIMIT, clean, utf8
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.daily import DailySessions
from memctl.transcripts.messages.pasted import PASTED, own_part
from memctl.transcripts.messages.people import People
from memctl.transcripts.messages.session_builder import TIME_UNCLEAR, SessionBuilder
from memctl.transcripts.model import ReadOptions, Session
from memctl.transcripts.timestamps import instant

NAME = "imazing"

_LONGEST_HEADER = 2000
_COLUMNS = {"chat session", "message date", "type", "sender id", "text"}


def sniff(head: Head) -> bool:
    """A first row with the columns of iMazing."""
    return set(_names(head.text.lstrip("\ufeff\r\n").partition("\n")[0])) >= _COLUMNS


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One session per chat and day, `<chat>/<date>`. The file is read twice, since the names of all have to be known to
    tell people of one name apart."""
    people = People()
    for row in _rows(document):
        if isinstance(row, dict) and row["sender id"]:
            people.meet(row["sender id"], row.get("sender name") or None)
    labels = people.labels()
    chats: dict[str, DailySessions] = {}
    days: DailySessions | None = None
    for row in _rows(document):
        if isinstance(row, BadTranscript):
            yield row
            continue
        name = row["chat session"] or document.stem
        chat = chats.setdefault(name, DailySessions(NAME, name, name))
        if days and days is not chat:
            yield from days.close()
        days = chat
        at = instant(row["message date"], options.timezone, options.date_order)
        yield from chat.turn_to(at)
        chat.builder.skip(TIME_UNCLEAR, int(at is None and bool(row["message date"])))
        _add(chat.builder, row, labels, at)
    if days:
        yield from days.close()


def _names(line: str) -> list[str]:
    """The columns that a first row names."""
    line = line[:_LONGEST_HEADER]
    try:
        return [name.strip().lower() for name in next(csv.reader([line], delimiter=_delimiter(line)), [])]
    except csv.Error:
        return []


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)


def _rows(document: Document) -> Iterator[dict[str, str] | BadTranscript]:
    """The rows by the names of their columns. A row of another length is a BadTranscript."""
    with io.TextIOWrapper(utf8(document.open()), encoding="utf-8", newline="") as lines:
        header = lines.readline(LINE_LIMIT)
        names = _names(header.strip("\ufeff\r\n"))
        if not set(names) >= _COLUMNS:
            raise BadTranscript("columns of iMazing are missing", where=document.uri, hint="the first row names them")
        limit = csv.field_size_limit(LINE_LIMIT)
        try:
            for number, row in enumerate(csv.reader(lines, delimiter=_delimiter(header)), start=2):
                if len(row) == len(names):
                    yield {name: clean(value).strip() for name, value in zip(names, row, strict=True)}
                elif row:
                    yield BadTranscript(
                        f"{len(row)} cells in a table of {len(names)} columns",
                        where=f"{document.uri}: row {number}",
                        hint="the other rows are read",
                    )
        except csv.Error as error:
            raise BadTranscript(f"not CSV: {error}", where=document.uri, hint="export it again") from error
        finally:
            csv.field_size_limit(limit)


def _add(builder: SessionBuilder, row: Mapping[str, str], labels: Mapping[str, str], at: datetime | None) -> None:
    kind = row["type"].lower()
    sender = row["sender id"]
    speaker = labels.get(sender) or row.get("sender name")
    text, pasted = own_part(row["text"])
    if kind not in ("incoming", "outgoing"):
        builder.skip("system line" if kind == "notification" else "unknown role")
    elif row.get("deleted date"):
        builder.skip("deleted message")
    elif row.get("forwarded"):
        builder.skip("forwarded message")
    elif pasted and not text:
        builder.skip(PASTED)
    elif not text:
        builder.skip("media" if row.get("attachment") else "no text")
    elif kind == "incoming" and not speaker:
        builder.skip("message without a sender")
    else:
        builder.skip(PASTED, int(pasted))
        builder.add(
            "user",
            text,
            turn_id=row.get("message id") or row["message date"],
            speaker=None if kind == "outgoing" else speaker,
            at=at,
            raw_kind=kind,
        )
