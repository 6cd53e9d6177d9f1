"""Tables of other programs are read completely, and never written."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from memctl_postgres import table_layouts
from memctl_postgres.adapter import PostgresAdapter

from memctl.backends.contract import Query
from memctl.core.errors import NotFound, UsageError
from memctl.core.fact import Fact, Source


@pytest.fixture
def sql(postgres_dsn: str, postgres_schema: str) -> Iterator[Any]:
    """Run SQL in a schema of this test, as the owner of another program's tables."""
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA "{postgres_schema}"')
        connection.execute(f"""SET search_path = "{postgres_schema}", public""")
        yield connection.execute


def read(adapter: PostgresAdapter, user: str, **options: Any) -> list[Fact]:
    return [fact for page in adapter.read(user, **options) for fact in page.facts]


@pytest.fixture
def diy(postgres_dsn: str, postgres_schema: str, sql: Any) -> Iterator[PostgresAdapter]:
    sql(
        "CREATE TABLE agent_memories (id serial PRIMARY KEY, user_id text, content text NOT NULL, embedding vector(3), "
        "created_at timestamptz, memory_type text, importance real)"
    )
    sql(
        "INSERT INTO agent_memories (user_id, content, embedding, created_at, memory_type, importance) VALUES "
        "('alice', 'Lives in Paris.', '[0.1,0,0]', '2026-01-02 03:04:05.000006+02', 'semantic', 0.5), "
        "('alice', 'Met Bob.', NULL, NULL, 'episodic', NULL), "
        "('alice', 'Odd.', NULL, 'infinity', 'hunch', 1), "
        "('bob', 'Owns a boat.', '[0,1,0]', '2026-01-03', NULL, 0)"
    )
    table = f'["{postgres_schema}", "agent_memories"]'[1:-1]
    with PostgresAdapter(postgres_dsn, table=table, layout="diy", embed=lambda _: [1.0, 0.0, 0.0]) as opened:
        yield opened


def test_the_table_layout_of_tutorials_is_read(diy: PostgresAdapter) -> None:
    assert list(diy.users()) == ["alice", "bob"]
    assert [diy.count(user) for user in ("alice", "bob", "eve")] == [3, 1, 0]
    paris, bob, odd = read(diy, "alice")
    assert (paris.text, paris.kind, paris.source.id) == ("Lives in Paris.", "fact", "1")
    assert paris.created_at == datetime(2026, 1, 2, 1, 4, 5, 6, tzinfo=UTC)
    assert paris.native == {"memory_type": "semantic", "importance": 0.5}
    assert paris.embedding is not None
    assert paris.embedding.vector == pytest.approx((0.1, 0, 0))
    assert (bob.kind, bob.created_at) == ("episode", None)
    # Values without a matching field are not lost.
    assert (odd.kind, odd.created_at) == ("fact", None)
    assert odd.native == {"created_at": "infinity", "memory_type": "hunch", "importance": 1}


def test_ids_are_the_same_in_every_reading(diy: PostgresAdapter) -> None:
    facts = read(diy, "alice")
    assert [fact.id for fact in facts] == [fact.id for fact in read(diy, "alice")]
    assert len({fact.id for fact in facts}) == 3


def test_a_foreign_table_is_paged_by_its_primary_key(
    diy: PostgresAdapter, sql: Any, postgres_dsn: str, postgres_schema: str
) -> None:
    sql("INSERT INTO agent_memories (user_id, content) SELECT 'carol', 'n' || n FROM generate_series(1, 25) n")
    table = f'"{postgres_schema}","agent_memories"'
    with PostgresAdapter(postgres_dsn, table=table, page_size=10) as adapter:
        pages = list(adapter.read("carol"))
        # In numeric order; as texts, 10 would come before 9.
        assert [fact.text for page in pages for fact in page.facts] == [f"n{n}" for n in range(1, 26)]
        assert [len(page.facts) for page in pages] == [10, 10, 5]
        assert read(adapter, "carol", cursor=pages[0].cursor)[0].text == "n11"


def test_a_foreign_table_can_be_searched(diy: PostgresAdapter) -> None:
    for _ in range(21):
        hits = diy.search(Query("alice", "Paris"))
        assert hits[0].fact.text == "Lives in Paris."
        assert hits[0].parts.keys() == {"lexical", "semantic", "fact"}
    assert {hit.fact.user_id for hit in diy.search(Query(None, "boat"))} >= {"bob"}
    assert diy.search(Query("alice", "met", since=datetime(2027, 1, 1, tzinfo=UTC))) == []


def test_a_foreign_table_is_never_written_to(diy: PostgresAdapter) -> None:
    before = read(diy, "alice")
    for call in (lambda: diy.write(before), lambda: diy.delete("alice", [before[0].id]), diy.init):
        with pytest.raises(UsageError, match="only read"):
            call()
    assert read(diy, "alice") == before


def test_rows_without_a_user_are_an_error_or_the_default_users(
    diy: PostgresAdapter, sql: Any, postgres_dsn: str
) -> None:
    sql("INSERT INTO agent_memories (content) VALUES ('Whose?'), ('Whose else?')")
    with pytest.raises(UsageError, match="2 rows belong to no user"):
        diy.users()
    with PostgresAdapter(postgres_dsn, table=str(diy._table_name), default_user="zoe") as owned:
        assert list(owned.users()) == ["alice", "bob", "zoe"]
        assert [fact.text for fact in read(owned, "zoe")] == ["Whose?", "Whose else?"]
        assert owned.count("zoe") == 2
        assert {fact.user_id for fact in read(owned, "zoe")} == {"zoe"}


def test_columns_are_mapped_by_name(sql: Any, postgres_dsn: str, postgres_schema: str) -> None:
    sql(
        'CREATE TABLE "My Notes" (note text, who text, "at" timestamp, tags jsonb, score numeric, ref uuid PRIMARY KEY)'
    )
    sql(
        """INSERT INTO "My Notes" VALUES ('Likes tea.', 'alice', '2026-01-01 10:00', '["a","b"]', 0.25, """
        """'00000000-0000-0000-0000-00000000000a')"""
    )
    mapping = "note=text, who=user_id, at=created_at, tags=categories, score=confidence"
    table = f'"{postgres_schema}","My Notes"'
    for spelling in (
        mapping,
        {"note": "text", "who": "user_id", "at": "created_at", "tags": "categories", "score": "confidence"},
    ):
        with PostgresAdapter(postgres_dsn, table=table, mapping=spelling) as adapter:
            (fact,) = read(adapter, "alice")
            assert (fact.text, fact.categories, fact.confidence) == ("Likes tea.", ("a", "b"), 0.25)
            assert fact.created_at == datetime(2026, 1, 1, 10, tzinfo=UTC)
            assert fact.source.id == "00000000-0000-0000-0000-00000000000a"
    with PostgresAdapter(postgres_dsn, table=table, mapping="note=text,nobody=user_id") as wrong:
        with pytest.raises(UsageError, match="no column nobody") as caught:
            wrong.count("alice")
        assert "who" in str(caught.value.hint)


def test_mem0s_collection_is_read(sql: Any, postgres_dsn: str, postgres_schema: str) -> None:
    sql("CREATE TABLE mem0 (id uuid PRIMARY KEY, vector vector(3), payload jsonb)")
    sql(
        """INSERT INTO mem0 VALUES
        ('00000000-0000-0000-0000-000000000001', '[1,0,0]', '{"data": "Prefers tea.", "hash": "abc", "user_id": "alice",
          "created_at": "2026-01-02T03:04:05.678901-08:00", "agent_id": "a", "run_id": "r", "plan": "pro",
          "n": 9007199254740993,
          "expiration_date": "2027-01-01", "text_lemmatized": "prefer tea"}'),
        ('00000000-0000-0000-0000-000000000002', '[0,1,0]', '{"data": "From TypeScript.", "user_id": "alice",
          "createdAt": "2026-02-02T00:00:00Z", "attributedTo": "user"}'),
        ('00000000-0000-0000-0000-000000000003', '[0,0,1]', '{"type": "user_identity"}')"""
    )
    with PostgresAdapter(postgres_dsn, table=f'"{postgres_schema}","mem0"', layout="mem0") as adapter:
        assert list(adapter.users()) == ["alice"]
        assert adapter.count("alice") == 2
        first, second = read(adapter, "alice")
        assert first.text == "Prefers tea."
        assert (first.agent_id, first.session_id) == ("a", "r")
        assert first.created_at == datetime(2026, 1, 2, 11, 4, 5, 678901, tzinfo=UTC)
        assert first.metadata == {"plan": "pro", "n": 2**53 + 1}
        assert first.native == {"hash": "abc", "expiration_date": "2027-01-01"}
        assert first.expires_at == datetime(2027, 1, 1, tzinfo=UTC)
        assert first.source.system == "mem0"
        assert second.created_at == datetime(2026, 2, 2, tzinfo=UTC)
        assert second.native == {"attributed_to": "user"}
        assert [fact.text for fact in read(adapter, "alice", since=datetime(2026, 1, 15, tzinfo=UTC))] == [
            "From TypeScript."
        ]
        assert adapter.search(Query("alice", "tea"))[0].fact == first


def test_unreadable_tables_are_errors_at_once(sql: Any, postgres_dsn: str, postgres_schema: str) -> None:
    with pytest.raises(UsageError, match="unknown layout") as caught:
        PostgresAdapter(postgres_dsn, layout="chroma")
    assert "diy, mem0" in str(caught.value.hint)
    with pytest.raises(UsageError, match="not a field of a fact"):
        PostgresAdapter(postgres_dsn, table="t", mapping="a=b")
    with pytest.raises(UsageError, match="invalid part 'a'"):
        PostgresAdapter(postgres_dsn, table="t", mapping="a")
    missing = PostgresAdapter(postgres_dsn, table="nowhere.nothing", layout="diy")
    with missing, pytest.raises(NotFound, match="no table"):
        missing.check()
    sql("CREATE TABLE keyless (content text, user_id text)")
    table = f'"{postgres_schema}","keyless"'
    keyless = PostgresAdapter(postgres_dsn, table=table, mapping="content=text,user_id=user_id")
    with keyless, pytest.raises(UsageError, match="the table has no primary key"):
        keyless.count("alice")


def test_a_row_maps_to_a_fact() -> None:
    fact = table_layouts.to_fact(
        {"id": 7, "content": "Tea.", "user_id": "x", "created_at": "2026-01-01T00:00:00", "mood": [1]},
        table_layouts.DIY,
        account="here",
        native_id="7",
        user="alice",
    )
    assert fact == Fact(
        id=fact.id,
        user_id="alice",
        kind="fact",
        text="Tea.",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        native={"mood": [1]},
        source=Source(system="postgres", id="7", uri="here"),
    )
