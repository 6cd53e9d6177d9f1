"""Empty targets of a migration, with their settings, and their own count of records, which reveals duplicates."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg
from chains import mem0_library
from emulators import letta, mem0_platform, mem0_server, openai_embeddings, zep
from memctl_graphiti.adapter import GraphitiAdapter
from memctl_letta.memfs import MemfsAdapter
from psycopg.sql import SQL, Identifier

from adapters import graphiti_graphs

DIMENSIONS = 256
SECRET = "KILLED_TARGET"
"""The environment variable for a target's key or DSN."""


class Target(NamedTuple):
    """`settings` has options of the backend, `secret` the value for SECRET. `record_count` counts the records;
    `has_records` returns, during a write, whether there are any; `loaded` is code that copied processes that write have
    run before."""

    adapter: str
    settings: dict[str, str]
    record_count: Callable[[], int]
    has_records: Callable[[], object]
    secret: str = ""
    loaded: str = ""


@contextmanager
def on_mem0(home: Path, dsn: str) -> Iterator[Target]:
    with mem0_platform.serve() as server:
        yield Target(
            "mem0",
            {"url": server.url, "api_key_env": SECRET},
            lambda: len(server.memories),
            lambda: server.memories,
            server.key,
        )


@contextmanager
def on_mem0_server(home: Path, dsn: str) -> Iterator[Target]:
    with mem0_server.serve() as server:
        settings = {"url": server.url, "api_key_env": SECRET}
        yield Target("mem0-server", settings, lambda: len(server.points), lambda: server.points, mem0_server.KEY)


@contextmanager
def on_zep(home: Path, dsn: str) -> Iterator[Target]:
    with zep.serve() as cloud:

        def record_count() -> int:
            return sum(len(graph["edges"]) for graph in cloud.graphs.values())

        yield Target("zep", {"url": cloud.url, "api_key_env": SECRET}, record_count, record_count, zep.KEY)


@contextmanager
def on_letta(home: Path, dsn: str) -> Iterator[Target]:
    with letta.serve() as server:
        yield Target(
            "letta",
            {"url": server.url, "api_key_env": SECRET},
            lambda: len(server.passages),
            lambda: server.passages,
            letta.KEY,
        )


@contextmanager
def on_memfs(home: Path, dsn: str) -> Iterator[Target]:
    folder = home / f"memories-{uuid4().hex}"
    folder.mkdir()
    yield Target(
        "letta-memfs", {"path": str(folder)}, lambda: _read(MemfsAdapter(folder)), lambda: list(folder.iterdir())
    )


@contextmanager
def on_graphiti(home: Path, dsn: str) -> Iterator[Target]:
    path = home / f"graph-{uuid4().hex}.kuzu"
    yield Target(
        "graphiti",
        {"path": str(path)},
        lambda: _read(GraphitiAdapter(path=str(path))),
        path.exists,
        loaded=graphiti_graphs.LOADED,
    )


@contextmanager
def on_postgres(home: Path, dsn: str) -> Iterator[Target]:
    schema = f"killed_{uuid4().hex}"
    yield Target(
        "postgres",
        {"dsn_env": SECRET, "schema": schema},
        lambda: _rows(dsn, schema, "facts"),
        lambda: _is_there(dsn, schema),
        dsn,
    )
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(schema)))


@contextmanager
def on_mem0_library_with_pgvector(home: Path, dsn: str) -> Iterator[Target]:
    table = f"killed_{uuid4().hex}"
    store = {"connection_string": dsn, "collection_name": table}
    with library(home, "pgvector", store) as settings:
        yield Target(
            "mem0-oss",
            settings,
            lambda: _rows(dsn, "public", table),
            lambda: _is_there(dsn, "public", table),
            loaded=mem0_library.LOADED,
        )
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SQL("DROP TABLE {}").format(Identifier(table)))


@contextmanager
def on_mem0_library_with_qdrant(home: Path, dsn: str) -> Iterator[Target]:
    folder = str(home / f"qdrant-{uuid4().hex}")

    def record_count() -> int:
        from qdrant_client import QdrantClient  # a second of CPU time

        client = QdrantClient(path=folder)
        try:
            return client.count("mem0").count
        finally:
            client.close()

    with library(home, "qdrant", {"path": folder}) as settings:
        yield Target(
            "mem0-oss", settings, record_count, lambda: list(Path(folder).rglob("*.sqlite")), loaded=mem0_library.LOADED
        )


@contextmanager
def library(home: Path, provider: str, store: dict[str, str]) -> Iterator[dict[str, str]]:
    """The settings for a configuration of mem0 whose embedder is on the loopback interface."""
    with openai_embeddings.serve() as server:
        server.vector_of = openai_embeddings.likeness
        embedder = {"model": "letters", "openai_base_url": server.url, "embedding_dims": DIMENSIONS}
        path = home / f"mem0-{uuid4().hex}.json"
        config = {
            "vector_store": {"provider": provider, "config": {"embedding_model_dims": DIMENSIONS, **store}},
            "embedder": {"provider": "openai", "config": embedder | {"api_key": openai_embeddings.KEY}},
            "llm": {"provider": "openai", "config": {"api_key": "none", "openai_base_url": "http://127.0.0.1:9/v1"}},
            "history_db_path": str(path.with_suffix(".db")),
        }
        path.write_text(json.dumps(config))
        yield {"config": str(path)}


def _rows(dsn: str, schema: str, table: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(SQL("SELECT count(*) FROM {}").format(Identifier(schema, table))).fetchone()
    assert row is not None
    return int(row[0])


def _is_there(dsn: str, schema: str, table: str = "facts") -> bool:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT 1 FROM pg_tables WHERE (schemaname, tablename) = (%s, %s)", [schema, table])
        return rows.fetchone() is not None


def _read(adapter: Any) -> int:
    with adapter:
        return sum(len(page.facts) for user in list(adapter.users()) for page in adapter.read(user))


TARGETS: dict[str, Callable[[Path, str], AbstractContextManager[Target]]] = {
    "mem0": on_mem0,
    "mem0-server": on_mem0_server,
    "mem0-oss on pgvector": on_mem0_library_with_pgvector,
    "mem0-oss on Qdrant": on_mem0_library_with_qdrant,
    "zep": on_zep,
    "letta": on_letta,
    "letta-memfs": on_memfs,
    "graphiti": on_graphiti,
    "postgres": on_postgres,
}
