"""JSON lines: one fact per line. Only a line feed ends a line, not the other line separators of Unicode."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from memctl.backends.files.checked_line import id_and_owner
from memctl.backends.files.records import LONGEST_LINE, Place, Row
from memctl.core.fact import Fact, decode
from memctl.core.short_hash import bytes_hash, short_hash
from memctl.runtime.json_limits import unfit

_BOM = b"\xef\xbb\xbf"


def rows(path: Path) -> Iterator[Place | Row]:
    """Every non-blank line: where its fact is, the fact itself if that must be looked at, or why it is not one."""
    with path.open("rb") as file:
        yield from parse(file)


def parse(file: BinaryIO) -> Iterator[Place | Row]:
    """As `rows`, from an open file at its beginning."""
    number = 0
    offset = len(_BOM) if file.read(len(_BOM)) == _BOM else 0
    file.seek(offset)
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        length = len(line)
        if length > LONGEST_LINE and not line.endswith(b"\n"):
            length += _skip_line(file)
            # Its length and its beginning: a line of any length is not read into memory.
            digest = short_hash(length, bytes_hash(line))
            yield Row(number, None, f"the line is longer than {LONGEST_LINE:,} bytes", offset, digest)
        elif stripped := line.strip():
            yield _row(number, stripped, offset, ended=line.endswith(b"\n"))
        offset += length


def _row(number: int, line: bytes, offset: int, *, ended: bool) -> Place | Row:
    known = None if unfit(line) else id_and_owner(line)
    if known is not None and known[1].strip():
        return Place(number, *known, offset)
    try:
        return Row(number, fact_of(line), offset=offset)
    except ValueError as error:
        torn = "" if ended else "; the line has no line feed: the file may be truncated"
        return Row(number, None, f"{error}{torn}", offset, bytes_hash(line))


def fact_of(line: bytes) -> Fact:
    """The fact in a line. Raises ValueError with the reason if it is not one."""
    if reason := unfit(line):
        raise ValueError(reason)
    try:
        return decode(line)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def _skip_line(file: BinaryIO) -> int:
    skipped = 0
    while piece := file.readline(LONGEST_LINE):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            break
    return skipped


def write(lines: Iterable[bytes], target: BinaryIO) -> None:
    """Write encoded facts, one per line."""
    for line in lines:
        target.write(line)
        target.write(b"\n")
