"""In-memory backends with the faults of real ones, and a migration between two of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple
from uuid import UUID

import pytest

from memctl.backends.contract import Backend, Capabilities, Health, Outcome, Page, Query
from memctl.core.errors import Rejected
from memctl.core.fact import Fact, Source, derive_id
from memctl.migrate.endpoints import Ends
from memctl.migrate.job import Report
from memctl.migrate.plan import Plan
from memctl.migrate.run import migrate
from memctl.migrate.selection import Selection
from memctl.runtime.retry import Halt
from memctl.store.duckdb.ledger import Ledger


class Fault(NamedTuple):
    """The fault of one write: an error raised before anything, after everything, or after half of it is stored."""

    when: Literal["before", "half", "after"]
    error: Exception


class MemoryBackend(Backend):
    """A backend that stores every fact it receives, a repeated fact twice unless it is `updatable`.

    `write_faults` has one entry per write (None: the write succeeds); `read_faults` maps the number of a page to the
    error that is raised instead of it, once. `lie` is added to its counts; `rounds` makes its cursors loop after that
    many pages; `overlap` is the number of facts repeated on the next page; `lost` has the ids that it never returns.
    """

    def __init__(self, facts: Sequence[Fact] = (), *, name: str = "memory", page_size: int = 4, **capabilities: Any):
        self.name = name
        self.capabilities = Capabilities(**{"batch_size": 3, "updatable": False} | capabilities)
        self.records = list(facts)
        self.page_size = page_size
        self.calls: list[list[UUID]] = []
        self.added: list[tuple[str, list[Any]]] = []
        self.write_faults: list[Fault | None] = []
        self.read_faults: dict[int, Exception] = {}
        self.pages_read = 0
        self.lie = 0
        self.rounds: int | None = None
        self.overlap = 0
        self.lost: set[UUID] = set()
        self.refuses: Callable[[Fact], str | None] = lambda fact: None
        self.refuses_whole_batches = False
        self.on_write: Callable[[], None] = lambda: None

    @property
    def copies(self) -> Counter[UUID]:
        return Counter(fact.id for fact in self.records)

    def check(self) -> Health:
        return Health(ok=True, detail=self.name)

    def users(self) -> Iterator[str]:
        return iter(dict.fromkeys(fact.user_id for fact in self.records))

    def count(self, user: str) -> int | None:
        return sum(fact.user_id == user for fact in self.records) + self.lie

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        mine = [f for f in self.records if f.user_id == user and f.id not in self.lost]
        if since is not None:
            mine = [f for f in mine if f.created_at is None or f.created_at >= since]
        at = int(cursor or 0)
        while True:
            self.pages_read += 1
            if fault := self.read_faults.pop(self.pages_read, None):
                raise fault
            page = mine[max(0, at - self.overlap) : at + self.page_size]
            at += self.page_size
            if self.rounds:
                at %= self.rounds * self.page_size
                yield Page(tuple(page), str(at))
                continue
            yield Page(tuple(page), str(at) if at < len(mine) else None)
            if at >= len(mine):
                return

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        self.calls.append([fact.id for fact in facts])
        self.on_write()
        fault = self.write_faults.pop(0) if self.write_faults else None
        if fault and fault.when == "before":
            raise fault.error
        reasons = [self.refuses(fact) for fact in facts]
        if self.refuses_whole_batches and any(reasons):
            raise Rejected(next(reason for reason in reasons if reason))
        applied = facts[: len(facts) // 2] if fault and fault.when == "half" else facts
        outcomes = [self._store(fact, reason) for fact, reason in zip(applied, reasons, strict=False)]
        if fault:
            raise fault.error
        return outcomes

    def _store(self, fact: Fact, reason: str | None) -> Outcome:
        if reason:
            return Outcome(state="rejected", reason=reason)
        state: Literal["written", "updated"] = "written"
        if self.capabilities.updatable and fact.id in self.copies:
            self.records = [held for held in self.records if held.id != fact.id]
            state = "updated"
        self.records.append(fact)
        return Outcome(state=state, target_id=str(fact.id))

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        before = len(self.records)
        self.records = [fact for fact in self.records if fact.id not in ids or fact.user_id != user]
        return before - len(self.records)

    def search(self, query: Query) -> list[Any]:
        return []

    def add(self, user: str, turns: Any) -> None:
        self.added.append((user, list(turns)))

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        pass

    def close(self) -> None:
        pass


class QuickHalt(Halt):
    """Does not wait, but records the requested seconds."""

    def __init__(self, max_duration: float | None = None) -> None:
        super().__init__(max_duration)
        self.waits: list[float] = []

    def wait(self, seconds: float, tick: Callable[[float], None] | None = None) -> None:
        self.waits.append(seconds)
        if tick:
            tick(seconds)
        super().wait(0.0)


def made(number: int, user: str = "alice", **fields: Any) -> list[Fact]:
    return [
        Fact(
            id=derive_id(user, str(index)),
            user_id=user,
            **{
                "kind": "fact",
                "text": f"{user} owns thing {index}",
                "created_at": datetime(2026, 1, 1, tzinfo=UTC),
                "source": Source(system="test", id=str(index)),
            }
            | fields,
        )
        for index in range(number)
    ]


class Route:
    """A source, a target and a ledger; `run` migrates from one to the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = Ledger(folder / "ledger.duckdb")
        self.halt = QuickHalt()
        self.said: list[tuple[str, float]] = []

    def ends(self, source: Any, *targets: Any) -> Ends:
        return Ends(
            source_name=source.name,
            target_name=targets[0].name,
            source=source,
            targets=targets,
            source_identity=f"from:{source.name}",
            target_identity=f"to:{targets[0].name}",
            warn=lambda _: None,
        )

    def plan(self, source: Any, target: Any, selection: Selection | None = None, mode: Any = "preserve") -> Plan:
        return self.ends(source, target).plan(selection or Selection(), mode)

    def run(
        self, source: Any, *targets: Any, selection: Selection | None = None, mode: Any = "preserve", **job: Any
    ) -> Report:
        ends = self.ends(source, *targets)
        todo = ends.job(ends.plan(selection or Selection(), mode), **{"command": "memctl migrate --again"} | job)
        return migrate(todo, self.ledger, self.halt, announce=lambda why, left: self.said.append((why, left)))


@pytest.fixture
def route(tmp_path: Path) -> Iterator[Route]:
    made = Route(tmp_path)
    yield made
    made.ledger.close()


@pytest.fixture
def backend() -> type[MemoryBackend]:
    return MemoryBackend


@pytest.fixture
def fault() -> type[Fault]:
    return Fault


@pytest.fixture
def facts_of() -> Callable[..., list[Fact]]:
    return made


@pytest.fixture
def quick_halt() -> type[QuickHalt]:
    return QuickHalt


@pytest.fixture
def new_route() -> type[Route]:
    return Route
