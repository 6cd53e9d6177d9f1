"""Adding a fact opens the store once, and does not lock it while another model computes vectors."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memctl.embed import spec
from memctl.store.duckdb.database import Database
from memctl.workspace import Workspace


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.duckdb"


class Slow:
    """A model that checks that the store is unlocked while it works."""

    name, dim = "slow:4", 4

    def __init__(self, path: Path) -> None:
        self.path = path
        self.existed: list[bool] = []

    def embed(self, texts: Sequence[str]) -> Any:
        self.existed.append(self.path.exists())
        if self.path.exists():
            with Database(self.path, 0.5).writing():
                pass
        return np.ones((len(texts), 4), dtype=np.float32) / 2

    def embed_one(self, text: str) -> list[float]:
        return self.embed([text])[0].tolist()


@pytest.fixture
def slow(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    model = Slow(path)
    monkeypatch.setattr(spec, "open_embedder", lambda *_, **__: model)
    spec._open.cache_clear()
    yield model
    spec._open.cache_clear()


def vectors(path: Path) -> list[Any]:
    with Database(path).reading() as connection:
        return connection.execute("SELECT embedding FROM vectors").fetchall()


def test_the_store_is_unlocked_while_a_model_computes_vectors(path: Path, slow: Slow) -> None:
    asked = Workspace(path, embedder="openai:slow")
    asked.remember("zoe", "Works at Portavo.", kind="fact")
    asked.remember("zoe", "I moved to Rome.")
    later = Workspace(path)
    (fact,) = later.remember("zoe", "Likes tea.", kind="fact")
    later.edit(fact, text="Likes coffee.")
    assert slow.existed == [False, True, True, True]
    assert vectors(path) == [((0.5,) * 4,)] * len(vectors(path))
    assert len(vectors(path)) >= 4
    assert len(later.changing_runs()) == 4


def test_adding_a_fact_opens_the_store_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Workspace(path)
    store.remember("zoe", "I moved to Rome.")
    opened: list[Any] = []
    connected = Database._connected
    monkeypatch.setattr(Database, "_connected", lambda *a, **k: (opened.append(k), connected(*a, **k))[1])
    (fact,) = store.remember("zoe", "I moved to Lima.")
    assert fact.object == "Lima"
    store.remember("zoe", "Works at Portavo.", kind="fact")
    assert len(opened) == 2
