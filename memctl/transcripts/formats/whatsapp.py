"""WhatsApp's "Export chat" text, as iOS and Android write it in the phone's locale.

The file does not name its time zone, locale or owner: the zone comes from the options, the date order is inferred from
the dates, the owner stays unknown. One `Session` per day of chat, so that long chats stream and later exports of the
chat repeat the same days. A turn's id is the index of its message in the day, counting skipped messages, so that
deleting one does not change the ids of others.

The format is undocumented; these forms are from published exports.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.encoding import clean, text_lines
from memctl.transcripts.files.peek import Head
from memctl.transcripts.formats.whatsapp_times import Day, date_of, parse, plain
from memctl.transcripts.messages.pasted import PASTED, own_part
from memctl.transcripts.model import DateOrder, ReadOptions, Session, Turn
from memctl.transcripts.timestamps import in_zone

NAME = "whatsapp"

_MARKS = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
_EDGES = _MARKS + " \t\r\u202f\u00a0"
_PLAIN: dict[int, str | None] = {ord(mark): None for mark in _MARKS}
_PLAIN |= {0x202F: " ", 0x00A0: " ", 0x2009: " "}

_BRACKETED = re.compile(r"\[([^\]]{8,60})\](.*)", re.DOTALL)
_DASHED = re.compile(r"(.{8,60}?)\s[-–—]\s(.*)", re.DOTALL)
_NAMED = re.compile(r"(?P<name>[^:\n]{1,100}):(?:\s|(?!//|\d))(?P<text>.*)\Z", re.DOTALL)
_HEADER = re.compile(
    r"""
    \[(?=[^\]\n]*\d[^\]\n]*\d)[^\]\n]{6,80}\]\s*[^:\n]{1,60}:(?!//|\d)        # [Jan 16 2024, 9 PM] Ben:
    | (?=[^\n]{0,40}?(?:(?:19|20)\d\d|\d{1,2}[./-]\s?\d{1,2}[./-]))               # a year, or a day and a month
      (?=[^\n]{0,60}?\d[^\n]{0,3}[:.h]\s?\d\d|[^\n]{0,40}?\d[^\n]{0,20}?\d[^\n]{0,20}?\d)
      [^\n:]{0,12}\d[^\n]{5,60}?(?:\s[-–—]|\d\d:)\s[^:\n]{1,60}:(?!//|\d)       # Jan 16, 2024, 10:20 - Ben:
    """,
    re.VERBOSE,
)
"""What begins like a message: a date, a time and a name."""

_MEDIA = re.compile(
    r"""<[^<>]{1,200}>                                       # <Media omitted>, <attached: 00000012-PHOTO.jpg>
      | \S.{0,200}\.\w{2,4}\ \([^()]{3,40}\)                 # IMG-20260305-WA0001.jpg (file attached)
      | (?:image|photo|foto|imagen|imagem|bild|immagine|afbeelding|video|vídeo|vidéo|video\ note|audio|áudio
          |sticker|figurinha|gif|document|documento|dokument|contact\ card|voice\ message)
        \ (?:omitted|omitid[oa]|omess[oa]|omise?|ocultad[oa]|weggelassen|weggelaten|absente?)
      | null""",
    re.VERBOSE | re.IGNORECASE,
)
_DELETED = re.compile(
    r"""this\ message\ was\ deleted.{0,60} | you\ deleted\ this\ message.{0,60}
      | se\ eliminó\ este\ mensaje | eliminaste\ este\ mensaje | este\ mensaje\ fue\ eliminado
      | mensagem\ apagada | esta\ mensagem\ foi\ apagada | (?:você\ )?apagou\ esta\ mensagem
      | diese\ nachricht\ wurde\ gelöscht | du\ hast\ diese\ nachricht\ gelöscht
      | ce\ message\ a\ été\ supprimé | vous\ avez\ supprimé\ ce\ message
      | questo\ messaggio\ è\ stato\ eliminato | hai\ eliminato\ questo\ messaggio
      | dit\ bericht\ is\ verwijderd | (?:je|u)\ hebt\ dit\ bericht\ verwijderd
      | このメッセージは削除されました | メッセージを削除しました | 此消息已删除 | 你删除了这条消息
      | 此訊息已刪除 | 你已刪除此訊息 | 삭제된\ 메시지입니다 | (?:данное|это)\ сообщение\ удалено
      | вы\ удалили\ (?:данное|это)\ сообщение
      | (?:це|дане)\ повідомлення\ (?:було\ )?видалено | تم\ حذف\ هذه\ الرسالة | (?:لقد\ )?حذفت\ هذه\ الرسالة
      | הודעה\ זו\ נמחקה | מחקת\ הודעה\ זו | bu\ mesaj\ silindi | bu\ mesajı\ sildiniz
      | ta\ wiadomość\ została\ usunięta | usunięto\ tę\ wiadomość | pesan\ ini\ telah\ dihapus
      | anda\ (?:telah\ )?menghapus\ pesan\ ini | tato\ zpráva\ byla\ (?:odstraněna|smazána)
      | acest\ mesaj\ a\ fost\ șters
      | denne\ besked\ blev\ slettet | denne\ meldingen\ ble\ slettet | tämä\ viesti\ poistettiin
      | (?:detta|det\ här)\ meddelandet?\ (?:har\ )?(?:raderades|raderats|togs\ bort)
      | αυτό\ το\ μήνυμα\ (?:διαγράφηκε|διαγράφτηκε) | tin\ nhắn\ này\ đã\ bị\ xóa""",
    re.VERBOSE | re.IGNORECASE,
)
_OWNER = "Me"
"""What exports of Signal in this form call their owner. WhatsApp shows a person's own choice of name as `~ Me`."""
_QUOTES = ('"', "„“”", "«»", "「」")
"""Signs that occur in pairs in a name: one alone is in a line such as `Ann changed the subject to “Trip: Rome”`."""
_CALL = re.compile(
    r"missed (?:group )?(?:voice|video) call\b.{0,40}|waiting for this message\. this may take a while\.?",
    re.IGNORECASE,
)
_EDITED = re.compile(r"<[^<>]*(?:edit|bearbeitet|modifi|bewerkt|編集|编辑)[^<>]*>", re.IGNORECASE)
_SHARED = re.compile(r"(?:poll|location|encuesta|enquete|umfrage|sondage|ubicación|standort)\s*:", re.I)
_CHAT_FILE = re.compile(
    r"(?:WhatsApp Chat (?:with|-)|Chat de WhatsApp con|Conversa do WhatsApp com|WhatsApp-Chat mit"
    r"|Discussion WhatsApp avec|Chat WhatsApp con) ?",
    re.IGNORECASE,
)


class Record(NamedTuple):
    """A message as written: its line number, its three date numbers and their separator, its time, the rest."""

    line: int
    bracketed: bool
    day: Day
    separator: str
    time: tuple[int, int, int]
    rest: str


def sniff(head: Head) -> bool:
    """The first line starts a message, in any order of day and month. Where no message names its sender on the line of
    its time, there are only lines of the app, without other lines below."""
    lines = [line for line in head.text.splitlines() if line.strip(_EDGES)]
    if not lines or _opening(lines[0], 1) is None:
        return False
    openings = [opening for line in lines if (opening := _opening(line, 1))]
    return any(_NAMED.match(opening.rest) for opening in openings) or len(openings) == len(lines)


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One Session per day, named `<chat>/<date>`.

    Raises BadTranscript if there are no messages, and if the dates are ambiguous: both readings give valid dates in an
    equally regular order.
    """
    order = options.date_order or _order_of(document)
    chat = _chat_name(document)
    met: Counter[str] = Counter()
    pending: list[Record] = []
    for record in _records(document):
        if isinstance(record, BadTranscript):
            yield record
        elif date_of(record.day, order) is None:
            yield BadTranscript(
                f"{record.separator.join(record.day)} is not a date in the order {order}",
                where=f"{document.uri}:line {record.line}",
                hint="pass the order used in this chat: --date-order dmy, mdy or ymd",
            )
        else:
            if pending and pending[0].day != record.day:
                yield _session(chat, pending, order, options, met)
                pending = []
            pending.append(record)
    if pending:
        yield _session(chat, pending, order, options, met)


def settle(days: Sequence[Day], separator: str) -> DateOrder | None:
    """The order of day, month and year in which all of `days`, in file order, are valid.

    A number over 12 decides; else a dot, which no locale puts between month and day in that order; else the reading in
    which fewer dates go backwards. None if two orders remain that give different dates. Raises ValueError if no order
    is possible.
    """
    orders: tuple[DateOrder, ...] = ("ymd",) if any(len(day[0]) == 4 for day in days) else ("dmy", "mdy")
    read_as = {order: [date_of(day, order) for day in days] for order in orders}
    whole = {order: [date for date in dates if date] for order, dates in read_as.items() if all(dates)}
    if not whole and all(date_of(day, "ymd") for day in days):
        return "ymd"
    if not whole:
        raise ValueError("the dates do not share one order of day, month and year")
    if separator == "." and "dmy" in whole:
        return "dmy"
    if len(whole) == 1 or whole["dmy"] == whole["mdy"]:
        return next(iter(whole))
    back = {order: sum(later < earlier for earlier, later in pairwise(dates)) for order, dates in whole.items()}
    if back["dmy"] == back["mdy"]:
        return None
    return "dmy" if back["dmy"] < back["mdy"] else "mdy"


def _order_of(document: Document) -> DateOrder:
    days: list[Day] = []
    separator = ""
    for record in _records(document):
        if isinstance(record, Record) and (not days or days[-1] != record.day):
            days.append(record.day)
            separator = separator or record.separator
    if not days:
        raise BadTranscript("no WhatsApp messages", where=document.uri, hint="a message starts with its date and time")
    try:
        order = settle(days, separator)
    except ValueError as error:
        raise BadTranscript(
            str(error), where=document.uri, hint="pass the most common order: --date-order dmy, mdy or ymd"
        ) from None
    if order is None:
        raise BadTranscript(
            f"dates are ambiguous: day or month first? (such as {separator.join(days[0])})",
            where=document.uri,
            hint="pass --date-order dmy if the day comes first, --date-order mdy if the month does",
        )
    return order


def _records(document: Document) -> Iterator[Record | BadTranscript]:
    """Messages with their continuation lines. All have the form of the first one.

    A line that begins like a message and has a date or time that is not understood ends the message before it, and
    belongs to nobody, with the lines that follow it.
    """
    held: Record | None = None
    bracketed: bool | None = None
    more: list[str] = []
    for number, line in text_lines(document.open(), document.uri):
        if isinstance(line, BadTranscript):
            yield line
            continue
        opening = _opening(line, number)
        if opening and bracketed in (None, opening.bracketed):
            if held:
                yield held._replace(rest="\n".join([held.rest, *more]))
            held, more, bracketed = opening, [], opening.bracketed
        elif not opening and _begins_message(line, bracketed):
            if held:
                yield held._replace(rest="\n".join([held.rest, *more]))
            held, more = None, []
            yield BadTranscript(
                "a message begins with a date or time in an unknown format",
                where=f"{document.uri}:line {number}",
                hint="the message is skipped; if its date is real, please report its format",
            )
        elif held:
            more.append(line)
    if held:
        yield held._replace(rest="\n".join([held.rest, *more]))


def _begins_message(line: str, bracketed: bool | None) -> bool:
    """Whether a line begins like a message, but not like one of another form that was pasted into a message."""
    text = plain(line).lstrip()
    pasted = bracketed is not None and bracketed != text.startswith("[") and own_part(text)[1]
    return bool(_HEADER.match(text)) and not pasted


def _opening(line: str, number: int) -> Record | None:
    """The message that starts in `line`, or None for a continuation line."""
    line = line.lstrip(_EDGES)
    if line[:1] != "[" and not line[:1].isdecimal():
        return None
    bracketed = line[0] == "["
    parts = (_BRACKETED if bracketed else _DASHED).match(line)
    stamp = parse(parts[1]) if parts else None
    return Record(number, bracketed, stamp.day, stamp.separator, stamp.time, parts[2]) if parts and stamp else None


def _session(chat: str, records: list[Record], order: DateOrder, options: ReadOptions, met: Counter[str]) -> Session:
    notes: Counter[str] = Counter()
    turns: list[Turn] = []
    times: list[datetime | None] = []
    for index, record in enumerate(records):
        date = date_of(record.day, order)
        hour, minute, second = record.time
        at = in_zone(date.replace(hour=hour, minute=minute, second=second), options) if date else None
        times.append(at)
        speaker, text = _message(record, notes)
        if speaker and text:
            turns.append(
                Turn(
                    turn_id=str(index),
                    role="assistant" if speaker == "Meta AI" else "user",
                    speaker=None if speaker == _OWNER else speaker,
                    text=clean(text),
                    at=at,
                )
            )
    started = times[0]
    name = f"{chat}/{started.date().isoformat()}" if started else chat
    met[name] += 1
    return Session(
        source_format=NAME,
        session_id=name if met[name] == 1 else f"{name}#{met[name]}",
        title=chat,
        started_at=started,
        turns=tuple(turns),
        notes=dict(notes),
    )


def _message(record: Record, notes: Counter[str]) -> tuple[str | None, str]:
    """Speaker and text of a record; no text if it is skipped, which is counted in `notes`."""
    named = _NAMED.match(record.rest)
    shown = clean(named["name"]).translate(_PLAIN).strip(_EDGES) if named else ""
    name = shown if shown.strip("~ ") == _OWNER else shown.strip(_EDGES + "~")
    if not named or not name or any(sum(map(name.count, signs)) % 2 for signs in _QUOTES):
        notes["system line"] += 1
        return None, ""
    raw = named["text"] or ""
    written_by_app = raw.startswith("\u200e")
    text = raw.strip(_EDGES + "\n")
    before, tag = _tag_at_end(text)
    if _EDITED.fullmatch(tag):
        text = before.rstrip(_EDGES + "\n")
    if _DELETED.fullmatch(text.rstrip(".")):
        notes["deleted message"] += 1
        return None, ""
    text, pasted = own_part(text)
    if pasted:
        notes[PASTED] += 1
        if not text:
            return None, ""
    if not text:
        notes["no text"] += 1
    text = _without_media(text, notes)
    if _CALL.fullmatch(text) or (text and written_by_app and not _SHARED.match(text)):
        notes["system line"] += 1
        return None, ""
    return name, text


def _without_media(text: str, notes: Counter[str]) -> str:
    """The caption of a photo or file: `text` without the placeholder in its first or last line."""
    before, tag = _tag_at_end(text)
    lines = (before if tag and before.endswith("\u200e") else text).split("\n")
    kept = [
        line
        for place, line in enumerate(lines)
        if place not in (0, len(lines) - 1) or not _MEDIA.fullmatch(line.strip(_EDGES))
    ]
    kept_text = "\n".join(kept).strip(_EDGES + "\n")
    if kept_text != text:
        notes["media"] += 1
    return kept_text


def _tag_at_end(text: str) -> tuple[str, str]:
    """`text` split before a final `<…>` of up to 200 characters; the second part is "" without one."""
    start = text.rfind("<", -200) if text.endswith(">") else -1
    return (text[:start], text[start:]) if start >= 0 else (text, "")


def _chat_name(document: Document) -> str:
    """The chat's name, from the file's name; iOS names every chat `_chat.txt`, then from the folder or archive."""
    stem = document.stem
    if stem == "_chat":
        stem = document.parent or document.path.stem
    return clean(_CHAT_FILE.sub("", stem, count=1)).strip() or document.stem
