"""PostgreSQL under the suite: a real server with real faults."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, NamedTuple
from uuid import uuid4

import psycopg
import pytest
from memctl_postgres.adapter import PostgresAdapter
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from memctl.backends.contract import Backend
from memctl.backends.testing import Suite


class Place(NamedTuple):
    """A new schema. Connections to it have its name, to distinguish them from those of other tests."""

    dsn: str
    schema: str


def _places(dsn: str) -> Iterator[Place]:
    name = f"suite {uuid4().hex}"
    place = Place(make_conninfo(dsn, application_name=name), name)
    with PostgresAdapter(place.dsn, schema=name) as adapter:
        adapter.init()
    yield place
    with _session(place) as connection:
        connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(name)))


@contextlib.contextmanager
def _session(place: Place) -> Iterator[psycopg.Connection[Any]]:
    """A connection of another program."""
    with psycopg.connect(make_conninfo(place.dsn, application_name="somebody else"), autocommit=True) as connection:
        yield connection


class PostgresBackend(Suite):
    """PostgreSQL with pgvector."""

    title = "Postgres"
    adapter = PostgresAdapter
    never: ClassVar[dict[str, str]] = {
        "test_search[by-meaning-without-a-shared-word]": "without an embedder, it searches by words only",
        "test_an_incomplete_list_is_reported": "PostgreSQL returns all rows or an error, never a part",
    }

    @pytest.fixture(scope="class")
    @classmethod
    def place(cls, postgres_dsn: str) -> Iterator[Place]:
        yield from _places(postgres_dsn)

    @pytest.fixture
    def bare(self, postgres_dsn: str) -> Iterator[Place]:
        yield from _places(postgres_dsn)

    def open(self, place: Place) -> PostgresAdapter:
        return PostgresAdapter(place.dsn, schema=place.schema)

    @contextlib.contextmanager
    def without_access(self, place: Place) -> Iterator[Callable[[], Backend]]:
        role = f"suite_{uuid4().hex}"
        with _session(place) as connection:
            connection.execute(SQL("CREATE ROLE {} LOGIN").format(Identifier(role)))
            try:
                yield lambda: PostgresAdapter(make_conninfo(place.dsn, user=role), schema=place.schema)
            finally:
                connection.execute(SQL("DROP ROLE {}").format(Identifier(role)))

    @contextlib.contextmanager
    def busy(self, place: Place) -> Iterator[Callable[[], Backend]]:
        dsn = make_conninfo(place.dsn, options="-c lock_timeout=100ms")
        with _session(place) as connection, connection.transaction():
            connection.execute(SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(Identifier(place.schema, "facts")))
            yield lambda: PostgresAdapter(dsn, schema=place.schema)

    def opening(self, place: Place) -> tuple[str, str]:
        imports = "from memctl_postgres.adapter import PostgresAdapter"
        return imports, f"PostgresAdapter({place.dsn!r}, schema={place.schema!r})"

    @contextlib.contextmanager
    def broken_off(self, place: Place, reading: Backend) -> Iterator[None]:
        with _session(place) as connection:
            ended = connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s",
                [place.schema],
            ).fetchall()
        assert ended
        yield
