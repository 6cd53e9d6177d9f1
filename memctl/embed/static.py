"""The built-in static model: the sum of a text's token vectors and pair vectors, normalised to unit length.

Two paths give the same vector. Batches are summed with numpy, and `tokenizers` reads what is not ASCII. A single query,
as in a search, is tokenised in Python and summed from a memory map, because importing numpy and `tokenizers` takes ten
times as long as the query.

Files, written by `tools/train_static_model.py`, numbers little-endian:

    vocabulary.txt  one WordPiece token per line; the line number is the row, and row 0 is the unknown token
    pairs.u32       the sorted keys `first row * number of tokens + second row` of the pairs of adjacent tokens that
                    have a row of their own; these rows follow those of the tokens
    vectors.u4      DIM / 2 bytes per row; byte j has dimension j in its low half and dimension j + DIM / 2 in its high
                    half, each value plus ZERO
    scales.f16      a number per row by which its values are multiplied
"""

import math
import mmap
import struct
import sys
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memctl.core.errors import Fatal
from memctl.embed.wordpiece import (
    LateVocabulary,
    plain,
    plain_row_numbers,
    read_vocabulary,
    row_numbers,
    settled,
    tokenizer,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIM = 128
NAME = f"static:minilm-{DIM}@2"
"""Model, dimension and revision. A rebuild that changes any vector must raise the revision."""
FOLDER = Path(__file__).parent / "model"
BATCH = 256
"""Texts summed at a time, so that their token vectors stay in the processor's cache."""
LONG = 4096
"""From this number of tokens on, tokens are counted before they are summed, which needs no huge array."""
ZERO = 8
"""What is added to a value of four bits, -7 to 7, to store it."""
_LOW = bytes(byte & 15 for byte in range(256))
_HIGH = bytes(byte >> 4 for byte in range(256))


class StaticEmbedder:
    """The built-in model: 128 dimensions, best for English, no network, no key.

    `embed` returns a float32 array (n, 128) of unit rows, `embed_one` the same for one text as a list of floats. A text
    without known tokens has the zero vector: its inner product with anything is 0 (a cosine divided by its length would
    be NaN).
    """

    name = NAME
    dim = DIM

    def __init__(self, folder: Path = FOLDER) -> None:
        """Open the model in `folder`. Raises Fatal if a file is missing or the sizes do not match."""
        self._folder = folder
        try:
            self._rows = LateVocabulary(folder / "vocabulary.txt")
            self._pairs = _read_keys(folder / "pairs.u32")
            self._scales = (folder / "scales.f16").read_bytes()
            with (folder / "vectors.u4").open("rb") as file:
                self._vectors = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise _damaged(folder, str(error)) from error
        rows = len(self._rows) + len(self._pairs)
        if not rows == len(self._scales) / 2 == len(self._vectors) / (DIM // 2):
            raise _damaged(folder, "the sizes of vocabulary, pairs, scales and vectors do not match")

    def embed_one(self, text: str) -> list[float]:
        """The unit vector of `text`, without numpy unless it has characters on which Unicode versions disagree."""
        if not settled(text):
            return [float(x) for x in self.embed([text])[0]]
        low, high = [0.0] * (DIM // 2), [0.0] * (DIM // 2)
        shift = 0.0
        for row in self._summed(row_numbers(text, self._rows)):
            (scale,) = struct.unpack_from("<e", self._scales, 2 * row)
            shift += ZERO * scale
            packed = self._vectors[row * DIM // 2 : (row + 1) * DIM // 2]
            low = [t + scale * v for t, v in zip(low, packed.translate(_LOW), strict=True)]
            high = [t + scale * v for t, v in zip(high, packed.translate(_HIGH), strict=True)]
        total = [t - shift for t in (*low, *high)]
        norm = math.sqrt(math.fsum(t * t for t in total))
        return [t / norm for t in total] if norm else total

    def _summed(self, tokens: list[int]) -> Iterator[int]:
        """The rows that a text sums: its tokens, then the pairs among them that have a row."""
        yield from tokens
        width = len(self._rows)
        for first, second in pairwise(tokens):
            key = first * width + second
            place = bisect_left(self._pairs, key)
            if place < len(self._pairs) and self._pairs[place] == key:
                yield width + place

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """One unit row per text, in order: float32 (n, 128)."""
        import numpy as np

        out = np.zeros((len(texts), DIM), dtype=np.float32)
        for start in range(0, len(texts), BATCH):
            self._sum(texts[start : start + BATCH], out[start : start + BATCH])
        norms = np.linalg.norm(out, axis=1, keepdims=True)
        np.divide(out, norms, out=out, where=norms > 0)
        return out

    def _sum(self, texts: Sequence[str], out: "NDArray[np.float32]") -> None:
        """Sum the vectors of each text into its row of `out`."""
        import numpy as np

        flat: list[int] = []
        lengths: list[int] = []
        for i, numbers in enumerate(self._encode(texts)):
            if len(numbers) > LONG:
                tokens = np.array(numbers, dtype=np.int64)
                rows = np.concatenate([tokens, self._pair_rows(tokens)[0]])
                out[i] = np.bincount(rows, minlength=len(self._table)).astype(np.float32) @ self._table
                lengths.append(0)
            else:
                flat += numbers
                lengths.append(len(numbers))
        if not flat:
            return
        tokens = np.array(flat, dtype=np.int64)
        text = np.repeat(np.arange(len(texts)), lengths)
        self._add(out, tokens, text)
        rows, places = self._pair_rows(tokens)
        inside = text[places] == text[places + 1]
        self._add(out, rows[inside], text[places][inside])

    def _add(self, out: "NDArray[np.float32]", rows: "NDArray[np.int64]", text: "NDArray[np.int64]") -> None:
        """Add each row's vector to the text it belongs to; `text` is in ascending order.

        First the first row of every text, then the second of those that have two, and so on: `reduceat` takes three
        times as long.
        """
        import numpy as np

        if not len(rows):
            return
        lengths = np.bincount(text, minlength=len(out))
        order = np.argsort(-lengths, kind="stable")
        starts, lengths = (np.cumsum(lengths) - lengths)[order], lengths[order]
        sums, taken = np.zeros_like(out), np.empty_like(out)
        for place in range(int(lengths[0])):
            longer = np.count_nonzero(lengths > place)
            # "clip" only because "raise", the default, would copy.
            self._table.take(rows[starts[:longer] + place], axis=0, out=taken[:longer], mode="clip")
            sums[:longer] += taken[:longer]
        out[order] += sums

    def _pair_rows(self, tokens: "NDArray[np.int64]") -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
        """The rows of the pairs among adjacent tokens, and the place of each pair's first token."""
        import numpy as np

        pairs = self._pair_keys
        keys = tokens[:-1] * len(self._rows) + tokens[1:]
        found = np.minimum(np.searchsorted(pairs, keys), len(pairs) - 1)
        places = np.flatnonzero(pairs[found] == keys)
        return found[places] + len(self._rows), places

    def _encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text, by their rows."""
        rows_of = self._plain_row_numbers
        encoded = [rows_of(text) if plain(text) else None for text in texts]
        others = iter(self._encode_any([text for text, rows in zip(texts, encoded, strict=True) if rows is None]))
        return [next(others) if rows is None else rows for rows in encoded]

    def _encode_any(self, texts: Sequence[str]) -> list[list[int]]:
        """As `_encode`, with the library, without lone surrogates, which UTF-8 cannot represent."""
        if not texts:
            return []
        try:
            encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        except (UnicodeEncodeError, TypeError):
            whole = [text.encode("utf-8", "ignore").decode() for text in texts]
            encoded = self._tokenizer.encode_batch_fast(whole, add_special_tokens=False)
        return [encoding.ids for encoding in encoded]

    @cached_property
    def _plain_row_numbers(self) -> Callable[[str], list[int]]:
        return plain_row_numbers(self._rows.table)

    @cached_property
    def _table(self) -> "NDArray[np.float32]":
        import numpy as np

        packed = np.frombuffer(self._vectors, dtype=np.uint8).reshape(-1, DIM // 2)
        scales = np.frombuffer(self._scales, dtype="<f2").astype(np.float32)
        values = np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.float32) - ZERO
        return np.asarray(values * scales[:, None], dtype=np.float32)

    @cached_property
    def _pair_keys(self) -> "NDArray[np.int64]":
        import numpy as np

        return np.array(self._pairs, dtype=np.int64)

    @cached_property
    def _tokenizer(self) -> Any:
        return tokenizer(self._rows.table)


@cache
def common_words() -> frozenset[str]:
    """The whole words in the model's vocabulary: English words, names, and the commonest words of some languages."""
    return frozenset(read_vocabulary(FOLDER / "vocabulary.txt"))


def _read_keys(path: Path) -> "array[int]":
    """The little-endian 32-bit numbers of a file."""
    keys = array("I")
    keys.frombytes(path.read_bytes())
    if sys.byteorder == "big":
        keys.byteswap()
    return keys


def _damaged(folder: Path, reason: str) -> Fatal:
    return Fatal(
        f"cannot read the built-in embedding model: {reason}",
        where=str(folder),
        hint="reinstall memctl, or choose another embedder with --embedder",
    )
