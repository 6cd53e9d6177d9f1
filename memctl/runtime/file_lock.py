"""Who may do something alone, over all processes of the machine: a file that one of them at a time has locked.

A lock goes with its process, however that ends. What is done under it is nobody's business here.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from memctl.core.errors import Locked

STEP = 0.05
"""Seconds between two tries."""


@contextlib.contextmanager
def alone(path: Path, refused: Locked, timeout: float = 0.0) -> Iterator[None]:
    """Hold the lock in the file `path` until the block ends, or the process does; the file is made, and stays.

    Raises `refused` when another one has not let go of it within `timeout` seconds.
    """
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows: two runs at once stay the user's own care
        yield
        return
    deadline = time.monotonic() + timeout
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() >= deadline:
                    raise refused from None
                time.sleep(STEP)
        yield


def is_held(path: Path) -> bool:
    """Whether a process holds the lock in `path`; where that cannot be asked, one that has its file counts as held."""
    if not path.exists():
        return False
    try:
        with alone(path, Locked("held", where=str(path))):
            return os.name == "nt"
    except Locked:
        return True
