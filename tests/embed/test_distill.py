"""Whoever rebuilds the shipped model must get a model that memctl can open, computed as the transformer
would."""

import json
import math
from pathlib import Path

import distill
import numpy as np
import pytest

from memctl.core.errors import UsageError
from memctl.embed.static import DIM, StaticEmbedder

WIDTH = 144
VOCABULARY = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[", "]", *(f"w{i}" for i in range(300)), "##s"]


def write_safetensors(path: Path, weights: distill.Weights) -> None:
    header, data = {}, b""
    for name, value in weights.items():
        raw = value.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": value.shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    header["ids"] = {"dtype": "I64", "shape": [1], "data_offsets": [len(data), len(data) + 8]}
    head = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + data + bytes(8))


@pytest.fixture(scope="module")
def weights() -> distill.Weights:
    """A small BERT with random weights."""
    rng = np.random.default_rng(7)

    def random(*shape: int) -> distill.Array:
        return (rng.standard_normal(shape) * 0.1).astype(np.float32)

    made: distill.Weights = {
        "embeddings.word_embeddings.weight": random(len(VOCABULARY), WIDTH) * 10,
        "embeddings.position_embeddings.weight": random(8, WIDTH),
        "embeddings.token_type_embeddings.weight": random(2, WIDTH),
    }
    dense = {
        "attention.self.query": (WIDTH, WIDTH),
        "attention.self.key": (WIDTH, WIDTH),
        "attention.self.value": (WIDTH, WIDTH),
        "attention.output.dense": (WIDTH, WIDTH),
        "intermediate.dense": (2 * WIDTH, WIDTH),
        "output.dense": (WIDTH, 2 * WIDTH),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in (f"encoder.layer.{i}" for i in range(distill.LAYERS)):
        for name, shape in dense.items():
            made[f"{layer}.{name}.weight"] = random(*shape)
            made[f"{layer}.{name}.bias"] = random(shape[0])
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
    for name in norms:
        made[f"{name}.weight"] = 1 + random(WIDTH)
        made[f"{name}.bias"] = random(WIDTH)
    return made


@pytest.fixture
def source(tmp_path: Path, weights: distill.Weights) -> Path:
    folder = tmp_path / "package" / "model"
    folder.mkdir(parents=True)
    write_safetensors(folder / "model.safetensors", weights)
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in VOCABULARY))
    return folder


def test_a_rebuilt_model_opens_and_is_the_same_each_time(source: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        distill.main([str(source.parent), str(tmp_path / name)])
    first = StaticEmbedder(tmp_path / "first")
    assert first.embed(["w7 w8s"]).tolist() == StaticEmbedder(tmp_path / "second").embed(["w7 w8s"]).tolist()
    assert first.embed_one("w7 w8s") == pytest.approx(first.embed(["w7 w8s"])[0].tolist(), abs=1e-6)
    assert first.embed_one("w9") != pytest.approx(first.embed_one("w10"), abs=0.1)


def test_special_tokens_do_not_stand_in_the_vocabulary(source: Path, tmp_path: Path) -> None:
    distill.distil(source, tmp_path / "out")
    tokens = (tmp_path / "out" / "vocabulary.txt").read_text().split("\n")
    assert tokens[:4] == ["[UNK]", "[", "]", "w0"]
    assert not StaticEmbedder(tmp_path / "out").embed(["never seen"]).any()


def test_weights_are_read_back(source: Path, weights: distill.Weights) -> None:
    read = distill.read_safetensors(source / "model.safetensors")
    assert read.keys() == weights.keys()
    assert all((read[name] == weights[name]).all() for name in weights)


def reference(ids: list[int], weights: distill.Weights) -> list[float]:
    """BERT as its paper has it, for one sequence, a number at a time where it matters: attention, GELU, the
    norm."""

    def norm(rows: distill.Array, name: str) -> distill.Array:
        done = [(row - row.mean()) / math.sqrt(row.var() + 1e-12) for row in rows]
        return np.array(done) * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def dense(rows: distill.Array, name: str) -> distill.Array:
        return np.array([weights[f"{name}.weight"] @ row + weights[f"{name}.bias"] for row in rows])

    def attention(x: distill.Array, layer: str) -> distill.Array:
        q, k, v = (dense(x, f"{layer}.attention.self.{part}") for part in ("query", "key", "value"))
        out, size = np.zeros_like(x), WIDTH // distill.HEADS
        for head in range(distill.HEADS):
            part = slice(head * size, (head + 1) * size)
            for i in range(len(x)):
                shares = [math.exp(q[i, part] @ k[j, part] / math.sqrt(size)) for j in range(len(x))]
                out[i, part] = sum(s * v[j, part] for j, s in enumerate(shares)) / sum(shares)
        return dense(out, f"{layer}.attention.output.dense")

    x = np.array(
        [
            weights["embeddings.word_embeddings.weight"][token]
            + weights["embeddings.position_embeddings.weight"][position]
            + weights["embeddings.token_type_embeddings.weight"][0]
            for position, token in enumerate(ids)
        ]
    )
    x = norm(x, "embeddings.LayerNorm")
    for layer in (f"encoder.layer.{i}" for i in range(distill.LAYERS)):
        x = norm(x + attention(x, layer), f"{layer}.attention.output.LayerNorm")
        inner = dense(x, f"{layer}.intermediate.dense")
        inner = np.array([[v * (1 + math.erf(v / math.sqrt(2))) / 2 for v in row] for row in inner])
        x = norm(x + dense(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
    return [float(value) for value in x.mean(axis=0)]


def test_the_forward_pass_is_the_transformers(weights: distill.Weights) -> None:
    batch = np.array([[3, 20, 4], [3, 250, 4]])
    for ids, vector in zip(batch.tolist(), distill.encode(batch, weights), strict=True):
        assert vector.tolist() == pytest.approx(reference(ids, weights), abs=1e-4)


def test_rare_words_weigh_more_than_frequent_ones() -> None:
    weights = distill.frequency_weights(30_000)
    assert (np.diff(weights) > 0).all()
    assert weights[0] < 0.1 < 0.9 < weights[-1] < 1


def test_rounding_to_bytes_keeps_every_row_within_half_a_step() -> None:
    vectors = np.random.default_rng(1).standard_normal((50, DIM)).astype(np.float32) * np.logspace(-4, 2, 50)[:, None]
    rows, scales = distill.quantise(vectors.astype(np.float32))
    assert (np.abs(rows * scales[:, None] - vectors) <= scales[:, None] * 0.501).all()


def test_principal_components_keep_what_varies() -> None:
    rng = np.random.default_rng(2)
    vectors = (rng.standard_normal((200, 10)) * np.array([9, 1, 8, 1, 7, 1, 1, 1, 1, 1])).astype(np.float32)
    kept = distill.reduce(vectors, 3)
    assert kept.var(axis=0).sum() > 0.9 * vectors[:, [0, 2, 4]].var(axis=0).sum()
    assert kept.mean(axis=0) == pytest.approx(0, abs=1e-4)


def test_a_folder_without_the_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        distill.find_model(tmp_path)
    assert error.value.where == str(tmp_path)
