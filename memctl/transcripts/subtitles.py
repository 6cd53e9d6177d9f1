"""WebVTT and SRT subtitles.

Consecutive cues of one voice are joined into a turn. Their times are offsets from a start that comes from the options,
from a `DATE:` in the file's head or a NOTE, or from the file's name, and is otherwise unknown. Formats: W3C "WebVTT:
The Web Video Text Tracks Format"; SubRip as players read it.
"""

import html
import re
from collections import Counter
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from memctl.core.errors import BadTranscript
from memctl.transcripts.discovery import Document
from memctl.transcripts.encoding import clean, text_lines
from memctl.transcripts.model import ReadOptions, Session, Turn
from memctl.transcripts.peek import Head
from memctl.transcripts.speakers import is_name, role_of, speaker_of
from memctl.transcripts.timestamps import in_zone, written

NAME = "subtitles"

LONGEST_TURN = 2000
"""In characters. Speech without a pause is split at the next end of a sentence, so that it can be cited."""

_TIMING = re.compile(r"\s*(?:(\d{1,4}):)?(\d\d):(\d\d)[.,](\d{1,3})\s*-->\s*(?:\d{1,4}:)?\d\d:\d\d[.,]\d{1,3}(?:\s.*)?")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^<>]*)>")
_TAG = re.compile(r"</?(?:[a-zA-Z][^<>]*|\d[\d:.]*)>|\{\\[^{}]*\}")
_STAMP_TAG = re.compile(r"<\d\d:[\d:.]+>")
_NAMED = re.compile(r"(?:>>\s*)?([^:<>]{1,80}):\s+(\S.*)", re.DOTALL)
_SOUND = re.compile(r"[\[(♪][^\])]*[\])♪]|[♪\s]+")
_HEAD_FIELD = re.compile(r"(?:NOTE\s+)?(date|title|recorded|start(?:ed)?(?: at)?)\s*:\s*(.+)", re.IGNORECASE)
_ZOOM = re.compile(r"GMT(\d{8})-(\d{6})")
_NAME_DATE = re.compile(r"(?<!\d)(\d{4})-?(\d\d)-?(\d\d)(?:[ T_-]+(\d\d)[.:\-h]?(\d\d))?(?!\d)")


class Cue(NamedTuple):
    """Seconds from the start, and the displayed lines."""

    offset: float
    lines: list[str]


def sniff(head: Head) -> bool:
    """`WEBVTT` first, or an SRT timing in the first three non-blank lines."""
    if re.match(r"WEBVTT(?:\s|\Z)", head.text):
        return True
    lines = [line for line in head.text[:2000].splitlines() if line.strip()][:3]
    return any(map(_TIMING.fullmatch, lines))


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """The file as one Session. Without a start every `at` is None. Raises BadTranscript if there are no cues."""
    fields: dict[str, str] = {}
    notes: Counter[str] = Counter()
    spoken: list[tuple[str | None, float, str]] = []
    found = False
    for cue in _cues(document, fields):
        if isinstance(cue, BadTranscript):
            yield cue
            continue
        found = True
        for speaker, text in _voices(cue.lines, notes):
            _join(spoken, speaker, cue.offset, text)
    if not found:
        raise BadTranscript(
            "no subtitle cues", where=document.uri, hint="a cue starts with 00:00:01.000 --> 00:00:02.000"
        )
    start = _start(document, fields, options)
    yield Session(
        source_format=NAME,
        session_id=document.stem,
        title=fields.get("title"),
        started_at=start,
        turns=tuple(
            Turn(
                turn_id=str(index),
                role=(role_of(speaker) if speaker else None) or "user",
                speaker=speaker_of(speaker) if speaker else None,
                text=text,
                at=_at(start, offset),
            )
            for index, (speaker, offset, text) in enumerate(spoken)
        ),
        notes=dict(notes),
    )


def anchor_in_name(stem: str, options: ReadOptions) -> datetime | None:
    """The date and time in a recording's file name, if any; Zoom's `GMT…` is in UTC."""
    try:
        if match := _ZOOM.search(stem):
            return datetime.strptime(match[1] + match[2], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        if match := _NAME_DATE.search(stem):
            year, month, day, hour, minute = (int(part or 0) for part in match.groups())
            return in_zone(datetime(year, month, day, hour, minute), options)
    except ValueError:
        pass
    return None


def _start(document: Document, fields: dict[str, str], options: ReadOptions) -> datetime | None:
    if options.started_at:
        return in_zone(options.started_at, options)
    return written(fields.get("date", ""), options) or anchor_in_name(document.stem, options)


def _at(start: datetime | None, offset: float) -> datetime | None:
    try:
        return start + timedelta(seconds=offset) if start else None
    except OverflowError:
        return None


def _cues(document: Document, fields: dict[str, str]) -> Iterator[Cue | BadTranscript]:
    """Cues in order. Blocks without a timing (WEBVTT, NOTE, STYLE, REGION) only set `fields`."""
    block: list[str] = []
    before: list[str] = []
    for _, line in text_lines(document.open(), document.uri):
        if isinstance(line, BadTranscript):
            yield line
        elif line.strip():
            block.append(clean(line))
        elif block:
            before = yield from _cue(block, before, fields)
            block = []
    if block:
        yield from _cue(block, before, fields)


def _cue(block: list[str], before: list[str], fields: dict[str, str]) -> Generator[Cue, None, list[str]]:
    """The cue in `block`; `before` are the lines of the previous one. Returns the lines of this one.

    Rolling captions, recognised by times in the text, show each line twice; it is used once.
    """
    place = next((i for i, line in enumerate(block[:2]) if _TIMING.fullmatch(line)), None)
    if place is None or block[0].startswith(("NOTE", "STYLE", "REGION")):
        for line in block:
            if match := _HEAD_FIELD.fullmatch(line.strip()):
                key = "title" if match[1].lower() == "title" else "date"
                fields.setdefault(key, match[2].strip())
        return before
    timing = _TIMING.fullmatch(block[place])
    if timing is None:
        return before
    hour, minute, second, fraction = timing.groups()
    offset = int(hour or 0) * 3600 + int(minute) * 60 + int(second) + int(fraction.ljust(3, "0")) / 1000
    lines = block[place + 1 :]
    plain = [_TAG.sub("", line).strip() for line in lines]
    rolling = any(map(_STAMP_TAG.search, [*lines, *before]))
    if rolling:
        shown = {_TAG.sub("", line).strip() for line in before}
        lines = [line for line, bare in zip(lines, plain, strict=True) if bare not in shown]
    yield Cue(offset, lines)
    return block[place + 1 :]


def _voices(lines: list[str], notes: Counter[str]) -> Iterator[tuple[str | None, str]]:
    """(speaker, text) for each voice in a cue; the speaker is "" after a dash, which marks an unnamed other speaker."""
    text = "\n".join(lines)
    pieces = _VOICE.split(text)
    if pieces[0].strip():
        yield from _unvoiced(pieces[0], notes)
    for name, said in zip(pieces[1::2], pieces[2::2], strict=True):
        spoken = _bare(said)
        if spoken and not _SOUND.fullmatch(spoken):
            yield html.unescape(name).strip() or None, spoken
        else:
            notes["sound"] += 1


def _unvoiced(text: str, notes: Counter[str]) -> Iterator[tuple[str | None, str]]:
    current: str | None = None
    said: list[str] = []
    for line in map(_bare, text.split("\n")):
        if not line:
            continue
        if _SOUND.fullmatch(line):
            notes["sound"] += 1
            continue
        named = _NAMED.fullmatch(line)
        if named and (is_name(named[1]) or role_of(named[1])):
            fresh, line = named[1].strip(), named[2]
        elif line.startswith(("- ", "– ", ">> ")):
            fresh, line = "", line.lstrip("->– ")
        else:
            said.append(line)
            continue
        if said:
            yield current, " ".join(said)
        current, said = fresh, [line]
    if said:
        yield current, " ".join(said)


def _bare(text: str) -> str:
    return " ".join(html.unescape(_TAG.sub("", text)).split())


def _join(spoken: list[tuple[str | None, float, str]], speaker: str | None, offset: float, text: str) -> None:
    """Append `text` to the last turn if the voice is the same or unnamed, else begin a turn."""
    if spoken:
        last, began, before = spoken[-1]
        goes_on = speaker is None or (speaker != "" and speaker == last)
        full = len(before) >= LONGEST_TURN and before.endswith((".", "?", "!", "。"))
        if goes_on and not full:
            spoken[-1] = (last, began, f"{before} {text}")
            return
        speaker = last if goes_on else speaker
    spoken.append((speaker, offset, text))
