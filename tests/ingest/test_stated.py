"""Adding a fact opens the store once, and does not lock it while another model computes vectors."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memctl.embed import spec
from memctl.embed.static import StaticEmbedder
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


def test_the_facts_of_a_sentence_are_returned_as_they_are_stored(path: Path) -> None:
    store = Workspace(path)
    store.remember("zoe", "Lives in Lima.", predicate="lives_in", object="Lima")
    moved, liked, left = "I moved to Rome.", "I like tea and coffee.", "I no longer live in Rome."
    for sentence, number in ((moved, 1), (moved, 1), (liked, 2), ("I like coffee and rum.", 2), (left, 1)):
        facts = store.remember("zoe", sentence)
        assert len(facts) == number
        with store.store.reading() as session:
            assert facts == session.facts([fact.id for fact in facts])


def test_a_repeated_sentence_adds_to_the_evidence_of_its_fact(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, evidence = Workspace(path), []
    for quote in ("I moved to Rome.", "I've moved to Rome.", "I moved to Rome!"):
        (fact,) = store.remember("zoe", quote)
        with store.store.reading() as session:
            claims = session.claims_of_fact(fact.id)
        assert [claim.quote for claim in claims[:-1]] == evidence
        evidence.append(claims[-1].quote)
    embedded: list[str] = []
    embed_one = StaticEmbedder.embed_one
    monkeypatch.setattr(StaticEmbedder, "embed_one", lambda *a: (embedded.append(a[1]), embed_one(*a))[1])
    store.remember("zoe", "I moved to Rome, yes.")
    assert [text.endswith("I moved to Rome, yes.") for text in embedded] == [True]
    for run in store.changing_runs()[:2]:
        store.undo(run.id)
    with store.store.reading() as session:
        assert [claim.quote for claim in session.claims_of_fact(fact.id)] == evidence[:2]


def test_what_was_said_between_two_statements_is_evidence_between_them(path: Path) -> None:
    store = Workspace(path)
    for year in (2023, 2025, 2024, 2026):
        store.add("zoe", [{"role": "user", "content": "I live in Rome.", "at": f"{year}-03-03T09:15:00Z"}])
    (fact,) = (fact for fact in store.facts("zoe") if fact.predicate == "lives_in")
    with store.store.reading() as session:
        years = [claim.observed_at.year for claim in session.claims_of_fact(fact.id) if claim.observed_at]
    assert years == [2023, 2024, 2025, 2026]


def test_a_setting_chooses_what_reads_a_sentence(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for extractor, predicate in (("rules", "lives_in"), ("llm", "lives_in"), ("none", None)):
        monkeypatch.setenv("MEMCTL_EXTRACTOR", extractor)
        store = Workspace(path.with_stem(extractor))
        (fact,) = store.remember("zoe", "I moved to Rome.")
        assert fact.predicate == predicate
        store.add("zoe", ["I moved to Lima."])
        with store.store.reading() as session:
            homes = {one.object for one in session.facts_of("zoe") if one.predicate == "lives_in"}
        assert ("Lima" in homes) == (predicate is not None)
