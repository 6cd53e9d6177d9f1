"""What an ingest did, in numbers, and what it could not take in."""

from __future__ import annotations

from pathlib import Path

import msgspec

from memctl.core.errors import MemctlError
from memctl.extract.secrets import redact
from memctl.ingest.commit import Committed
from memctl.ingest.llm_usage import Use
from memctl.ingest.session_extraction import Digest
from memctl.runtime.rejects import Rejects

_OUTCOMES = ("added", "reinforced", "superseded", "retracted", "removed")
"""What facts are counted by."""


class Reject(msgspec.Struct, frozen=True, kw_only=True):
    """Something that could not be taken in: where it stands, why, and what to do."""

    where: str
    reason: str
    hint: str | None = None


def reject_of(error: MemctlError) -> Reject:
    """An error as a reject. Its words may quote a file, and so a secret in it."""
    return Reject(where=error.where or "", reason=redact(error.message).text, hint=error.hint)


class Report(msgspec.Struct, kw_only=True):
    """What an ingest did. `skipped` and `redacted` count by reason and by kind of secret.

    `refused` counts the files with `rejects`, which no earlier run reported; `refused_earlier` those that one did, and
    that are unchanged. The rejects of these are in `earlier`, where they were read again.

    `withdrawn` counts the turns that were edited or deleted in their file, and left the store with what was read in
    them. `model` is what a model was used for, where one extracted. `run` undoes it; None when nothing was changed."""

    run: str | None = None
    files: int = 0
    unchanged: int = 0
    sessions: int = 0
    turns: int = 0
    episodes: int = 0
    added: int = 0
    reinforced: int = 0
    superseded: int = 0
    retracted: int = 0
    removed: int = 0
    withdrawn: int = 0
    skipped: dict[str, int] = {}
    redacted: dict[str, int] = {}
    rejects: list[Reject] = []
    refused: int = 0
    refused_earlier: int = 0
    earlier: list[Reject] = []
    extractor: str = "rules"
    model: Use | None = None

    @property
    def changed(self) -> bool:
        """False when everything was known already."""
        facts = self.added or self.reinforced or self.superseded or self.retracted or self.removed
        return bool(self.episodes or self.withdrawn or facts)

    def skip(self, reason: str, count: int = 1) -> None:
        """Count something that was skipped."""
        self.skipped[reason] = self.skipped.get(reason, 0) + count

    def write_rejects(self, path: str) -> str | None:
        """Append the rejects to a JSONL file only its owner can read, with the time; its path if there were any."""
        if not self.rejects:
            return None
        file = Rejects(Path(path))
        for reject in self.rejects:
            file.add(msgspec.structs.asdict(reject))
        return file.written

    def count(self, batch: Digest) -> None:
        """Add what was read into a batch."""
        self.join(Report(sessions=batch.sessions, turns=batch.turns, skipped=batch.skipped, redacted=batch.redacted))

    def join(self, other: Report) -> None:
        """Add what another report counts."""
        for name in ("sessions", "turns", "episodes", "withdrawn", *_OUTCOMES):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for totals, more in ((self.skipped, other.skipped), (self.redacted, other.redacted)):
            for reason, number in more.items():
                totals[reason] = totals.get(reason, 0) + number
        self.run = other.run or self.run

    def took(self, committed: Committed) -> None:
        """Add what one batch changed."""
        self.episodes += committed.episodes
        self.withdrawn += committed.withdrawn
        for name in _OUTCOMES:
            setattr(self, name, getattr(self, name) + len(getattr(committed.changes, name)))
