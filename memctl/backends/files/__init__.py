"""Files as backends: canonical JSONL, Parquet and CSV behind the adapter contract.

A file holds every field of every fact exactly. Its kind is told by its content, or by its name while it is to be made.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from memctl.backends.files.formats import EXTENSIONS, STANDARD, is_file

if TYPE_CHECKING:
    from memctl.backends.files.adapter import FileBackend, Mode
    from memctl.backends.files.stdio import StandardOutput

__all__ = ["EXTENSIONS", "STANDARD", "is_file", "open_file"]


def open_file(
    path: str | Path, mode: Mode = "r", *, lock_timeout: float = 30.0, default_user: str | None = None
) -> FileBackend | StandardOutput:
    """The backend of a file: "r" reads one that is there, "w" makes one or merges into it by id; `-` is the standard
    stream of that direction.

    `lock_timeout` is in seconds; `default_user` owns what a service's dump names no user for. Raises
    NotFound, and UsageError for a file of no known kind.
    """
    from memctl.backends.files.adapter import FileBackend
    from memctl.backends.files.stdio import StandardOutput, read_stream

    if str(path) == STANDARD:
        return StandardOutput() if mode == "w" else read_stream(sys.stdin.buffer, default_user)
    file = Path(path)
    if mode == "r" and (file.is_fifo() or file.is_char_device()):
        with file.open("rb") as stream:
            return read_stream(stream, default_user)
    return FileBackend(file, mode=mode, lock_timeout=lock_timeout, default_user=default_user)
