"""mem0's library under the suite, on its other vector stores: Chroma, Milvus Lite, Redis and Supabase's tables."""

import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import forked
import psycopg
import pytest
import redis
from chains.mem0_library import LOADED
from mem0_oss_backend import MEMORY, Mem0OssBackend, Place, WithoutHttp, configured, embeddings_server
from memctl_mem0.oss.adapter import Mem0OssAdapter
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from memctl.backends.contract import Backend
from memctl.backends.testing.faults import KILLED, held_by_another_process
from memctl.core.fact import Fact, encode_lines

_ADAPTER = "from memctl_mem0.oss.adapter import Mem0OssAdapter"


@contextlib.contextmanager
def place_of(folder: Path, provider: str, store: dict[str, Any]) -> Iterator[Place]:
    """An empty collection of the provider."""
    with embeddings_server() as embeddings:
        config = configured(folder / "mem0.json", embeddings.url, store, provider=provider)
        with Mem0OssAdapter(config) as adapter:
            adapter.init()
        yield Place(config, embeddings, store, provider)


class FolderBackend(WithoutHttp, Mem0OssBackend):
    """A store in a folder that another process can lock."""

    same_codec = True
    provider: ClassVar[str]
    option: ClassVar[str]
    name: ClassVar[str]
    holding: ClassVar[str]
    """The code that prevents other processes from writing to the path `held`."""

    def lose_the_answer(self, place: Place, facts: Sequence[Fact]) -> None:
        """Write in a copy of a process that has opened no store, because a store's threads do not exist in a fork."""
        code = KILLED.format(imports=_ADAPTER, opening=f"Mem0OssAdapter({str(place.config)!r})")
        lines = b"".join(encode_lines(facts))
        assert forked.run([sys.executable, "-c", code], given=lines, loaded=LOADED).returncode == 9

    @classmethod
    def places(cls, folder: Path) -> Iterator[Place]:
        with (
            tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as fast,
            place_of(folder, cls.provider, {cls.option: f"{fast}/{cls.name}"}) as place,
        ):
            yield place

    @contextlib.contextmanager
    def busy(self, place: Place) -> Iterator[Callable[[], Backend]]:
        with held_by_another_process(f"held = {place.store[self.option]!r}\n{self.holding}"):
            yield lambda: Mem0OssAdapter(place.config)

    @contextlib.contextmanager
    def broken_off(self, place: Place, reading: Backend) -> Iterator[None]:
        reading.close()
        path = Path(place.store[self.option])
        away = path.rename(path.with_name("away"))
        yield
        away.rename(path)


class ChromaBackend(FolderBackend):
    """mem0 on a Chroma folder."""

    title = "mem0 on Chroma"
    slows = True
    provider = "chroma"
    option = "path"
    name = "chroma"
    holding = "import sqlite3; db = sqlite3.connect(held + '/chroma.sqlite3'); db.execute('BEGIN EXCLUSIVE')"


class MilvusBackend(FolderBackend):
    """mem0 on a file of Milvus Lite."""

    title = "mem0 on Milvus Lite"
    one_owner = True
    provider = "milvus"
    option = "url"
    name = "milvus.db"
    holding = "from pymilvus import MilvusClient; db = MilvusClient(held)"

    @pytest.fixture(scope="class")
    @classmethod
    def place(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
        from milvus_lite.server_manager import server_manager_instance  # half a second of CPU time
        from pymilvus import MilvusClient

        for place in cls.places(tmp_path_factory.mktemp("shared")):
            # Started here, because an adapter does not stop a server that it did not start.
            client = MilvusClient(place.store["url"])
            yield place
            client.close()
            server_manager_instance.release_server(place.store["url"])


class RedisBackend(WithoutHttp, Mem0OssBackend):
    """mem0 on Redis."""

    title = "mem0 on Redis"
    same_codec = True

    @pytest.fixture(scope="class")
    @classmethod
    def place(cls, tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Place]:
        yield from _hashes(tmp_path_factory.mktemp("shared"), redis_url)

    @pytest.fixture
    def bare(self, tmp_path: Path, redis_url: str) -> Iterator[Place]:
        yield from _hashes(tmp_path, redis_url)

    @contextlib.contextmanager
    def busy(self, place: Place) -> Iterator[Callable[[], Backend]]:
        with redis.Redis.from_url(place.store["redis_url"]) as client:
            client.config_set("maxmemory", 1)
            yield lambda: Mem0OssAdapter(place.config)
            client.config_set("maxmemory", 0)

    @contextlib.contextmanager
    def broken_off(self, place: Place, reading: Backend) -> Iterator[None]:
        with redis.Redis.from_url(place.store["redis_url"]) as client:
            client.execute_command("ACL", "SETUSER", "default", "off")
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            yield
            client.execute_command("ACL", "SETUSER", "default", "on")


def _hashes(folder: Path, url: str) -> Iterator[Place]:
    name = f"suite_{uuid4().hex}"
    with place_of(folder, "redis", {"redis_url": url, "collection_name": name}) as place:
        yield place
    with redis.Redis.from_url(url) as client:
        client.execute_command("FT.DROPINDEX", name, "DD")


class SupabaseBackend(WithoutHttp, Mem0OssBackend):
    """mem0 on the tables of Supabase's vecs."""

    title = "mem0 on Supabase"
    same_codec = True

    @pytest.fixture(scope="class")
    @classmethod
    def place(cls, tmp_path_factory: pytest.TempPathFactory, postgres_dsn: str) -> Iterator[Place]:
        yield from _tables(tmp_path_factory.mktemp("shared"), postgres_dsn)

    @pytest.fixture
    def bare(self, tmp_path: Path, postgres_dsn: str) -> Iterator[Place]:
        yield from _tables(tmp_path, postgres_dsn)

    @contextlib.contextmanager
    def busy(self, place: Place) -> Iterator[Callable[[], Backend]]:
        path = place.other(connection_string=place.store["connection_string"] + "&options=-c%20lock_timeout%3D100ms")
        with _session(place) as connection, connection.transaction():
            table = Identifier("vecs", place.store["collection_name"])
            connection.execute(SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(table))
            yield lambda: Mem0OssAdapter(path)

    @contextlib.contextmanager
    def broken_off(self, place: Place, reading: Backend) -> Iterator[None]:
        with _session(place) as connection:
            ended = connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s",
                [place.store["collection_name"]],
            ).fetchall()
        assert ended
        yield


def url_of(dsn: str, application: str) -> str:
    """A DSN as a URL, as mem0 requires it for Supabase."""
    parts = conninfo_to_dict(dsn)
    return (
        f"postgresql://{parts.get('user', '')}@/{parts.get('dbname', '')}"
        f"?host={parts['host']}&port={parts.get('port', 5432)}&application_name={application}"
    )


def _tables(folder: Path, dsn: str) -> Iterator[Place]:
    name = f"suite_{uuid4().hex}"
    store = {"connection_string": url_of(dsn, name), "collection_name": name}
    with place_of(folder, "supabase", store) as place:
        yield place
        with _session(place) as connection:
            connection.execute(SQL("DROP TABLE IF EXISTS {}").format(Identifier("vecs", name)))


@contextlib.contextmanager
def _session(place: Place) -> Iterator[psycopg.Connection[Any]]:
    """A connection of another program."""
    dsn = place.store["connection_string"].rpartition("application_name=")[0] + "application_name=another"
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection
