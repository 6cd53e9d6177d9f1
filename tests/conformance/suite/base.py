"""What every case of the suite stands on: a backend as the cases use it, scenarios as data, and what to expect.

A backend joins by a subclass of `Suite` in a module `*_backend*.py` above; the cases are in the modules beside this
one. What an adapter cannot do is declared in `never`, and the suite fails once it can.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID, uuid4

import msgspec
import pytest

from memctl.backends.contract import Adapter, Outcome
from memctl.core.fact import TIME_FIELDS, Embedding, Fact, Source, derive_id

SCENARIOS = Path(__file__).parents[3] / "fixtures" / "scenarios"


class Backend:
    """One backend under test. A place is where one set of data lives (a file, a schema).

    `never` maps a case (its function's name, or name[parameter]) to the reason why this adapter cannot meet it.
    """

    title: ClassVar[str]
    adapter: ClassVar[type[Adapter]]
    never: ClassVar[dict[str, str]] = {}

    @pytest.fixture(scope="class")
    @classmethod
    def place(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
        """A place that all cases of one class share, each with a user of its own."""
        yield from cls.places(tmp_path_factory.mktemp("shared"))

    @pytest.fixture
    def bare(self, tmp_path: Path) -> Iterator[Any]:
        """A place that is there and holds nothing."""
        yield from self.places(tmp_path)

    @pytest.fixture
    def user(self) -> str:
        """A user nobody else has."""
        return f"user-{uuid4().hex[:12]}"

    @classmethod
    def places(cls, folder: Path) -> Iterator[Any]:
        """Make a place, hand it out, and clear it away."""
        raise NotImplementedError

    def open(self, place: Any) -> Adapter:
        """The backend at a place, able to write."""
        raise NotImplementedError

    def in_pages_of(self, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """From now on the backend reads pages of so many facts."""
        raise NotImplementedError

    def write(self, place: Any, facts: Sequence[Fact]) -> list[Outcome]:
        """Write, wait, and let go, so that what is read afterwards was really stored."""
        adapter = self.open(place)
        try:
            outcomes = adapter.write(facts)
            adapter.settle([o.target_id for o in outcomes if o.target_id], datetime.now(UTC) + timedelta(seconds=30))
        finally:
            adapter.close()
        return outcomes

    def read(self, place: Any, user: str, since: datetime | None = None) -> list[Fact]:
        """All facts of the user, read to the end by a backend opened anew."""
        adapter = self.open(place)
        try:
            return [fact for page in adapter.read(user, since) for fact in page.facts]
        finally:
            adapter.close()

    def keeps(self, place: Any, facts: Sequence[Fact]) -> None:
        """Assert that facts, written and read back, are the same but for what the capabilities declare."""
        outcomes = self.write(place, facts)
        assert {o.state for o in outcomes} == {"written"}, outcomes
        for user in {fact.user_id for fact in facts}:
            mine = [fact for fact in facts if fact.user_id == user]
            self.same(place, self.read(place, user), mine)

    def same(self, place: Any, found: Sequence[Fact], expected: Sequence[Fact]) -> None:
        """Assert that two lists hold the same facts in any order, but for what the capabilities declare."""
        adapter = self.open(place)
        try:
            seen = [what_is_kept(fact, adapter) for fact in found]
            wanted = [what_is_kept(fact, adapter) for fact in expected]
        finally:
            adapter.close()
        assert sorted(seen, key=_order) == sorted(wanted, key=_order)


def _order(kept: dict[str, Any]) -> tuple[str, str]:
    return str(kept.get("id", "")), str(kept["text"])


def what_is_kept(fact: Fact, adapter: Adapter) -> dict[str, Any]:
    """The fields of a fact that the adapter says come back as they were, times at the adapter's precision."""
    capabilities = adapter.capabilities
    kept = {
        name: getattr(fact, name) for name in Fact.__struct_fields__ if capabilities.keeping(name).keeping == "kept"
    }
    if not capabilities.ids_survive:
        kept.pop("id")
        kept.pop("superseded_by", None)
    step = timedelta(seconds=capabilities.time_precision)
    for name in TIME_FIELDS:
        if kept.get(name) is not None:
            kept[name] -= (kept[name] - datetime(1970, 1, 1, tzinfo=UTC)) % step
    return kept


def fact(user: str, text: str = "Alice lives in Paris.", **fields: Any) -> Fact:
    """A fact of the user; its id follows from user and text unless given."""
    given = {"id": derive_id(user, text), "kind": "fact", "source": Source(system="suite")} | fields
    return Fact(user_id=user, text=text, **given)


def from_scenario(user: str, fields: dict[str, Any]) -> Fact:
    """The fact a scenario describes in the JSON of a Fact, with what it leaves out filled in."""
    plain = msgspec.to_builtins(fact(user, fields.get("text", "Alice lives in Paris.")))
    return msgspec.convert({**plain, **fields}, Fact)


def scenarios(name: str) -> list[Any]:
    """The scenarios of one file, as parameters of a case named by the scenario."""
    lines = (SCENARIOS / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    return [pytest.param(row, id=row["name"].replace(" ", "-")) for row in rows]


def numbered(user: str, count: int) -> list[Fact]:
    """So many different facts."""
    return [fact(user, f"{user} owns book number {number}.") for number in range(count)]


ALL_FIELDS: dict[str, Any] = {
    "kind": "preference",
    "agent_id": "agent-7",
    "session_id": "session 1",
    "app_id": "app/1",
    "subject": "alice",
    "predicate": "prefers",
    "object": "express shipping",
    "categories": ("shopping", "shipping"),
    "confidence": 0.1 + 0.2,
    "valid_at": datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC),
    "invalid_at": datetime(2031, 1, 1, tzinfo=UTC),
    "created_at": datetime(2025, 5, 1, 8, 30, 0, 1, tzinfo=UTC),
    "updated_at": datetime(2025, 5, 2, 8, 30, tzinfo=UTC),
    "expired_at": datetime(2025, 6, 2, tzinfo=UTC),
    "expires_at": datetime(2099, 12, 31, tzinfo=UTC),
    "superseded_by": UUID(int=2**127 + 1),
    "source": Source(
        system="chatgpt",
        id="native/1",
        uri="file:///home/alice/my chats.json",
        session="session 1",
        turns=("D1:3", "node-7"),
        quote="I'd always pick express shipping.",
    ),
    "metadata": {"page": 2**53 + 1, "tags": ["a", None], "deep": {"er": {"est": -0.5}}},
    "native": {"score": 0.25, "memory_type": "semantic", "hash": "0af1"},
    "embedding": Embedding(model="suite-3", vector=(0.1, -0.2, 0.3)),
}
"""A value for every field of a Fact that may be left out."""
