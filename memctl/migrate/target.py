"""The target of a migration: what it has already, and writing to it with several instances."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from memctl.backends.contract import Backend, Capabilities, Outcome
from memctl.backends.field_diff import difference
from memctl.backends.wrappers import SETTLE, target_id
from memctl.core.errors import NotFound, Rejected
from memctl.core.fact import Fact
from memctl.core.timeline import outdated
from memctl.migrate.plan import Mode
from memctl.store.ledger_records import Marked, Standing


class Target:
    """A backend opened once per writer. Each instance is used by one thread at a time."""

    def __init__(self, adapters: Sequence[Backend]) -> None:
        self.name = adapters[0].name
        self.capabilities: Capabilities = adapters[0].capabilities
        self.writers = len(adapters)
        self._free: queue.LifoQueue[Backend] = queue.LifoQueue()
        self._undoable = [adapter for adapter in adapters if adapter.features.undo]
        for adapter in adapters:
            self._free.put(adapter)

    @contextlib.contextmanager
    def use(self) -> Iterator[Backend]:
        """An instance that no other thread uses in the meantime."""
        adapter = self._free.get()
        try:
            yield adapter
        finally:
            self._free.put(adapter)

    def start_run(self, run: str, command: str) -> bool:
        """Make everything written a run that can be undone; returns whether the target supports that."""
        for adapter in self._undoable:
            adapter.start_run(run, command)
        return bool(self._undoable)

    @property
    def metered(self) -> bool:
        """True if reading costs calls of a service with a rate limit: the ledger is then trusted where counts agree."""
        return self.capabilities.rate is not None

    @property
    def compares(self) -> bool:
        """True if the target itself tells which facts changed since they were written."""
        return bool(self._undoable)

    def must_be_read(self, owner: str, standing: Standing, *, there: bool) -> bool:
        """Whether the facts of an owner have to be read before anything is sent; `there` is whether it has any.

        A target that itself tells what changed is asked for that later. In a service with a rate limit the ledger is
        trusted unless there are facts in doubt (after a kill), facts that it does not know, or fewer facts than the
        service acknowledged.
        """
        if not there:
            return standing.held > 0 or standing.doubtful > 0
        if standing.doubtful or not standing.held or not (self.metered or self.compares):
            return True
        count = self.count(owner)
        return count is not None and count < standing.held

    def unchanged(self, facts: Sequence[Marked], places: Sequence[int]) -> set[int]:
        """Those of the `places` whose facts, all acknowledged before, have not changed in the target as far as it can
        tell."""
        if not (self._undoable and places):
            return set(places)
        asked = [facts[place] for place in places]
        changed = self._undoable[0].changed([each.fact for each in asked], [each.content for each in asked])
        return {place for number, place in enumerate(places) if number not in changed}

    def owners(self, wanted: Collection[str]) -> set[str]:
        """The subset of the users who own a fact in the target, perhaps with more; empty if it does not exist yet."""
        with self.use() as adapter:
            if adapter.features.owners:
                return adapter.owners(wanted)
        return self.users()

    def users(self) -> set[str]:
        """The users of the target; empty if it does not exist yet."""
        try:
            with self.use() as adapter:
                return set(adapter.users())
        except NotFound:
            return set()

    def count(self, user: str) -> int | None:
        """The target's own total of the user's facts."""
        with self.use() as adapter:
            return adapter.count(user)

    def stream(self, user: str) -> Iterator[Sequence[Fact]]:
        """All facts of the user in the target, in pages; none for an unknown user."""
        with self.use() as adapter, contextlib.suppress(NotFound):
            for page in adapter.read(user):
                yield page.facts

    def present(self, user: str, ids: Collection[UUID]) -> Collection[UUID]:
        """The subset of these facts, all acknowledged before, that the target still has; all of them if it is
        metered."""
        if self.metered:
            return ids
        return {fact.id for page in self.stream(user) for fact in page}.intersection(ids)

    def settle(self, ids: Sequence[str]) -> None:
        """Wait until asynchronous writes can be read; all of them if no ids are known, as after a lost response."""
        if self.capabilities.asynchronous:
            self.finish(ids)

    def finish(self, ids: Sequence[str] = ()) -> None:
        """Let any target settle: a synchronous one may still have work to do after many writes, such as an index."""
        with self.use() as adapter:
            adapter.settle(ids, datetime.now(UTC) + SETTLE)

    def holds(self, fact: Fact, held: Fact | None) -> bool:
        """Whether `held` is what the target would keep of `fact`."""
        return held is not None and difference(fact, held, self.capabilities).same

    def newer(self, fact: Fact, held: Fact | None) -> bool:
        """Whether `held` is a later state of the record. Unknown if the target sets `updated_at` itself."""
        return held is not None and self.capabilities.support("updated_at").level == "kept" and outdated(fact, held)

    def write(self, facts: Sequence[Fact], *, rederive: bool = False) -> list[Outcome]:
        """Store facts, or pass those of one conversation to the target's own extraction; one outcome per fact.

        A text too long for the target is rejected here and never cut.
        """
        limit = self.capabilities.longest_text
        short = [fact for fact in facts if limit is None or len(fact.text) <= limit]
        outcomes: dict[UUID, Outcome] = {}
        if short:
            with self.use() as adapter:
                sent = _rederived(adapter, short) if rederive else adapter.write(short)
            outcomes = dict(zip([fact.id for fact in short], sent, strict=True))
        return [
            outcomes.get(fact.id)
            or Outcome(state="rejected", reason=f"the text has {len(fact.text)} characters; {self.name} allows {limit}")
            for fact in facts
        ]

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Remove facts of the user; returns how many existed."""
        with self.use() as adapter, contextlib.suppress(NotFound):
            return adapter.delete(user, ids)
        return 0

    def rejects(self) -> list[Rejected]:
        """The records read so far that are not valid facts."""
        with self.use() as adapter:
            return list(adapter.rejects())

    def name_of(self, held: Fact) -> str | None:
        """The target's own id of a fact read from it."""
        return target_id(self.capabilities, held)


def _rederived(adapter: Backend, facts: Sequence[Fact]) -> list[Outcome]:
    try:
        adapter.add(facts[0].user_id, [_turn(fact) for fact in facts])
    except Rejected as error:
        return [Outcome(state="rejected", reason=str(error)) for _ in facts]
    return [Outcome(state="written") for _ in facts]


def _turn(fact: Fact) -> dict[str, Any]:
    return {
        "role": fact.native_text("role") or "user",
        "content": fact.text,
        "id": str(fact.id),
        "at": fact.valid_at or fact.created_at,
    }


def batches(facts: Sequence[Fact], mode: Mode, size: int) -> Iterator[Sequence[Fact]]:
    """The facts as they are sent: `size` at a time, or by conversation if the target extracts them again."""
    if mode == "rederive":
        yield from conversations(facts)
        return
    for start in range(0, len(facts), size):
        yield facts[start : start + size]


def conversations(facts: Sequence[Fact]) -> Iterator[list[Fact]]:
    """Consecutive facts of the same session; a fact without a session stands alone."""
    run: list[Fact] = []
    for fact in facts:
        if run and (fact.session_id is None or (fact.user_id, fact.session_id) != (run[0].user_id, run[0].session_id)):
            yield run
            run = []
        run.append(fact)
    if run:
        yield run
