"""Files as backends: JSONL, Parquet and CSV.

A file preserves every field of every fact. Its format is detected by content, or by extension for new files.
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
    """Open a file as a backend: "r" reads an existing file, "w" creates one or merges into it by id; `-` is the
    standard stream of that direction.

    `lock_timeout` is in seconds; `default_user` owns records of a dump that name no user. Raises NotFound, and
    UsageError for an unknown format.
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
