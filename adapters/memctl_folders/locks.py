"""A lock file for one process at a time. The operating system releases the lock when the process ends."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from memctl.core.errors import Locked, MemctlError


@contextlib.contextmanager
def locked(path: Path, timeout: float, folder: Path) -> Iterator[IO[bytes]]:
    """The file at `path`, created if missing and locked by this process alone. `folder` is named in the error.

    Raises Locked if another process still has it after `timeout` seconds, and MemctlError if it cannot be created.
    """
    try:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
    except OSError as error:
        raise unwritable(path, error) from None
    with file:
        deadline = time.monotonic() + timeout
        while not _lock(file):
            if time.monotonic() > deadline:
                raise Locked(
                    f"another process writes to the folder and did not finish within {timeout:g} s",
                    where=str(folder),
                    hint="try again when that process has finished",
                )
            time.sleep(0.02)
        yield file


def unwritable(path: Path, error: OSError) -> MemctlError:
    """The error for a file that cannot be written."""
    return MemctlError(
        f"cannot be written: {error.strerror or error}",
        where=str(path),
        hint="check the permissions and the free space",
    )


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> bool:
        """Whether the lock was free; it goes with the process."""
        file.seek(2**40)
        with contextlib.suppress(OSError):
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            return True
        return False

else:
    import fcntl

    def _lock(file: IO[bytes]) -> bool:
        """Whether the lock was free; it goes with the process."""
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False
