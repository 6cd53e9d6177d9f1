"""The base of all cases: the backend as the cases use it, the scenarios, and what to expect.

The cases are in the other modules of this package, and their data in `scenarios/`.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID, uuid4

import msgspec
import pytest

from memctl.backends.contract import Backend, Capabilities, Outcome
from memctl.core.fact import TIME_FIELDS, Embedding, Fact, Source, derive_id

SCENARIOS = Path(__file__).parent / "scenarios"


class Harness:
    """One backend under test. A place is where one set of data is stored, such as a file or a schema.

    `never` maps a case (the function's name, or name[parameter]) to the reason why this adapter cannot pass it; the
    suite fails if the case passes.
    """

    adapter: ClassVar[type[Backend]]
    never: ClassVar[dict[str, str]] = {}
    slows: ClassVar[bool] = False
    """Whether opening or writing becomes slower the more is stored, as with a file that is rewritten each time. Then
    the cases with hundreds of facts have a place of their own."""
    many: ClassVar[int] = 1_100
    """The number of facts in the case of a large batch: more than the backend writes or returns in one call."""
    _declared: ClassVar[tuple[Any, Capabilities] | None] = None

    @pytest.fixture(autouse=True)
    def _never(self, request: pytest.FixtureRequest) -> None:
        reason = self.never.get(request.node.name) or self.never.get(request.node.originalname)
        if reason:
            request.applymarker(pytest.mark.xfail(reason=f"never: {reason}", strict=True))

    @pytest.fixture(scope="class")
    @classmethod
    def place(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
        """A place that the cases of a class share, each with its own user."""
        yield from cls.places(tmp_path_factory.mktemp("shared"))

    @pytest.fixture(scope="class")
    @classmethod
    def bulk(cls, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
        """The place for the cases that write hundreds of facts."""
        if cls.slows:
            yield from cls.places(tmp_path_factory.mktemp("bulk"))
        else:
            yield request.getfixturevalue("place")

    @pytest.fixture
    def bare(self, tmp_path: Path) -> Iterator[Any]:
        """An empty place."""
        yield from self.places(tmp_path)

    @pytest.fixture
    def user(self) -> str:
        """A user that no other case uses."""
        return f"user-{uuid4().hex[:12]}"

    @classmethod
    def places(cls, folder: Path) -> Iterator[Any]:
        """A hook: create an empty place, in `folder` if it is on disk, yield it, and remove it."""
        raise NotImplementedError

    def open(self, place: Any) -> Backend:
        """A hook: open the backend at a place for writing."""
        raise NotImplementedError

    def in_pages_of(self, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """A hook, unless the constructor has an option `page_size`: make the backend read pages of `size` facts."""
        defaults = self.adapter.__init__.__kwdefaults__ or {}
        if "page_size" not in defaults:
            raise NotImplementedError
        monkeypatch.setitem(defaults, "page_size", size)

    def write(self, place: Any, facts: Sequence[Fact]) -> list[Outcome]:
        """Write, wait, and close, so that later reads show what was really stored."""
        adapter = self.open(place)
        try:
            outcomes = adapter.write(facts)
            adapter.settle([o.target_id for o in outcomes if o.target_id], datetime.now(UTC) + timedelta(seconds=30))
        finally:
            adapter.close()
        return outcomes

    def read(self, place: Any, user: str, since: datetime | None = None) -> list[Fact]:
        """All facts of the user, read to the end by a new instance."""
        adapter = self.open(place)
        try:
            return [fact for page in adapter.read(user, since) for fact in page.facts]
        finally:
            adapter.close()

    def keeps(self, place: Any, facts: Sequence[Fact]) -> None:
        """Assert that facts, after they were written and read, differ only as the capabilities declare."""
        outcomes = self.write(place, facts)
        assert {o.state for o in outcomes} == {"written"}, outcomes
        for user in {fact.user_id for fact in facts}:
            mine = [fact for fact in facts if fact.user_id == user]
            self.same(place, self.read(place, user), mine)

    def same(self, place: Any, found: Sequence[Fact], expected: Sequence[Fact]) -> None:
        """Assert that two lists have the same facts in any order, and differ only as the capabilities declare."""
        capabilities = self._declared_at(place)
        seen = [what_is_kept(fact, capabilities) for fact in found]
        wanted = [what_is_kept(fact, capabilities) for fact in expected]
        assert sorted(seen, key=_order) == sorted(wanted, key=_order)

    def _declared_at(self, place: Any) -> Capabilities:
        """The capabilities of the backend at a place, cached while the place stays the same, because opening takes
        most of the time of many cases."""
        suite = type(self)
        if suite._declared is None or suite._declared[0] is not place:
            adapter = self.open(place)
            adapter.close()
            suite._declared = place, adapter.capabilities
        return suite._declared[1]


def _order(kept: dict[str, Any]) -> tuple[str, str]:
    return str(kept.get("id", "")), str(kept["text"])


def what_is_kept(fact: Fact, capabilities: Capabilities) -> dict[str, Any]:
    """The fields of a fact that are declared as kept, with times at the declared precision."""
    kept = {name: getattr(fact, name) for name in Fact.__struct_fields__ if capabilities.support(name).level == "kept"}
    if not capabilities.ids_survive:
        kept.pop("id")
        kept.pop("superseded_by", None)
    step = timedelta(seconds=capabilities.time_precision)
    for name in TIME_FIELDS:
        if kept.get(name) is not None:
            kept[name] -= (kept[name] - datetime(1970, 1, 1, tzinfo=UTC)) % step
    return kept


def fact(user: str, text: str = "Alice lives in Paris.", **fields: Any) -> Fact:
    """A fact of the user; by default its id is derived from user and text."""
    values: dict[str, Any] = {"id": derive_id(user, text), "kind": "fact", "source": Source(system="suite")} | fields
    return Fact(user_id=user, text=text, **values)


def from_scenario(user: str, fields: dict[str, Any]) -> Fact:
    """The fact that a scenario describes in the JSON of a Fact, with missing fields filled in."""
    plain = msgspec.to_builtins(fact(user, fields.get("text", "Alice lives in Paris.")))
    return msgspec.convert({**plain, **fields}, Fact)


def scenarios(name: str) -> list[Any]:
    """The scenarios of one file, as parameters of a case named by the scenario."""
    lines = (SCENARIOS / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    return [pytest.param(row, id=row["name"].replace(" ", "-")) for row in rows]


def numbered(user: str, count: int) -> list[Fact]:
    """`count` different facts."""
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
