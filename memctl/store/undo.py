"""Undo of a whole run: its rows are restored, and no fact stays that is based on removed claims."""

from __future__ import annotations

from uuid import UUID

from memctl.core.errors import MemctlError, NotFound, UsageError
from memctl.core.plurals import count
from memctl.reconcile import Belief
from memctl.store.base import Session, Transaction
from memctl.store.model import Run
from memctl.store.refold import beliefs_about


def find_run(session: Session, prefix: str) -> Run:
    """The run that can be undone and whose id begins with `prefix`.

    Raises NotFound if there is none, UsageError if there are several or it was undone already.
    """
    runs = [run for run in session.runs() if run.id.startswith(prefix)] if prefix else []
    if not runs:
        raise NotFound(f"there is no run {prefix!r}", hint="memctl runs lists them")
    if len(runs) > 1:
        raise UsageError(f"several runs have ids that begin with {prefix!r}", hint="give more characters")
    run = runs[0]
    if run.undone_at is not None:
        raise UsageError(f"run {run.id} was undone on {run.undone_at:%Y-%m-%d %H:%M} UTC already")
    return run


def undo_run(tx: Transaction, prefix: str) -> tuple[Run, int]:
    """Restore what a run changed, inside the caller's transaction; returns the run and how many records it had changed.

    `prefix` is the id of the run or its first characters. Raises NotFound and UsageError as `find_run` does,
    MemctlError if later changes affect its facts or follow from them.
    """
    run = find_run(tx, prefix)
    facts, ids = tx.touched(run, "fact"), tx.touched(run, "claim")
    before = tx.claims(ids)
    beliefs_before = beliefs_about(tx, before)
    number = tx.restore_run(run)
    beliefs_after = beliefs_about(tx, [*before, *tx.claims(ids)])
    changed = [
        id_
        for id_ in beliefs_before.keys() - facts
        if _outcome(beliefs_after.get(id_)) != _outcome(beliefs_before[id_])
    ]
    if changed:
        raise MemctlError(
            f"undoing run {run.id} would also change {count(len(changed), 'fact')} of later runs",
            hint=undo_first(tx, changed),
        )
    return run, number


def undo_first(session: Session, facts: list[UUID]) -> str:
    """The hint to undo the runs that changed these facts, newest first."""
    later = session.runs_touching("fact", facts)
    names = [run.id for run in session.runs() if run.id in later]
    return f"undo first: {', '.join(names)}" if names else "undo later runs first"


def _outcome(belief: Belief | None) -> object:
    return belief and (belief.evidence, belief.invalid_at, belief.expired_at, belief.superseded_by)
