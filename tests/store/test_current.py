"""All commands use the same definition of current facts; past facts shown as current would mislead a user."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from memctl.backends.contract import Query
from memctl.core.fact import Fact, Source
from memctl.core.timeline import current
from memctl.report.volume import measure
from memctl.report.volume_counts import Streaming
from memctl.store.sql import vector_search
from memctl.workspace import Workspace

NOW = datetime.now(UTC)
PAST, FUTURE = NOW - timedelta(days=400), datetime(2099, 1, 1, tzinfo=UTC)


def _fact(number: int, **fields: object) -> Fact:
    return Fact(
        id=UUID(int=number),
        user_id="zoe",
        kind="fact",
        text=f"zoe has visited the town number {number}.",
        subject="zoe",
        predicate="visited",
        object=f"town {number}",
        created_at=PAST,
        source=Source(system="test"),
        **fields,
    )


EVERY = [
    _fact(number, invalid_at=ended, expired_at=retired, expires_at=until, superseded_by=successor)
    for number, (ended, retired, until, successor) in enumerate(
        product((None, PAST, FUTURE), (None, PAST), (None, PAST, FUTURE), (None, uuid4())), 1
    )
]
"""Every mixture of what can end a fact: 4 of them are current."""


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("store") / "store.duckdb")
    workspace.write(EVERY)
    return workspace


def test_a_fact_that_ends_in_the_future_is_current() -> None:
    ends = [fact.invalid_at for fact in current(EVERY, NOW)]
    assert sorted(ends, key=str) == [FUTURE, FUTURE, None, None]


def test_facts_stats_and_reports_agree_on_what_is_current(every: Workspace) -> None:
    expected = {fact.id for fact in current(EVERY, NOW)}
    assert {fact.id for fact in every.facts("zoe")} == expected
    assert every.statistics().current == len(expected)
    superseded = sum(fact.superseded_by is not None for fact in EVERY)
    volume = measure(every, now=NOW)
    assert volume.shares.superseded == superseded
    assert volume.shares.expired == len(EVERY) - superseded - len(expected)
    streaming = Streaming("month", NOW, 10)
    streaming.take(EVERY)
    assert streaming.done().expired == len(EVERY) - superseded - len(expected)


@pytest.mark.engines
def test_stats_count_every_user_and_kind_once(store: Path | str) -> None:
    local = Workspace(store)
    local.add("ann", ["I live in Oslo.", "I like tea."])
    local.add("bob", ["I live in Rome."])
    local.add("bob", ["I live in Paris."])
    facts = [fact for user in ("ann", "bob") for page in local.read(user) for fact in page.facts]
    stats = local.statistics()
    assert stats.kinds == dict(Counter(fact.kind for fact in facts))
    assert (stats.users, stats.superseded) == (2, sum(fact.superseded_by is not None for fact in facts))
    assert (stats.facts + stats.episodes, stats.superseded, stats.current) == (len(facts), 1, 3)
    for user in ("ann", "bob"):
        local.delete(user, [fact.id for fact in facts if fact.user_id == user])
    stats = local.statistics()
    assert (stats.users, stats.facts, stats.episodes, stats.current, stats.superseded) == (0, 0, 0, 0, 0)


def test_a_model_is_shown_current_facts_only(every: Workspace) -> None:
    vectors = every.spec().open().embed(["zoe has visited a town"])
    with every.database.reading() as connection:
        (near,) = vector_search.nearest(connection, "zoe", vectors, len(EVERY))
    assert {fact.id for fact in near} == {fact.id for fact in current(EVERY, NOW)}


def test_search_as_of_uses_the_same_definition_as_the_timeline(every: Workspace) -> None:
    from memctl.core.timeline import as_of

    at = NOW - timedelta(days=1)
    hits = every.search(Query("zoe", "town visited", 100, as_of=at))
    assert {hit.fact.id for hit in hits} == {fact.id for fact in as_of(EVERY, at)}


def test_an_imported_fact_with_a_future_end_is_ended_by_a_later_statement(tmp_path: Path) -> None:
    local = Workspace(tmp_path / "store.duckdb")
    home = Fact(
        id=UUID(int=99),
        user_id="zoe",
        kind="fact",
        text="zoe lives in Rome.",
        subject="zoe",
        predicate="lives_in",
        object="Rome",
        created_at=PAST,
        invalid_at=FUTURE,
        source=Source(system="test"),
    )
    local.write([home])
    local.add("zoe", [{"role": "user", "content": "I live in Oslo.", "at": NOW - timedelta(hours=1)}])
    assert [fact.object for fact in local.facts("zoe", predicate="lives_in")] == ["Oslo"]
