"""Keeping two backends equal in both directions: each side's changes since the last run go to the other side.

The ledger has the hash of each fact on both sides after the last run, which shows whether a fact was changed, deleted,
or changed on both sides. That is a conflict: the side with the later `updated_at` wins, and the other state is saved in
a file. If a time is missing or both are equal, neither side is changed.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec

from memctl.backends.contract import Backend
from memctl.backends.missing_users import no_records
from memctl.backends.wrappers import Retrying
from memctl.core.errors import Exit, Halted, NotFound
from memctl.core.fact import Fact
from memctl.migrate.removal import Backup, Removal
from memctl.migrate.selection import Selection
from memctl.migrate.source import Forgotten, Reader
from memctl.migrate.target import Target
from memctl.migrate.two_way_plan import Conflict, Plan, Side, Step, equal, in_order, step_of
from memctl.runtime.progress import Progress
from memctl.runtime.rejects import Rejects
from memctl.runtime.retry import Halt, Reason, Retry
from memctl.store.duckdb.ledger import Ledger
from memctl.store.ledger_records import Counts, RunState, Settled, fingerprint

MODE = "both"
"""The mode of the routes in the ledger."""


class TwoWay(msgspec.Struct, frozen=True, kw_only=True):
    """The result. `steps` are the changes (in a dry run, those that were not made), `rejected` the number of facts that
    a side refused, `same` the number of equal facts, `held_back` the reason why nothing was deleted, `halted` why the
    run ended before all changes were made."""

    run: str | None
    steps: list[Step]
    conflicts: list[Conflict]
    same: int
    rejected: int = 0
    held_back: str | None = None
    problems: list[str] = []
    backup: str | None = None
    rejects_file: str | None = None
    halted: Reason | None = None

    @property
    def exit(self) -> Exit:
        """The exit code of the command; 6 if a conflict was not decided."""
        if self.halted:
            return Exit.INTERRUPTED if self.halted == "interrupted" else Exit.LIMIT
        if self.problems:
            return Exit.ERROR
        if self.held_back:
            return Exit.LIMIT
        if self.rejected:
            return Exit.PARTIAL
        return Exit.DIFFERENCES if any(conflict.kept is None for conflict in self.conflicts) else Exit.OK


class Sides:
    """The two backends with their identities; both are read and written."""

    def __init__(self, source: Backend, target: Backend, identities: tuple[str, str], retry: Retry) -> None:
        self.backends: dict[Side, Backend] = {"source": Retrying(source, retry), "target": Retrying(target, retry)}
        self.identities = identities

    def write(self, side: Side) -> Target:
        """The side as a target."""
        return Target([self.backends[side]])


def run(
    sides: Sides,
    users: Sequence[str],
    ledger: Ledger,
    halt: Halt,
    *,
    prepare: Callable[[], object] = lambda: None,
    removal: Removal,
    command: str,
    rejects: Path | None = None,
    forgotten: Forgotten | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> TwoWay:
    """Copy the changes of these users (none: of all users) from each side to the other.

    A run that has to end early stops after the current batch, and records what it wrote. Raises Halted if it has to end
    before anything was written, NotFound for a user that neither side has or had. `prepare` is called before the first
    write.

    Nothing is deleted on either side if one of them was not read completely, is empty, or would lose more facts than
    the limit.
    """
    routes = {"source": ledger.route(*sides.identities, MODE), "target": ledger.route(*sides.identities[::-1], MODE)}
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    with ledger.alone(routes["source"]):
        capabilities = {side: backend.capabilities for side, backend in sides.backends.items()}
        plan = Plan(capabilities)
        chosen = _users(sides, users, forgotten)
        read = dict.fromkeys(sides.backends, 0)
        problems: list[str] = []
        for number, user in enumerate(chosen):
            halt.check()
            if progress:
                progress(number, len(chosen), user)
            facts = {side: _facts(backend, user, problems) for side, backend in sides.backends.items()}
            for side in facts:
                read[side] += len(facts[side])
            known = _known(ledger, routes, user, facts)
            if user in users and not any((*facts.values(), *known.values())):
                raise no_records(sides.backends["source"], user)
            plan.compare(user, facts, known)
        held_back = plan.unsafe(read, removal) if not problems else None
        if dry_run:
            return TwoWay(
                run=None,
                steps=in_order(plan.steps()),
                conflicts=plan.conflicts,
                same=plan.same,
                held_back=held_back,
                problems=problems,
            )
        prepare()
        refused = Rejects(rejects or ledger.path.with_name(f"rejects-{name}.jsonl"), run=name)
        backup = Backup(removal.backup or ledger.path.with_name(f"conflicts-{name}.jsonl"), name)
        ledger.start_run(name, routes["source"], command)
        counts = Counts(unchanged=plan.same)
        changes = _Changes(sides, halt, counts, refused)
        state: RunState = "failed"
        try:
            backup.add(plan.lost if removal.backup is None else [*plan.lost, *plan.overwritten()])
            with suppress(Halted):
                changes.write(plan)
                if not held_back and not problems:
                    changes.delete(plan)
            with suppress(Halted):
                _remember(sides, ledger, routes, name, chosen, changes.touched, halt)
            if halt.reason is None:
                state = "partial" if held_back or problems or counts.rejected else "done"
            else:
                state = "interrupted" if halt.reason == "interrupted" else "limit"
        finally:
            ledger.end(name, state, counts, rejects_file=refused.written)
    return TwoWay(
        run=name,
        steps=in_order(changes.made),
        conflicts=changes.settled(plan.conflicts),
        same=plan.same,
        rejected=counts.rejected,
        held_back=held_back,
        problems=problems,
        backup=backup.written,
        rejects_file=refused.written,
        halted=halt.reason,
    )


def _users(sides: Sides, users: Sequence[str], forgotten: Forgotten | None) -> list[str]:
    chosen = list(dict.fromkeys(users)) or sorted(
        {name for side in sides.backends for name in sides.write(side).users()}
    )
    gone = forgotten(chosen) if forgotten and chosen else set()
    return [user for user in chosen if user not in gone]


def _facts(backend: Backend, user: str, problems: list[str]) -> dict[UUID, Fact]:
    """All facts of the user; none for an unknown user. Records that could not be read are added to `problems`."""
    reader = Reader(backend, Selection(users=(user,)))
    try:
        facts = {fact.id: fact for page in reader.facts(user) for fact in page}
    except NotFound:
        facts = {}
    finally:
        reader.close()
    problems += reader.problems
    problems += [
        f"{backend.name}: {reject}" for reject in backend.rejects() if f"{backend.name}: {reject}" not in problems
    ]
    return facts


def _known(
    ledger: Ledger, routes: Mapping[str, int], user: str, facts: Mapping[Side, Mapping[UUID, Fact]]
) -> dict[Side, dict[UUID, bytes]]:
    """The fingerprints of the user's facts on each side after the last run."""
    known: dict[Side, dict[UUID, bytes]] = {}
    sides: tuple[Side, Side] = ("source", "target")
    for side in sides:
        ids = list({*facts["source"], *facts["target"], *ledger.acknowledged(routes[side], user)})
        entries = ledger.known(routes[side], ids)
        known[side] = {id_: entry.content_hash for id_, entry in entries.items() if entry.acknowledged}
    return known


class _Changes:
    """Makes the changes of a plan until the run has to end.

    `made` has the changes that were made, `touched` the users whose facts were changed, or whose batch was sent without
    an answer.
    """

    def __init__(self, sides: Sides, halt: Halt, counts: Counts, rejects: Rejects) -> None:
        self.made: list[Step] = []
        self.touched: set[str] = set()
        self._sides, self._halt, self._counts, self._rejects = sides, halt, counts, rejects

    def write(self, plan: Plan) -> None:
        """Write new and changed facts to both sides. Raises Halted if a batch has to be given up."""
        for side, changes in plan.writes.items():
            target = self._sides.write(side)
            size, before = target.capabilities.batch_size, len(self.made)
            for start in range(0, len(changes), size):
                if self._halt.reason is not None:
                    break
                self._write(side, target, changes[start : start + size])
            if len(self.made) > before:
                target.finish()

    def _write(self, side: Side, target: Target, changes: Sequence[tuple[Fact, Fact | None]]) -> None:
        self.touched.update(fact.user_id for fact, _ in changes)
        outcomes = target.write([fact for fact, _ in changes])
        for (fact, old), outcome in zip(changes, outcomes, strict=True):
            self.made.append(step_of(side, "*" if old else "+", fact))
            self._counts.read += 1
            setattr(self._counts, outcome.state, getattr(self._counts, outcome.state) + 1)
            if outcome.state == "rejected":
                self._rejects.add({"reason": outcome.reason or "no reason given", "side": side, "fact": fact})

    def delete(self, plan: Plan) -> None:
        """Delete facts on both sides, one user at a time. Raises Halted if a call has to be given up."""
        for side, facts in plan.deletes.items():
            target = self._sides.write(side)
            by_user: dict[str, list[Fact]] = {}
            for fact in facts:
                by_user.setdefault(fact.user_id, []).append(fact)
            for user, gone in by_user.items():
                if self._halt.reason is not None:
                    return
                self.touched.add(user)
                target.delete(user, [fact.id for fact in gone])
                self.made += [step_of(side, "-", fact) for fact in gone]

    def settled(self, conflicts: Sequence[Conflict]) -> list[Conflict]:
        """The conflicts of which nothing was kept, or the kept state was written."""
        written = {step.id for step in self.made}
        return [conflict for conflict in conflicts if conflict.kept is None or conflict.id in written]


def _remember(
    sides: Sides,
    ledger: Ledger,
    routes: Mapping[str, int],
    run: str,
    users: Sequence[str],
    touched: Collection[str],
    halt: Halt,
) -> None:
    """Record in the ledger the facts that are equal on both sides, and those that neither side has any more; of the
    `touched` users first, and only of them once the run has to end."""
    capabilities = {side: backend.capabilities for side, backend in sides.backends.items()}
    for user in sorted(users, key=lambda user: user not in touched):
        if halt.reason is not None and user not in touched:
            return
        ours, theirs = (_facts(sides.backends[side], user, []) for side in ("source", "target"))
        alike = [id_ for id_ in ours if id_ in theirs and equal(ours[id_], theirs[id_], capabilities)]
        for route, facts in ((routes["source"], ours), (routes["target"], theirs)):
            entries = ledger.known(route, alike)
            items = [(facts[id_], fingerprint(facts[id_]), entries.get(id_)) for id_ in alike]
            keys = ledger.plan(route, run, items)
            ledger.settle(run, [Settled(key=key, state="verified") for key in keys])
            gone = [id_ for id_ in ledger.acknowledged(route, user) if id_ not in ours and id_ not in theirs]
            if gone:
                ledger.removed(route, gone)
