"""Backends for the tests of `forget`: each has facts of four people with similar names, and its other kinds of records.
`raw` returns everything that the backend stores, as bytes."""

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from emulators import letta, mem0_platform, mem0_server, zep
from memctl_graphiti.adapter import GraphitiAdapter
from memctl_graphiti.mapping import group_of
from memctl_letta.adapter import LettaAdapter
from memctl_letta.memfs import MemfsAdapter
from memctl_mem0.oss.adapter import Mem0OssAdapter
from memctl_mem0.platform.adapter import Mem0Adapter
from memctl_mem0.server.adapter import Mem0ServerAdapter
from memctl_postgres.adapter import PostgresAdapter
from memctl_zep.adapter import ZepAdapter
from trust.kill_targets import library

from memctl.core.fact import Fact, Source, derive_id

GONE = "zelda"
OTHERS = ("zelda2", "Zelda", "bruno")
WORD = "quagga"
"""A word that only the user to be erased has; the other users have other words."""
AT = datetime(2024, 5, 1, tzinfo=UTC)
EACH = 6


def word(user: str) -> str:
    return WORD if user == GONE else f"okapi{OTHERS.index(user)}"


def facts(user: str) -> list[Fact]:
    return [
        Fact(
            id=derive_id("forget", user, str(n)), user_id=user, kind="fact", created_at=AT + timedelta(hours=n),
            text=f"Keeps a {word(user)} in room {n}.", subject=f"{word(user)} keeper", predicate="keeps",
            object=f"{word(user)} {n}", source=Source(system="test", id=str(n)),
        )
        for n in range(EACH)
    ]  # fmt: skip


class End(NamedTuple):
    """`open` opens the backend; `other_kinds` has the kinds of its other records of the user to be erased."""

    open: Callable[[], Any]
    raw: Callable[[], bytes]
    other_kinds: set[str]


def _filled(adapter: Any, *, said: bool = False) -> None:
    for user in (GONE, *OTHERS):
        assert {outcome.state for outcome in adapter.write(facts(user))} == {"written"}
        if said:
            adapter.add(user, [{"role": "user", "content": f"My {word(user)} is ill.", "at": AT}])
    adapter.settle((), datetime.now(UTC) + timedelta(seconds=30))
    adapter.close()


def _json(*held: Any) -> bytes:
    return json.dumps(held, default=str).encode()


def _files(*places: Path) -> bytes:
    paths = [path for place in places for path in (place.rglob("*") if place.is_dir() else [place])]
    return b"\n".join(str(path).encode() + path.read_bytes() for path in paths if path.is_file())


@contextmanager
def on_mem0(home: Path, dsn: str) -> Iterator[End]:
    with mem0_platform.serve() as server:

        def opening() -> Mem0Adapter:
            return Mem0Adapter(server.key, url=server.url)

        _filled(opening())
        # The platform's log of events is not checked, because no API can erase it.
        yield End(opening, lambda: _json(server.memories, list(server.entities)), {"entities"})


@contextmanager
def on_mem0_server(home: Path, dsn: str) -> Iterator[End]:
    with mem0_server.serve() as server:

        def opening() -> Mem0ServerAdapter:
            return Mem0ServerAdapter(server.url, mem0_server.KEY)

        _filled(opening())
        yield End(opening, lambda: _json(server.points), set())


@contextmanager
def on_zep(home: Path, dsn: str) -> Iterator[End]:
    with zep.serve() as cloud:

        def opening() -> ZepAdapter:
            return ZepAdapter(zep.KEY, url=cloud.url)

        _filled(opening(), said=True)
        cloud.lag = 2
        yield End(
            opening,
            lambda: _json(cloud.users, cloud.graphs, cloud.threads),
            {"users", "nodes", "threads", "messages"},
        )


@contextmanager
def on_letta(home: Path, dsn: str) -> Iterator[End]:
    with letta.serve() as server:

        def opening() -> LettaAdapter:
            return LettaAdapter(server.url, api_key=letta.KEY)

        _filled(opening())
        for agent in server.agents.values():
            user = next(tag.removeprefix("user:") for tag in agent["tags"] if tag.startswith("user:"))
            server.identities[f"identity-{user}"] = {"id": f"identity-{user}", "identifier_key": user, "name": user}
            server.conversations[f"talk-{user}"] = agent["id"]
            for place in (agent["id"], f"talk-{user}"):
                server.messages.setdefault(place, []).append(
                    {
                        "id": f"message-{place}", "message_type": "user_message", "date": AT.isoformat(),
                        "content": f"My {word(user)} is ill.",
                    }
                )  # fmt: skip
        yield End(
            opening,
            lambda: _json(
                server.agents, server.blocks, server.archives, server.passages,
                server.messages, server.conversations, server.identities,
            ),
            {"agents", "messages", "identities"},
        )  # fmt: skip


@contextmanager
def on_memfs(home: Path, dsn: str) -> Iterator[End]:
    folder = home / "memories"
    folder.mkdir()
    _filled(MemfsAdapter(folder))
    opened = MemfsAdapter(folder)
    opened.delete(GONE, [facts(GONE)[0].id])
    opened.write(facts(GONE)[:1])

    def raw() -> bytes:
        objects = []
        for repository in folder.glob("*/.git"):
            listed = _git(repository, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
            objects += [_git(repository, "cat-file", "-p", name) for name in listed.decode().split()]
        return b"\n".join([_files(folder), *objects])

    yield End(lambda: MemfsAdapter(folder), raw, {"memories"})


def _git(repository: Path, *arguments: str) -> bytes:
    done = subprocess.run(["git", "-C", str(repository.parent), *arguments], check=True, capture_output=True)
    return done.stdout


@contextmanager
def on_graphiti(home: Path, dsn: str) -> Iterator[End]:
    path = home / "graph" / "memory.kuzu"
    graph = GraphitiAdapter(path)
    for user in (GONE, *OTHERS):
        graph.write(facts(user))
        fields = {"owner": group_of(user), "text": f"user: My {word(user)} is ill."}
        for made in (
            "(:Episodic {uuid: $uuid, group_id: $owner, name: 'talk', source: 'message', content: $text})",
            "(:Community {uuid: $uuid, group_id: $owner, name: 'talk', summary: $text})",
            "(:Saga {uuid: $uuid, group_id: $owner, name: $text})",
        ):
            graph._graph.run(f"CREATE {made}", uuid=f"{made[2]}-{user}", **fields)
    graph.close()
    yield End(
        lambda: GraphitiAdapter(path),
        lambda: _files(path.parent),
        {"entities", "episodes", "communities", "sagas"},
    )


@contextmanager
def on_postgres(home: Path, dsn: str) -> Iterator[End]:
    schema = f"forget_{derive_id(str(home)).hex}"

    def opening() -> PostgresAdapter:
        return PostgresAdapter(dsn, schema=schema, init=True)

    def raw() -> bytes:
        with psycopg.connect(dsn) as connection:
            return repr(connection.execute(f"SELECT f::text FROM {schema}.facts f").fetchall()).encode()

    _filled(opening())
    yield End(opening, raw, set())
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA {schema} CASCADE")


@contextmanager
def on_mem0_library_with_pgvector(home: Path, dsn: str) -> Iterator[End]:
    table = f"forget_{derive_id(str(home), 'mem0').hex}"

    def tables() -> bytes:
        with psycopg.connect(dsn) as connection:
            return b"".join(
                repr(connection.execute(f'SELECT payload FROM "{name}"').fetchall()).encode()
                for name in (table, f"{table}_entities")
            )

    with library(home, "pgvector", {"connection_string": dsn, "collection_name": table}) as settings:
        yield from _with_library(settings, tables)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f'DROP TABLE "{table}", "{table}_entities"')


@contextmanager
def on_mem0_library_with_qdrant(home: Path, dsn: str) -> Iterator[End]:
    folder = home / "qdrant"
    with library(home, "qdrant", {"path": str(folder)}) as settings:
        yield from _with_library(settings, lambda: _files(folder))


def _with_library(settings: dict[str, str], raw: Callable[[], bytes]) -> Iterator[End]:
    """mem0's library with facts, and with the names and messages that `Memory.add` would store too."""

    def opening() -> Mem0OssAdapter:
        return Mem0OssAdapter(**settings)

    _filled(opening())
    adapter = opening()
    names = adapter._library.of_entities()
    with contextlib.closing(names):
        store = names.vector_store()
        vector = [float(x) for x in names.embedder.embed("a")]
        payloads = [{"data": f"{word(u)} {u}", "entity_type": "PROPER", "user_id": u} for u in (GONE, *OTHERS)]
        ids = [str(derive_id("name", u)) for u in (GONE, *OTHERS)]
        store.insert(vectors=[vector] * len(ids), payloads=payloads, ids=ids)
        for part in ("client", "connection_pool"):
            if hasattr(store, part):
                getattr(store, part).close()
    for user in (GONE, *OTHERS):
        adapter._library.history.save_messages(
            [{"role": "user", "content": f"My {word(user)} is ill.", "name": user}], f"agent_id=x&user_id={user}"
        )
    adapter.close()
    history = Path(settings["config"]).with_suffix(".db")
    yield End(opening, lambda: raw() + history.read_bytes(), {"history", "messages", "entities"})


ENDS: dict[str, Callable[[Path, str], AbstractContextManager[End]]] = {
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
