"""WebVTT and SRT subtitles, and the transcripts that Zoom, Teams and Webex write in these formats.

A cue's speaker is in a voice tag, in its id (Webex), in its JSON (Teams' metadata) or before a colon. Consecutive cues
of one voice are joined into a turn. A cue without a speaker belongs to nobody, unless it continues a sentence. Times
are offsets from a start that comes from the options, from a `DATE:` in the file's head or a NOTE, or from the file's
name, and is otherwise unknown. Formats: W3C "WebVTT: The Web Video Text Tracks Format"; SubRip as players read it.
"""

import html
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.encoding import clean, text_lines
from memctl.transcripts.files.peek import Head
from memctl.transcripts.model import ReadOptions, Session, Turn
from memctl.transcripts.speaker_labels.speakers import (
    is_label,
    is_name,
    is_unknown,
    is_unmistakable,
    plain_label,
    role_of,
    speaker_of,
)
from memctl.transcripts.timestamps import in_zone, instant, written

NAME = "subtitles"

LONGEST_TURN = 2000
"""In characters. Speech without a pause is split at the next end of a sentence, so that it can be cited."""
UNNAMED = "speech without a speaker"

_TIMING = re.compile(
    r"\s*(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,9})\s*-->\s*(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,9})(?:\s.*)?"
)
_BLOCK = re.compile(r"\ufeff?(?:WEBVTT|NOTE|STYLE|REGION)(?:\s|\Z)")
_NUMBER = re.compile(r"\s*\d{1,7}\s*")
_ID_NAME = re.compile(r"\s*\d+\s+[\"“](?P<name>[^\"”]*)[\"”]\s*(?:\(\d*\))?\s*")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^<>]*)>")
_TAG = re.compile(r"</?(?:[a-zA-Z][^<>]*|\d[\d:.]*)>|\{\\[^{}]*\}")
_STAMP_TAG = re.compile(r"<\d\d:[\d:.]+>")
_NAMED = re.compile(r"(?:>>\s*|[-–]\s+)?\[?([^:：<>\[\]]{1,80})\]?[:：]\s+(\S.*)", re.DOTALL)
_DASH = re.compile(r"(?:[-–]\s|>>)\s*")
_SOUND = re.compile(r"[\[(♪][^\])]*[\])♪]|[♪\s]+")
_SENTENCE_END = re.compile(r"[.?!…。？！][\"'”’)]*\Z")
_HEAD_FIELD = re.compile(r"(?:NOTE\s+)?(date|title|recorded|start(?:ed)?(?: at)?)\s*:\s*(.+)", re.IGNORECASE)
_ZOOM = re.compile(r"GMT(\d{8})-(\d{6})")
_NAME_DATE = re.compile(r"(?<!\d)(\d{4})-?(\d\d)-?(\d\d)(?:[ T_-]+(\d\d)[.:\-h]?(\d\d))?(?!\d)")
_PAUSE = 1.0


class Cue(NamedTuple):
    """Start and end in seconds, the speaker named outside the text, and the displayed lines."""

    start: float
    end: float
    speaker: str | None
    lines: list[str]


class Speech(NamedTuple):
    """What one voice says in a cue. `speaker` is None if nobody is named, `at` the time if the cue itself has it."""

    speaker: str | None
    text: str
    start: float
    end: float
    at: datetime | None = None


def sniff(head: Head) -> bool:
    """`WEBVTT` first, or an SRT timing in the first three non-blank lines."""
    if re.match(r"WEBVTT(?:\s|\Z)", head.text):
        return True
    lines = [line for line in head.text[:2000].splitlines() if line.strip()][:3]
    return any(map(_TIMING.fullmatch, lines))


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """The file as one Session. Without a start every `at` is None.

    Raises BadTranscript if there are no cues, and if no cue names its speaker.
    """
    fields: dict[str, str] = {}
    notes: Counter[str] = Counter()
    cues: list[Cue] = []
    for cue in _cues_in(_lines(document), fields, notes):
        if isinstance(cue, BadTranscript):
            yield cue
        else:
            cues.append(cue)
    if not cues:
        raise BadTranscript(
            "no subtitle cues", where=document.uri, hint="a cue starts with 00:00:01.000 --> 00:00:02.000"
        )
    names = _names(cues)
    spoken = _joined([speech for cue in cues for speech in _speeches(cue, names, notes)], notes)
    if not spoken and notes[UNNAMED]:
        raise BadTranscript(
            "no cue names its speaker",
            where=document.uri,
            hint='name the speakers, as in "<v Ann>…" or "Ann: …"',
        )
    start = _start(document, fields, options)
    yield Session(
        source_format=NAME,
        session_id=document.stem,
        title=fields.get("title"),
        started_at=start or next((speech.at for speech in spoken if speech.at), None),
        turns=tuple(
            Turn(
                turn_id=str(index),
                role=role_of(speech.speaker or "") or "user",
                speaker=speaker_of(speech.speaker or ""),
                text=speech.text,
                at=speech.at or _at(start, speech.start),
            )
            for index, speech in enumerate(spoken)
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


def _cues_in(
    lines: Iterable[str | BadTranscript], fields: dict[str, str], notes: Counter[str]
) -> Iterator[Cue | BadTranscript]:
    """Cues in order. A timing begins one, with or without a blank line before it.

    Blocks without a timing (WEBVTT, NOTE, STYLE, REGION) only set `fields`.
    """
    timing: re.Match[str] | None = None
    block: list[str] = []
    name = ""
    before: list[str] = []
    for line in lines:
        if isinstance(line, BadTranscript):
            yield line
        elif begun := _TIMING.fullmatch(line):
            named = _ID_NAME.fullmatch(block[-1]) if block else None
            if block and (named or timing is None or _NUMBER.fullmatch(block[-1])):
                block = block[:-1]  # the id of the cue that begins
            if timing:
                yield _cue(timing, name, block, before)
                before = block
            else:
                _read_fields(block, fields, notes)
            timing, block, name = begun, [], named["name"] if named else ""
        elif line.strip():
            block.append(line)
        elif timing and block:
            yield _cue(timing, name, block, before)
            timing, before, block = None, block, []
        elif not timing:
            _read_fields(block, fields, notes)
            block = []
    if timing:
        yield _cue(timing, name, block, before)
    else:
        _read_fields(block, fields, notes)


def _lines(document: Document) -> Iterator[str | BadTranscript]:
    for _, line in text_lines(document.open(), document.uri):
        yield line if isinstance(line, BadTranscript) else clean(line)


def _read_fields(block: list[str], fields: dict[str, str], notes: Counter[str]) -> None:
    """Take date and title from a block without a timing; other text in it is counted."""
    for line in block:
        if match := _HEAD_FIELD.fullmatch(line.strip()):
            fields.setdefault("title" if match[1].lower() == "title" else "date", match[2].strip())
        elif not _NUMBER.fullmatch(line) and not _BLOCK.match(block[0]):
            notes["text outside a cue"] += 1


def _cue(timing: re.Match[str], name: str, block: list[str], before: list[str]) -> Cue:
    """The cue of the lines in `block`; `before` are the lines of the previous one.

    Rolling captions, recognised by times in the text, show each line twice; it is used once.
    """
    lines = block
    if any(map(_STAMP_TAG.search, [*block, *before])):
        shown = {_TAG.sub("", line).strip() for line in before}
        lines = [line for line in block if _TAG.sub("", line).strip() not in shown]
    return Cue(_seconds(timing.groups()[:4]), _seconds(timing.groups()[4:]), html.unescape(name).strip() or None, lines)


def _seconds(parts: tuple[str | None, ...]) -> float:
    hour, minute, second, fraction = (part or "0" for part in parts)
    return int(hour) * 3600 + int(minute) * 60 + int(second) + float(f"0.{fraction}")


def _names(cues: list[Cue]) -> frozenset[str]:
    """The labels before a colon that are speakers: all of them where most cues have one, else names and what recurs."""
    first: Counter[str] = Counter()
    later: Counter[str] = Counter()
    for cue in cues:
        if _VOICE.search("\n".join(cue.lines)):
            continue
        for place, line in enumerate(filter(None, map(_bare, cue.lines))):
            if (named := _NAMED.fullmatch(line)) and (is_label(named[1]) or role_of(named[1])):
                (later if place else first)[plain_label(named[1])] += 1
    if first.total() * 5 >= len(cues) * 3:
        return frozenset(first) | frozenset(name for name in later if is_name(name))
    return frozenset(
        name
        for name, count in (first + later).items()
        if count > 1 or role_of(name) or is_name(name) or is_unmistakable(name)
    )


def _speeches(cue: Cue, names: frozenset[str], notes: Counter[str]) -> Iterator[Speech]:
    """What each voice says in a cue."""
    text = "\n".join(cue.lines)
    if (record := _metadata(text)) is not None:
        speaker, said, at = record
        if said:
            yield Speech(speaker, said, cue.start, cue.end, at)
        else:
            notes["metadata without speech"] += 1
        return
    pieces = _VOICE.split(text)
    voices: list[tuple[str | None, str]] = [*_unvoiced(pieces[0], cue.speaker, names)]
    for voice, words in zip(pieces[1::2], pieces[2::2], strict=True):
        inside, _, outside = words.partition("</v>")
        voices += [(voice, inside), *_unvoiced(outside, None, names)]
    for speaker, said in voices:
        bare = _bare(said)
        if bare and not _SOUND.fullmatch(bare):
            yield Speech(html.unescape(speaker or "").strip() or None, bare, cue.start, cue.end)
        elif bare or speaker is not None:
            notes["sound"] += 1


def _metadata(text: str) -> tuple[str | None, str, datetime | None] | None:
    """Speaker, words and time of a cue in JSON, which Teams writes; None if it is not one."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    fields = {key.lower().replace("_", ""): value for key, value in record.items() if isinstance(value, str)}
    speaker = fields.get("speakername") or fields.get("speaker") or fields.get("name")
    said = fields.get("spokentext") or fields.get("text") or ""
    return clean(speaker or "").strip() or None, clean(said).strip(), instant(fields.get("startdatetime"))


def _unvoiced(text: str, speaker: str | None, names: frozenset[str]) -> Iterator[tuple[str | None, str]]:
    """(speaker, text) for each voice of a cue without voice tags; `speaker` is named in its id.

    The speaker is None at the beginning of an unlabelled cue, after a dash, which marks another speaker, and where a
    label is not known to be a speaker's.
    """
    current, said = speaker, list[str]()
    for line in filter(None, map(_bare, text.split("\n"))):
        named = _NAMED.fullmatch(line)
        label = plain_label(named[1]) if named else ""
        if named and (label in names or label == speaker):
            begun, words = label, named[2]
        elif _DASH.match(line) or (named and speaker is None and (is_label(label) or role_of(label))):
            begun, words = "", _DASH.sub("", line, count=1)
        elif _SOUND.fullmatch(line) and said:
            yield current, " ".join(said)
            yield current, line
            said = []
            continue
        else:
            said.append(line)
            continue
        if said:
            yield current, " ".join(said)
        current, said = begun or None, [words]
    if said:
        yield current, " ".join(said)


def _bare(text: str) -> str:
    return " ".join(html.unescape(_TAG.sub("", text)).split())


def _joined(speeches: list[Speech], notes: Counter[str]) -> list[Speech]:
    """Turns: consecutive speech of one voice. Speech of nobody is counted in `notes`.

    A cue without a speaker continues the sentence before it if that is not complete, in files with punctuation.
    """
    punctuated = any(_SENTENCE_END.search(speech.text) for speech in speeches)
    turns: list[Speech] = []
    last: Speech | None = None
    for speech in speeches:
        if speech.speaker and is_unknown(speech.speaker):
            speech = speech._replace(speaker=None)
        elif speech.speaker is None and last and punctuated and _goes_on(last, speech):
            speech = speech._replace(speaker=last.speaker)
        if speech.speaker is None:
            notes[UNNAMED] += 1
            last = None
            continue
        if last and last.speaker == speech.speaker and speech.at is None and not _is_full(turns[-1].text):
            turns[-1] = turns[-1]._replace(text=f"{turns[-1].text} {speech.text}")
        else:
            turns.append(speech)
        last = speech
    return turns


def _goes_on(last: Speech, speech: Speech) -> bool:
    open_ = not _SENTENCE_END.search(last.text)
    return open_ and speech.text[:1].islower() and -_PAUSE <= speech.start - last.end <= _PAUSE


def _is_full(text: str) -> bool:
    return len(text) >= LONGEST_TURN and text.endswith((".", "?", "!", "。"))
