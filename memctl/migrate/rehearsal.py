"""A target that notes writes and deletions without making them, for the dry run of a synchronisation."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from memctl.backends.contract import Backend, Health, Hit, Outcome, Page, Query
from memctl.core.errors import NotFound
from memctl.core.fact import Fact


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change of the target: `+` a new fact, `*` a changed one, `-` a deleted one. `text` is the new text, or the
    text of the deleted fact."""

    symbol: Literal["+", "*", "-"]
    user: str
    id: UUID
    text: str


class Rehearsal(Backend):
    """Reads from a backend; writes and deletions are only noted in `changes`."""

    def __init__(self, backend: Backend, changes: list[Change]) -> None:
        self.backend = backend
        self.changes = changes
        self.name, self.capabilities, self.identity = backend.name, backend.capabilities, backend.identity
        # Nothing is written, so there is no run that could be undone.
        self.features = msgspec.structs.replace(backend.features, undo=False)
        self._facts: dict[str, dict[UUID, Fact]] = {}

    def check(self) -> Health:
        """The health of the backend."""
        return self.backend.check()

    def users(self) -> Iterator[str]:
        """The users of the backend."""
        return self.backend.users()

    def owners(self, users: Collection[str]) -> set[str]:
        """The subset of the users who own a fact."""
        return self.backend.owners(users)

    def count(self, user: str) -> int | None:
        """The number of facts, if the backend counts them."""
        return self.backend.count(user)

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """The facts of the backend."""
        return self.backend.read(user, since, cursor)

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Note new and changed facts."""
        outcomes = []
        for fact in facts:
            there = fact.id in self._stored(fact.user_id)
            self.changes.append(Change(symbol="*" if there else "+", user=fact.user_id, id=fact.id, text=fact.text))
            outcomes.append(Outcome(state="updated" if there else "written"))
        return outcomes

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Note deleted facts."""
        facts = [fact for id_ in ids if (fact := self._stored(user).get(id_))]
        self.changes += [Change(symbol="-", user=user, id=fact.id, text=fact.text) for fact in facts]
        return len(facts)

    def search(self, query: Query) -> list[Hit]:
        """The hits of the backend."""
        return self.backend.search(query)

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Nothing to wait for, because nothing was written."""

    def close(self) -> None:
        """Close the backend."""
        self.backend.close()

    def _stored(self, user: str) -> dict[UUID, Fact]:
        if user not in self._facts:
            try:
                self._facts[user] = {fact.id: fact for page in self.backend.read(user) for fact in page.facts}
            except NotFound:
                self._facts[user] = {}
        return self._facts[user]
