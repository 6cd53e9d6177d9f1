"""Keep the temporary files of a test run in memory, because the tests wait for the disk a third of their time."""

import os
import shutil
import tempfile
from functools import partial
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")
ROOM = 8_000_000_000
"""Bytes that must be free in MEMORY: a whole run writes about five gigabytes."""


def use(config: pytest.Config) -> None:
    """Use a folder in MEMORY for all temporary files of this run, if there is room; it is removed at the end.

    `--basetemp` keeps the files on disk. Its name is short, because the path of a socket has at most 107 bytes, and
    other accounts may enter it, because servers that refuse to run as root use one of them.
    """
    if hasattr(config, "workerinput") or config.option.basetemp or not os.access(MEMORY, os.W_OK):
        return
    if shutil.disk_usage(MEMORY).free < ROOM:
        return
    folder = Path(tempfile.mkdtemp(prefix="m", dir=MEMORY))
    config.add_cleanup(partial(shutil.rmtree, folder, ignore_errors=True))
    folder.chmod(0o755)
    config.option.basetemp = str(folder / "t")
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
