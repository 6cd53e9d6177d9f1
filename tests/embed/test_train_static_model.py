"""A newly trained model must be one that memctl can open, and give the vectors that training computed."""

from pathlib import Path

import numpy as np
import pytest
import train_static_model as training

from memctl.embed.static import DIM, StaticEmbedder
from memctl.embed.wordpiece import read_vocabulary, row_numbers

TOKENS = ["[UNK]", "green", "tea", "with", "milk", "##s"]


@pytest.fixture
def model(tmp_path: Path) -> tuple[StaticEmbedder, np.ndarray]:
    """A model of six tokens and one pair, and the rows it was written from."""
    rng = np.random.default_rng(5)
    table = rng.standard_normal((len(TOKENS) + 1, DIM)).astype(np.float32) * np.logspace(-2, 1, 7)[:, None]
    table[0] = 0
    training.write_model(tmp_path, TOKENS, np.array([1 * len(TOKENS) + 2]), table.astype(np.float32))
    return StaticEmbedder(tmp_path), table


def test_a_written_model_opens_and_sums_tokens_and_pairs(model, tmp_path: Path) -> None:
    embedder, table = model
    rows = np.array(row_numbers("green tea with milk", read_vocabulary(tmp_path / "vocabulary.txt")))
    summed = training.with_pairs(rows, np.array([8]), len(TOKENS))
    assert summed.tolist() == [1, 2, 3, 4, 6]
    wanted = training.unit(table[summed].sum(0, keepdims=True))[0]
    vector = embedder.embed(["green tea with milk"])[0]
    assert vector @ wanted > 0.99
    assert embedder.embed_one("green tea with milk") == pytest.approx(vector.tolist(), abs=1e-6)


def test_words_of_different_texts_make_no_pair(model) -> None:
    embedder, _ = model
    alone = [embedder.embed([text])[0] for text in ("milk green", "tea with")]
    assert embedder.embed(["milk green", "tea with"]).tolist() == [one.tolist() for one in alone]


def test_unknown_words_are_ignored(model) -> None:
    embedder, _ = model
    assert not embedder.embed(["zzz"]).any()
    assert embedder.embed(["zzz tea"])[0] == pytest.approx(embedder.embed(["tea"])[0], abs=1e-6)


def test_four_bits_keep_the_direction_of_every_row() -> None:
    table = np.random.default_rng(1).standard_normal((50, DIM)).astype(np.float32) * np.logspace(-2, 2, 50)[:, None]
    packed, scales = training.quantise(table.astype(np.float32))
    values = np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.float32) - training.ZERO
    restored = training.unit(values * scales[:, None].astype(np.float32))
    assert ((restored * training.unit(table)).sum(1) > 0.98).all()


def test_a_pair_needs_to_be_frequent_and_attractive() -> None:
    texts = [np.array([1, 2])] * 20 + [np.array([3, 4])] * 5 + [np.array([0, 4])] * 30
    assert training.frequent_pairs(texts, len(TOKENS)).tolist() == [1 * len(TOKENS) + 2]


def test_the_gradient_of_a_step_matches_the_slope_of_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    bags = (rng.random((8, 12)) < 0.4).astype(np.float64) + np.eye(8, 12)
    teacher = training.unit(rng.standard_normal((8, 6))).astype(np.float64)
    direction = training.unit(rng.standard_normal((8, DIM))).astype(np.float64)
    student = training.Student(rng.standard_normal((12, DIM)))
    caught = []
    monkeypatch.setattr(student, "_adam", lambda gradient, _scale, _rate: caught.append(gradient))

    def loss(table: np.ndarray) -> float:
        z = bags @ table
        z = z / np.linalg.norm(z, axis=1, keepdims=True)
        student.table = table
        return student.step(bags, teacher, direction, 0.0) + training.DIRECTION * float(
            np.mean(1 - (z * direction).sum(1))
        )

    start = student.table.copy()
    loss(start)
    gradient = caught[0]
    for place in ((0, 0), (5, 17), (11, 100)):
        nudge = np.zeros_like(start)
        nudge[place] = 1e-3
        slope = (loss(start + nudge) - loss(start - nudge)) / 2e-3
        assert gradient[place] == pytest.approx(slope, abs=2e-3)


def test_pairs_of_a_text_with_itself_are_skipped() -> None:
    shares = training.softmax_off_diagonal(np.eye(3, dtype=np.float32) * 50)
    assert np.diag(shares).tolist() == [0, 0, 0]
    assert shares.sum(1) == pytest.approx([1, 1, 1])
