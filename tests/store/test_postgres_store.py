"""The store in PostgreSQL: a team can use it like a single user a file, and its writers do not block each other."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from emulators import openai_embeddings

from memctl.backends.contract import Query
from memctl.core.errors import Locked, NotFound, Retryable, UsageError
from memctl.store.engines import open_engine
from memctl.store.sql import stats
from memctl.workspace import Workspace

FIXTURES = Path(__file__).parents[2] / "fixtures" / "transcripts"


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


def test_a_program_goes_on_after_another_one_changed_the_embedder(
    team: Workspace, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connection has prepared statements about vectors of another length by then."""
    team.add("zoe", ["I prefer express shipping."])
    (fact,) = team.facts("zoe")

    def used() -> set[int]:
        team.search(Query("zoe", "shipping"))
        team.add("zoe", ["I live in Oslo."])
        with team.store.reading(users=["zoe"]) as session:
            return {len(vector) for vector in session.vectors_of("zoe", [fact.id]).values()}

    before = [used() for _ in range(8)]
    monkeypatch.setenv("MEMCTL_EMBED_API_KEY", openai_embeddings.KEY)
    with openai_embeddings.serve() as running:
        with Workspace(address, embedder="openai:letters", base_url=running.url) as changing:
            changing.reindex()
        after = [used() for _ in range(2)]
    assert len(set(map(frozenset, before))) == len(set(map(frozenset, after))) == 1
    assert before[0] != after[0]


def test_writers_about_different_users_do_not_wait_for_each_other(team: Workspace, address: str) -> None:
    team.add("zoe", ["I live in Oslo."])
    with Workspace(address, lock_timeout=0.2) as other, team.store.changing("add", "zoe", users=["zoe"]):
        other.add("yan", ["I live in Rome."])
        with pytest.raises(Locked):
            other.add("zoe", ["I live in Bergen."])
        with pytest.raises(Locked), other.store.writing():
            pass
        with pytest.raises(Locked):
            other.sql("UPDATE records SET confidence = 0.5", write=True)
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


def test_the_name_of_an_embedded_store_is_its_address(tmp_path: Path) -> None:
    place = open_engine(f"postgres:{tmp_path}", 1).place
    assert place == open_engine(place, 1).place == f"postgres:{tmp_path}"
    assert open_engine(f"{place}?schema=other", 1).place == f"postgres:{tmp_path}?schema=other"


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
