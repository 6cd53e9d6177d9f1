"""The rejects file: input that was not accepted, each with its reason; nothing is dropped silently."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from memctl.core.errors import unwritable
from memctl.runtime import private_files

HINT = "check the permissions of its folder, or choose another file with --rejects"


class Rejects:
    """A JSONL file, private to its owner and created with the first reject. Thread-safe.

    Each line has the time `at` and the values of `common`, such as the run, before those of the reject. `count` is the
    number of rejects, `reasons` the number for each reason.
    """

    def __init__(self, path: Path, **common: str) -> None:
        self.path = path
        self._common = common
        self._lock = threading.Lock()
        self.count = 0
        self.reasons = Counter[str]()

    def require(self) -> None:
        """Raise MemctlError if the file cannot be written; no empty file is left."""
        new = not self.path.exists()
        self._append(b"")
        if new:
            self.path.unlink()

    @property
    def written(self) -> str | None:
        """The file's path, None if nothing was rejected."""
        return str(self.path) if self.count else None

    def add(self, reject: Mapping[str, Any]) -> None:
        """Append a reject. Raises MemctlError if the file cannot be written."""
        line = msgspec.json.encode({"at": datetime.now(UTC), **self._common, **reject}) + b"\n"
        with self._lock:
            self._append(line)
            self.count += 1
            self.reasons[str(reject.get("reason", ""))] += 1

    def _append(self, line: bytes) -> None:
        try:
            private_files.make_folder(self.path.parent)
            private_files.append(self.path, line)
        except OSError as error:
            raise unwritable("the rejects file", error, self.path, hint=HINT) from None
