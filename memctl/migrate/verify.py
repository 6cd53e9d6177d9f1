"""Comparing two backends record by record: same, different, or missing in one of them.

A difference that the target's capabilities declare is shown and counted separately; every other one is a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

import msgspec

from memctl.backends.contract import Backend
from memctl.backends.field_diff import difference
from memctl.core.errors import Exit, MemctlError
from memctl.core.fact import Fact
from memctl.migrate.digest import Digest
from memctl.migrate.selection import Selection
from memctl.migrate.source import Reader
from memctl.migrate.target import Target
from memctl.runtime.retry import Halt
from memctl.runtime.spool import FactSpool
from memctl.store.ledger_records import fingerprint

Symbol = Literal["=", "*", ">", "+", "-", "!"]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One record: `=` same, `*` different, `>` newer in the target, `+` only in the source, `-` only in the target, `!`
    unreadable.

    `user` is the owner in the target, empty if none is known; `declared` are differences that the capabilities declare,
    `fields` the others.
    """

    symbol: Symbol
    user: str
    id: UUID | None = None
    fields: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    detail: str | None = None


class Verification(msgspec.Struct, kw_only=True):
    """The counts, and a row for each record that is not the same. `declared` counts records with declared differences
    only, `left_out` facts that are not in the target because it would show as current what no longer holds."""

    same: int = 0
    declared: int = 0
    differs: int = 0
    newer: int = 0
    missing: int = 0
    extra: int = 0
    errors: int = 0
    left_out: int = 0
    rows: list[Row] = []

    @property
    def exit(self) -> Exit:
        """6 if there are differences that are not declared."""
        faults = self.differs or self.missing or self.extra or self.errors
        return Exit.DIFFERENCES if faults else Exit.OK

    def add(self, row: Row) -> None:
        """Count a record."""
        match row.symbol:
            case "=":
                self.same += 1
                return
            case "*" if not row.fields:
                self.declared += 1
            case "*":
                self.differs += 1
            case ">":
                self.newer += 1
            case "+":
                self.missing += 1
            case "-":
                self.extra += 1
            case "!":
                self.errors += 1
        self.rows.append(row)


OnRow = Callable[[Row], None]


class Verifier:
    """Compares the selected users of a source with their owners in a target, one owner at a time.

    `one_way` ignores records that exist only in the target; `skip` has ids that a migration rejected, which reports
    unreadable records itself; `leaves_out` is true of facts that may be missing. `on_row` receives every row. `run`
    raises Halted if `halt` says so.

    `digests` are those of the records that must be in the target, by owner, if the source has certainly not changed
    since they were read. Users with the same digest in the target are not read in the source again; `on_same` receives
    such an owner with the ids of all records, and `on_row` nothing.
    """

    def __init__(
        self,
        source: Backend,
        target: Target,
        selection: Selection,
        *,
        one_way: bool = False,
        skip: Container[UUID] | None = None,
        leaves_out: Callable[[Fact], bool] | None = None,
        on_row: OnRow | None = None,
        digests: Mapping[str, Digest] | None = None,
        on_same: Callable[[str, Sequence[UUID]], None] | None = None,
        progress: Callable[[int, int | None], None] | None = None,
        halt: Halt | None = None,
    ) -> None:
        self._source = source
        self._target = target
        self._selection = selection
        self._reader = Reader(source, selection)
        # Facts of the source that were not read cannot be called missing.
        self._one_way = one_way or not selection.whole
        self._skip = skip
        now = datetime.now(UTC)
        self._leaves_out = leaves_out or (lambda fact: selection.leaves_out(fact, target.capabilities, now))
        self._on_row = on_row
        self._digests = digests or {}
        self._on_same = on_same
        self._same = 0
        """Records that were compared by their digests."""
        self._progress = progress
        self._halt = halt or Halt()
        self._total: int | None = None
        self._spool = FactSpool()
        self._found = Verification()

    def run(self, owners: Container[str] | None = None) -> Verification:
        """Compare the records of `owners` in the target, None meaning all."""
        try:
            groups: dict[str, list[str]] = {}
            for user in self._reader.users():
                owner = self._selection.owner(user)
                if owners is None or owner in owners:
                    groups.setdefault(owner, []).append(user)
            if not self._one_way and not self._selection.users:
                for owner in sorted(self._target.users() - groups.keys()):
                    groups[owner] = []
            if self._progress:
                self._total = self._reader.total([user for users in groups.values() for user in users])
            for owner, users in groups.items():
                if not (owner in self._digests and self._has(owner, self._digests[owner])):
                    self._owner(owner, users)
            if self._skip is None:
                for reject in (*self._source.rejects(), *self._target.rejects()):
                    self._row(Row(symbol="!", user="", detail=str(reject)))
            return self._found
        finally:
            self._reader.close()
            self._spool.close()

    def _has(self, owner: str, expected: Digest) -> bool:
        """Whether the records of the owner in the target are exactly those with this digest."""
        found = Digest()
        ids: list[UUID] = []
        try:
            for facts in self._target.stream(owner):
                self._halt.check()
                found.add((fact.id, fingerprint(fact)) for fact in facts)
                if found.number > expected.number:
                    return False
                ids += [fact.id for fact in facts]
        except MemctlError:
            # It is read again with the source, and reported if it fails again.
            return False
        if found != expected:
            return False
        self._same += found.number
        self._found.same += found.number
        if self._on_same:
            self._on_same(owner, ids)
        self._show()
        return True

    def _owner(self, owner: str, users: Sequence[str]) -> None:
        self._spool.clear()
        try:
            for facts in self._target.stream(owner):
                for twice in self._spool.put(facts):
                    self._row(Row(symbol="-", user=owner, id=twice.id, detail="duplicate id in the target"))
        except MemctlError as error:
            self._row(Row(symbol="!", user=owner, detail=f"{self._target.name}: {error}"))
            return
        if all(self._user(owner, user) for user in users) and not self._one_way:
            for fact in self._spool.rest():
                if self._selection.wants(fact):
                    self._row(Row(symbol="-", user=owner, id=fact.id))

    def _user(self, owner: str, user: str) -> bool:
        """Compare one user of the source; returns whether it could be read."""
        try:
            for facts in self._reader.facts(user):
                self._page(owner, facts)
        except MemctlError as error:
            self._row(Row(symbol="!", user=owner, detail=f"reading {user!r} from the source: {error}"))
            return False
        repeated = map(str, self._reader.repeated) if self._skip is None else ()
        for problem in (*self._reader.problems, *repeated):
            self._row(Row(symbol="!", user=owner, detail=problem))
        self._reader.problems.clear()
        self._reader.repeated.clear()
        return True

    def _page(self, owner: str, facts: Sequence[Fact]) -> None:
        self._halt.check()
        held = self._spool.get([fact.id for fact in facts])
        self._spool.drop(held)
        for row in self._compared(owner, facts, held):
            self._row(row)
        self._show()

    def _show(self) -> None:
        if self._progress:
            self._progress(self._reader.read + self._same, self._total)

    def _compared(self, owner: str, facts: Sequence[Fact], held: dict[UUID, Fact]) -> Iterable[Row]:
        for fact in facts:
            other = held.get(fact.id)
            if other is None:
                if self._leaves_out(fact):
                    self._found.left_out += 1
                elif fact.id not in (self._skip or ()):
                    yield Row(symbol="+", user=owner, id=fact.id)
                continue
            differing = difference(fact, other, self._target.capabilities)
            symbol: Symbol = "*" if differing.undeclared or differing.declared else "="
            if differing.undeclared and self._target.newer(fact, other):
                symbol = ">"
            yield Row(symbol=symbol, user=owner, id=fact.id, fields=differing.undeclared, declared=differing.declared)

    def _row(self, row: Row) -> None:
        self._found.add(row)
        if self._on_row:
            self._on_row(row)
