"""The built-in embedder: always available, fast to import, deterministic, and similar for similar texts."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from memctl.core.errors import Fatal, UsageError
from memctl.embed import open_embedder
from memctl.embed.spec import EmbedderSpec
from memctl.embed.static import DIM, FOLDER, LONG, NAME, StaticEmbedder


@pytest.fixture(scope="module")
def model() -> StaticEmbedder:
    return StaticEmbedder()


def test_vectors_are_unit_float32_in_the_order_of_the_texts(model: StaticEmbedder) -> None:
    texts = ["I prefer slow shipping", "my sister lives in Paris", "I prefer slow shipping"]
    vectors = model.embed(texts)
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, DIM) == (3, model.dim)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)
    assert vectors[0].tolist() == vectors[2].tolist()
    assert vectors[1].tolist() == model.embed(texts[1:2])[0].tolist()


def test_similar_texts_have_similar_vectors(model: StaticEmbedder) -> None:
    facts = [
        "Alice wants her parcels sent by the cheapest carrier",
        "Alice is allergic to peanuts",
        "Alice moved from Tokyo to Paris in May",
        "Alice now writes her services in Rust instead of Python",
    ]
    questions = ["shipping preference", "food she must not eat", "which city does she live in", "programming language"]
    scores = model.embed(questions) @ model.embed(facts).T
    assert scores.argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_a_text_without_known_tokens_has_a_zero_vector(model: StaticEmbedder) -> None:
    vectors = model.embed(["", "\u200b", "cat"])
    assert not vectors[:2].any()
    assert (vectors @ vectors.T)[0].tolist() == [0, 0, 0]
    assert model.embed_one("") == [0.0] * DIM
    assert model.embed([]).shape == (0, DIM)


def test_texts_of_any_length_are_embedded(model: StaticEmbedder) -> None:
    long = "the cat sat on the mat . " * LONG
    assert model.embed([long])[0] == pytest.approx(model.embed(["the cat sat on the mat ."])[0], abs=1e-5)


def test_texts_of_several_batches_keep_their_order(model: StaticEmbedder) -> None:
    texts = [f"note {i}" for i in range(700)]
    vectors = model.embed(texts)
    for i in (0, 255, 256, 699):
        assert vectors[i] == pytest.approx(model.embed_one(texts[i]), abs=1e-6)


def test_the_name_contains_model_revision_and_dimension(model: StaticEmbedder) -> None:
    assert model.name == NAME == "static:minilm-128@2"
    assert open_embedder(NAME).name == NAME


def test_one_query_imports_neither_numpy_nor_tokenizers() -> None:
    code = (
        "import sys; from memctl.embed import open_embedder; v = open_embedder().embed_one('shipping to Zürich 😀');"
        "assert len(v) == 128; print([m for m in ('numpy', 'tokenizers', 'openai') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("damage", ["vocabulary.txt", "pairs.u32", "vectors.u4", "scales.f16"])
def test_a_damaged_installation_is_a_clear_error(tmp_path: Path, damage: str) -> None:
    for file in FOLDER.iterdir():
        data = file.read_bytes()
        (tmp_path / file.name).write_bytes(data[: len(data) // 2] if file.name == damage else data)
    with pytest.raises(Fatal) as error:
        StaticEmbedder(tmp_path)
    assert error.value.where == str(tmp_path)
    (tmp_path / damage).unlink()
    with pytest.raises(Fatal):
        StaticEmbedder(tmp_path)


def test_an_unknown_embedder_lists_the_known() -> None:
    with pytest.raises(UsageError) as error:
        open_embedder("word2vec")
    for known in ("static", "openai:", "sentence-transformers:"):
        assert known in (error.value.hint or "")


@pytest.mark.parametrize(("spec", "dim"), [("static:minilm-256@1", None), ("static", 64)])
def test_an_unknown_static_model_is_refused(spec: str, dim: int | None) -> None:
    with pytest.raises(UsageError):
        open_embedder(spec, dim=dim)


def test_a_missing_package_is_an_error_that_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for package, spec in (("sentence_transformers", "sentence-transformers:some/model"), ("openai", "openai")):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(UsageError) as error:
            open_embedder(spec)
        assert "pip install 'memctl-toolkit[" in (error.value.hint or "")


def test_sentence_transformers_needs_a_model() -> None:
    with pytest.raises(UsageError, match="no model"):
        open_embedder("sentence-transformers")


def test_a_few_texts_get_the_same_vectors_as_a_batch(model: StaticEmbedder) -> None:
    texts = ["I prefer slow shipping", "zoë lives in Zürich 😀", ""]
    few = EmbedderSpec().few(texts)
    assert list(few) == texts
    for text, vector in zip(texts, model.embed(texts), strict=True):
        assert few[text] == pytest.approx(vector.tolist(), abs=1e-6)
    assert EmbedderSpec().few([]) == {}
    many = [f"note {number}" for number in range(40)]
    assert EmbedderSpec().few(many)["note 39"].tolist() == pytest.approx(model.embed_one("note 39"), abs=1e-6)
