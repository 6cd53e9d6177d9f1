"""Writing facts to mem0's platform without duplicates.

mem0 assigns its own ids, and drops a text that already exists in a scope as a duplicate. Before an owner's first fact
is sent, the owner's memories are therefore listed, and facts are matched by the id in their metadata.
"""

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec

from memctl.backends.contract import Outcome
from memctl.core.errors import MemctlError, NotFound, Rejected, Retryable
from memctl.core.fact import Fact
from memctl_mem0.mapping import OWN_ID, SCOPES, Memory, from_fact, ids_of, owner_beside_users, owner_of, to_fact
from memctl_mem0.platform.client import ANYBODY, LARGEST_PAGE, Filter, Platform
from memctl_mem0.platform.pages import parts

LOOKED_UP = 50
"""The number of ids in one filter."""
PATIENCE = 60.0
"""Seconds that a call waits for mem0's asynchronous writes."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
_UNDER_WAY = ("PENDING", "RUNNING")
_DROPPED = "mem0 dropped it as a duplicate: it stores a text only once per user, agent, app and run"


class Held(msgspec.Struct, frozen=True):
    """A memory in mem0: its id there, a digest of its fact, and its owners' ids."""

    native_id: str
    digest: bytes
    scope: dict[str, str]


class Events:
    """mem0's asynchronous writes: the events to wait for, and their results."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._waiting: dict[str, None] = {}
        self.lost = False
        """Whether a response was lost, so that there may be unknown events."""

    def expect(self, event_id: str) -> None:
        """Add an event to wait for."""
        self._waiting[event_id] = None

    def expect_of(self, answer: dict[str, Any] | None) -> None:
        """Add the event that a response names, if any."""
        if answer is not None and isinstance(answer.get("event_id"), str):
            self.expect(answer["event_id"])

    def settle(self, deadline: datetime) -> None:
        """Wait for all events. Raises Retryable at the deadline, Rejected for memories that failed."""
        if self.lost:
            for event in self._recent():
                if isinstance(event, dict) and event.get("status") in _UNDER_WAY:
                    self.expect(str(event["id"]))
            self.lost = False
        for event_id in list(self._waiting):
            self.outcome(event_id, deadline)

    def _recent(self) -> list[Any]:
        try:
            events = self._platform.ask("/v1/events/").get("results")
        except NotFound:
            events = None
        return events if isinstance(events, list) else []

    def outcome(self, event_id: str, deadline: datetime) -> list[dict[str, Any]]:
        """The memories that an event created. Raises Retryable at the deadline, Rejected if it failed."""
        pause = FIRST_PAUSE
        while True:
            try:
                event = self._platform.ask(f"/v1/event/{event_id}/")
            except NotFound:
                event = {"status": "FAILED", "error": "mem0 no longer knows the event"}
            if event.get("status") not in _UNDER_WAY:
                break
            if datetime.now(UTC) >= deadline:
                raise Retryable("mem0 is still processing memories", where=self._platform.place)
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        self._waiting.pop(event_id, None)
        if event.get("status") == "FAILED":
            raise Rejected(f"mem0 could not store it: {event.get('error') or 'no reason given'}")
        return results_of(event)


class Writer:
    """Writes facts one by one, and caches the owners' memories, so that many calls list an owner once."""

    def __init__(self, platform: Platform, events: Events) -> None:
        self._platform = platform
        self._events = events
        self._owners: dict[str, dict[UUID, list[Held]]] = {}

    def forget(self) -> None:
        """List the owners again at the next call, because it is unknown whether the last request was executed."""
        self._owners.clear()

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """One outcome per fact, in order."""
        outcomes: list[Outcome | None] = [None] * len(facts)
        pending: dict[int, str] = {}
        memories = [_memory(fact) for fact in facts]
        good = [fact for fact, memory in zip(facts, memories, strict=True) if isinstance(memory, Memory)]
        try:
            foreign = self._elsewhere(good)
            for number, (fact, memory) in enumerate(zip(facts, memories, strict=True)):
                if isinstance(memory, str):
                    outcomes[number] = Outcome(state="rejected", reason=memory)
                elif fact.id in foreign:
                    outcomes[number] = Outcome(state="rejected", reason="a fact of another owner has this id")
                else:
                    self._settle(pending, outcomes, facts, wanted=fact.id)
                    result = self._put(fact, memory)
                    if isinstance(result, str):
                        pending[number] = result
                    else:
                        outcomes[number] = result
            self._settle(pending, outcomes, facts)
        except MemctlError:
            self._events.lost = True
            self.forget()
            raise
        return [outcome for outcome in outcomes if outcome is not None]

    def find(self, owner: str, ids: Iterable[UUID]) -> list[str]:
        """mem0's ids of the owner's memories of these facts; the owner's memories are listed again."""
        self._owners.pop(owner, None)
        memories = self._held(owner)
        return [copy.native_id for id_ in dict.fromkeys(ids) for copy in memories.get(id_, ())]

    def _put(self, fact: Fact, memory: Memory) -> Outcome | str:
        """The outcome of the fact, or the id of the event that will report it."""
        memories = self._held(fact.user_id)
        copies = memories.get(fact.id, [])
        draft = Held("", digest(fact), memory.scope)
        copy_kept = next((copy for copy in copies if copy.digest == draft.digest), None)
        state: Any = "unchanged"
        if copy_kept is None and (copy_kept := next((copy for copy in copies if copy.scope == draft.scope), None)):
            state = "updated"
            refused = self._update(copy_kept.native_id, memory)
            if refused is not None:
                return refused
        elif copy_kept is None:
            state = "updated" if copies else "written"
            added = self._add(memory)
            if isinstance(added, (Outcome, str)):
                # The memory of an event is looked up when it has ended.
                return added
            copy_kept = Held(added[0], draft.digest, draft.scope)
        # Old copies are deleted last, so that a crash leaves an extra copy instead of none.
        for copy in copies:
            if copy.native_id != copy_kept.native_id:
                self._delete(copy.native_id)
        memories[fact.id] = [Held(copy_kept.native_id, draft.digest, draft.scope)]
        return Outcome(state=state, target_id=copy_kept.native_id)

    def _add(self, memory: Memory) -> tuple[str] | Outcome | str:
        """mem0's id of the new memory, the outcome if there is none, or the id of the event that will report it."""
        try:
            answer = self._platform.call(
                lambda client: client.add(
                    [{"role": "user", "content": memory.text}],
                    infer=False,
                    metadata=memory.metadata,
                    timestamp=memory.timestamp,
                    expiration_date=memory.expiration_date,
                    **memory.scope,
                ),
                record=True,
            )
        except Rejected as error:
            return Outcome(state="rejected", reason=error.message)
        if answer.get("status") in _UNDER_WAY and answer.get("event_id"):
            self._events.expect(answer["event_id"])
            return str(answer["event_id"])
        results = results_of(answer)
        return (str(results[0]["id"]),) if results else Outcome(state="rejected", reason=_DROPPED)

    def _update(self, native_id: str, memory: Memory) -> Outcome | None:
        """Change a memory in one request; returns the reason if it was refused."""
        try:
            self._platform.call(
                lambda client: client.update(
                    native_id,
                    text=memory.text,
                    metadata=memory.metadata,
                    timestamp=memory.timestamp,
                    expiration_date=memory.expiration_date,
                ),
                record=True,
            )
        except Rejected as error:
            return Outcome(state="rejected", reason=error.message)
        return None

    def _delete(self, native_id: str) -> None:
        self._platform.call(lambda client: client.delete(native_id))

    def _settle(
        self, pending: dict[int, str], outcomes: list[Outcome | None], facts: Sequence[Fact], wanted: UUID | None = None
    ) -> None:
        """Wait for pending writes: all of them, or those before another write of the fact `wanted`."""
        deadline = datetime.now(UTC) + timedelta(seconds=PATIENCE)
        for number, event_id in list(pending.items()):
            fact = facts[number]
            if wanted is not None and fact.id != wanted:
                continue
            del pending[number]
            try:
                results = self._events.outcome(event_id, deadline)
            except Rejected as error:
                outcomes[number] = Outcome(state="rejected", reason=error.message)
                continue
            if not results:
                outcomes[number] = Outcome(state="rejected", reason=_DROPPED)
                continue
            memories = self._held(fact.user_id)
            for copy in memories.get(fact.id, ()):
                self._delete(copy.native_id)
            state: Any = "updated" if memories.get(fact.id) else "written"
            native_id = str(results[0]["id"])
            memories[fact.id] = [Held(native_id, digest(fact), from_fact(fact).scope)]
            outcomes[number] = Outcome(state=state, target_id=native_id)

    def _held(self, owner: str) -> dict[UUID, list[Held]]:
        """The owner's memories in mem0, by the fact's id."""
        if owner not in self._owners:
            memories: dict[UUID, list[Held]] = {}
            what = f"the list of {owner!r}'s memories"
            for part in parts(self._platform, filter_of(owner), what, None, LARGEST_PAGE):
                for row in part.rows:
                    if owner_of(row) == owner and (fact := _fact(row, self._platform)) is not None:
                        copy = Held(str(row["id"]), digest(fact), ids_of(row))
                        memories.setdefault(fact.id, []).append(copy)
            self._owners[owner] = memories
        return self._owners[owner]

    def _elsewhere(self, facts: Sequence[Fact]) -> set[UUID]:
        """The ids of the facts that another owner has in mem0."""
        new = {fact.id: fact.user_id for fact in facts if fact.id not in self._held(fact.user_id)}
        ids, foreign = list(new), set()
        for start in range(0, len(ids), LOOKED_UP):
            filters = [{"metadata": {OWN_ID: str(id_)}} for id_ in ids[start : start + LOOKED_UP]]
            for rows in self._platform.pages({"AND": [ANYBODY, {"OR": filters}]}):
                for row in rows:
                    fact = _fact(row, self._platform)
                    if fact is not None and new.get(fact.id, fact.user_id) != fact.user_id:
                        foreign.add(fact.id)
        return foreign


def filter_of(owner: str) -> Filter:
    """A filter that matches all memories of an owner, and perhaps others: see `mapping.owner_of`."""
    if (other := owner_beside_users(owner)) is not None:
        return {"AND": [{"OR": [{"user_id": owner}, {SCOPES[other[0]]: other[1]}]}, ANYBODY]}
    return {"AND": [{"user_id": owner}, ANYBODY]}


def results_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The memories that were created according to a response."""
    results = answer.get("results") or []
    return [result for result in results if isinstance(result, dict) and result.get("id")]


def digest(fact: Fact) -> bytes:
    """A digest of a fact without its vector, which mem0 does not store."""
    bare = msgspec.structs.replace(fact, embedding=None)
    return sha256(msgspec.json.encode(bare, order="sorted")).digest()[:16]


def _memory(fact: Fact) -> Memory | str:
    try:
        return from_fact(fact)
    except ValueError as error:
        return str(error)


def _fact(row: dict[str, Any], platform: Platform) -> Fact | None:
    try:
        return to_fact(row, account=platform.account)
    except ValueError:
        return None
