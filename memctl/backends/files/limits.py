"""Whether a file that may be a service's dump can be parsed in little memory and time, looked at before anything is.

What a dump's records mean is its own package's business; how much any JSON may ask of a parser is told here, once for
all of them. Of JSON lines a bad one costs only itself; a document or an archive that goes beyond the bounds is refused.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple

import msgspec

from memctl.backends.files.records import LONGEST_LINE
from memctl.core.errors import MemctlError, Rejected
from memctl.runtime.json_limits import Bounds, unfit
from memctl.transcripts import archives

_CHUNK = 2**18
_BOM = b"\xef\xbb\xbf"
_LISTED_AT = 2
"""The level at which a dump's records lie, at the most: in a list that an object holds."""


class Sound(NamedTuple):
    """What can be parsed: the file itself, or a copy without the lines that are `bad`, each blank in its place."""

    path: Path
    bad: tuple[Rejected, ...] = ()
    copy: IO[bytes] | None = None


def sound(path: Path) -> Sound:
    """The file as it can be parsed. Raises MemctlError for a document or an archive that is not to be."""
    stat = path.stat()
    return _sound(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=1)
def _sound(path: Path, mtime_ns: int, size: int) -> Sound:
    # It is asked for when the file is recognised and again when it is read.
    with path.open("rb") as file:
        head = file.read(_CHUNK)
    if archives.is_zip(head):
        for member in archives.listing(path, (), str(path)):
            if member.endswith((".json", ".json.gz", ".jsonl", ".jsonl.gz")):
                with archives.open_member(path, (member,), f"{path}!/{member}", member) as stream:
                    # No copy is made of a member, which is refused for any of its lines too.
                    _measure(stream, f"{path}!/{member}")
    elif head.removeprefix(_BOM).lstrip().startswith((b"{", b"[")):
        with path.open("rb") as file:
            if not _is_lines(file):
                file.seek(0)
                _measure(file, str(path))
            elif bad := dict(_bad_lines(file)):
                rejects = tuple(Rejected(reason, where=f"line {number}") for number, reason in bad.items())
                copy = _without(file, bad.keys())
                return Sound(Path(copy.name), rejects, copy)
    return Sound(path)


def _is_lines(file: BinaryIO) -> bool:
    """Whether the first line is a whole JSON object, and another line follows."""
    file.seek(0)
    first = file.readline(LONGEST_LINE + 1)
    if not first.endswith(b"\n") or unfit(first) or not file.read(1):
        return False
    try:
        return isinstance(msgspec.json.decode(first.removeprefix(_BOM)), dict)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False


def _bad_lines(file: BinaryIO) -> Iterator[tuple[int, str]]:
    """The lines that are not to be parsed, by number, each with the reason."""
    for number, line, whole in _lines(file):
        if not whole:
            yield number, f"the line is longer than {LONGEST_LINE:,} bytes"
        elif reason := unfit(line):
            yield number, reason


def _without(file: BinaryIO, bad: Collection[int]) -> IO[bytes]:
    copy = tempfile.NamedTemporaryFile(prefix="memctl-")  # noqa: SIM115 - kept as long as the dump is
    for number, line, _ in _lines(file):
        copy.write(b"\n" if number in bad else line)
    copy.flush()
    return copy


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes, bool]]:
    """Number, bytes and wholeness of each line; of one that is too long its beginning."""
    file.seek(0)
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        whole = len(line) <= LONGEST_LINE or line.endswith(b"\n")
        yield number, line, whole
        while not whole and (rest := file.readline(_CHUNK)):
            whole = rest.endswith(b"\n")


def _measure(file: BinaryIO, where: str) -> None:
    """Refuse a document that nests too deep, or of which one record is too large or has too many values."""
    bounds = Bounds()
    size = 0
    for chunk in _chunks(file):
        bounds.take(chunk)
        size += len(chunk)
        if bounds.shallowest() <= _LISTED_AT:
            bounds.values = size = 0
        if reason := bounds.broken():
            raise _refused(reason, where)
        if size > LONGEST_LINE:
            raise _refused(f"one record of the JSON is longer than {LONGEST_LINE:,} bytes", where)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk


def _refused(reason: str, where: str) -> MemctlError:
    return MemctlError(reason, where=where, hint="this is no dump of facts, or a damaged one: export it again")
