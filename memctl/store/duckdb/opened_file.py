"""A DuckDB file that is opened a second time, to notice what another process wrote to it while DuckDB opened it.

DuckDB 2.0 reads the header of a file, then locks the file, and does not read the header again. If another process
writes and releases the file in between, DuckDB continues from the old header: it shows the old state, and its next
write replaces that of the other process. So the header is compared from before and after DuckDB opened the file.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from pathlib import Path

_HEADER = 3 * 4096
"""Bytes of the header: a block about the file, and two about its state, of which each checkpoint replaces the older."""
_PART = 1 << 20
"""Bytes that are copied at once."""

if sys.platform == "win32":

    def _descriptor(path: Path) -> int | None:
        """None: on Windows, DuckDB cannot open a file to write if the process has opened it too."""
        return None

    def _read(descriptor: int, size: int, start: int) -> bytes:
        os.lseek(descriptor, start, os.SEEK_SET)
        return os.read(descriptor, size)

else:

    def _descriptor(path: Path) -> int | None:
        # DuckDB reports why a file cannot be opened, and that a folder is none.
        with contextlib.suppress(OSError):
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC) if path.is_file() else None
        return None

    _read = os.pread


class OpenedFile:
    """The file at `path`, opened before DuckDB opens it.

    It must be closed after DuckDB has released the file: a process loses its locks on a file as soon as it closes one
    of its descriptors. For the same reason, a file that DuckDB has open is copied with `copy`, and in no other way.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _descriptor(path)
        self._header = b"" if self._file is None else _read(self._file, _HEADER, 0)

    def changed(self) -> bool:
        """Whether the file was written to or replaced since it was opened. Ask when DuckDB has locked it."""
        if self._file is None:
            return False
        try:
            current = os.path.samestat(os.fstat(self._file), self.path.stat())
        except FileNotFoundError:
            current = False
        return not current or _read(self._file, _HEADER, 0) != self._header

    def copy(self, to: Path) -> None:
        """Write the content of the file to the file `to`."""
        if self._file is None:
            shutil.copyfile(self.path, to)
            return
        start = 0
        with to.open("wb") as copy:
            while part := _read(self._file, _PART, start):
                copy.write(part)
                start += len(part)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
