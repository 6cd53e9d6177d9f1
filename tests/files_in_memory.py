"""Keep the temporary files of a test run in memory, because the tests wait for the disk a third of their time."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")
ROOM = 8_000_000_000
"""Bytes that must be free in MEMORY: a whole run writes about five gigabytes."""
PREFIX = "memctl"
"""Short, because the path of a socket has at most 107 bytes."""


def use(config: pytest.Config) -> None:
    """Use a folder in MEMORY for all temporary files of this run, if there is room; it is removed at the end.

    `--basetemp` keeps the files on disk. Folders of runs that were killed are removed.
    """
    if hasattr(config, "workerinput") or config.option.basetemp or not os.access(MEMORY, os.W_OK):
        return
    for abandoned in MEMORY.glob(f"{PREFIX}*"):
        _remove_unused(abandoned)
    if shutil.disk_usage(MEMORY).free < ROOM:
        return
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=MEMORY))
    lock = os.open(folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    folder.chmod(0o755)  # Servers that refuse to run as root use another account.
    config.option.basetemp = str(folder / "t")
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


def _remove_unused(folder: Path) -> None:
    """Remove the folder of another run, unless that run has it locked."""
    try:
        lock = os.open(folder, os.O_RDONLY)
    except OSError:  # another account's
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        pass
    finally:
        os.close(lock)
