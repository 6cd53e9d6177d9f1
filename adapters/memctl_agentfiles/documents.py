"""A text file as pieces, one statement each, and the text between them, which is never changed. No input or output."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from memctl_folders.lines import text_of

BOM = "\ufeff"
_FRONT = re.compile(r"---[ \t]*\r?\n(?:.*?\r?\n)??---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_BULLET = re.compile(r"[ \t]*(?:[-*+•]|\d{1,9}[.)])[ \t]+(?=\S)")
_HEADING = re.compile(r"[ ]{0,3}#{1,6}(?:[ \t]|\Z)")
_RULE = re.compile(r"[ ]{0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})\Z")
_FENCE = re.compile(r"[ ]{0,3}(`{3,}|~{3,})")
_COMMENT = re.compile(r"[ \t]*<!--.*?-->[ \t]*\Z")
_ENTRY = re.compile(r"(?:\A|(?<=\n))§\r?(?:\n|\Z)")


@dataclass(eq=False)
class Piece:
    """A part of a file with one statement: `raw` is its text in the file, `text` the statement, `gap` the text between
    it and the previous piece. `fields` has the fields of the fact that are known from the form of the piece; `shows`
    has the ids of the recorded facts that it shows."""

    raw: str
    text: str
    gap: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    shows: list[UUID] = field(default_factory=list)


@dataclass(eq=False)
class Document:
    """A file: a byte order mark, front matter (`head`), pieces, and the text after the last piece (`tail`)."""

    path: str
    head: str = ""
    pieces: list[Piece] = field(default_factory=list)
    tail: str = ""
    bom: bool = False
    separator: str = "\n"
    crlf: bool = False

    @property
    def text(self) -> str:
        """The text of the whole file."""
        pieces = "".join(piece.gap + piece.raw for piece in self.pieces)
        return f"{BOM if self.bom else ''}{self.head}{pieces}{self.tail}"

    @property
    def eol(self) -> str:
        """The line end of the file."""
        return "\r\n" if self.crlf else "\n"

    def between(self) -> str:
        """The text to put between two pieces."""
        return self.separator.replace("\n", self.eol)

    def append(self, piece: Piece, after: Piece | None = None) -> None:
        """Insert a piece after the piece `after`, by default after the last one. The text that follows stays after
        it."""
        if self.pieces:
            place = self.pieces.index(after) + 1 if after is not None else len(self.pieces)
            piece.gap = piece.gap or self.between()
            self.pieces.insert(place, piece)
            return
        start = self.tail
        if not piece.gap and start and not start.endswith("\n"):
            start += self.eol
        piece.gap = start + piece.gap
        self.tail = self.eol if self.separator == "\n" else ""
        self.pieces.append(piece)

    def remove(self, piece: Piece) -> None:
        """Remove a piece and one separator; the text around it stays."""
        place = self.pieces.index(piece)
        del self.pieces[place]
        between = self.between()
        following = self.pieces[place].gap if place < len(self.pieces) else self.tail
        if following.startswith(between):
            gap = piece.gap + following.removeprefix(between)
        elif piece.gap.endswith(between):
            gap = piece.gap.removesuffix(between) + following
        else:
            gap = piece.gap + following.removeprefix(self.eol)
        if place < len(self.pieces):
            self.pieces[place].gap = gap
        else:
            self.tail = gap


Grammar = Callable[[str], Iterator[tuple[int, int, str]]]
"""Finds the pieces of a body: start, end and statement of each."""


def parse(path: str, text: str, grammar: Grammar, *, separator: str = "\n", has_front: bool = True) -> Document:
    """Parse a file's `text` into a document. Without `has_front`, front matter is part of the body."""
    document = Document(path, bom=text.startswith(BOM), separator=separator)
    rest = text.removeprefix(BOM)
    # The programs do not recognise front matter after a byte order mark.
    front = _FRONT.match(rest) if has_front and not document.bom else None
    document.head = front.group() if front else ""
    body = rest[len(document.head) :]
    document.crlf = "\r\n" in text
    end = 0
    for start, stop, statement in grammar(body):
        document.pieces.append(Piece(body[start:stop], statement, body[end:start]))
        end = stop
    document.tail = body[end:]
    return document


def whole(body: str) -> Iterator[tuple[int, int, str]]:
    """The body as one piece, without the white space around it."""
    statement = body.strip()
    if statement:
        start = body.index(statement)
        yield start, start + len(statement), statement


def entries(body: str) -> Iterator[tuple[int, int, str]]:
    """The entries of a file of Hermes, which are separated by lines `§`."""
    start = 0
    for mark in [*_ENTRY.finditer(body), None]:
        stop = mark.start() if mark else len(body)
        entry = body[start:stop].strip()
        if entry:
            begin = body.index(entry, start)
            yield begin, begin + len(entry), entry.replace("\r\n", "\n")
        start = mark.end() if mark else stop


def lines(body: str, foreign: Callable[[str], bool] = lambda _: False) -> Iterator[tuple[int, int, str]]:
    """Each bullet and each paragraph. Headings, rules, comments, and lines that `foreign` accepts are not pieces."""
    start = stop = at = 0
    fence = ""
    comment = opened = False

    def piece() -> tuple[int, int, str]:
        first, *more = body[start:stop].split("\n")
        return start, stop, "\n".join([_statement(first), *(_COMMENT.sub("", line).strip() for line in more)])

    # str.splitlines() would also split at form feeds and other characters that do not end a line of Markdown.
    for line in re.split(r"(?<=\n)", body):
        content = line.rstrip("\r\n")
        begin, at = at, at + len(line)
        mark = _FENCE.match(content)
        if fence:
            stop = begin + len(content.rstrip())
            fence = "" if mark and mark.group(1).startswith(fence) and content.strip() == mark.group(1) else fence
            continue
        aside = comment or content.lstrip().startswith("<!--")
        comment = aside and "-->" not in content
        blank = not content.strip()
        if aside or blank or _HEADING.match(content) or _RULE.match(content) or foreign(content):
            if opened:
                yield piece()
            opened = False
            continue
        if opened and (_BULLET.match(content) or (mark and not content.startswith((" ", "\t")))):
            yield piece()
            opened = False
        if not opened:
            start, opened = begin + len(content) - len(content.lstrip()), True
        fence = mark.group(1) if mark else ""
        stop = begin + len(content.rstrip())
    if opened:
        yield piece()


def _statement(line: str) -> str:
    line = _COMMENT.sub("", line)
    bullet = _BULLET.match(line)
    return line[bullet.end() :].strip() if bullet else text_of(line)
