"""An inter-process file lock. The OS releases it when the process ends, however that happens."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from memctl.core.errors import Locked

STEP = 0.05
"""Seconds between two attempts."""

if sys.platform == "win32":
    import msvcrt

    _UNUSED_BYTE = 2**40

    def lock(file: BinaryIO) -> bool:
        """Lock an open file; False if another process has locked it."""
        file.seek(_UNUSED_BYTE)
        with contextlib.suppress(OSError):
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            return True
        return False

else:
    import fcntl

    def lock(file: BinaryIO) -> bool:
        """Lock an open file; False if another process has locked it."""
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False


@contextlib.contextmanager
def alone(path: Path, refused: Locked, timeout: float = 0.0) -> Iterator[None]:
    """Lock the file `path`, which is created if missing and never removed, until the block ends.

    Raises `refused` if another process still has the lock after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        while not lock(file):
            if time.monotonic() >= deadline:
                raise refused
            time.sleep(STEP)
        yield


def is_held(path: Path) -> bool:
    """Whether a process has locked `path`."""
    if not path.exists():
        return False
    try:
        with alone(path, Locked("locked", where=str(path))):
            return False
    except Locked:
        return True
