"""Facts in PostgreSQL are read as they were written, and writing them again changes nothing."""

from array import array
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
from examples import some
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from memctl_postgres import mapping, write
from memctl_postgres.adapter import PostgresAdapter

from memctl.backends.contract import Backend, Query
from memctl.core.errors import NotFound, UsageError
from memctl.core.fact import KINDS, TIME_FIELDS, Embedding, Fact, Source, content_hash, derive_id


def fact(text: str = "Lives in Paris.", user: str = "alice", **fields: Any) -> Fact:
    return Fact(
        **{"id": uuid4(), "user_id": user, "kind": "fact", "text": text, "source": Source(system="test")} | fields
    )


def full(user: str = "alice") -> Fact:
    """A fact with every field set to a value that is hard to store exactly."""
    return Fact(
        id=uuid4(),
        user_id=user,
        agent_id="agent/7",
        session_id="s 1@x",
        app_id="",
        kind="preference",
        text="Likes\r\nexpress\u2028shipping 🚀 e\u0301 שלום ␀ \0 end ",
        subject="Zoë",
        predicate="likes",
        object="␀0",
        categories=("b", "a", "", 'quo"te', "NULL", "{x,y}", "\0"),
        confidence=0.1 + 0.2,
        valid_at=datetime(1, 1, 1, tzinfo=UTC),
        invalid_at=datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        created_at=datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        updated_at=datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        expired_at=datetime(2026, 1, 1, tzinfo=UTC),
        expires_at=datetime(2027, 1, 1, tzinfo=UTC),
        superseded_by=uuid4(),
        source=Source(system="x", id="1/2", uri="file:///a b", session="s", turns=("D1:3", "\0"), quote="\0"),
        metadata={
            "2^53+1": 2**53 + 1, "big": 10**40, "least": -(2**63), "minus zero": -0.0, "float": 1e16, "one": 1.0,
            "tiny": 5e-324, "huge": 1.7976931348623157e308, "null": None, "nul\0": "\0␀", "deep": [[{"a": [True, {}]}]],
        },
        native={"raw": {"z": 1, "a": [1, 1.0, 1e300, "\u2029"]}},
        embedding=Embedding(model="m\0", vector=(0.5, -0.25, 0.0)),
    )  # fmt: skip


@pytest.fixture
def adapter(postgres_dsn: str, postgres_schema: str) -> Iterator[PostgresAdapter]:
    with PostgresAdapter(postgres_dsn, schema=postgres_schema) as opened:
        opened.init()
        yield opened


def read(adapter: PostgresAdapter, user: str = "alice", **options: Any) -> list[Fact]:
    return [fact for page in adapter.read(user, **options) for fact in page.facts]


def states(outcomes: list[Any]) -> list[str]:
    return [outcome.state for outcome in outcomes]


def exact(fact: Fact) -> bytes:
    """A fact as bytes, which distinguish 1 from 1.0 and -0.0 from 0.0, unlike ==."""
    return msgspec.json.encode(fact, order="sorted")


def test_the_adapter_implements_the_contract(adapter: PostgresAdapter) -> None:
    assert Backend in type(adapter).__mro__


def test_every_field_is_restored(adapter: PostgresAdapter) -> None:
    written = full()
    assert states(adapter.write([written])) == ["written"]
    (stored,) = read(adapter)
    assert exact(stored) == exact(written)
    assert content_hash(stored) == content_hash(written)


def test_a_fact_with_only_required_fields_is_restored(adapter: PostgresAdapter) -> None:
    bare = fact("")
    adapter.write([bare])
    assert read(adapter) == [bare]


_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
_SOME = st.none() | _TEXT
_TIME = st.none() | st.datetimes(timezones=st.just(UTC))
_JSON = st.dictionaries(
    _TEXT,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)
_EMBEDDING = st.none() | st.builds(
    Embedding, model=_TEXT, vector=st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=5).map(tuple)
)
_FACT = st.builds(
    Fact,
    id=st.uuids(),
    user_id=_TEXT,
    kind=st.sampled_from(KINDS),
    text=_TEXT,
    categories=st.lists(_TEXT, max_size=3).map(tuple),
    confidence=st.none() | st.floats(0, 1),
    superseded_by=st.none() | st.uuids(),
    source=st.builds(
        Source, system=_TEXT, id=_SOME, uri=_SOME, session=_SOME, turns=st.lists(_TEXT).map(tuple), quote=_SOME
    ),
    metadata=_JSON,
    native=_JSON,
    embedding=_EMBEDDING,
    **dict.fromkeys(TIME_FIELDS, _TIME),
    **dict.fromkeys(("agent_id", "session_id", "app_id", "subject", "predicate", "object"), _SOME),
)


@settings(max_examples=some(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts=st.lists(_FACT, max_size=6, unique_by=lambda fact: fact.id))
def test_any_facts_are_restored(adapter: PostgresAdapter, facts: list[Fact]) -> None:
    assert states(adapter.write(facts)) == ["written"] * len(facts)
    by_id = {fact.id: fact for user in {fact.user_id for fact in facts} for fact in read(adapter, user)}
    for written in facts:
        assert exact(by_id[written.id]) == exact(written)
    assert states(adapter.write(facts)) == ["unchanged"] * len(facts)
    for written in facts:
        adapter.delete(written.user_id, [written.id])


@given(st.lists(st.text("␀0\0a", max_size=6), min_size=2, max_size=2, unique=True))
def test_different_texts_are_stored_differently(pair: list[str]) -> None:
    assert mapping.stored_text(pair[0]) != mapping.stored_text(pair[1])
    assert mapping.loaded_text(mapping.stored_text(pair[0])) == pair[0]
    assert "\0" not in mapping.stored_text(pair[0])


def test_users_with_nul_in_their_names_are_distinguished(adapter: PostgresAdapter) -> None:
    users = ["a\0", "a␀", "a␀0", "a␀␀"]
    adapter.write([fact(user, user) for user in users])
    assert sorted(adapter.users()) == sorted(users)
    for user in users:
        assert adapter.count(user) == 1
        assert [each.text for each in read(adapter, user)] == [user]
        assert [hit.fact.user_id for hit in adapter.search(Query(user, "a"))] in ([], [user])


def test_long_texts_and_long_names_are_restored(adapter: PostgresAdapter) -> None:
    texts = ["wörd " * 40_000, "x" * 3_000_000, "".join(chr(0x4E00 + i % 20_000) for i in range(70_000))]
    adapter.write([fact(text) for text in texts])
    assert [each.text for each in read(adapter)] == texts


def test_a_second_write_is_unchanged_and_a_changed_fact_updated(adapter: PostgresAdapter) -> None:
    first, second = full(), fact("Owns a boat.")
    adapter.write([first, second])
    assert states(adapter.write([first, second])) == ["unchanged", "unchanged"]
    for change in (
        {"text": "Other words."},
        {"native": {"raw": 2}},
        {"native": {"raw": 2.0}},
        {"updated_at": datetime(2026, 5, 5, tzinfo=UTC)},
        {"source": Source(system="x", id="other")},
        {"metadata": {}},
        {"confidence": None},
    ):
        first = msgspec.structs.replace(first, **change)
        assert states(adapter.write([second, first])) == ["unchanged", "updated"], change
        assert states(adapter.write([second, first])) == ["unchanged", "unchanged"], change
    stored = read(adapter)
    assert [each.id for each in stored] == [first.id, second.id]
    assert stored[0].metadata == {}


def test_a_fact_of_another_user_is_never_taken_over(adapter: PostgresAdapter) -> None:
    mine = fact("Mine.")
    adapter.write([mine])
    theirs = msgspec.structs.replace(mine, user_id="bob", text="Theirs.")
    (outcome,) = adapter.write([theirs])
    assert outcome.state == "rejected"
    assert outcome.reason == "a fact of another user has this id"
    assert read(adapter) == [mine]
    assert adapter.count("bob") == 0


def test_the_later_of_two_facts_with_one_id_is_kept(adapter: PostgresAdapter) -> None:
    first = fact("First.")
    later = msgspec.structs.replace(first, text="Later.")
    stolen = msgspec.structs.replace(first, user_id="bob")
    assert states(adapter.write([first, later, stolen])) == ["unchanged", "written", "rejected"]
    assert read(adapter) == [later]


def test_only_the_bad_fact_of_a_batch_is_rejected(adapter: PostgresAdapter) -> None:
    facts = [fact(f"Fact {i}.") for i in range(9)]
    # An index entry of PostgreSQL cannot be longer than a third of a page.
    facts[4] = msgspec.structs.replace(facts[4], user_id="".join(chr(0x4E00 + i * 7 % 20_000) for i in range(4000)))
    outcomes = adapter.write(facts)
    assert [i for i, outcome in enumerate(outcomes) if outcome.state == "rejected"] == [4]
    assert outcomes[4].reason
    assert len(read(adapter)) == 8


def test_a_row_changed_by_hand_is_read_as_changed(adapter: PostgresAdapter, postgres_dsn: str) -> None:
    written = full()
    adapter.write([written])
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        table = f'"{adapter.schema}".facts'
        connection.execute(
            f"""UPDATE {table} SET metadata = '{{"by": "hand"}}', embedding = '[1,2,3]', text = 'Edited.'"""
        )
    (stored,) = read(adapter)
    assert (stored.metadata, stored.text) == ({"by": "hand"}, "Edited.")
    assert stored.embedding is not None
    assert stored.embedding.vector == (1.0, 2.0, 3.0)
    assert states(adapter.write([written])) == ["updated"]
    assert exact(read(adapter)[0]) == exact(written)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("metadata = '[1]'", "its metadata is not a JSON object"),
        ("kind = 'rumour'", "unknown kind 'rumour'"),
        ("categories = '{a,NULL}'", "its categories contains null"),
    ],
)
def test_a_row_made_invalid_by_hand_is_a_reject_and_others_are_read(
    adapter: PostgresAdapter, postgres_dsn: str, change: str, message: str
) -> None:
    valid, broken = fact("kept"), fact("broken")
    adapter.write([valid, broken])
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f'UPDATE "{adapter.schema}".facts SET {change} WHERE id = %s', [broken.id])
    assert [each.id for each in read(adapter)] == [valid.id]
    (reject,) = adapter.rejects()
    assert message in reject.message
    assert str(broken.id) in str(reject.where)


def test_vectors_that_do_not_fit_the_column_are_kept_elsewhere(adapter: PostgresAdapter) -> None:
    single = tuple(array("f", [0.1, 0.2, 0.3]))
    vectors = [single, (0.1, 0.2, 0.3), (1.0, 2.0), (1e39, 0.0, 0.0), ()]
    facts = [fact(str(i), embedding=Embedding(model="m", vector=v)) for i, v in enumerate(vectors)]
    outcomes = adapter.write(facts)
    assert states(outcomes) == ["written"] * 5
    assert read(adapter) == facts
    assert outcomes[0].reason is outcomes[1].reason is None
    assert "2 dimensions" in str(outcomes[2].reason)


def test_a_fact_written_without_a_vector_keeps_the_one_of_the_same_text(adapter: PostgresAdapter) -> None:
    embedded = fact(embedding=Embedding(model="m", vector=(1.0, 0.0)))
    bare = msgspec.structs.replace(embedded, embedding=None)
    adapter.write([embedded])
    assert states(adapter.write([bare])) == ["unchanged"]
    assert read(adapter) == [embedded]
    adapter.write([msgspec.structs.replace(bare, text="Lives in Lyon.")])
    assert read(adapter)[0].embedding is None


@pytest.mark.parametrize("number", [0, 1, 5, 6, 7])
def test_pages_of_every_size_return_all_facts_once(adapter: PostgresAdapter, postgres_dsn: str, number: int) -> None:
    facts = [fact(str(i)) for i in range(number)]
    adapter.write([*facts, fact("Somebody else's.", "bob")])
    for size in (1, 3, 1000):
        with PostgresAdapter(postgres_dsn, schema=adapter.schema, page_size=size) as paged:
            pages = list(paged.read("alice"))
            assert [each for page in pages for each in page.facts] == facts
            assert [page.cursor is None for page in pages] == [False] * (len(pages) - 1) + [True]
            for done, page in enumerate(pages[:-1], 1):
                assert read(paged, cursor=page.cursor) == facts[done * size :]
    assert adapter.count("alice") == number


def test_since_returns_facts_created_or_updated_later(adapter: PostgresAdapter) -> None:
    day = [datetime(2026, 1, n, tzinfo=UTC) for n in range(1, 6)]
    old = fact("old", created_at=day[0])
    changed = fact("changed", created_at=day[0], updated_at=day[3])
    new = fact("new", created_at=day[2])
    adapter.write([old, changed, new])
    assert read(adapter, since=day[2]) == [changed, new]


def test_delete_removes_only_the_users_own_facts_once(adapter: PostgresAdapter) -> None:
    mine, other, theirs = fact(), fact("Stays."), fact("Bob's.", "bob")
    adapter.write([mine, other, theirs])
    assert adapter.delete("alice", [mine.id, theirs.id, uuid4()]) == 1
    assert adapter.delete("alice", [mine.id]) == 0
    assert read(adapter) == [other]
    assert read(adapter, "bob") == [theirs]


def test_concurrent_writers_lose_nothing(adapter: PostgresAdapter) -> None:
    facts = [fact(str(i), f"user{i % 3}", embedding=Embedding(model="m", vector=(1.0, float(i)))) for i in range(200)]
    batches = [facts[i : i + 20] for i in range(0, 200, 20)] * 2
    with ThreadPoolExecutor(4) as pool:
        outcomes = [outcome for batch in pool.map(adapter.write, batches) for outcome in batch]
    assert sorted(states(outcomes)) == ["unchanged"] * 200 + ["written"] * 200
    assert sum(adapter.count(user) or 0 for user in adapter.users()) == 200


def test_the_schema_is_created_only_by_init(postgres_dsn: str, postgres_schema: str) -> None:
    with PostgresAdapter(postgres_dsn, schema=postgres_schema) as adapter:
        assert adapter.check().ok
        assert "no schema" in adapter.check().detail
        for call in (
            lambda: adapter.write([fact()]),
            lambda: adapter.count("alice"),
            lambda: read(adapter),
            lambda: list(adapter.users()),
            lambda: adapter.search(Query("alice", "Paris")),
            lambda: adapter.delete("alice", [UUID(int=0)]),
        ):
            with pytest.raises(NotFound, match="schema") as caught:
                call()
            assert "memctl backends init postgres" in str(caught.value.hint)
        assert not adapter.initialized()
        assert adapter.init() == [f"schema {postgres_schema!r}, version 1"]
        assert adapter.init() == []
        assert adapter.initialized()
        assert states(adapter.write([fact()])) == ["written"]


def test_a_write_creates_the_schema_with_init_set(postgres_dsn: str, postgres_schema: str) -> None:
    with PostgresAdapter(postgres_dsn, schema=postgres_schema, init=True) as adapter:
        assert states(adapter.write([fact()])) == ["written"]
        assert "1 fact of 1 user" in adapter.check().detail


def test_a_schema_with_tables_of_another_program_is_left_as_it_is(postgres_dsn: str, postgres_schema: str) -> None:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA "{postgres_schema}"')
        connection.execute(f'CREATE TABLE "{postgres_schema}".facts (fact text)')
        with PostgresAdapter(postgres_dsn, schema=postgres_schema) as adapter:
            with pytest.raises(UsageError, match="another program") as caught:
                adapter.init()
            assert "option schema" in str(caught.value.hint)
            assert not adapter.initialized()


@pytest.mark.parametrize("name", ['we"ird; DROP', "UPPER.case", "日本"])
def test_any_schema_name_can_be_used(postgres_dsn: str, name: str) -> None:
    with PostgresAdapter(postgres_dsn, schema=name) as adapter:
        adapter.init()
        adapter.write([fact()])
        assert adapter.count("alice") == 1
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        quoted = name.replace('"', '""')
        connection.execute(f'DROP SCHEMA "{quoted}" CASCADE')


def test_a_schema_of_a_newer_version_is_refused(adapter: PostgresAdapter, postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f'INSERT INTO "{adapter.schema}".migrations VALUES (99)')
    with PostgresAdapter(postgres_dsn, schema=adapter.schema) as fresh:
        for call in (fresh.init, lambda: fresh.write([fact()])):
            with pytest.raises(UsageError, match="99"):
                call()


def test_graph_and_summary_views_can_be_queried_with_sql(adapter: PostgresAdapter, postgres_dsn: str) -> None:
    old = fact("Old summary.", kind="summary", created_at=datetime(2026, 1, 1, tzinfo=UTC))
    new = fact("New summary.", kind="summary", created_at=datetime(2026, 2, 1, tzinfo=UTC))
    edge = fact("Alice lives in Paris.", subject="alice", predicate="lives_in", object="Paris")
    adapter.write([new, old, edge, fact("No triple.", subject="alice")])
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute(f"""SET search_path = "{adapter.schema}", public""")
        edges = connection.execute("SELECT subject, edge, object FROM relations").fetchall()
        summaries = connection.execute("SELECT user_id, text FROM summaries").fetchall()
    assert edges == [("alice", "lives_in", "Paris")]
    assert summaries == [("alice", "New summary.")]


def test_adding_turns_is_refused(adapter: PostgresAdapter) -> None:
    with pytest.raises(UsageError, match="does not extract") as caught:
        adapter.add("alice", [{"role": "user", "content": "I live in Paris."}])
    assert "memctl ingest" in str(caught.value.hint)


def test_a_bulk_load_builds_the_index_afterwards(adapter: PostgresAdapter) -> None:
    def batch(start: int, number: int) -> list[Fact]:
        vectors = ((float(i % 7), float(i % 11), 1.0) for i in range(start, start + number))
        return [
            fact(str(i), id=derive_id("bulk", str(start + i)), embedding=Embedding(model="m", vector=vector))
            for i, vector in enumerate(vectors)
        ]

    adapter.write(batch(0, 3))
    assert ", indexed" in adapter.check().detail
    adapter.write(batch(3, write.BULK))
    assert "not indexed yet" in adapter.check().detail
    adapter.settle([], datetime.now(UTC) + timedelta(seconds=60))
    assert ", indexed" in adapter.check().detail
    assert adapter.count("alice") == write.BULK + 3
