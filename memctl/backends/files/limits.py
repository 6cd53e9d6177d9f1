"""Checks that a service's dump can be parsed in bounded memory and time, before it is parsed.

What the records mean is up to the adapters. An invalid line of JSON lines is rejected alone; a document or an archive
beyond the limits is refused.
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
from memctl.core.short_hash import bytes_hash
from memctl.runtime.json_limits import Bounds, unfit
from memctl.transcripts.files import archives, double_encoded

_CHUNK = 2**18
_BOM = b"\xef\xbb\xbf"
_LISTED_AT = 2
"""The deepest level of a dump's records: in a list of an object."""


class Sound(NamedTuple):
    """A file that can be parsed: the original, or a `copy` in which the `bad` lines are blank, or which is the document
    in a file that is one JSON string."""

    path: Path
    bad: tuple[Rejected, ...] = ()
    copy: IO[bytes] | None = None


def sound(path: Path) -> Sound:
    """The file in a form that can be parsed. Raises MemctlError for a document or an archive beyond the limits."""
    stat = path.stat()
    return _sound(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=1)
def _sound(path: Path, mtime_ns: int, size: int) -> Sound:
    # Called when the file is recognised and again when it is read.
    with path.open("rb") as file:
        head = file.read(_CHUNK)
    if archives.is_zip(head):
        for member in archives.listing(path, (), str(path)):
            if member.endswith((".json", ".json.gz", ".jsonl", ".jsonl.gz")):
                with archives.open_member(path, (member,), f"{path}!/{member}", member) as stream:
                    # Members are not copied: any bad line refuses the archive.
                    _measure(stream, f"{path}!/{member}")
    elif head.removeprefix(_BOM).lstrip().startswith((b"{", b"[")):
        with path.open("rb") as file:
            if not _is_lines(file):
                file.seek(0)
                _measure(file, str(path))
            elif bad := dict(_bad_lines(file)):
                rejects = tuple(
                    Rejected(reason, where=f"line {number}", digest=digest) for number, (reason, digest) in bad.items()
                )
                copy = _without(file, bad.keys())
                return Sound(Path(copy.name), rejects, copy)
    elif double_encoded.is_quoted(head) and size <= double_encoded.LARGEST:
        return _unquoted(path)
    return Sound(path)


def _unquoted(path: Path) -> Sound:
    """The document in a file that is one JSON string, as a file of a similar name."""
    with double_encoded.decoded(path.open("rb")) as stream:
        if stream.read(_CHUNK).lstrip()[:1] not in (b"{", b"["):
            return Sound(path)
        stream.seek(0)
        _measure(stream, str(path))
        stream.seek(0)
        copy = tempfile.NamedTemporaryFile(prefix=f"{path.stem}-", suffix=path.suffix)  # noqa: SIM115 - kept as long
        copy.write(stream.read())
        copy.flush()
    return Sound(Path(copy.name), copy=copy)


def _is_lines(file: BinaryIO) -> bool:
    """Whether the first line is a complete JSON object and another line follows."""
    file.seek(0)
    first = file.readline(LONGEST_LINE + 1)
    if not first.endswith(b"\n") or unfit(first) or not file.read(1):
        return False
    try:
        return isinstance(msgspec.json.decode(first.removeprefix(_BOM)), dict)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False


def _bad_lines(file: BinaryIO) -> Iterator[tuple[int, tuple[str, str]]]:
    """The lines that must not be parsed, by number, each with the reason and a hash of what is read of it."""
    for number, line, whole in _lines(file):
        reason = unfit(line) if whole else f"the line is longer than {LONGEST_LINE:,} bytes"
        if reason:
            yield number, (reason, bytes_hash(line))


def _without(file: BinaryIO, bad: Collection[int]) -> IO[bytes]:
    copy = tempfile.NamedTemporaryFile(prefix="memctl-")  # noqa: SIM115 - kept as long as the dump
    for number, line, _ in _lines(file):
        copy.write(b"\n" if number in bad else line)
    copy.flush()
    return copy


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes, bool]]:
    """Number and bytes of each line, and whether they are complete; of a line that is too long only the beginning."""
    file.seek(0)
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        whole = len(line) <= LONGEST_LINE or line.endswith(b"\n")
        yield number, line, whole
        while not whole and (rest := file.readline(_CHUNK)):
            whole = rest.endswith(b"\n")


def _measure(file: BinaryIO, where: str) -> None:
    """Refuse a document that is nested too deeply, or has a record that is too long or has too many values."""
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
    return MemctlError(reason, where=where, hint="not a dump of facts, or damaged: export it again")
