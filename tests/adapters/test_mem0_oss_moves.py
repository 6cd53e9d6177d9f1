"""A move of mem0's memories to another vector store: one command, which keeps the vectors of the same embedder."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from emulators import openai_embeddings
from memctl_mem0.oss.adapter import Mem0OssAdapter
from memctl_mem0.oss.redis_hashes import _payload

from memctl.core.fact import Fact, Source, derive_id

DIMENSIONS = 16


@pytest.fixture
def server() -> Iterator[Any]:
    with openai_embeddings.serve() as running:
        yield running


@pytest.fixture
def config(server: Any, home: Path, redis_url: str) -> Callable[..., Path]:
    """Write the configuration of an application for a store, with an embedder of this model."""

    def write(provider: str, model: str = "letters", **store: Any) -> Path:
        places = {
            "qdrant": {"path": str(home / "qdrant"), "embedding_model_dims": DIMENSIONS, "on_disk": True},
            "redis": {"redis_url": f"{redis_url}?db=0", "embedding_model_dims": DIMENSIONS},
            "chroma": {"path": str(home / "chroma")},
        }
        embedder = {"api_key": openai_embeddings.KEY, "openai_base_url": server.url, "embedding_dims": DIMENSIONS}
        whole = {
            "vector_store": {"provider": provider, "config": {"collection_name": "moved", **places[provider], **store}},
            "embedder": {"provider": "openai", "config": {"model": model, **embedder}},
        }
        path = home / f"{provider}-{model}.json"
        path.write_text(json.dumps(whole))
        return path

    return write


def vectors(config: Path) -> dict[str, tuple[float, ...]]:
    """The stored vectors by text."""
    with Mem0OssAdapter(config) as adapter:
        adapter.read_vectors(adapter.capabilities.vectors)
        facts = [fact for page in adapter.read("alice") for fact in page.facts]
    return {fact.text: fact.embedding.vector for fact in facts if fact.embedding is not None}


def fill(config: Path) -> None:
    texts = ["Alice lives in Paris.", "Alice drinks tea.", "Alice has a dog."]
    facts = [
        Fact(id=derive_id(text), user_id="alice", kind="fact", text=text, source=Source(system="test"))
        for text in texts
    ]
    with Mem0OssAdapter(config) as adapter:
        adapter.write(facts)


@pytest.mark.parametrize(("first", "second"), [("redis", "chroma"), ("chroma", "redis"), ("redis", "qdrant")])
def test_a_move_to_another_store_keeps_the_vectors_and_calls_no_embedder(
    config: Callable[..., Path], server: Any, memctl: Callable[..., Any], first: str, second: str
) -> None:
    fill(config(first))
    before = vectors(config(first))
    assert len(before) == 3
    server.requests.clear()
    moved = memctl(
        "migrate", "--from", f"mem0-oss:{config(first)}", "--to", f"mem0-oss:{config(second)}", "--all-users",
        "--json",
    )  # fmt: skip
    assert moved.code == 0, moved.err
    assert server.requests == []
    after = vectors(config(second))
    assert after.keys() == before.keys()
    for text, vector in before.items():
        assert after[text] == pytest.approx(vector, rel=1e-6)


def test_vectors_of_another_model_are_recomputed(
    config: Callable[..., Path], server: Any, memctl: Callable[..., Any]
) -> None:
    fill(config("redis"))
    other = config("chroma", "letters-2")
    refused = memctl("migrate", "--from", f"mem0-oss:{config('redis')}", "--to", f"mem0-oss:{other}", "--all-users")
    assert "letters-2" in refused.err + refused.out  # the embedder was called, and does not know the model
    assert refused.code != 0


def test_a_fact_without_a_vector_is_embedded_when_written(config: Callable[..., Path], server: Any) -> None:
    fill(config("redis"))
    with Mem0OssAdapter(config("redis")) as adapter:
        facts = [fact for page in adapter.read("alice") for fact in page.facts]
        assert [fact.embedding for fact in facts] == [None] * 3
        assert {outcome.state for outcome in adapter.write(facts)} == {"unchanged"}


@pytest.mark.parametrize("written", ["not JSON", '["a", "list"]'])
def test_metadata_of_another_program_in_a_hash_is_kept(written: str) -> None:
    payload = _payload({"memory": b"Likes tea.", "metadata": written.encode(), "user_id": b"alice"})
    assert payload == {"data": "Likes tea.", "metadata": written, "user_id": "alice"}
