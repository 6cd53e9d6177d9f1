"""LangGraph stores under the suite: the tables that LangGraph's own setup creates."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest
from memctl_langgraph.adapter import LangGraphAdapter

from memctl.backends.contract import Backend
from memctl.backends.testing import Suite, held_by_another_process, truncated
from memctl.core.errors import MemctlError

NEVER = {"test_search[by-meaning-without-a-shared-word]": "a store is searched by words only"}


class SqliteStoreBackend(Suite):
    """The file of a SqliteStore."""

    title = "LangGraph on SQLite"
    adapter = LangGraphAdapter
    refusal = MemctlError
    never: ClassVar[dict[str, str]] = NEVER

    @classmethod
    def places(cls, folder: Path) -> Iterator[Path]:
        place = folder / "store.db"
        LangGraphAdapter(str(place)).init()
        yield place

    def open(self, place: Path) -> LangGraphAdapter:
        return LangGraphAdapter(str(place))

    def opening(self, place: Path) -> tuple[str, str]:
        return "from memctl_langgraph.adapter import LangGraphAdapter", f"LangGraphAdapter({str(place)!r})"

    @contextlib.contextmanager
    def without_access(self, place: Path) -> Iterator[Callable[[], Backend]]:
        foreign = place.with_suffix(".txt")
        foreign.write_text("a shopping list that is not a database\n" * 99, encoding="utf-8")
        yield lambda: LangGraphAdapter(str(foreign))

    @contextlib.contextmanager
    def busy(self, place: Path) -> Iterator[Callable[[], Backend]]:
        code = f"import sqlite3; other = sqlite3.connect({str(place)!r}); other.execute('BEGIN EXCLUSIVE')"
        with held_by_another_process(code):
            yield lambda: LangGraphAdapter(str(place), timeout=0.1)

    @contextlib.contextmanager
    def broken_off(self, place: Path, reading: Backend) -> Iterator[None]:
        _checkpointed(place)
        with truncated(place, 0.3):
            yield

    @contextlib.contextmanager
    def cut_short(self, place: Path) -> Iterator[None]:
        _checkpointed(place)
        with truncated(place, 0.7):
            yield


def _checkpointed(place: Path) -> None:
    """Move everything from the file's write-ahead log into the file."""
    with contextlib.closing(sqlite3.connect(place)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class PostgresStoreBackend(Suite):
    """The tables of a PostgresStore."""

    title = "LangGraph on PostgreSQL"
    adapter = LangGraphAdapter
    never: ClassVar[dict[str, str]] = NEVER | {
        "test_an_incomplete_list_is_reported": "PostgreSQL returns all rows or an error, never a part",
    }

    @pytest.fixture(scope="class")
    @classmethod
    def place(cls, postgres_dsn: str) -> Iterator[str]:
        with contextlib.contextmanager(schema)(postgres_dsn) as place:
            yield place

    @pytest.fixture
    def bare(self, postgres_dsn: str) -> Iterator[str]:
        with contextlib.contextmanager(schema)(postgres_dsn) as place:
            yield place

    def open(self, place: str) -> LangGraphAdapter:
        return LangGraphAdapter(place)

    def opening(self, place: str) -> tuple[str, str]:
        return "from memctl_langgraph.adapter import LangGraphAdapter", f"LangGraphAdapter({place!r})"

    @contextlib.contextmanager
    def without_access(self, place: str) -> Iterator[Callable[[], Backend]]:
        role = f"suite_{uuid4().hex}"
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {role} LOGIN")
            schema_name = connection.execute("SELECT current_schema()").fetchone()[0]  # type: ignore[index]
            connection.execute(f"GRANT USAGE ON SCHEMA {schema_name} TO {role}")
            yield lambda: LangGraphAdapter(place + f"&user={role}")
            connection.execute(f"DROP OWNED BY {role}")
            connection.execute(f"DROP ROLE {role}")

    @contextlib.contextmanager
    def busy(self, place: str) -> Iterator[Callable[[], Backend]]:
        with psycopg.connect(place) as connection:
            connection.execute("LOCK TABLE store IN ACCESS EXCLUSIVE MODE")
            yield lambda: LangGraphAdapter(place + "%20-c%20lock_timeout%3D100ms")

    @contextlib.contextmanager
    def broken_off(self, place: str, reading: Backend) -> Iterator[None]:
        schema_name = place.rpartition("%3D")[2]
        with psycopg.connect(place, autocommit=True, application_name="somebody else") as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s",
                [schema_name],
            )
        yield


def schema(dsn: str) -> Iterator[str]:
    """The URL of a new schema with the tables of a store."""
    parts = psycopg.conninfo.conninfo_to_dict(dsn)
    name = f"langgraph_{uuid4().hex}"
    place = (
        f"postgresql:///{parts['dbname']}?host={quote(str(parts['host']), safe='')}&port={parts.get('port', 5432)}"
        f"&user={parts['user']}&application_name={name}&options=-c%20search_path%3D{name}"
    )
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        backend = LangGraphAdapter(place)
        backend.init()
        backend.close()
        yield place
        connection.execute(f"DROP SCHEMA {name} CASCADE")
