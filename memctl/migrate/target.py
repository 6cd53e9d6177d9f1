"""Writing to a backend without duplicates: look before a resend, and let an invalid fact fail alone."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from memctl.backends.contract import Backend, Capabilities, Outcome
from memctl.core.errors import Fatal, NotFound, Rejected, Retryable
from memctl.core.fact import Fact
from memctl.core.timeline import outdated
from memctl.migrate.field_diff import difference
from memctl.migrate.source import pages
from memctl.runtime.retry import Pace, Retry, guarded

SETTLE_SECONDS = 60.0
STANDARD = "-"


class Target:
    """A backend opened once per writer. Each instance is used by one thread at a time."""

    def __init__(self, adapters: Sequence[Backend], retry: Retry, pace: Pace) -> None:
        self.name = adapters[0].name
        self.capabilities: Capabilities = adapters[0].capabilities
        self.writers = len(adapters)
        self.retry = retry
        self.pace = pace
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

    def changed_ids(self, facts: Sequence[Fact]) -> set[UUID]:
        """The subset of these facts, all acknowledged before, that the target knows to have changed since."""
        return self._undoable[0].changed_ids(facts) if self._undoable and facts else set()

    def owners(self, wanted: Collection[str]) -> set[str]:
        """The subset of the users who own a fact in the target, perhaps with more; empty if it does not exist yet."""
        with self.use() as adapter:
            if adapter.features.owners:
                return self.retry.call(partial(adapter.owners, wanted))
        return self.users()

    def users(self) -> set[str]:
        """The users of the target; empty if it does not exist yet."""
        try:
            with self.use() as adapter:
                return self.retry.call(lambda: set(adapter.users()))
        except NotFound:
            return set()

    def count(self, user: str) -> int | None:
        """The target's own total of the user's facts."""
        with self.use() as adapter:
            return self.retry.call(partial(adapter.count, user))

    def stream(self, user: str) -> Iterator[Sequence[Fact]]:
        """All facts of the user in the target, in pages; none for an unknown user."""
        with self.use() as adapter, contextlib.suppress(NotFound):
            for page in pages(adapter, user, self.retry):
                yield page.facts

    def find(self, facts: Sequence[Fact]) -> dict[UUID, Fact]:
        """The target's records of `facts`, by memctl id."""
        self.settle(())
        wanted = {fact.id for fact in facts}
        return {
            held.id: held
            for user in dict.fromkeys(fact.user_id for fact in facts)
            for page in self.stream(user)
            for held in page
            if held.id in wanted
        }

    def settle(self, ids: Sequence[str]) -> None:
        """Wait until asynchronous writes can be read; all of them if no ids are known, as after a lost response."""
        if self.capabilities.asynchronous:
            self.finish(ids)

    def finish(self, ids: Sequence[str] = ()) -> None:
        """Let any target settle: a synchronous one may still have work to do after many writes, such as an index."""
        with self.use() as adapter:
            deadline = datetime.now(UTC) + timedelta(seconds=SETTLE_SECONDS)
            self.retry.call(partial(adapter.settle, ids, deadline))

    def holds(self, fact: Fact, held: Fact | None) -> bool:
        """Whether `held` is what the target would keep of `fact`."""
        return held is not None and difference(fact, held, self.capabilities).same

    def newer(self, fact: Fact, held: Fact | None) -> bool:
        """Whether `held` is a later state of the record. Unknown if the target sets `updated_at` itself."""
        return held is not None and self.capabilities.support("updated_at").level == "kept" and outdated(fact, held)

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts; one outcome per fact, in order.

        After a temporary failure the target is read to find what it stored nevertheless, and only the rest is sent
        again. A batch rejected as a whole is halved until the invalid fact stands alone.
        """
        outcomes: dict[UUID, Outcome] = {}
        rest = list(facts)
        failed = 0
        while rest:
            self.pace.wait()
            try:
                outcomes |= self._send(rest)
                break
            except Retryable as error:
                failed += 1
                self.retry.pause(failed, error)
            except Rejected as error:
                if len(rest) == 1:
                    outcomes[rest[0].id] = Outcome(state="rejected", reason=str(error))
                    break
                outcomes |= self._applied(rest)
                rest = [fact for fact in rest if fact.id not in outcomes]
                middle = (len(rest) + 1) // 2
                for half in (rest[:middle], rest[middle:]):
                    outcomes |= dict(zip([fact.id for fact in half], self.write(half), strict=True))
                break
            outcomes |= self._applied(rest)
            rest = [fact for fact in rest if fact.id not in outcomes]
        return [outcomes[fact.id] for fact in facts]

    def _send(self, facts: Sequence[Fact]) -> dict[UUID, Outcome]:
        with self.use() as adapter:
            # A closed pipe on stdout is not a failing connection, and must not be retried.
            outcomes = adapter.write(facts) if self.name == STANDARD else guarded(partial(adapter.write, facts))
        if len(outcomes) != len(facts):
            raise Fatal(f"{self.name} returned {len(outcomes)} outcomes for {len(facts)} facts")
        return dict(zip([fact.id for fact in facts], outcomes, strict=True))

    def _applied(self, facts: Sequence[Fact]) -> dict[UUID, Outcome]:
        """Outcomes for facts that are stored in the target although no response confirmed them."""
        found = self.find(facts)
        return {
            fact.id: Outcome(state="written", target_id=self.name_of(found[fact.id]))
            for fact in facts
            if self.holds(fact, found.get(fact.id))
        }

    def name_of(self, held: Fact) -> str | None:
        """The target's own id of a fact read from it."""
        return str(held.id) if self.capabilities.ids_survive else held.source.id

    def rederive(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Pass the facts of one conversation to the target's own extraction, as turns.

        Its results carry no memctl id, so a lost response cannot be distinguished from a lost call: the turns are sent
        again, and the backend itself has to recognise repeated ones.
        """
        turns = [_turn(fact) for fact in facts]
        user = facts[0].user_id

        def add(adapter: Backend) -> Any:
            self.pace.wait()
            return adapter.add(user, turns)

        try:
            with self.use() as adapter:
                self.retry.call(partial(add, adapter))
        except Rejected as error:
            return [Outcome(state="rejected", reason=str(error)) for _ in facts]
        return [Outcome(state="written") for _ in facts]


def _turn(fact: Fact) -> dict[str, Any]:
    role = fact.native.get("role")
    return {
        "role": role if isinstance(role, str) else "user",
        "content": fact.text,
        "id": str(fact.id),
        "at": fact.valid_at or fact.created_at,
    }


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
