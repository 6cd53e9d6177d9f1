"""Accounts with few rights: the owner creates the schema, another role writes and reads facts."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from memctl_postgres import write
from memctl_postgres.adapter import PostgresAdapter

from memctl.backends.contract import Query
from memctl.core.errors import Retryable
from memctl.core.fact import Embedding, Fact, Source, derive_id

RIGHTS = (
    'GRANT USAGE ON SCHEMA "{schema}" TO {role}',
    'GRANT SELECT, INSERT, UPDATE, DELETE ON "{schema}".facts TO {role}',
    'GRANT SELECT ON "{schema}".migrations TO {role}',
)
"""The rights that docs/postgres.md lists."""


class Model:
    """An embedder of three dimensions."""

    name = "model"

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [self.embed_one(text) for text in texts]

    def embed_one(self, text: str) -> list[float]:
        return [1.0, float(len(text)), 0.0]


@pytest.fixture
def limited(postgres_dsn: str, postgres_schema: str) -> Iterator[Any]:
    """Opens the schema that its owner created, as a role that owns nothing."""
    role = f"role_{uuid4().hex[:12]}"
    adapters: list[PostgresAdapter] = []

    def opening(**options: Any) -> PostgresAdapter:
        adapters.append(PostgresAdapter(f"{postgres_dsn} user={role}", schema=postgres_schema, **options))
        return adapters[-1]

    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN")

        def granted(**options: Any) -> PostgresAdapter:
            with PostgresAdapter(postgres_dsn, schema=postgres_schema, **options) as owner:
                owner.init()
            for right in RIGHTS:
                connection.execute(right.format(schema=postgres_schema, role=role))
            return opening(**options)

        yield granted
        for adapter in adapters:
            adapter.close()
        connection.execute(f"DROP OWNED BY {role}")
        connection.execute(f"DROP ROLE {role}")


def facts(count: int, dimensions: int | None = None, user: str = "ada") -> list[Fact]:
    return [
        Fact(
            id=derive_id(user, str(number)),
            user_id=user,
            kind="fact",
            text=f"Likes tea {number}.",
            source=Source(system="x"),
            embedding=None if dimensions is None else Embedding(model="m", vector=(1.0,) * dimensions),
        )
        for number in range(count)
    ]


def test_a_role_that_owns_nothing_writes_searches_and_erases(limited: Any) -> None:
    adapter = limited(embedder=Model())
    assert {outcome.reason for outcome in adapter.write(facts(3))} == {None}
    assert {outcome.state for outcome in adapter.write(facts(write.BULK, user="ben"))} == {"written"}
    adapter.settle([], None)
    assert adapter.search(Query("ada", "tea"))[0].parts.keys() == {"lexical", "semantic", "fact"}
    assert adapter.delete("ada", [facts(1)[0].id]) == 1
    adapter.forget("ben")
    assert list(adapter.users()) == ["ada"]


def test_without_fixed_dimensions_a_write_succeeds_with_a_hint(limited: Any) -> None:
    (outcome,) = limited().write(facts(1, 5))
    assert outcome.state == "written"
    assert "backends init postgres" in str(outcome.reason)


def test_the_dimensions_of_the_settings_are_fixed_by_the_owner(limited: Any) -> None:
    (outcome,) = limited(dimensions=5).write(facts(1, 5))
    assert (outcome.state, outcome.reason) == ("written", None)


def test_the_first_vectors_override_the_configured_dimensions(postgres_dsn: str, postgres_schema: str) -> None:
    with PostgresAdapter(postgres_dsn, schema=postgres_schema, dimensions=3) as adapter:
        adapter.init()
        assert [outcome.reason for outcome in adapter.write(facts(1, 5))] == [None]
        (later,) = adapter.write(facts(1, 3, "ben"))
        assert "not searched" in str(later.reason)


def test_a_batch_that_takes_too_long_is_written_in_halves(
    postgres_dsn: str, postgres_schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inserted = write._inserted
    sizes: list[int] = []

    def slow(connection: Any, rows: Any) -> Any:
        sizes.append(len(rows))
        if len(rows) > 2:
            connection.execute("SET LOCAL statement_timeout = 5; SELECT pg_sleep(60)")
        return inserted(connection, rows)

    monkeypatch.setattr(write, "_inserted", slow)
    with PostgresAdapter(postgres_dsn, schema=postgres_schema, init=True) as adapter:
        assert {outcome.state for outcome in adapter.write(facts(5))} == {"written"}
        assert sizes == [5, 2, 3, 1, 2]
        assert adapter.count("ada") == 5


def test_one_fact_that_takes_too_long_is_an_error_that_can_be_retried(
    postgres_dsn: str, postgres_schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(connection: Any, rows: Any) -> Any:
        connection.execute("SET LOCAL statement_timeout = 5; SELECT pg_sleep(60)")

    monkeypatch.setattr(write, "_inserted", slow)
    adapter = PostgresAdapter(postgres_dsn, schema=postgres_schema, init=True)
    with adapter, pytest.raises(Retryable, match="statement timeout"):
        adapter.write(facts(1))
