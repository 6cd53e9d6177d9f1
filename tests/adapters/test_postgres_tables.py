"""Realistic tables of other programs: deleted rows, keys of several columns, JSON, hidden rows."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
import pytest
from memctl_mem0.oss.mapping import fact_of
from memctl_postgres.adapter import PostgresAdapter

from memctl.backends.contract import Query
from memctl.core.errors import AuthError, UsageError
from memctl.core.fact import Fact

DELETED = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def sql(postgres_dsn: str, postgres_schema: str) -> Iterator[Any]:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA "{postgres_schema}"')
        connection.execute(f'SET search_path = "{postgres_schema}", public')
        yield connection.execute


@pytest.fixture
def role(postgres_dsn: str) -> Iterator[str]:
    """A role that may log in and has no rights of its own."""
    name = f"role_{uuid4().hex[:12]}"
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN")
        yield name
        connection.execute(f"DROP OWNED BY {name}")
        connection.execute(f"DROP ROLE {name}")


@pytest.fixture
def opened(postgres_dsn: str, postgres_schema: str) -> Iterator[Any]:
    """Opens a table of the test's schema."""
    adapters: list[PostgresAdapter] = []

    def opening(table: str, **options: Any) -> PostgresAdapter:
        adapters.append(PostgresAdapter(postgres_dsn, table=f'"{postgres_schema}","{table}"', **options))
        return adapters[-1]

    yield opening
    for adapter in adapters:
        adapter.close()


def read(adapter: PostgresAdapter, user: str, **options: Any) -> list[Fact]:
    return [fact for page in adapter.read(user, **options) for fact in page.facts]


@pytest.mark.parametrize(
    ("column", "gone", "current"),
    [
        ("deleted_at timestamptz", "'2026-04-01Z'", "NULL"),
        ("deleted_at bigint", "1775001600", "0"),
        ('"deletedAt" timestamp', "'2026-04-01'", "'infinity'"),
        ("archived_at timestamptz", "'2026-04-01Z'", "NULL"),
        ("is_deleted boolean", "true", "false"),
        ("deleted smallint", "1", "0"),
        ("is_active boolean", "false", "true"),
        ("status text", "'Deleted'", "'ok'"),
    ],
)
def test_a_deleted_row_is_not_a_current_fact(sql: Any, opened: Any, column: str, gone: str, current: str) -> None:
    sql(f"CREATE TABLE notes (id int PRIMARY KEY, user_id text, content text, updated_at timestamptz, {column})")
    sql(
        f"INSERT INTO notes VALUES (1, 'ada', 'Lives in Rome.', '2026-04-01Z', {gone}), "
        f"(2, 'ada', 'Lives in Ghent.', '2026-04-01Z', {current})"
    )
    for options in ({"layout": "diy"}, {"mapping": "content=text,user_id=user_id,updated_at=updated_at"}):
        adapter = opened("notes", **options)
        rome, ghent = read(adapter, "ada")
        assert (rome.expired_at, ghent.expired_at) == (DELETED, None)
        assert [hit.fact.text for hit in adapter.search(Query("ada", "lives"))] == ["Lives in Ghent."]


def test_a_deleted_row_without_a_deletion_date_is_rejected(sql: Any, opened: Any) -> None:
    sql("CREATE TABLE notes (id int PRIMARY KEY, user_id text, content text, is_deleted boolean)")
    sql("INSERT INTO notes VALUES (1, 'ada', 'Lives in Rome.', true)")
    adapter = opened("notes", layout="diy")
    assert read(adapter, "ada") == []
    (reject,) = adapter.rejects()
    assert "marked as deleted (is_deleted)" in reject.message


def test_a_row_with_a_null_text_is_rejected_and_an_empty_text_is_read(sql: Any, opened: Any) -> None:
    sql("CREATE TABLE notes (id int PRIMARY KEY, user_id text, content text)")
    sql("INSERT INTO notes VALUES (1, 'ada', NULL), (2, 'ada', ''), (3, 'ada', 'Tea.')")
    adapter = opened("notes", layout="diy")
    assert [fact.text for fact in read(adapter, "ada")] == ["", "Tea."]
    assert adapter.count("ada") == 2
    (reject,) = adapter.rejects()
    assert reject.message == "the row has no text"
    assert "row 1 of" in str(reject.where)


def test_a_numeric_column_keeps_its_digits(sql: Any, opened: Any) -> None:
    sql("CREATE TABLE notes (id int PRIMARY KEY, user_id text, content text, price numeric, parts numeric[], x jsonb)")
    sql(
        "INSERT INTO notes VALUES (1, 'ada', 'Tea.', 12345678901234567890.123456789, '{0.10}', "
        '\'{"a": 0.12345678901234567891, "b": 0.25}\')'
    )
    (fact,) = read(opened("notes", layout="diy"), "ada")
    assert fact.native == {
        "price": "12345678901234567890.123456789",
        "parts": ["0.10"],
        "x": {"a": "0.12345678901234567891", "b": 0.25},
    }


def test_a_numeric_column_can_be_the_confidence(sql: Any, opened: Any) -> None:
    sql("CREATE TABLE notes (id int PRIMARY KEY, user_id text, content text, sure numeric(3, 2))")
    sql("INSERT INTO notes VALUES (1, 'ada', 'Tea.', 0.25)")
    (fact,) = read(opened("notes", mapping="user_id=user_id,content=text,sure=confidence"), "ada")
    assert fact.confidence == 0.25


def test_an_id_column_that_is_not_unique_is_refused(sql: Any, opened: Any) -> None:
    sql("CREATE TABLE notes (n int PRIMARY KEY, key int, user_id text, content text)")
    sql(
        "INSERT INTO notes SELECT n, n % 20, CASE WHEN n < 20 THEN 'ada' ELSE 'ben' END, 'n' || n "
        "FROM generate_series(0, 39) n"
    )
    with pytest.raises(UsageError, match="key is not unique"):
        opened("notes", mapping="key=id,user_id=user_id,content=text").count("ada")
    adapter = opened("notes", mapping="user_id+key=id,user_id=user_id,content=text", page_size=7)
    facts = [fact for user in adapter.users() for fact in read(adapter, user)]
    assert len({fact.id for fact in facts}) == 40
    assert [adapter.count(user) for user in ("ada", "ben")] == [20, 20]


def test_an_id_column_with_null_is_refused(sql: Any, opened: Any) -> None:
    sql("CREATE TABLE notes (key text, user_id text, content text)")
    sql("INSERT INTO notes VALUES ('a', 'ada', 'Tea.'), (NULL, 'ada', 'Rum.')")
    with pytest.raises(UsageError, match="key is null in some rows"):
        opened("notes", mapping="key=id,user_id=user_id,content=text").count("ada")


@pytest.mark.parametrize("type_", ["jsonb", "json"])
def test_a_table_of_json_values_with_a_key_of_several_columns_is_read(sql: Any, opened: Any, type_: str) -> None:
    sql(f"CREATE TABLE store (prefix text, key text, value {type_}, created_at timestamptz, PRIMARY KEY (prefix, key))")
    sql(
        """INSERT INTO store VALUES
        ('ada', '1', '{"text": "Likes tea.", "kind": "preference",
                       "deep": {"at": "2026-01-02", "left": [1, {"x": 2}]}}', NULL),
        ('ada', '10', '{"text": "Likes rum."}', '2026-01-03Z'), ('ben', '1', '{"note": 1}', NULL)"""
    )
    mapping = "value->>text=text,value->'deep'->>'at'=valid_at,value->>kind=kind,prefix+key=id,prefix=user_id"
    adapter = opened("store", mapping=mapping, page_size=1)
    assert list(adapter.users()) == ["ada", "ben"]
    tea, rum = read(adapter, "ada")
    assert (tea.text, tea.kind, tea.source.id) == ("Likes tea.", "preference", '["ada", "1"]')
    assert tea.valid_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert tea.native == {"key": "1", "value": {"deep": {"left": [1, {"x": 2}]}}}
    assert rum.native == {"key": "10", "created_at": "2026-01-03T00:00:00+00:00"}
    assert read(adapter, "ben") == []
    assert len(list(adapter.rejects())) == 1
    assert [hit.fact for hit in adapter.search(Query("ada", "rum"))] == [rum]
    # The primary key is the id if none is mapped.
    same = opened("store", mapping="value->>text=text,prefix=user_id")
    assert [fact.id for fact in read(same, "ada")] == [tea.id, rum.id]


def test_a_path_into_a_list_and_a_column_named_like_a_path_are_mapped(sql: Any, opened: Any) -> None:
    sql("""CREATE TABLE notes (id int PRIMARY KEY, value jsonb, "a+b" text, "a->>b" text)""")
    sql("""INSERT INTO notes VALUES (1, '{"users": ["ada"]}', 'Tea.', 'x')""")
    (fact,) = read(opened("notes", mapping="value->users->>0=user_id,a+b=text,a->>b=subject"), "ada")
    assert (fact.text, fact.subject) == ("Tea.", "x")


def test_an_invalid_mapping_is_refused(sql: Any, opened: Any) -> None:
    sql("CREATE TABLE notes (id int PRIMARY KEY, user_id text, content text)")
    with pytest.raises(UsageError, match="of type text"):
        opened("notes", mapping="content->>text=text,user_id=user_id").count("ada")
    with pytest.raises(UsageError, match="only id can be mapped"):
        opened("notes", mapping="content+user_id=text,user_id=user_id").count("ada")
    with pytest.raises(UsageError, match="no column value"):
        opened("notes", mapping="value->>text=text,user_id=user_id").count("ada")


def test_mem0s_rows_are_the_same_facts_as_through_mem0(sql: Any, opened: Any) -> None:
    payloads = [
        {"data": "Prefers tea.", "user_id": "ada", "agent_id": "a", "createdAt": "2026-02-02T00:00:00Z"},
        {"data": "Of an agent.", "agent_id": "helper"},
        {"data": "Of a run.", "run_id": "r1", "user_id": ""},
        {"data": "A number.", "user_id": 42},
        {"data": "Nobody's."},
    ]
    sql("CREATE TABLE mem0 (id uuid PRIMARY KEY, vector vector(2), payload jsonb)")
    ids = [f"00000000-0000-4000-8000-{n:012}" for n in range(len(payloads))]
    for id_, payload in zip(ids, payloads, strict=True):
        sql("INSERT INTO mem0 VALUES (%s, '[1,0]', %s)", [id_, psycopg.types.json.Jsonb(payload)])
    adapter = opened("mem0", layout="mem0", default_user="nobody")
    assert list(adapter.users()) == ["42", "ada", "agent:helper", "nobody", "run:r1"]
    facts = [fact for user in adapter.users() for fact in read(adapter, user)]
    expected = [fact_of(id_, payload, "x", "nobody") for id_, payload in zip(ids, payloads, strict=True)]
    bare = [msgspec.structs.replace(fact, embedding=None, source=None) for fact in facts]
    assert sorted(bare, key=lambda fact: fact.text) == sorted(
        (msgspec.structs.replace(fact, source=None) for fact in expected), key=lambda fact: fact.text
    )


def test_rows_that_row_level_security_hides_are_an_error(
    sql: Any, postgres_dsn: str, postgres_schema: str, role: str
) -> None:
    sql("CREATE TABLE notes (id int PRIMARY KEY, user_id text, content text)")
    sql("INSERT INTO notes VALUES (1, 'ada', 'Tea.'), (2, 'ben', 'Rum.')")
    sql("ALTER TABLE notes ENABLE ROW LEVEL SECURITY")
    sql("CREATE POLICY hers ON notes USING (user_id = 'ada')")
    sql(f'GRANT USAGE ON SCHEMA "{postgres_schema}" TO {role}')
    sql(f"GRANT SELECT ON notes TO {role}")
    with PostgresAdapter(f"{postgres_dsn} user={role}", table=f'"{postgres_schema}","notes"', layout="diy") as adapter:
        with pytest.raises(AuthError, match="row-level security") as caught:
            list(adapter.users())
        assert "BYPASSRLS" in str(caught.value.hint)
    # The owner sees every row.
    with PostgresAdapter(postgres_dsn, table=f'"{postgres_schema}","notes"', layout="diy") as adapter:
        assert list(adapter.users()) == ["ada", "ben"]


def test_a_role_without_rights_on_our_schema_reads_its_own_table(
    sql: Any, postgres_dsn: str, postgres_schema: str, role: str
) -> None:
    own = f"{postgres_schema}_own"
    with PostgresAdapter(postgres_dsn, schema=own) as adapter:
        adapter.init()
    try:
        sql(f'REVOKE ALL ON SCHEMA "{own}" FROM PUBLIC')
        sql("CREATE TABLE notes (id int PRIMARY KEY, user_id text, content text)")
        sql("INSERT INTO notes VALUES (1, 'ada', 'Tea.')")
        sql(f'GRANT USAGE ON SCHEMA "{postgres_schema}" TO {role}')
        sql(f"GRANT SELECT ON notes TO {role}")
        table = f'"{postgres_schema}","notes"'
        with PostgresAdapter(f"{postgres_dsn} user={role}", schema=own, table=table, layout="diy") as adapter:
            assert adapter.check().ok
            assert [fact.text for fact in read(adapter, "ada")] == ["Tea."]
            assert len(adapter.search(Query("ada", "tea"))) == 1
    finally:
        sql(f'DROP SCHEMA "{own}" CASCADE')
