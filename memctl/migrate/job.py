"""A migration with its backends open, and its result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import msgspec

from memctl.backends.contract import Backend
from memctl.core.errors import Exit
from memctl.migrate.plan import Loss, Plan
from memctl.migrate.removal import Removal, Removed
from memctl.migrate.source import Forgotten
from memctl.migrate.verify import Verification
from memctl.runtime.retry import Reason
from memctl.store.ledger_records import Counts, RunState


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One migration. `targets` is the target opened once per writer; `plan` has both endpoints and the selection, and
    is completed during the run; rates are in calls per second; `command` is what to run to resume.

    `digest` is that of a plan which the source must still match at the end; `forgotten` returns the users not to move;
    `name` is what the run is listed as where it can be undone. `removal` is how facts that the source no longer has are
    deleted in the target; None: they stay. `prepare` is called before the first access to the target.
    """

    source: Backend
    targets: tuple[Backend, ...]
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
    removal: Removal | None = None
    prepare: Callable[[], object] = lambda: None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a migration; `run` is None if only the plan was made.

    `left_out` counts facts of the source that were not written, `reasons` those that were rejected, both by reason.
    `halted` is why it ended early; `problems` names users whose facts were not all read; `only_in_target` has the ids,
    by owner, of facts that earlier runs wrote and the source no longer has; `removed` is what a run that deletes made
    of them; `undoable` is whether `memctl undo` can undo the run.
    """

    run: str | None
    plan: Plan
    counts: Counts
    losses: list[Loss]
    left_out: dict[str, int]
    reasons: dict[str, int]
    rejects_file: str | None
    problems: list[str]
    only_in_target: dict[str, list[UUID]]
    verification: Verification | None
    halted: Reason | None
    limited: bool
    undoable: bool
    removed: Removed | None = None

    @property
    def exit(self) -> Exit:
        """The exit code of a command with this result."""
        if self.halted:
            return Exit.INTERRUPTED if self.halted == "interrupted" else Exit.LIMIT
        if self.problems:
            return Exit.ERROR
        if self.removed and self.removed.held_back:
            return Exit.LIMIT
        if self.verification and self.verification.exit:
            return self.verification.exit
        return Exit.PARTIAL if self.counts.rejected > self.counts.rejected_earlier else Exit.OK

    @property
    def state(self) -> RunState:
        """The state of the run in the ledger."""
        if self.halted:
            return "interrupted" if self.halted == "interrupted" else "limit"
        if self.exit is Exit.LIMIT:
            return "limit"
        return "done" if self.exit is Exit.OK else "partial"
