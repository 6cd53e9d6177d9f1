"""One line per run for monitoring: time, command, exit code, duration and counts.

It contains no arguments and no names of people.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from memctl.core.errors import unwritable
from memctl.runtime import private_files

Format = Literal["text", "json"]


class Log:
    """The line about this run, and its file; nothing is written if no file is named."""

    def __init__(self) -> None:
        self._file: Path | None = None
        self._format: Format = "text"
        self._began = time.monotonic()
        self._counts: dict[str, int] = {}
        self._command = ""

    def begin(self, file: str | None, format_: Format) -> None:
        """Set the file and its format. Raises MemctlError if the file cannot be written."""
        self._format = format_
        if file is None:
            return
        self._file = Path(file).expanduser()
        try:
            self._append("")
        except OSError as error:
            self._file = None
            raise unwritable("the log", error, file) from None

    def name(self, command: str) -> None:
        """Set the name of the command."""
        self._command = command

    def count(self, **counts: int) -> None:
        """Add counts of what the run changed, by name."""
        self._counts |= counts

    def end(self, code: int) -> None:
        """Write the line."""
        if self._file is None:
            return
        entry: dict[str, Any] = {
            "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "command": self._command,
            "exit": int(code),
            "seconds": round(time.monotonic() - self._began, 3),
            **self._counts,
        }
        if self._format == "json":
            import json

            line = json.dumps(entry)
        else:
            line = " ".join(
                f"{name}={value}" if name not in ("at", "command") else str(value) for name, value in entry.items()
            )
        self._append(line + "\n")

    def _append(self, line: str) -> None:
        assert self._file is not None
        private_files.append(self._file, line.encode())


_run = Log()


def start() -> Log:
    """The log of a run that begins now."""
    global _run
    _run = Log()
    return _run


def current() -> Log:
    """The log of the current run."""
    return _run
