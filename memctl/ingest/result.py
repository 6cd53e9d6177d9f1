"""The result of an ingest: counts and rejects."""

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
    """Something that could not be read: its place, the reason, and what to do."""

    where: str
    reason: str
    hint: str | None = None


def reject_of(error: MemctlError) -> Reject:
    """An error as a reject, without the secrets that a quoted file may contain."""
    return Reject(where=error.where or "", reason=redact(error.message).text, hint=error.hint)


class Report(msgspec.Struct, kw_only=True):
    """The result of an ingest. `skipped` and `redacted` count by reason and by kind of secret. Of the `files`,
    `unchanged` were not read again, and nothing could be read of `unread`.

    `refused` counts the files with `rejects`, which no earlier run reported; `refused_earlier` those that an earlier
    run reported and that have not changed. Their rejects are in `earlier` if they were read again. `withdrawn` counts
    the turns that were edited or deleted in their file and were removed from the store. `model` is the use of a model,
    if there is one. `run` is the id for `memctl undo`; None if nothing was changed.
    """

    run: str | None = None
    files: int = 0
    unchanged: int = 0
    unread: int = 0
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
        """False if nothing was new."""
        facts = self.added or self.reinforced or self.superseded or self.retracted or self.removed
        return bool(self.episodes or self.withdrawn or facts)

    def skip(self, reason: str, count: int = 1) -> None:
        """Count something that was skipped."""
        self.skipped[reason] = self.skipped.get(reason, 0) + count

    def write_rejects(self, path: str) -> str | None:
        """Append the rejects to a private JSONL file, with the time; returns its path if there were any."""
        if not self.rejects:
            return None
        file = Rejects(Path(path))
        for reject in self.rejects:
            file.add(msgspec.structs.asdict(reject))
        return file.written

    def count(self, batch: Digest) -> None:
        """Count what a batch contains."""
        self.join(Report(sessions=batch.sessions, turns=batch.turns, skipped=batch.skipped, redacted=batch.redacted))

    def join(self, other: Report) -> None:
        """Add the counts of another report."""
        for name in ("sessions", "turns", "episodes", "withdrawn", *_OUTCOMES):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for totals, more in ((self.skipped, other.skipped), (self.redacted, other.redacted)):
            for reason, number in more.items():
                totals[reason] = totals.get(reason, 0) + number
        self.run = other.run or self.run

    def took(self, committed: Committed) -> None:
        """Add the changes of a batch."""
        self.episodes += committed.episodes
        self.withdrawn += committed.withdrawn
        for name in _OUTCOMES:
            setattr(self, name, getattr(self, name) + len(getattr(committed.facts.changes, name)))
