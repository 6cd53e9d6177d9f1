"""What was written into a file since it was last saved: a second file beside it, that survives a kill.

A file is only ever replaced whole, so a batch that was acknowledged has to stand somewhere until then. Every entry is
a line: a fact, or `{"deleted": id, "user": user}`. Whoever opens the file next for writing takes up what is there.
The lock on it keeps two writers apart.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import msgspec

from memctl.backends.files.jsonl import fact_of
from memctl.core.errors import Locked, MemctlError
from memctl.core.fact import Fact


class Deleted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of the journal that takes a fact away."""

    deleted: UUID
    user: str


_deleted = msgspec.json.Decoder(Deleted)


def beside(path: Path) -> Path:
    """The journal of the file at `path`."""
    return path.with_name(f".{path.name}.memctl-journal")


class Journal:
    """The journal of one file, held by this process alone from `hold` to `remove` or `release`."""

    def __init__(self, path: Path, lock_timeout: float) -> None:
        self.path = beside(path)
        self._owner = path
        self._lock_timeout = lock_timeout
        self._file: BinaryIO | None = None
        self._end = 0

    @property
    def held(self) -> bool:
        """Whether this process holds the journal."""
        return self._file is not None

    @property
    def empty(self) -> bool:
        """Whether nothing has been entered."""
        return self._end == 0

    def left_over(self) -> bool:
        """Whether an earlier write was broken off, or another process is writing."""
        return self.path.exists()

    def hold(self) -> None:
        """Make or take up the journal and lock it. Raises Locked when another process would not let go of it."""
        deadline = time.monotonic() + self._lock_timeout
        while True:
            file = self._open()
            if _lock(file) and self._same(file):
                self._file = file
                self._end = file.seek(0, os.SEEK_END)
                return
            file.close()
            if time.monotonic() > deadline:
                raise Locked(
                    f"another process is writing into it and was not done within {self._lock_timeout:g} s",
                    where=str(self._owner),
                    hint="try again when that is done",
                )
            time.sleep(0.02)

    def _open(self) -> BinaryIO:
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise MemctlError(
                f"the folder of the file cannot be written to: {error.strerror}",
                where=str(self._owner),
                hint="name a file in a folder of yours",
            ) from None
        return os.fdopen(descriptor, "a+b")

    def _same(self, file: BinaryIO) -> bool:
        """False when the journal was removed between being opened and being locked."""
        try:
            return os.path.samestat(os.fstat(file.fileno()), self.path.stat())
        except FileNotFoundError:
            return False

    def entries(self) -> Iterator[tuple[int, Fact | Deleted]]:
        """Every whole entry with the byte at which it begins; a last one that was torn off is cut away."""
        file = self._held()
        file.seek(0)
        offset = 0
        while line := file.readline():
            if not line.endswith(b"\n"):
                self._end = file.truncate(offset)
                return
            yield offset, _entry(line)
            offset += len(line)

    def at(self, offset: int) -> bytes:
        """The line that begins at a byte, without its end."""
        file = self._held()
        file.seek(offset)
        return file.readline().rstrip(b"\n")

    def append(self, line: bytes) -> int:
        """Add an entry; the byte at which it begins. It is safe once `sync` was called."""
        file = self._held()
        offset = self._end
        self._end += file.write(line + b"\n")
        return offset

    def sync(self) -> None:
        """Bring everything appended to the disk."""
        file = self._held()
        file.flush()
        os.fsync(file.fileno())

    def remove(self) -> None:
        """Everything in it is saved: away with it."""
        self.path.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Let go of the journal, leaving it for whoever comes next."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _held(self) -> BinaryIO:
        if self._file is None:
            raise MemctlError("the journal is not held", where=str(self.path))
        return self._file


def _entry(line: bytes) -> Fact | Deleted:
    if line.startswith(b'{"deleted":'):
        return _deleted.decode(line)
    return fact_of(line)


def deleted_line(id_: UUID, user: str) -> bytes:
    """The entry that takes a fact away."""
    return msgspec.json.encode(Deleted(id_, user))


if sys.platform == "win32":
    import msvcrt

    _FAR = 2**40

    def _lock(file: BinaryIO) -> bool:
        """Whether the lock was free; it goes with the process."""
        file.seek(_FAR)
        with contextlib.suppress(OSError):
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            return True
        return False

else:
    import fcntl

    def _lock(file: BinaryIO) -> bool:
        """Whether the lock was free; it goes with the process."""
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False
