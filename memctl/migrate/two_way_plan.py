"""What a two-way synchronisation has to change on each side, from the facts of both and those of the last run. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

import msgspec

from memctl.backends.contract import Capabilities
from memctl.backends.field_diff import difference
from memctl.core.fact import Fact
from memctl.core.plurals import count
from memctl.migrate.removal import Removal
from memctl.migrate.selection import Selection
from memctl.store.ledger_records import fingerprint

Side = Literal["source", "target"]


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that changed on both sides, or that changed on one side and was deleted on the other. `kept` is the side
    whose state was kept; None if the times did not decide, and neither side was changed."""

    user: str
    id: UUID
    kept: Side | None
    detail: str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One change on a side: `+` a new fact, `*` a changed one, `-` a deleted one."""

    side: Side
    symbol: Literal["+", "*", "-"]
    user: str
    id: UUID
    text: str


class Plan:
    """The changes to make: `writes` to each side, with the former state of a changed fact, and `deletes`.

    `lost` are the facts that lose a conflict, `same` is the number of equal facts.
    """

    def __init__(self, capabilities: Mapping[Side, Capabilities]) -> None:
        self.capabilities = capabilities
        self.writes: dict[Side, list[tuple[Fact, Fact | None]]] = {"source": [], "target": []}
        self.deletes: dict[Side, list[Fact]] = {"source": [], "target": []}
        self.conflicts: list[Conflict] = []
        self.lost: list[Fact] = []
        self.same = 0

    def compare(
        self, user: str, facts: Mapping[Side, Mapping[UUID, Fact]], known: Mapping[Side, Mapping[UUID, bytes]]
    ) -> None:
        """Add the changes and conflicts of one user. `known` has the fingerprints of each side after the last run."""
        now = datetime.now(UTC)
        for id_ in {**facts["source"], **facts["target"]}:
            ours, theirs = facts["source"].get(id_), facts["target"].get(id_)
            if ours is not None and theirs is not None:
                if equal(ours, theirs, self.capabilities):
                    self.same += 1
                else:
                    self._settle(user, ours, theirs, known)
                continue
            here: Side = "source" if theirs is None else "target"
            there: Side = "target" if theirs is None else "source"
            fact = ours or theirs
            if fact is None:
                continue
            if id_ not in known[here]:
                if not Selection().leaves_out(fact, self.capabilities[there], now):
                    self.writes[there].append((fact, None))
            elif known[here][id_] == fingerprint(fact):
                self.deletes[here].append(fact)
            else:
                self.writes[there].append((fact, None))
                detail = f"changed in the {here}, deleted in the {there}"
                self.conflicts.append(Conflict(user=user, id=id_, kept=here, detail=detail))

    def _settle(self, user: str, ours: Fact, theirs: Fact, known: Mapping[Side, Mapping[UUID, bytes]]) -> None:
        """Choose between the two states of a fact: the one that changed since the last run; if both did, the newer."""
        changed = (
            known["source"].get(ours.id) != fingerprint(ours),
            known["target"].get(theirs.id) != fingerprint(theirs),
        )
        kept: Side | None
        if changed == (True, False):
            kept = "source"
        elif changed == (False, True):
            kept = "target"
        else:
            kept = _newer(ours, theirs)
            detail = "changed on both sides" + ("" if kept else "; updated_at does not decide")
            self.conflicts.append(Conflict(user=user, id=ours.id, kept=kept, detail=detail))
            if kept:
                self.lost.append(theirs if kept == "source" else ours)
        if kept == "source":
            self.writes["target"].append((ours, theirs))
        elif kept == "target":
            self.writes["source"].append((theirs, ours))

    def unsafe(self, read: Mapping[Side, int], removal: Removal) -> str | None:
        """Why facts must not be deleted; None if they may be, or if there are none to delete."""
        number = sum(map(len, self.deletes.values()))
        if not number or removal.force:
            return None
        for side, records in read.items():
            if not records:
                return f"the {side} is empty, and {count(number, 'fact')} would be deleted"
        for side, facts in self.deletes.items():
            limit = removal.limit.of(read[side])
            if len(facts) > limit:
                return f"{count(len(facts), 'fact')} of the {side} would be deleted, more than the limit of {limit}"
        return None

    def steps(self) -> list[Step]:
        """The changes."""
        writes = [
            step_of(side, "*" if old else "+", fact) for side, changes in self.writes.items() for fact, old in changes
        ]
        return writes + [step_of(side, "-", fact) for side, facts in self.deletes.items() for fact in facts]

    def overwritten(self) -> list[Fact]:
        """The facts that are replaced or deleted, without those that lose a conflict."""
        lost = {id(fact) for fact in self.lost}
        old = [old for writes in self.writes.values() for _, old in writes if old is not None and id(old) not in lost]
        return [*old, *(fact for facts in self.deletes.values() for fact in facts)]


def equal(ours: Fact, theirs: Fact, capabilities: Mapping[Side, Capabilities]) -> bool:
    """Whether the facts of the source and the target are equal, apart from what one of the two cannot keep."""
    return (
        difference(ours, theirs, capabilities["target"]).same or difference(theirs, ours, capabilities["source"]).same
    )


def step_of(side: Side, symbol: Literal["+", "*", "-"], fact: Fact) -> Step:
    """The change of one fact."""
    return Step(side=side, symbol=symbol, user=fact.user_id, id=fact.id, text=fact.text)


def in_order(steps: Iterable[Step]) -> list[Step]:
    """The changes by user and side, deletions first."""
    return sorted(steps, key=lambda step: (step.user, step.side, "-*+".index(step.symbol), step.id))


def _newer(ours: Fact, theirs: Fact) -> Side | None:
    mine, other = ours.updated_at, theirs.updated_at
    if mine is None or other is None or mine == other:
        return None
    return "source" if mine > other else "target"
