"""Compressed files and archive members, opened within limits.

Archives are read member by member and not unpacked to disk. The directory is checked before anything is inflated, and
`zipfile` never returns more bytes of a member than the directory announces.
"""

import atexit
import gzip
import io
import os
import posixpath
import shutil
import tempfile
import zipfile
import zlib
from collections import Counter
from contextlib import suppress
from errno import EINVAL
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from memctl.core.errors import BadTranscript

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_MEMBERS = 100_000
MAX_TOTAL = 20 * 2**30
MAX_RATIO = 200
MAX_NESTED = 2 * 2**30
_RATIO_FROM = 16 * 2**20
_BUFFER = 256 * 1024
_ZSTD = b"\x28\xb5\x2f\xfd"
_GZIP = b"\x1f\x8b"
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, gzip.BadGzipFile, NotImplementedError, RuntimeError)


def is_zip(head: bytes) -> bool:
    """Whether `head` is the beginning of a zip archive, which may be empty."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def spool(stream: IO[bytes]) -> Path:
    """Copy `stream` to a temporary file that is deleted when the process ends, and return its path."""
    with tempfile.NamedTemporaryFile(prefix="memctl-", delete=False) as file:
        shutil.copyfileobj(stream, file)
    path = Path(file.name)
    atexit.register(path.unlink, missing_ok=True)
    return path


def open_member(path: Path, members: tuple[str, ...], uri: str, name: str) -> io.BufferedReader:
    """Open a file or an archive member, decompressing `.gz` and `.zst`.

    Raises BadTranscript for a damaged archive and a missing or encrypted member; reading raises it if a compressed file
    exceeds the limits.
    """
    if not members:
        stored: IO[bytes] = path.open("rb")
        below: tuple[_Closable, ...] = (stored,)
        packed = path.stat().st_size
    else:
        archive = _archive(path, members[:-1], uri)
        stored, packed = _open_info(archive, members[-1], uri)
        below = (stored,)
    stream: _Source = stored
    suffix = posixpath.splitext(name)[1].lower()
    if suffix in (".gz", ".zst") or uri == "-":
        try:
            head = stored.read(4)
            stored.seek(0)
        except _DAMAGE as error:
            raise _damaged(uri, error) from error
        if head.startswith(_GZIP):
            stream = gzip.GzipFile(fileobj=stored)
        elif head == _ZSTD:
            import zstandard

            decompressor = zstandard.ZstdDecompressor(max_window_size=2**31)
            stream = decompressor.stream_reader(stored, read_across_frames=True)
    return io.BufferedReader(_Member(stream, below, packed, uri), _BUFFER)


def listing(path: Path, members: tuple[str, ...], uri: str) -> dict[str, int]:
    """The files of an archive with their sizes in bytes.

    Raises BadTranscript, naming the limit, for too many members or bytes, and a compression ratio beyond that of text;
    also for members whose path points outside the archive, and for two members with the same name.
    """
    infos = _archive(path, members, uri).infolist()
    if len(infos) > MAX_MEMBERS:
        raise _bomb(uri, f"{len(infos):,} members, the limit is {MAX_MEMBERS:,}")
    total = sum(info.file_size for info in infos)
    if total > MAX_TOTAL:
        raise _bomb(uri, f"unpacks to {total / 2**30:.1f} GB, the limit is {MAX_TOTAL // 2**30} GB")
    stored = sum(info.compress_size for info in infos)
    if total > _RATIO_FROM and total > MAX_RATIO * max(stored, 1):
        raise _bomb(uri, f"unpacks to {total // max(stored, 1):,} times its size, the limit is {MAX_RATIO}")
    for info in infos:
        name = info.filename.replace("\\", "/")
        if not name or name.startswith("/") or ".." in name.split("/") or name[1:3] == ":/":
            raise BadTranscript(
                f"unsafe archive: a path points outside it: {info.filename!r}",
                where=uri,
                hint="do not trust it; export the conversations again",
            )
    found = {info.filename: info.file_size for info in infos}
    if len(found) < len(infos):
        twice = next(name for name, times in Counter(info.filename for info in infos).items() if times > 1)
        raise BadTranscript(
            f"the archive contains the same name twice: {twice!r}",
            where=uri,
            hint="export the conversations again, or unpack it and pass the folder",
        )
    return {info.filename: info.file_size for info in infos if not info.is_dir()}


def member_size(path: Path, members: tuple[str, ...]) -> int | None:
    """The size of a member in bytes, None if there is no such member."""
    try:
        return _archive(path, members[:-1], str(path)).getinfo(members[-1]).file_size
    except KeyError:
        return None


class _Closable(Protocol):
    def close(self) -> None: ...


class _Source(_Closable, Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


def _archive(path: Path, members: tuple[str, ...], uri: str) -> zipfile.ZipFile:
    """Open the archive at `path`, or the one inside it under `members`."""
    try:
        stat = path.stat()
        return _opened(path, members, stat.st_mtime_ns, stat.st_size, os.getpid())
    except (*_DAMAGE, ValueError) as error:
        raise _damaged(uri, error) from error
    except OSError as error:
        raise _damaged(uri, error) if error.errno == EINVAL else error from None


@lru_cache(maxsize=4)
def _opened(path: Path, members: tuple[str, ...], mtime_ns: int, size: int, process: int) -> zipfile.ZipFile:
    """Open an archive and keep it open for its next member: reading its directory every time takes quadratic time.

    Archives are closed when they leave the cache; open members keep the file. A forked process opens its own, because
    file positions are shared.
    """
    if not members:
        return zipfile.ZipFile(path)
    outer = _opened(path, members[:-1], mtime_ns, size, process)
    stream, _ = _open_info(outer, members[-1], str(path))
    with stream:
        unpacked = outer.getinfo(members[-1]).file_size
        if unpacked > MAX_NESTED:
            raise _bomb(str(path), f"an inner archive has {unpacked:,} bytes, the limit is {MAX_NESTED:,}")
        inner = spool(stream)
    archive = zipfile.ZipFile(inner)
    with suppress(OSError):
        inner.unlink()
    return archive


def _open_info(archive: zipfile.ZipFile, member: str, uri: str) -> tuple[IO[bytes], int]:
    try:
        info = archive.getinfo(member)
        if info.flag_bits & 1:
            raise BadTranscript(
                "the archive is encrypted", where=uri, hint="unpack it with its password and pass the folder"
            )
        return archive.open(info), info.compress_size
    except (*_DAMAGE, KeyError, ValueError) as error:
        raise _damaged(uri, error) from error
    except OSError as error:
        # A damaged directory points before the beginning of the file.
        raise _damaged(uri, error) if error.errno == EINVAL else error from None


def _damaged(uri: str, error: Exception) -> BadTranscript:
    return BadTranscript(f"damaged archive or compressed file: {error}", where=uri, hint="download or export it again")


def _bomb(uri: str, reason: str) -> BadTranscript:
    return BadTranscript(
        f"archive refused: {reason}",
        where=uri,
        hint="if you trust it, unpack it and pass the folder",
    )


class _Member(io.RawIOBase):
    """A decompressed stream that enforces the limits, reports damage as BadTranscript and closes the files below it."""

    def __init__(self, stream: _Source, below: tuple[_Closable, ...], packed: int, uri: str) -> None:
        self._stream = stream
        self._below = below
        self._packed = packed
        self._uri = uri
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        try:
            data = self._stream.read(len(view))
        except Exception as error:
            if isinstance(error, _DAMAGE) or type(error).__name__ == "ZstdError":
                raise _damaged(self._uri, error) from error
            raise
        view[: len(data)] = data
        self._given += len(data)
        if self._given > MAX_TOTAL or self._given > max(_RATIO_FROM, MAX_RATIO * self._packed):
            limit = f"{MAX_TOTAL // 2**30} GB" if self._given > MAX_TOTAL else f"{MAX_RATIO} times its size"
            raise _bomb(self._uri, f"unpacks to more than {limit}")
        return len(data)

    def close(self) -> None:
        if not self.closed:
            for each in (self._stream, *self._below):
                each.close()
        super().close()
