"""Search in PostgreSQL always finds the user's own facts, even if many facts of other users are nearer."""

import math
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from memctl_postgres.adapter import PostgresAdapter
from psycopg.conninfo import make_conninfo

from memctl.backends.contract import Query
from memctl.core.errors import UsageError
from memctl.core.fact import Embedding, Fact, Source
from memctl.workspace import Workspace

DIM = 96
TOPICS = {"tea": 0, "boat": 1, "night train": 2, "peanuts": 3}


def vector_of(text: str) -> list[float]:
    """A unit vector for the topic of a text, slightly different for each text; zero for a text without a topic."""
    chance = random.Random(text)
    vector = [0.0] * DIM
    for topic, place in TOPICS.items():
        if topic in text or (topic == "tea" and "infusion" in text):
            vector[place] = 1.0
    if not any(vector):
        return vector
    vector = [value + chance.gauss(0, 0.02) for value in vector]
    length = math.sqrt(sum(value * value for value in vector))
    return [value / length for value in vector]


def fact(user: str, text: str, **fields: Any) -> Fact:
    embedding = Embedding(model="topics", vector=tuple(vector_of(text)))
    made = {"id": uuid4(), "user_id": user, "kind": "fact", "text": text, "source": Source(system="test")}
    return Fact(**made | {"embedding": embedding} | fields)


@pytest.fixture
def adapter(postgres_dsn: str, postgres_schema: str) -> Iterator[PostgresAdapter]:
    with PostgresAdapter(postgres_dsn, schema=postgres_schema, embed=vector_of) as opened:
        opened.init()
        yield opened


def texts(hits: Sequence[Any]) -> list[str]:
    return [hit.fact.text for hit in hits]


def test_every_user_finds_their_own_facts_in_every_call(adapter: PostgresAdapter) -> None:
    # With a vector index and a prepared statement, the eleventh and later calls would find nothing: the nearest
    # neighbours belong to other users, and the filter is applied after the index scan.
    users = [f"user{i:03}" for i in range(150)]
    facts = [fact(user, f"{user} likes {topic} number {n}") for user in users for topic in TOPICS for n in range(5)]
    adapter.write(facts)
    adapter.settle([], datetime.now(UTC) + timedelta(seconds=60))
    assert ", indexed" in adapter.check().detail
    for call, user in enumerate(users[:60]):
        hits = adapter.search(Query(user, "infusion", k=5))
        assert len(hits) == 5, f"call {call}"
        assert {hit.fact.user_id for hit in hits} == {user}
        assert all("tea" in hit.fact.text for hit in hits)
    for call in range(25):
        hits = adapter.search(Query(None, "infusion", k=80, kinds=("fact",)))
        assert len(hits) == 80, f"call {call}"
        assert all("tea" in hit.fact.text for hit in hits)


def test_the_index_scan_continues_until_the_filter_matches(adapter: PostgresAdapter, postgres_dsn: str) -> None:
    # 3,000 facts are nearer than those of the requested time; an index scan that stops early would find none of them.
    late = datetime(2026, 6, 1, tzinfo=UTC)
    adapter.write([fact(f"user{i % 50}", f"likes tea {i}", created_at=late - timedelta(days=9)) for i in range(3000)])
    rare = [fact("zoe", f"boat with tea of rank {n}", created_at=late) for n in range(10)]
    boats = [fact("zoe", f"boat {n}", created_at=late - timedelta(days=9)) for n in range(1500)]
    adapter.write(rare + boats)
    adapter.settle([], datetime.now(UTC) + timedelta(seconds=60))
    # The planner must use the vector index whenever possible, as it does with millions of facts.
    options = "-c enable_seqscan=off -c enable_bitmapscan=off -c enable_sort=off"
    dsn = make_conninfo(postgres_dsn, options=options)
    with PostgresAdapter(dsn, schema=adapter.schema, embed=vector_of) as planned:
        for call in range(21):
            hits = planned.search(Query(None, "infusion", k=10, since=late))
            assert {hit.fact.id for hit in hits} == {each.id for each in rare}, f"call {call}"
            # A third of all facts are zoe's, and nearly all of them are farther away than those of others.
            hits = planned.search(Query("zoe", "infusion", k=10))
            assert {hit.fact.id for hit in hits} == {each.id for each in rare}, f"call {call}"


def test_words_match_by_stem_and_rarer_words_count_more(adapter: PostgresAdapter) -> None:
    adapter.write(
        [
            fact("alice", "Alice prefers express shipping.", embedding=None),
            *[fact("alice", f"Alice prefers colour {n}.", embedding=None) for n in range(20)],
        ]
    )
    hits = adapter.search(Query("alice", "does alice prefer things shipped?"))
    assert hits[0].fact.text == "Alice prefers express shipping."
    assert hits[0].parts.keys() == {"lexical", "fact"}
    # No fact contains "things", so not even the best fact matches the whole query.
    assert 0.2 < hits[0].parts["lexical"] < 0.3
    assert adapter.search(Query("alice", "zeppelin")) == []


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("CAFE", "Meets Zoë at the café."),
        ("zoe\u0308", "Meets Zoë at the café."),
        ("שָׁלוֹם", "אמר שלום לכולם"),
        ("発送", "明日発送しました。"),
        ("배송", "빠른배송을 좋아한다."),
        ("שלום", "אמר שלום לכולם"),
        ("c:\\temp'; DROP", "Keeps files in C:\\temp'; DROP TABLE x"),
    ],
)
def test_words_of_every_script_are_found(adapter: PostgresAdapter, query: str, best: str) -> None:
    every = ["Meets Zoë at the café.", "明日発送しました。", "빠른배송을 좋아한다.", "אמר שלום לכולם"]
    every += ["Keeps files in C:\\temp'; DROP TABLE x", "Nothing of that."]
    adapter.write([fact("alice", text, embedding=None) for text in every])
    assert texts(adapter.search(Query("alice", query)))[0] == best


@pytest.mark.parametrize("query", ["", " ", "?!", "the of", "\0", "\\", "'", "& | ! ( ) :*", "a" * 5000, "%(user)s %s"])
def test_odd_queries_find_nothing_without_an_error(adapter: PostgresAdapter, query: str) -> None:
    adapter.write([fact("alice", "Drinks tea.")])
    assert adapter.search(Query("alice", query)) == []


def test_a_score_is_the_sum_of_its_parts(adapter: PostgresAdapter) -> None:
    adapter.write([fact("alice", "Drinks tea."), fact("alice", "Owns a boat."), fact("alice", "Drinks an infusion.")])
    hits = adapter.search(Query("alice", "tea"))
    assert texts(hits)[:2] == ["Drinks tea.", "Drinks an infusion."]
    assert hits[0].parts.keys() == {"lexical", "semantic", "fact"}
    for hit in hits:
        assert hit.score == pytest.approx(sum(hit.parts.values()))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len(adapter.search(Query("alice", "tea", k=1))) == 1


def test_since_until_and_as_of_limit_the_results(adapter: PostgresAdapter) -> None:
    day = [datetime(2026, 1, n, tzinfo=UTC) for n in range(1, 10)]
    adapter.write(
        [
            fact("alice", "Drank tea early.", valid_at=day[1], invalid_at=day[4]),
            fact("alice", "Drank tea late.", created_at=day[6]),
            fact("alice", "Tea to forget.", created_at=day[1], expires_at=day[2]),
            fact("alice", "Tea at some time."),
        ]
    )

    def found(**within: Any) -> set[str]:
        return {text.split()[-1] for text in texts(adapter.search(Query("alice", "tea", **within)))}

    assert found() == {"early.", "late.", "time."}
    assert found(since=day[5]) == {"late."}
    assert found(until=day[5]) == {"early."}
    assert found(as_of=day[3]) == {"early.", "time."}
    assert found(as_of=day[1]) == {"early.", "forget.", "time."}
    assert found(as_of=day[7]) == {"late.", "time."}


def test_a_superseded_fact_ranks_below_its_successor(adapter: PostgresAdapter) -> None:
    new = fact("alice", "Moved on to an infusion.")
    old = fact("alice", "Drinks tea, tea, tea.", superseded_by=new.id)
    adapter.write([old, new])
    hits = adapter.search(Query("alice", "tea"))
    assert [hit.fact.id for hit in hits] == [new.id, old.id]
    assert hits[0].score == pytest.approx(hits[1].score)
    assert hits[0].parts["current"] > 0


def test_a_vector_of_another_model_is_refused(adapter: PostgresAdapter, postgres_dsn: str) -> None:
    adapter.write([fact("alice", "Drinks tea.")])
    with (
        PostgresAdapter(postgres_dsn, schema=adapter.schema, embed=lambda _: [1.0, 0.0]) as other,
        pytest.raises(UsageError, match=r"2 dimensions.*96"),
    ):
        other.search(Query("alice", "tea"))


def test_vectors_too_long_for_an_index_are_found(adapter: PostgresAdapter, postgres_dsn: str) -> None:
    for dimensions, indexed in ((3072, True), (5000, False)):
        name = f"{adapter.schema[:40]} {dimensions}"
        vectors = [tuple(float(i == place) for i in range(dimensions)) for place in (0, 1)]
        with PostgresAdapter(postgres_dsn, schema=name, embed=lambda _, v=vectors[1]: v) as opened:
            try:
                opened.init()
                facts = [fact("alice", f"{n}", embedding=Embedding(model="m", vector=v)) for n, v in enumerate(vectors)]
                opened.write(facts)
                assert (", indexed" in opened.check().detail) == indexed
                assert texts(opened.search(Query(None, "anything")))[0] == "1"
                assert list(next(iter(opened.read("alice"))).facts) == facts
            finally:
                import psycopg

                with psycopg.connect(postgres_dsn, autocommit=True) as connection:
                    connection.execute(f'DROP SCHEMA "{name}" CASCADE')


class Topics:
    """A model named `name` that knows only TOPICS."""

    def __init__(self, name: str) -> None:
        self.name = name

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [vector_of(text) for text in texts]

    def embed_one(self, text: str) -> list[float]:
        return vector_of(text)


def test_facts_written_without_a_vector_are_found_by_meaning(postgres_dsn: str, postgres_schema: str) -> None:
    """Otherwise facts migrated from a store without vectors would be found only by their words."""
    with PostgresAdapter(postgres_dsn, schema=postgres_schema, embedder=Topics("topics"), init=True) as opened:
        bare = [
            fact("alice", said, embedding=None) for said in ("Drinks tea at noon.", "Owns a boat.", "Knows nobody.")
        ]
        opened.write(bare)
        assert texts(opened.search(Query("alice", "an infusion")))[0] == "Drinks tea at noon."
        assert [outcome.state for outcome in opened.write(bare)] == ["unchanged"] * 3
    with PostgresAdapter(postgres_dsn, schema=postgres_schema, embedder=Topics("others")) as other:
        hits = other.search(Query("alice", "an infusion of tea"))
        assert all("semantic" not in hit.parts for hit in hits)


def test_a_query_gives_the_same_ranking_as_the_store(adapter: PostgresAdapter, tmp_path: Path) -> None:
    """Moving facts from the store to PostgreSQL must not change the ranking."""
    chance = random.Random(7)
    topics = ["ferry", "harbour", "walnut", "granite", "violin", "lantern", "compass", "orchid"]
    facts = [
        fact("alice", f"{' '.join(chance.sample(topics, chance.randrange(2, 7)))} {number}.", embedding=None)
        for number in range(40)
    ]
    ended = datetime(2026, 1, 1, tzinfo=UTC)
    facts += [fact("alice", "A lantern and a granite violin.", embedding=None, expired_at=ended)]
    adapter.write(facts)
    with Workspace(tmp_path / "store.duckdb") as store:
        store.write(facts)
        for query in (
            "ferry granite",
            "alice violin lantern",
            "compass unicorn",
            "orchids",
            "alice",
            "how many orchids",
        ):
            with store.store.reading() as session:
                dim = len(store.spec().open().embed_one("x"))
                stored = session.search(query=query, query_vector=[0.0] * dim, user="alice", k=50)
            here = [(round(hit.score, 9), hit.fact.id) for hit in adapter.search(Query("alice", query, k=50))]
            there = [(round(hit.score, 9), hit.fact.id) for hit in stored if hit.score]
            assert sorted(here) == sorted(there), query
