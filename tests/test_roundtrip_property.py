"""Any list of facts, written to any backend and read back, is equal except as its capabilities declare. Hypothesis
generates unusual facts; the conformance suite has chosen ones.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from examples import FACTOR
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from memctl.backends.contract import Backend, Outcome
from memctl.backends.files import open_file
from memctl.core.fact import KINDS, TIME_FIELDS, Embedding, Fact, Source, content_hash
from memctl.core.timeline import outdated
from memctl.workspace import Workspace

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MAYBE = st.none() | TEXT
OWNERS = st.sampled_from(["alice", "Alice", "alice ", "a/b@c", "=1+1", "アリス", "e\u0301", "\u00e9"])
TIMES = st.none() | st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.timezones())
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([2**53 + 1, 10**30, -0.0])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(TEXT, JSON, max_size=3)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
SOURCES = st.builds(Source, system=TEXT, id=MAYBE, uri=MAYBE, session=MAYBE, turns=TEXTS, quote=MAYBE)
VECTORS = st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), max_size=4).map(tuple)
FACTS = st.builds(
    Fact,
    id=st.uuids(),
    user_id=OWNERS,
    agent_id=MAYBE,
    session_id=MAYBE,
    app_id=MAYBE,
    kind=st.sampled_from(KINDS),
    text=TEXT,
    subject=MAYBE,
    predicate=MAYBE,
    object=MAYBE,
    categories=TEXTS,
    confidence=st.none() | st.floats(0, 1),
    superseded_by=st.none() | st.uuids(),
    source=SOURCES,
    metadata=OBJECTS,
    native=OBJECTS,
    embedding=st.none() | st.builds(Embedding, model=TEXT, vector=VECTORS),
    **dict.fromkeys(TIME_FIELDS, TIMES),
)
TEA = Fact(id=UUID(int=1), user_id="alice", kind="fact", text="Tea.", source=Source(system="test"))
LISTS = st.lists(FACTS, max_size=5, unique_by=lambda fact: fact.id)

Opening = Callable[[], Backend]


@pytest.fixture(params=["local", "jsonl", "parquet", "csv", "postgres"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opening]:
    """A function that opens a backend, at the same address every time."""
    if request.param == "local":
        Workspace(tmp_path / "store.duckdb").write([])
        yield lambda: Workspace(tmp_path / "store.duckdb")
    elif request.param == "postgres":
        from memctl_postgres.adapter import PostgresAdapter

        dsn, schema = request.getfixturevalue("postgres_dsn"), request.getfixturevalue("postgres_schema")
        with PostgresAdapter(dsn, schema=schema) as adapter:
            adapter.init()
        yield lambda: PostgresAdapter(dsn, schema=schema)
    else:
        yield lambda: open_file(tmp_path / f"facts.{request.param}", "w")


def comparable(fact: Fact, adapter: Backend) -> dict[str, Any]:
    """The fields that are declared to be kept, in a form that distinguishes 1 from 1.0 and 0.0 from -0.0."""
    names = [name for name in Fact.__struct_fields__ if adapter.capabilities.support(name).level == "kept"]
    assert adapter.capabilities.time_precision == 1e-6
    assert adapter.capabilities.ids_survive
    return {name: msgspec.json.encode(getattr(fact, name), order="sorted") for name in names}


def write_all(adapter: Backend, facts: list[Fact]) -> list[Outcome]:
    try:
        outcomes = adapter.write(facts)
        adapter.settle([o.target_id for o in outcomes if o.target_id], datetime.now(UTC) + timedelta(seconds=30))
        return outcomes
    finally:
        adapter.close()


def expected_after(new: Fact, old: Fact | None) -> Fact:
    """A fact as PostgreSQL stores it: one written without a vector keeps the vector of the same text."""
    if old is None or new.embedding is not None or new.text != old.text:
        return new
    return msgspec.structs.replace(new, embedding=old.embedding)


def delete_all(adapter: Backend) -> None:
    try:
        for owner in list(adapter.users()):
            ids = [fact.id for page in adapter.read(owner) for fact in page.facts]
            assert adapter.delete(owner, ids) == len(ids)
    finally:
        adapter.close()


@given(facts=LISTS, changed=LISTS)
@example(
    facts=[msgspec.structs.replace(TEA, embedding=Embedding(model="m", vector=(0.5,)))],
    changed=[msgspec.structs.replace(TEA, categories=("drinks",))],
)
@settings(max_examples=4 * FACTOR if FACTOR > 1 else 2, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_written_facts_are_read_unchanged(
    opening: Opening, request: pytest.FixtureRequest, facts: list[Fact], changed: list[Fact]
) -> None:
    # The second list changes facts of the first and adds others.
    renewed = [
        msgspec.structs.replace(new, id=old.id, user_id=old.user_id) for new, old in zip(changed, facts, strict=False)
    ]
    used_ids = {fact.id for fact in facts}
    renewed += [fact for fact in changed[len(facts) :] if fact.id not in used_ids]
    delete_all(opening())
    expected: dict[UUID, Fact] = {}
    keeps_vectors = request.node.callspec.params["opening"] == "postgres"
    for batch in (facts, renewed, renewed):
        outcomes = write_all(opening(), batch)
        for fact, outcome in zip(batch, outcomes, strict=True):
            assert outcome.state in ("written", "updated", "unchanged", "newer"), outcome
            if outcome.state == "newer":
                assert outdated(fact, expected[fact.id])
            elif outcome.state == "unchanged":
                assert content_hash(fact) == content_hash(expected[fact.id])
            else:
                expected[fact.id] = expected_after(fact, expected.get(fact.id)) if keeps_vectors else fact
    assert {outcome.state for outcome in outcomes} <= {"unchanged", "newer"}

    adapter = opening()
    try:
        users = set(adapter.users())
        assert users == {fact.user_id for fact in expected.values()}
        stored = [fact for user in users for page in adapter.read(user) for fact in page.facts]
        assert sum(adapter.count(user) or 0 for user in users) == len(stored)
        assert sorted((comparable(fact, adapter) for fact in stored), key=str) == sorted(
            (comparable(fact, adapter) for fact in expected.values()), key=str
        )
    finally:
        adapter.close()
    delete_all(opening())
