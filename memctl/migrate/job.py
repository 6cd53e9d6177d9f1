"""What a migration is asked to do, and what it did: what the command line hands over, and what it shows in the end.

How it is done is for `memctl.migrate.run`.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from memctl.backends.contract import Adapter
from memctl.core.errors import Exit
from memctl.migrate.plan import Loss, Plan
from memctl.migrate.source import Forgotten
from memctl.migrate.verify import Verification
from memctl.runtime.retry import Reason
from memctl.store.ledger_records import Counts, RunState


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One migration. `targets` is the target opened once per writer; `plan` names both ends and the selection, and is
    filled in on the way; rates are in calls a second; `command` is what the user has to type to go on; `digest` is
    that of a plan the source must still be found to match at the end; `forgotten` tells whom not to move; `name` is
    what the run is listed as where it can be undone."""

    source: Adapter
    targets: tuple[Adapter, ...]
    plan: Plan
    command: str
    batch_size: int
    source_rate: float | None = None
    rate: float | None = None
    attempts: int = 8
    verify: bool = True
    digest: str | None = None
    rejects: Path | None = None
    forgotten: Forgotten | None = None
    name: str = "migrate"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did. `halted` says why it ended early; `problems` name users that came short; `undoable` says that
    `memctl undo` takes the run back."""

    run: str
    plan: Plan
    counts: Counts
    losses: list[Loss]
    rejects_file: str | None
    problems: list[str]
    verification: Verification | None
    halted: Reason | None
    limited: bool
    undoable: bool

    @property
    def exit(self) -> Exit:
        """The exit code this ends in."""
        if self.halted:
            return Exit.INTERRUPTED if self.halted == "interrupted" else Exit.LIMIT
        if self.problems:
            return Exit.ERROR
        if self.verification and self.verification.exit:
            return self.verification.exit
        return Exit.PARTIAL if self.counts.rejected else Exit.OK

    @property
    def state(self) -> RunState:
        """The state in which the run enters the ledger."""
        if self.halted:
            return "interrupted" if self.halted == "interrupted" else "limit"
        return "done" if self.exit is Exit.OK else "partial"
