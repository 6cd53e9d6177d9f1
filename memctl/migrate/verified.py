"""What a verification found to match, as the ledger records it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from memctl.migrate.verify import Row
from memctl.store.duckdb.ledger import Ledger

TOGETHER = 10_000
"""Facts that are recorded together."""


class Verified:
    """Facts of a route that match, until they are in the ledger."""

    def __init__(self, ledger: Ledger, route: int) -> None:
        self._ledger = ledger
        self._route = route
        self._held = {owner: standing.held for owner, standing in ledger.standings(route).items()}
        self._ids: list[UUID] = []
        self._owners: list[str] = []
        self._waiting = 0

    def row(self, row: Row) -> None:
        """A record that was compared."""
        if row.id is not None and not row.fields and row.symbol in "=*":
            self._ids.append(row.id)
            self._add(1)

    def owner(self, owner: str, ids: Sequence[UUID]) -> None:
        """An owner with these facts, all of which match."""
        if self._held.get(owner) == len(ids):
            self._owners.append(owner)
        else:
            self._ids += ids
        self._add(len(ids))

    def _add(self, number: int) -> None:
        self._waiting += number
        if self._waiting >= TOGETHER:
            self.record()

    def record(self) -> None:
        """Write it to the ledger."""
        self._ledger.verified(self._route, self._ids, self._owners)
        self._ids, self._owners, self._waiting = [], [], 0
