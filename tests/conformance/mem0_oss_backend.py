"""mem0's library under the suite: on a Qdrant folder and on pgvector, embedding through a loopback server."""

import contextlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, NamedTuple
from uuid import uuid4

import psycopg
import pytest
from copied import Copied, held_by_a_copy
from memctl_mem0.oss.adapter import Mem0OssAdapter
from memctl_mem0.oss.config import Library
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from memctl.backends.contract import Backend
from memctl.backends.testing import Suite


def emulator(name: str) -> ModuleType:
    """The module of a loopback server, loaded once."""
    return import_module(f"emulators.{name}")


MEMORY = Path("/dev/shm")
"""A file system in memory if available, because a Qdrant folder commits each of thousands of points separately."""
DIMENSIONS = 48


class Place(NamedTuple):
    """A configuration file of mem0, its embedding server, and its vector store."""

    config: Path
    embeddings: Any
    store: dict[str, Any]
    provider: str = "qdrant"

    def other(self, key: str | None = None, **store: Any) -> Path:
        """Another configuration for the same collection."""
        path = self.config.with_name(f"{uuid4().hex}.json")
        return configured(path, self.embeddings.url, self.store | store, key, self.provider)


def configured(path: Path, url: str, store: dict[str, Any], key: str | None = None, provider: str = "qdrant") -> Path:
    """Write a configuration in the form of mem0's documentation. Its language model does not exist."""
    embedder = {"model": "letters", "openai_base_url": url, "embedding_dims": DIMENSIONS}
    embedder["api_key"] = key or emulator("openai_embeddings").KEY
    options = ({} if provider == "chroma" else {"embedding_model_dims": DIMENSIONS}) | store
    whole = {
        "vector_store": {"provider": provider, "config": options},
        "embedder": {"provider": "openai", "config": embedder},
        "llm": {"provider": "openai", "config": {"api_key": "none", "openai_base_url": "http://127.0.0.1:9/v1"}},
        "history_db_path": str(path.with_name("history.db")),
    }
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


@contextlib.contextmanager
def embeddings_server() -> Iterator[Any]:
    """A running embedding server whose vectors compare letters."""
    module = emulator("openai_embeddings")
    with module.serve() as server:
        server.vector_of = module.likeness
        _SERVERS[server.url] = server
        yield server


_SERVERS: dict[str, Any] = {}
"""The running servers by URL."""


class Refused(Exception):
    """An error response of the server, like the exception of OpenAI's client."""

    def __init__(self, status: int, answer: dict[str, Any]) -> None:
        super().__init__(answer["error"]["message"])
        self.status_code = status


class Direct:
    """mem0's embedder without HTTP. The suite on pgvector uses the embedder with HTTP."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.server = _SERVERS[config["openai_base_url"]]
        self.key, self.model = f"Bearer {config['api_key']}", config["model"]

    def embed_batch(self, texts: list[str], action: str) -> list[list[float]]:
        asked = {"input": texts, "model": self.model, "dimensions": DIMENSIONS}
        status, answer, _ = self.server.answer(asked, self.key)
        if status != 200:
            raise Refused(status, answer)
        return [row["embedding"] for row in sorted(answer["data"], key=lambda row: row["index"])]


class WithoutHttp:
    """Embeds in this process, which saves half of the suite's time."""

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def direct(cls) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Library, "embedder", property(lambda self: Direct(self._given["embedder"]["config"])))
            yield


class Mem0OssBackend(Copied, Suite):
    """The common base of mem0's stores."""

    adapter = Mem0OssAdapter
    never: ClassVar[dict[str, str]] = {
        "test_search[by-meaning-without-a-shared-word]": "the embedder of the tests compares letters, not meaning",
        "test_text[nul]": "a text with NUL is rejected: PostgreSQL and mem0's readers do not support it",
        "test_an_incomplete_list_is_reported": "the store's cursor returns all rows or an error, never a part",
    }

    def open(self, place: Place) -> Mem0OssAdapter:
        return Mem0OssAdapter(place.config)

    def in_pages_of(self, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("memctl_mem0.oss.adapter.PAGE_SIZE", size)

    @contextlib.contextmanager
    def without_access(self, place: Place) -> Iterator[Callable[[], Backend]]:
        path = place.other(key="-".join(["not", "the", "key"]))
        yield lambda: Mem0OssAdapter(path)

    def opening(self, place: Place) -> tuple[str, str]:
        return "from memctl_mem0.oss.adapter import Mem0OssAdapter", f"Mem0OssAdapter({str(place.config)!r})"


class QdrantBackend(WithoutHttp, Mem0OssBackend):
    """mem0 on a Qdrant folder."""

    title = "mem0 on Qdrant"
    same_codec = True
    slows = True
    one_owner = True

    @classmethod
    def places(cls, folder: Path) -> Iterator[Place]:
        with (
            tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as fast,
            embeddings_server() as embeddings,
        ):
            store = {"path": f"{fast}/qdrant"}
            config = configured(folder / "mem0.json", embeddings.url, store)
            with Mem0OssAdapter(config) as adapter:
                adapter.init()
            yield Place(config, embeddings, store)

    @contextlib.contextmanager
    def busy(self, place: Place) -> Iterator[Callable[[], Backend]]:
        with held_by_a_copy(lambda: import_module("qdrant_client").QdrantClient(path=place.store["path"])):
            yield lambda: Mem0OssAdapter(place.config)

    @contextlib.contextmanager
    def broken_off(self, place: Place, reading: Backend) -> Iterator[None]:
        assert isinstance(reading, Mem0OssAdapter)
        reading.close()
        with held_by_a_copy(lambda: import_module("qdrant_client").QdrantClient(path=place.store["path"])):
            yield


class PgvectorBackend(Mem0OssBackend):
    """mem0 on PostgreSQL with pgvector."""

    title = "mem0 on pgvector"

    @pytest.fixture(scope="class")
    @classmethod
    def place(cls, tmp_path_factory: pytest.TempPathFactory, postgres_dsn: str) -> Iterator[Place]:
        yield from _tables(tmp_path_factory.mktemp("shared"), postgres_dsn)

    @pytest.fixture
    def bare(self, tmp_path: Path, postgres_dsn: str) -> Iterator[Place]:
        yield from _tables(tmp_path, postgres_dsn)

    @contextlib.contextmanager
    def busy(self, place: Place) -> Iterator[Callable[[], Backend]]:
        dsn = make_conninfo(place.store["connection_string"], options="-c lock_timeout=100ms")
        path = place.other(connection_string=dsn)
        with _session(place) as connection, connection.transaction():
            table = Identifier(place.store["collection_name"])
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


def _tables(folder: Path, dsn: str) -> Iterator[Place]:
    name = f"suite_{uuid4().hex}"
    store = {"connection_string": make_conninfo(dsn, application_name=name), "collection_name": name, "maxconn": 2}
    with embeddings_server() as embeddings:
        config = configured(folder / "mem0.json", embeddings.url, store, provider="pgvector")
        place = Place(config, embeddings, store, "pgvector")
        with Mem0OssAdapter(place.config) as adapter:
            adapter.init()
        yield place
    with _session(place) as connection:
        connection.execute(SQL("DROP TABLE IF EXISTS {}").format(Identifier(name)))


@contextlib.contextmanager
def _session(place: Place) -> Iterator[psycopg.Connection[Any]]:
    """A connection of another program."""
    dsn = make_conninfo(place.store["connection_string"], application_name="somebody else")
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection
