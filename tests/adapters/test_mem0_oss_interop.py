"""mem0's library and memctl on Chroma, Milvus Lite, Redis and Supabase: each can use the other's memories."""

import json
import math
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import redis
from emulators import openai_embeddings
from memctl_mem0 import sdk
from memctl_mem0.oss.adapter import Mem0OssAdapter
from memctl_mem0.oss.config import close_clients
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from memctl.core.fact import Fact, Source, derive_id

DIMENSIONS = 32
NOON = datetime(2025, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(params=["chroma", "milvus", "redis", "supabase"])
def config(request: pytest.FixtureRequest, tmp_path: Path, home: Path) -> Iterator[Path]:
    """The configuration of an application on an empty store."""
    with openai_embeddings.serve() as server:
        server.vector_of = unit
        store, end = STORES[request.param](request, tmp_path)
        yield configured(tmp_path / "mem0.json", request.param, store, server.url)
        end()


def unit(text: str, dim: int) -> list[float]:
    """A vector of unit length, because Chroma and mem0 measure distances differently for other lengths."""
    vector = openai_embeddings.likeness(text, dim)
    return [x / math.hypot(*vector) for x in vector]


def configured(path: Path, provider: str, store: dict[str, Any], url: str) -> Path:
    """Write a file with the configuration of an application."""
    options = {"model": "letters", "openai_base_url": url, "embedding_dims": DIMENSIONS}
    sized = {} if provider == "chroma" else {"embedding_model_dims": DIMENSIONS}
    whole = {
        "vector_store": {"provider": provider, "config": {"collection_name": "people", **sized, **store}},
        "embedder": {"provider": "openai", "config": {"api_key": openai_embeddings.KEY, **options}},
        "llm": {"provider": "openai", "config": {"api_key": "none", "openai_base_url": "http://127.0.0.1:9/v1"}},
        "history_db_path": str(path.with_name("history.db")),
    }
    path.write_text(json.dumps(whole))
    return path


Store = tuple[dict[str, Any], Callable[[], object]]


def chroma(request: pytest.FixtureRequest, folder: Path) -> Store:
    return {"path": str(folder / "chroma")}, lambda: None


def milvus(request: pytest.FixtureRequest, folder: Path) -> Store:
    return {"url": str(folder / "milvus.db"), "metric_type": "COSINE"}, lambda: None


def redis_hashes(request: pytest.FixtureRequest, folder: Path) -> Store:
    url = f"{request.getfixturevalue('redis_url')}?db=0&protocol=2"
    return {"redis_url": url}, lambda: redis.Redis.from_url(url).flushdb()


def supabase(request: pytest.FixtureRequest, folder: Path) -> Store:
    import vecs

    # SQLAlchemy 2.1 uses psycopg 3, with which vecs 0.4 cannot query.
    patch = request.getfixturevalue("monkeypatch")
    patch.setattr(vecs, "create_client", lambda url: vecs.Client(url.replace("postgresql:", "postgresql+psycopg2:")))
    dsn = request.getfixturevalue("postgres_dsn")
    parts = conninfo_to_dict(dsn)
    name = f"people_{uuid4().hex}"
    url = f"postgresql://{parts.get('user', '')}@/{parts.get('dbname', '')}?host={parts['host']}"
    if parts.get("port"):
        url += f"&port={parts['port']}"

    def end() -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            for table in (name, f"{name}_entities"):
                connection.execute(SQL("DROP TABLE IF EXISTS {}").format(Identifier("vecs", table)))

    return {"connection_string": url, "collection_name": name}, end


STORES: dict[str, Callable[[pytest.FixtureRequest, Path], Store]] = {
    "chroma": chroma, "milvus": milvus, "redis": redis_hashes, "supabase": supabase,
}  # fmt: skip


def application(config: Path, act: Callable[[Any], Any]) -> Any:
    """Perform an action on an application's mem0 memory."""
    with warnings.catch_warnings(action="ignore"):  # those of redisvl
        memory = sdk.mem0().Memory.from_config(json.loads(config.read_text()))
    try:
        if hasattr(getattr(memory.vector_store, "client", None), "load_collection"):
            # mem0 does not load an existing collection, and Milvus Lite 3 refuses to read one that is not loaded.
            memory.vector_store.client.load_collection("people")
        while hasattr(memory.vector_store, "index") and int(memory.vector_store.index.info()["indexing"]):
            time.sleep(0.01)  # mem0 replaces its index on Redis at every opening
        return act(memory)
    finally:
        memory.close()
        close_clients(memory.vector_store, memory._entity_store, memory.embedding_model, memory.llm)
        for part in (memory.vector_store, memory._entity_store):
            if hasattr(part, "db"):
                part.db.disconnect()
        if "milvus_lite" in sys.modules:
            sys.modules["milvus_lite.server_manager"].server_manager_instance.release_all()


def fact(text: str, **fields: Any) -> Fact:
    return Fact(**{"id": derive_id("alice", text), "user_id": "alice", "kind": "fact", "text": text,
                   "source": Source(system="test")} | fields)  # fmt: skip


def read(config: Path, user: str = "alice") -> dict[str, Fact]:
    with Mem0OssAdapter(config) as adapter:
        return {fact.text: fact for page in adapter.read(user) for fact in page.facts}


def test_memctl_and_mem0_find_list_change_and_delete_each_others_memories(config: Path) -> None:
    home = fact(
        "Alice lives in Paris.", created_at=NOON, updated_at=NOON, session_id="run-1", subject="alice",
        metadata={"topic": "home", "tags": ["a", None], "deep": {"er": 1}}, categories=("places",),
    )  # fmt: skip
    tea, dog = fact("Alice drinks green tea."), fact("Alice has a dog called ```json {}```.")
    with Mem0OssAdapter(config) as adapter:
        assert [outcome.state for outcome in adapter.write([home, tea, dog])] == ["written"] * 3

    def use(memory: Any) -> Any:
        one = memory.get(str(home.id))
        hits = memory.search("where does Alice live", filters={"user_id": "alice"}, top_k=1)["results"]
        listed = memory.get_all(filters={"user_id": "alice"})["results"]
        run = memory.get_all(filters={"run_id": "run-1"})["results"]
        memory.update(str(tea.id), "Alice drinks black tea.")
        memory.delete(str(dog.id))
        memory.add("Alice plays chess.", user_id="alice", infer=False, metadata={"level": 3})
        return one, hits, listed, run

    one, hits, listed, run = application(config, use)
    assert (one["memory"], one["user_id"], one["metadata"]["topic"]) == ("Alice lives in Paris.", "alice", "home")
    assert datetime.fromisoformat(one["created_at"]).replace(microsecond=0) == NOON.replace(microsecond=0)
    assert [hit["id"] for hit in hits] == [row["id"] for row in run] == [str(home.id)]
    assert sorted(row["memory"] for row in listed) == sorted([home.text, tea.text, dog.text])

    facts = read(config)
    assert sorted(facts) == ["Alice drinks black tea.", "Alice lives in Paris.", "Alice plays chess."]
    assert facts["Alice lives in Paris."] == home
    assert facts["Alice drinks black tea."].id == tea.id
    assert facts["Alice plays chess."].metadata["level"] == 3

    changed = fact("Alice lives in Lisbon.", id=home.id, created_at=NOON, metadata={"topic": "city"})
    with Mem0OssAdapter(config) as adapter:
        assert [outcome.state for outcome in adapter.write([changed])] == ["updated"]
        assert adapter.delete("alice", [facts["Alice plays chess."].id]) == 1
    rows = application(config, lambda memory: memory.get_all(filters={"user_id": "alice"})["results"])
    assert {row["memory"]: row["metadata"].get("tags") for row in rows} == {
        "Alice lives in Lisbon.": None,
        "Alice drinks black tea.": None,
    }


def test_forget_erases_everything_of_the_owner_and_nothing_of_others(config: Path) -> None:
    with Mem0OssAdapter(config) as adapter:
        adapter.write([fact("Alice lives in Paris."), fact("Bob lives in Rome.", user_id="bob")])
        adapter.forget("alice")
    assert read(config) == {}
    assert list(read(config, "bob")) == ["Bob lives in Rome."]
    rows = application(config, lambda memory: memory.get_all(filters={"user_id": "alice"})["results"])
    assert rows == []
