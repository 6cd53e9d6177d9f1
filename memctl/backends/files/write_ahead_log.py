"""The write-ahead log of a file: acknowledged writes until the file itself is replaced.

A file is only ever replaced as a whole, so batches are kept in a second file next to it, which survives a crash. Each
line is a fact or `{"deleted": id, "user": user}`. The next process that opens the file for writing replays the log.
Its lock keeps two writers apart.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import msgspec

from memctl.backends.files.jsonl import fact_of
from memctl.core.errors import Locked, MemctlError, unwritable
from memctl.core.fact import Fact
from memctl.runtime import file_lock


class Deleted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A log entry that removes a fact."""

    deleted: UUID
    user: str


class WriteAheadLog:
    """The log of the file at `path`, locked by this process from `acquire` to `remove` or `release`."""

    def __init__(self, path: Path, lock_timeout: float) -> None:
        self.path = path.with_name(f".{path.name}.memctl-journal")
        self._target = path
        self._lock_timeout = lock_timeout
        self._file: BinaryIO | None = None
        self._end = 0

    @property
    def locked(self) -> bool:
        """Whether this process has locked the log."""
        return self._file is not None

    @property
    def empty(self) -> bool:
        """Whether the log has no entries."""
        return self._end == 0

    def left_over(self) -> bool:
        """Whether an earlier write was interrupted, or another process is writing."""
        return self.path.exists()

    def acquire(self) -> None:
        """Create or open the log and lock it. Raises Locked if another process keeps it locked."""
        deadline = time.monotonic() + self._lock_timeout
        while True:
            file = self._open()
            if file_lock.lock(file) and self._same(file):
                self._file = file
                self._end = file.seek(0, os.SEEK_END)
                return
            file.close()
            if time.monotonic() > deadline:
                raise Locked(
                    f"the file stayed locked by another process for {self._lock_timeout:g} s",
                    where=str(self._target),
                    hint="try again when that process has finished",
                )
            time.sleep(0.02)

    def _open(self) -> BinaryIO:
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise MemctlError(
                f"cannot write to the file's folder: {error.strerror}",
                where=str(self._target),
                hint="choose a file in a folder that you can write to",
            ) from None
        return os.fdopen(descriptor, "a+b")

    def _same(self, file: BinaryIO) -> bool:
        """False if the log was removed between opening and locking it."""
        try:
            return os.path.samestat(os.fstat(file.fileno()), self.path.stat())
        except FileNotFoundError:
            return False

    def entries(self) -> Iterator[tuple[int, Fact | Deleted]]:
        """Every complete entry with the byte at which it begins; an incomplete last entry is cut off."""
        file = self._opened()
        file.seek(0)
        offset = 0
        while line := file.readline():
            if not line.endswith(b"\n"):
                self._end = file.truncate(offset)
                return
            yield offset, _entry(line)
            offset += len(line)

    def at(self, offset: int) -> bytes:
        """The line that begins at a byte, without its line feed."""
        file = self._opened()
        file.seek(offset)
        return file.readline().rstrip(b"\n")

    def append(self, line: bytes) -> int:
        """Add an entry and return the byte at which it begins. It is durable after `sync`."""
        offset = self._end
        with self._explained():
            self._end += self._opened().write(line + b"\n")
        return offset

    def append_deletion(self, id_: UUID, user: str) -> None:
        """Add an entry that removes a fact."""
        self.append(msgspec.json.encode(Deleted(id_, user)))

    def sync(self) -> None:
        """Make everything appended durable."""
        file = self._opened()
        with self._explained():
            file.flush()
            os.fsync(file.fileno())

    def remove(self) -> None:
        """Delete the log, once everything in it is saved."""
        self.path.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Unlock the log and leave it to the next process."""
        file, self._file = self._file, None
        if file is not None:
            # Closing writes what a full disk did not take before.
            with self._explained():
                file.close()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise unwritable("the file", error, self._target) from None

    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise MemctlError("the write-ahead log is not open", where=str(self.path))
        return self._file


def _entry(line: bytes) -> Fact | Deleted:
    return msgspec.json.decode(line, type=Deleted) if line.startswith(b'{"deleted":') else fact_of(line)
