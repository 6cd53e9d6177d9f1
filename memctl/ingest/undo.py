"""Taking a run back whole: its rows, and no fact left behind that follows from what has gone.

`memctl.store.duckdb.undo` puts rows back without knowing their meaning. Here it is checked whether a later
run has built on the claims that go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from memctl.core.claim import Claim
from memctl.core.errors import MemctlError
from memctl.reconcile import Belief, affected, fold
from memctl.store.duckdb import claims
from memctl.store.duckdb.database import Connection
from memctl.store.duckdb.undo import find, first, touched, touching, undo
from memctl.store.model import Run


def undo_run(connection: Connection, prefix: str) -> tuple[Run, int]:
    """Put back what a run changed, inside the caller's transaction; the run, and how many facts are as they were.

    The run is named by its id or the first characters of it. Raises NotFound for one that is not there, UsageError for
    one that several ids begin with or that was undone before, MemctlError when something else has changed its facts
    since, or has come to follow from them.
    """
    run = find(connection, prefix)
    facts, log = touched(connection, run, "fact"), touched(connection, run, "claim")
    before = claims.by_id(connection, log)
    believed = _beliefs(connection, before)
    number = undo(connection, run)
    after = claims.by_id(connection, log)
    left = _beliefs(connection, [*before, *after])
    others = [id_ for id_ in believed.keys() - facts if _outcome(left.get(id_)) != _outcome(believed[id_])]
    if others:
        raise MemctlError(
            f"{len(others)} facts that run {run.id} did not change follow from what it did",
            hint=first(connection, touching(connection, "fact", others)),
        )
    return run, number


def _beliefs(connection: Connection, about: Sequence[Claim]) -> dict[UUID, Belief]:
    """What the log amounts to in the groups of these claims, by the id of the fact."""
    groups = {(claim.user_id, key) for claim in about for key in affected([claim])}
    log = claims.of_groups(connection, [(user, key.subject.casefold(), key.predicates) for user, key in groups])
    return {belief.id: belief for user in {user for user, _ in groups} for belief in fold(_of(user, log))}


def _of(user: str, log: Iterable[Claim]) -> Iterable[Claim]:
    return (claim for claim in log if claim.user_id == user)


def _outcome(belief: Belief | None) -> object:
    return belief and (belief.evidence, belief.invalid_at, belief.expired_at, belief.superseded_by)
