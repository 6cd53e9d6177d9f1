"""Transcripts of meetings as Teams (DOCX) and Otter (TXT, DOCX) save them: passages below a name and an offset.

`Ada Weiss   0:05` above the words, or `0:0:5.100 --> 0:0:8.250` and the name on lines of their own. Title and date
stand before the first passage. Offsets count from the beginning, so that times are unknown without a date. One session
per file.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from operator import gt
from typing import NamedTuple

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.encoding import gather_lines
from memctl.transcripts.files.peek import Head
from memctl.transcripts.formats.subtitles import UNNAMED, anchor_in_name
from memctl.transcripts.model import ReadOptions, Session, Turn
from memctl.transcripts.speaker_labels.speakers import is_label, is_name, is_unknown, plain_label, role_of, speaker_of
from memctl.transcripts.timestamps import in_zone, written

NAME = "meeting"

_LONGEST_HEADER = 200
_OFFSET = r"(?:(?P<h>\d{1,3}):)?(?P<m>\d{1,3}):(?P<s>\d\d)"
_HEADER = re.compile(rf"(?:(?P<name>\S.{{0,79}}?)(?:[ \u00a0]{{2,}}|\s*\t\s*))?{_OFFSET}")
_SPAN = re.compile(
    r"(?P<h>\d{1,3}):(?P<m>\d{1,2}):(?P<s>\d{1,2})(?:[.,]\d{1,7})?\s*-->\s*\d{1,3}:\d{1,2}:\d{1,2}(?:[.,]\d{1,7})?"
)
_MARK = re.compile(r".{1,80} (?:started|stopped) transcription|Transcribed by\s+https?://(?:www\.)?otter\.ai/?", re.I)

_FIRST_WITHIN = 120
"""Seconds within which a recording begins with speech."""


class Passage(NamedTuple):
    """What one voice says: the name as written, the offset in seconds, and the lines."""

    name: str
    offset: int
    lines: list[str]


def sniff(head: Head) -> bool:
    """Passages with names and offsets from the beginning that do not go back. Unless the service left its mark, a name
    recurs: other lists have times too."""
    lines = [line.strip() for line in head.text.splitlines()]
    _, passages = _passages(lines)
    names = [passage.name for passage in passages if passage.lines and is_label(passage.name)]
    offsets = [passage.offset for passage in passages]
    if len(names) < 2 or len(names) * 2 < len(passages) or any(map(gt, offsets, offsets[1:])):
        return False
    recurring = len(names) > len(set(names)) and offsets[0] < _FIRST_WITHIN
    if any(map(_SPAN.fullmatch, lines)):
        return recurring and all(map(is_name, names))
    return recurring or any(map(_MARK.fullmatch, lines))


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """The file as one Session. Raises BadTranscript if there are no passages, and if none names its speaker."""
    lines: list[str] = []
    yield from gather_lines(document.open(), document.uri, lines)
    header, passages = _passages([line.lstrip() for line in lines])
    if not passages:
        raise BadTranscript(
            "no passages",
            where=document.uri,
            hint='each passage starts with a name and an offset, as in "Ada Weiss  0:05"',
        )
    start = _start(document, header, options)
    notes: Counter[str] = Counter()
    turns = list(_turns(passages, start, notes))
    if not turns and notes[UNNAMED]:
        raise BadTranscript(
            "no passage names its speaker",
            where=document.uri,
            hint="name the speakers in the service and save the transcript again",
        )
    yield Session(
        source_format=NAME,
        session_id=document.stem,
        title=next((line for line in header if line and not written(line, options)), None),
        started_at=start,
        turns=tuple(turns),
        notes=dict(notes),
    )


def _passages(lines: Sequence[str]) -> tuple[list[str], list[Passage]]:
    """The lines before the first passage, and the passages."""
    header: list[str] = []
    passages: list[Passage] = []
    name_follows = False
    for line in lines:
        if len(line) > _LONGEST_HEADER:
            (passages[-1].lines if passages else header).append(line)
        elif name_follows and line:
            passages[-1] = passages[-1]._replace(name=plain_label(line))
            name_follows = False
        elif span := _SPAN.fullmatch(line):
            passages.append(Passage("", _seconds(span), []))
            name_follows = True
        elif opening := _HEADER.fullmatch(line):
            passages.append(Passage(plain_label(opening["name"] or ""), _seconds(opening), []))
        elif _MARK.fullmatch(line):
            continue
        elif passages:
            passages[-1].lines.append(line)
        else:
            header.append(line)
    return header, passages


def _seconds(match: re.Match[str]) -> int:
    return int(match["h"] or 0) * 3600 + int(match["m"]) * 60 + int(match["s"])


def _turns(passages: Iterable[Passage], start: datetime | None, notes: Counter[str]) -> Iterator[Turn]:
    for index, passage in enumerate(passages):
        text = "\n".join(passage.lines).strip()
        if not text:
            notes["passage without text"] += 1
        elif is_unknown(passage.name) or not is_label(passage.name):
            notes[UNNAMED] += 1
        else:
            yield Turn(
                turn_id=str(index),
                role=role_of(passage.name) or "user",
                speaker=speaker_of(passage.name),
                text=text,
                at=_at(start, passage.offset),
            )


def _at(start: datetime | None, offset: int) -> datetime | None:
    try:
        return start + timedelta(seconds=offset) if start else None
    except OverflowError:
        return None


def _start(document: Document, header: Iterable[str], options: ReadOptions) -> datetime | None:
    """The date and time at the head of the file, else in its name."""
    if options.started_at:
        return in_zone(options.started_at, options)
    dated = (at for line in header if len(line) <= 100 and (at := written(line, options)))
    return next(dated, None) or anchor_in_name(document.stem, options)
