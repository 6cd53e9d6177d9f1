"""The store in PostgreSQL: a team can use it like a single user a file, and its writers do not block each other."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from memctl.core.errors import Locked, NotFound, Retryable, UsageError
from memctl.store.engines import open_engine
from memctl.store.sql import stats
from memctl.workspace import Workspace

FIXTURES = Path(__file__).parents[2] / "fixtures" / "transcripts"
TEAM = Path(__file__).parents[2] / "docs" / "team.md"


@pytest.fixture
def team(address: str) -> Iterator[Workspace]:
    """That store, opened."""
    with Workspace(address) as opened:
        yield opened


def test_commands_for_files_only_are_refused_with_a_hint(memctl: Callable[..., Any], address: str) -> None:
    assert memctl("doctor", "--store", address).out.count("no store yet") == 1
    assert memctl("facts", "zoe", "--store", address).code == 4
    assert memctl("add", "zoe", "I live in Oslo.", "--store", address).code == 0
    assert "schema version 3, 1 fact, 1 episode, 1 user" in memctl("doctor", "--store", address).out
    for command in (("snapshot", "create"), ("backup", "b.zip"), ("restore", "b.zip")):
        ran = memctl(*command, "--store", address)
        assert (ran.code, "pg_dump" in ran.err) == (2, True), ran


def test_concurrent_writers_lose_nothing_and_are_not_refused(team: Workspace, address: str) -> None:
    def say(number: int) -> None:
        with Workspace(address, lock_timeout=60) as own:
            for turn in range(3):
                own.add(f"user{number % 3}", [f"My favorite color number {number}.{turn} is blue."])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(say, range(8)))
    with team.store.reading() as session:
        assert session.count() == 24 + sum(len(session.facts_of(f"user{n}")) for n in range(3))
    ((keys, distinct),) = team.sql("SELECT count(*), count(DISTINCT key) FROM records").rows
    assert keys == distinct
    for table in ("units", "vectors"):
        assert team.sql(f"SELECT count(*) > 0 FROM {table}").rows == [(True,)]
    lacking = "SELECT count(*) FROM units u WHERE NOT EXISTS (SELECT FROM vectors v WHERE v.unit = u.key)"
    assert team.sql(lacking).rows == [(0,)]


def test_writers_about_different_users_do_not_wait_for_each_other(team: Workspace, address: str) -> None:
    team.add("zoe", ["I live in Oslo."])
    with Workspace(address, lock_timeout=0.2) as other, team.store.changing("add", "zoe", users=["zoe"]):
        other.add("yan", ["I live in Rome."])
        with pytest.raises(Locked):
            other.add("zoe", ["I live in Bergen."])
        with pytest.raises(Locked), other.store.writing():
            pass
    assert [fact.object for fact in team.facts("yan")] == ["Rome"]


def test_a_transaction_about_a_user_reaches_only_that_users_rows(team: Workspace) -> None:
    for user in ("zoe", "yan"):
        team.add(user, ["I live in Oslo."])
    (fact,) = team.facts("yan")
    with team.store.changing("rm", "zoe", users=["zoe"]) as tx:
        assert tx.facts([fact.id]) == []
        assert tx.remove([fact.id]) == 0
    assert team.facts("yan") == [fact]


def test_users_and_stats_are_counted_from_an_index_and_no_record_is_read(team: Workspace) -> None:
    team.add("zoe", ["I live in Oslo."])
    with team.store.engine.reading() as connection:
        asked: list[tuple[str, Any]] = []

        class Recording:
            def execute(self, statement: str, parameters: Any = ()) -> Any:
                asked.append((statement, parameters))
                return connection.execute(statement, parameters)

            def once(self, statement: str, parameters: Any = ()) -> list[Any]:
                return connection.once(statement, parameters)

        stats.user_summaries(Recording())  # type: ignore[arg-type]
        stats.statistics(Recording(), "here", 0)  # type: ignore[arg-type]
        # Plans as for a large store, whatever the size of this one.
        connection.execute("SET LOCAL enable_seqscan = off")
        connection.execute("SET LOCAL enable_bitmapscan = off")
        plans = [
            "".join(row[0] + "\n" for row in connection.execute(f"EXPLAIN {statement}", parameters).fetchall())
            for statement, parameters in asked
            if "FROM records" in statement
        ]
    assert len(plans) == 3
    for plan in plans:
        assert "Index Only Scan" in plan
        assert not re.search(r"(Seq|Index) Scan.* on records", plan), plan


def test_a_dry_run_leaves_nothing_behind(memctl: Callable[..., Any], team: Workspace, address: str) -> None:
    assert memctl("ingest", FIXTURES, "--dry-run", "--json", "--store", address).document["report"]["added"] > 0
    assert not team.store.exists(), "nor its schema"
    with pytest.raises(NotFound):
        team.facts("alice")


def test_an_unreachable_server_is_retryable(memctl: Callable[..., Any]) -> None:
    place = "postgresql://zoe@127.0.0.1:1/memory"
    assert memctl("facts", "zoe", "--store", place).code == 5
    with pytest.raises(Retryable) as caught:
        open_engine(place, 1).exists()
    assert caught.value.where == "postgresql://127.0.0.1:1/memory"


def test_a_program_continues_after_its_idle_connection_was_closed(team: Workspace, postgres_dsn: str) -> None:
    """As by a restart of the server, or by a firewall."""
    team.add("zoe", ["I live in Oslo."])
    (idle,) = team.store.engine.database._idle
    with psycopg.connect(postgres_dsn, autocommit=True) as other:
        ended = other.execute("SELECT pg_terminate_backend(%s, 30000)", [idle.info.backend_pid]).fetchall()
    assert ended == [(True,)]
    assert [fact.object for fact in team.facts("zoe")] == ["Oslo"]


def test_an_invalid_address_is_refused_without_repeating_it() -> None:
    for wrong in (
        "postgresql://zoe:geheim@host:port/memory",
        "postgresql://zoe:geheim@host/memory?nosuchoption=1",
        "postgresql://zoe:geheim@[host/memory",
        "postgresql://zoe:not@geheim@host/memory",
        "postgresql://zoe:not/geheim@host/memory",
    ):
        with pytest.raises(UsageError, match="the store's address") as refused:
            open_engine(wrong, 1)
        assert "geheim" not in f"{refused.value} {refused.value.hint}"
        assert "PASSWORD" not in str(refused.value.hint), "--store refuses an address with a password"


def test_texts_with_nul_and_its_escape_character_are_restored(team: Workspace) -> None:
    odd_text = "I like \0 and \u2400 and \u24000."
    team.add("zoe\0", [odd_text])
    (turn,) = (fact for fact in next(team.read("zoe\0")).facts if fact.kind == "episode")
    assert (turn.user_id, turn.text) == ("zoe\0", odd_text)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM records",
        "SELECT 1; COMMIT; DELETE FROM records",
        "WITH gone AS (DELETE FROM records RETURNING 1) SELECT * FROM gone",
        "SELECT pg_read_file('/etc/hostname')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "-- SELECT\nDO $$ BEGIN DELETE FROM records; END $$",
    ],
)
def test_a_statement_without_write_can_only_read_rows(team: Workspace, statement: str) -> None:
    team.add("zoe", ["I live in Oslo."])
    with pytest.raises(UsageError):
        team.sql(statement)
    assert team.sql("SELECT count(*) FROM records").rows == [(2,)]
    assert team.sql("SELECT text FROM facts WHERE text LIKE '%Oslo%' AND kind = 'fact'").rows == [
        ("zoe lives in Oslo.",)
    ]


def test_several_statements_are_refused_as_by_a_file(team: Workspace, home: Path) -> None:
    for store in (team, Workspace(home / "store.duckdb")):
        store.add("zoe", ["I live in Oslo."])
        with pytest.raises(UsageError, match="exactly one statement"):
            store.sql("SELECT 1; SELECT 2")
        changed = store.sql("UPDATE records SET confidence = 0.5 WHERE kind = 'fact'", write=True)
        assert (changed.columns, changed.rows) == (("Count",), [(1,)])


def test_sql_compares_facts_with_the_vector_of_a_text(team: Workspace) -> None:
    team.add("zoe", ["I live in Oslo.", "I like green tea."])
    nearest = (
        "SELECT text, 'embed(''x'')' FROM facts WHERE kind = 'fact' -- embed(text)\n"
        "ORDER BY similarity(embedding, EMBED ( 'where is zoe''s home, Oslo' )) DESC LIMIT 1"
    )
    assert team.sql(nearest).rows == [("zoe lives in Oslo.", "embed('x')")]
    for other in ("embed(text)", "embed()", "embed('a' || text)", "embed('a', 'b')"):
        with pytest.raises(UsageError, match="one text in quotes"):
            team.sql(f"SELECT similarity(embedding, {other}) FROM facts")


def test_times_that_python_has_no_value_for_are_shown_as_text(team: Workspace) -> None:
    team.add("zoe", ["I live in Oslo."])
    values = {
        "'infinity'::timestamp": "infinity",
        "'-infinity'::date": "-infinity",
        "interval 'infinity'": "infinity",
        "'4000-01-01 BC'::date": "4000-01-01 BC",
        "'24:00'::time": "24:00:00",
        "array['infinity'::timestamptz]": ["infinity"],
    }
    (row,) = team.sql(f"SELECT {', '.join(values)}").rows
    assert list(row) == list(values.values())


RIGHTS = (
    'GRANT USAGE ON SCHEMA "{schema}" TO {role}',
    'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "{schema}" TO {role}',
    'GRANT USAGE ON ALL SEQUENCES IN SCHEMA "{schema}" TO {role}',
)
"""The rights that docs/team.md lists for an account that did not create the store."""


def test_an_account_with_the_documented_rights_reads_writes_and_undoes(
    memctl: Callable[..., Any], postgres_dsn: str, postgres_schema: str, address: str
) -> None:
    assert memctl("add", "zoe", "I live in Oslo.", "--store", address).code == 0
    role = f"role_{postgres_schema[-12:]}"
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN")
        try:
            for right in RIGHTS:
                connection.execute(right.format(schema=postgres_schema, role=role))
            role_address = re.sub(r"//[^@]*@", f"//{role}@", address)
            added = memctl("add", "zoe", "I moved to Rome.", "--json", "--store", role_address)
            assert added.code == 0, added.err
            run = memctl("runs", "--json", "--store", role_address).document["runs"][0]["id"]
            for command in (
                ("search", "zoe", "Rome"),
                ("undo", run),
                ("facts", "zoe"),
                ("forget", "zoe", "--confirm", "zoe"),
            ):
                ran = memctl(*command, "--store", role_address)
                assert ran.code == 0, (command, ran.err, ran.out)
        finally:
            connection.execute(f"DROP OWNED BY {role}")
            connection.execute(f"DROP ROLE {role}")


def test_an_account_without_the_right_to_create_tables_writes_the_first_fact(
    memctl: Callable[..., Any], postgres_dsn: str, postgres_schema: str, address: str
) -> None:
    """An administrator creates the store and grants the rights before anyone uses it."""
    assert memctl("store", "init", address).code == 0
    assert memctl("stats", "--store", address).code == 0
    assert memctl("search", "zoe", "Oslo", "--store", address).code == 4
    role = f"role_{postgres_schema[-12:]}"
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN")
        try:
            for right in RIGHTS:
                connection.execute(right.format(schema=postgres_schema, role=role))
            role_address = re.sub(r"//[^@]*@", f"//{role}@", address)
            added = memctl("add", "zoe", "I live in Oslo.", "--store", role_address)
            assert added.code == 0, added.err
            assert memctl("store", "init", role_address).code == 0
        finally:
            connection.execute(f"DROP OWNED BY {role}")
            connection.execute(f"DROP ROLE {role}")


def test_row_level_security_keeps_accounts_to_their_own_memory(
    memctl: Callable[..., Any], postgres_dsn: str, postgres_schema: str, address: str
) -> None:
    """The statements of docs/team.md: an account with a user's name reads and writes only that user's rows."""
    role = f"zoe_{postgres_schema[-12:]}"
    policies = re.findall(r"```sql\n(.*?)```", TEAM.read_text(encoding="utf-8"), re.DOTALL)[-1]
    for user in (role, "yan"):
        assert memctl("add", user, "I live in Oslo.", "--store", address).code == 0
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN")
        try:
            for right in RIGHTS:
                connection.execute(right.format(schema=postgres_schema, role=role))
            connection.execute(policies.replace("memctl_store", postgres_schema))
            as_role = re.sub(r"//[^@]*@", f"//{role}@", address)
            assert memctl("add", role, "I moved to Rome.", "--store", as_role).code == 0
            assert memctl("search", role, "Rome", "--json", "--store", as_role).document["hits"]
            run = memctl("runs", "--json", "--store", as_role).document["runs"][0]["id"]
            assert memctl("undo", run, "--store", as_role).code == 0
            assert [row["user"] for row in memctl("users", "--json", "--store", as_role).document["users"]] == [role]
            assert memctl("facts", "yan", "--store", as_role).code == 4
            assert memctl("add", "yan", "I live in Bergen.", "--store", as_role).code != 0
            for table in ("facts", "records", "claims", "vectors"):
                rows = memctl("sql", f"SELECT DISTINCT user_id FROM {table}", "--json", "--store", as_role).out
                assert "yan" not in rows
                assert role in rows
            assert len(memctl("users", "--json", "--store", address).document["users"]) == 2
        finally:
            connection.execute(f"DROP OWNED BY {role}")
            connection.execute(f"DROP ROLE {role}")


def test_a_store_of_an_older_memctl_is_counted_from_the_index(memctl: Callable[..., Any], address: str) -> None:
    assert memctl("add", "zoe", "I live in Oslo.", "--store", address).code == 0
    older = ("DROP INDEX records_key", "CREATE INDEX records_key ON records (user_id, key)")
    for statement in older:
        assert memctl("sql", statement, "--write", "--store", address).code == 0
    assert memctl("users", "--store", address).code == 0, "an account with only read rights can still read"
    assert memctl("add", "zoe", "I like tea.", "--store", address).code == 0
    with Workspace(address) as team:
        rows = team.sql(
            "SELECT indexdef FROM pg_indexes WHERE indexname = 'records_key' AND schemaname = current_schema()"
        ).rows
    assert [("INCLUDE (kind, created_at" in definition) for (definition,) in rows] == [True]
