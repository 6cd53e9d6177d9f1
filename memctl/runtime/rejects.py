"""The file of facts the target would not take, each with its reason: bad input is never dropped without a word."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from memctl.core.errors import UsageError
from memctl.core.fact import Fact


class Rejects:
    """A JSONL file of `{"at", "run", "reason", "fact"}` (or `"where"` for what is no fact), made when the first one
    comes and readable by its owner only."""

    def __init__(self, path: Path, run: str) -> None:
        self.path = path
        self._run = run
        self._lock = threading.Lock()
        self.count = 0

    @property
    def written(self) -> str | None:
        """The file's path if there were any."""
        return str(self.path) if self.count else None

    def add(self, fact: Fact, reason: str) -> None:
        """Append a fact the target refused. Raises UsageError when the file cannot be written."""
        self._append({"reason": reason, "fact": fact})

    def add_unreadable(self, where: str, reason: str) -> None:
        """Append a record of the source that is no fact."""
        self._append({"reason": reason, "where": where})

    def _append(self, reject: dict[str, object]) -> None:
        line = msgspec.json.encode({"at": datetime.now(UTC), "run": self._run, **reject}) + b"\n"
        try:
            with self._lock:
                descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(line)
                self.count += 1
        except OSError as error:
            raise UsageError(
                f"rejected facts cannot be written: {error.strerror}", where=str(self.path), hint="--rejects FILE"
            ) from None
