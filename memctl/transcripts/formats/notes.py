"""Notes of one person, one remark per bullet, line or paragraph, and lists of memories copied from a chat service.

Nothing in a text says that it is somebody's notes, so it is read as such only with `--format notes`. A bullet is a turn
of the owner. A date before a remark (`[2024-03-01] - …`), or alone above several, is its time. What looks like words of
somebody else (a quote, `Ben: I …`) is nobody's. Services write about their user in the third person ("Lives in Ghent"):
such remarks are about the owner unless something above them names another subject; then they are kept without facts.
"""

import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.encoding import gather_lines
from memctl.transcripts.files.peek import Head
from memctl.transcripts.formats.subtitles import anchor_in_name
from memctl.transcripts.messages.session_builder import SessionBuilder
from memctl.transcripts.model import ReadOptions, Session
from memctl.transcripts.speaker_labels.speakers import is_name
from memctl.transcripts.timestamps import instant

NAME = "notes"

_BULLET = re.compile(r"(?P<indent>\s*)(?:[-*+•◦▪‣–·]|\d{1,3}[.)]|[a-z]\))\s+(?:\[[ xX]\]\s+)?(?P<text>\S.*)")
_DATED = re.compile(r"(?:\[(?P<in>[^\[\]]{3,40})\]|\((?P<par>[^()]{3,40})\))\s*[.:–—-]?\s*(?P<text>\S.*)")
_DATE_FIRST = re.compile(r"(?P<date>\d[\d./-]{7,9}\d)\s*(?:[:–—]|\s-)\s+(?P<text>\S.*)")
_NO_DATE = re.compile(r"unknown(?: date)?|no date|undated|date unknown|date not available|n/?a", re.IGNORECASE)
_DATE_ALONE = re.compile(r"\D{0,12}\d.*\d.*")
_DATE_LEVEL, _LINE_LEVEL = 7, 8
_HEADING = re.compile(r"(?P<level>#{1,6})\s+(?P<text>.+?)\s*#*|(?:\*\*|__)(?P<bold>[^*_]+)(?:\*\*|__):?")
_RULE = re.compile(r"[-=*_~]{3,}")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_LABEL = re.compile(r"(?:\*\*|__)?(?P<name>[^:：*]{1,60}?)(?:\*\*|__)?[:：](?:\*\*|__)?\s+(?P<text>\S.*)")
_FIRST_PERSON = re.compile(
    r"\b(?:I|me|my|mine|myself|we|our|ich|mein\w*|mir|mich|je|j['’]|mon|ma|mes|yo|mi|mis|eu|meu|minha|io|mio|mia|ik|mijn)\b"
    r"|[我私나]|\b(?:я|мой|моя|мне|меня)\b",
    re.IGNORECASE,
)
_ENDED = re.compile(r"[.!?;:…。！？][\"'”’)]*\Z")
_INTERFACE = re.compile(
    r"(?:saved |manage )?memor(?:y|ies)|delete all|clear memory|search memories|memory full|learn more|sort by .{1,20}"
    r"|chatgpt tries to remember most of your chats.*|(?:updated )?saved memory full",
    re.IGNORECASE,
)
_ABOUT_OWNER = frozenset(
    """me|about me|about the user|user|profile|user profile|identity|instructions|career|work|projects|preferences
|memories|saved memories|personal|personal information|background|bio|biography|facts|interests|hobbies|skills|education
|goals|health|diet|food|travel|location|lifestyle|communication|communication style|technical""".replace(
        "\n", ""
    ).split("|")
)
"""Headings of lists about the owner."""


class Remark(NamedTuple):
    """A remark as written. `apart` says that something above it names its subject."""

    text: str
    date: str
    apart: bool


def sniff(_: Head) -> bool:
    """Never: whose words a text has cannot be seen in it."""
    return False


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """The file as one Session. A turn's id is a hash of its text, so that new remarks leave the others alone."""
    lines: list[str] = []
    yield from gather_lines(document.open(), document.uri, lines)
    builder = SessionBuilder(NAME)
    default = anchor_in_name(document.stem, options)
    for remark in _remarks(lines, builder, options):
        at = instant(remark.date, options.timezone, options.date_order) if remark.date else default
        if _FIRST_PERSON.search(remark.text):
            kind = "note"
        else:
            kind = "note_apart" if remark.apart else "memory_write"
        builder.add(
            "user",
            remark.text,
            turn_id=hashlib.sha256(remark.text.encode()).hexdigest()[:12],
            at=at,
            raw_kind=kind,
        )
    yield builder.build(document.stem)


class _Outline:
    """What the headings above a line say: the date, and whether they name another subject than the owner."""

    def __init__(self, options: ReadOptions) -> None:
        self.date = ""
        self._options = options
        self._date_level = self._other_level = 0

    @property
    def apart(self) -> bool:
        return self._other_level > 0

    def enter(self, heading: str, level: int) -> None:
        """Go below a heading. It ends what those of its level or a lower one have said; 1 is the highest."""
        if level <= self._date_level:
            self.date, self._date_level = "", 0
        if _is_date(heading, self._options):
            self.date, self._date_level = heading, level
            return
        if level <= self._other_level:
            self._other_level = 0
        if not self._other_level and heading.strip(": ").lower() not in _ABOUT_OWNER:
            self._other_level = level


def _remarks(lines: list[str], builder: SessionBuilder, options: ReadOptions) -> Iterator[Remark]:
    """The remarks in order. Everything else is counted."""
    outline = _Outline(options)
    fenced = in_bullet = False
    current: Remark | None = None
    for line in _body(lines):
        if _FENCE.match(line):
            fenced = not fenced
            builder.skip("code", int(fenced))
            line = ""
        bullet = _BULLET.fullmatch(line)
        if current and not fenced and not bullet and _goes_on(current.text, line, in_bullet=in_bullet):
            current = current._replace(text=f"{current.text} {line.strip()}")
            continue
        if current:
            yield current
        in_bullet = bool(bullet)
        current = None if fenced else _remark(line.strip(), bullet, outline, builder, options)
    if current:
        yield current


def _remark(
    text: str, bullet: re.Match[str] | None, outline: _Outline, builder: SessionBuilder, options: ReadOptions
) -> Remark | None:
    """The remark that begins in a line, None for any other line."""
    text = bullet["text"].strip() if bullet else text
    if not text or _RULE.fullmatch(text):
        return None
    if text.startswith(">"):
        builder.skip("quoted text")
        return None
    if _INTERFACE.fullmatch(text):
        builder.skip("text of the interface")
        return None
    if heading := _heading(text, bullet=bool(bullet)):
        outline.enter(*heading)
        builder.skip("heading")
        return None
    date, words = _dated(text, options)
    if _is_of_another(words):
        builder.skip("words of somebody else")
        return None
    below = bool(bullet and bullet["indent"])
    return Remark(words, outline.date if date is None else date, outline.apart or below)


def _body(lines: list[str]) -> list[str]:
    """The lines without the metadata that some programs write first, between two lines of hyphens."""
    start = next((number for number, line in enumerate(lines) if line.strip(" \ufeff")), len(lines))
    if start < len(lines) and lines[start].strip(" \ufeff") == "---" and "---" in lines[start + 1 :]:
        return lines[lines.index("---", start + 1) + 1 :]
    return lines[start:]


def _goes_on(before: str, line: str, *, in_bullet: bool) -> bool:
    """Whether a line continues the remark before it: it is indented below its bullet, or its sentence continues."""
    if not line.strip():
        return False
    if in_bullet and line[0].isspace():
        return True
    return not _ENDED.search(before) and line.strip()[0].islower()


def _heading(text: str, *, bullet: bool) -> tuple[str, int] | None:
    """Text and level of a heading, None if the line is none. A date alone, and a line that ends with a colon, are
    below all of Markdown's levels."""
    if match := _HEADING.fullmatch(text):
        return (match["text"], len(match["level"])) if match["text"] else (match["bold"], _LINE_LEVEL)
    if not bullet and len(text) <= 40 and _DATE_ALONE.fullmatch(text) and instant(text):
        return text, _DATE_LEVEL
    return (text[:-1].strip(), _LINE_LEVEL) if text.endswith(":") and len(text) <= 60 else None


def _is_date(text: str, options: ReadOptions) -> bool:
    return any(sign.isdigit() for sign in text) and instant(text, options.timezone, options.date_order) is not None


def _dated(text: str, options: ReadOptions) -> tuple[str | None, str]:
    """The date before a remark ("" if it says that there is none, None without one), and the remark."""
    match = _DATED.fullmatch(text) or _DATE_FIRST.fullmatch(text)
    if match is None:
        return None, text
    groups = match.groupdict()
    date = groups.get("date") or groups.get("in") or groups.get("par") or ""
    if _NO_DATE.fullmatch(date.strip()):
        return "", match["text"]
    return (date, match["text"]) if _is_date(date, options) else (None, text)


def _is_of_another(text: str) -> bool:
    """Whether a remark gives the words of a person that it names first, as in "Ben: I live in Oslo"."""
    label = _LABEL.fullmatch(text)
    return label is not None and is_name(label["name"]) and bool(_FIRST_PERSON.search(label["text"]))
