"""The built-in static model: the weighted sum of a text's token vectors, normalised to unit length.

Two paths give the same vector. Batches use `tokenizers` and numpy. A single query, as in a search, is tokenised in
Python and summed from a memory map, because importing numpy and `tokenizers` takes ten times as long as the query.

Files, written by `tools/distill.py`: `vocabulary.txt`, one WordPiece token per line, the line number being the row
and row 0 the unknown token; `vectors.i8`, rows of DIM signed bytes; `scales.f32`, a little-endian float32 per row. A
token's vector is its row times its scale, which includes its frequency weight.
"""

import math
import mmap
from array import array
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memctl.core.errors import Fatal
from memctl.embed.wordpiece import read_vocabulary, row_numbers, settled, tokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIM = 128
NAME = f"static:minilm-{DIM}@1"
"""Model, dimension and revision. A rebuild that changes any vector must raise the revision."""
FOLDER = Path(__file__).parent / "model"
BATCH = 256
"""Texts summed at a time, so that their token vectors stay in the processor's cache."""
LONG = 4096
"""From this number of tokens on, tokens are counted before they are summed, which needs no huge array."""


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
            self._rows = read_vocabulary(folder / "vocabulary.txt")
            with (folder / "vectors.i8").open("rb") as file:
                self._vectors = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._scales = read_scales(folder / "scales.f32")
        except (OSError, ValueError) as error:
            raise _damaged(folder, str(error)) from error
        if not len(self._rows) == len(self._scales) == len(self._vectors) / DIM:
            raise _damaged(folder, "the sizes of vocabulary, scales and vectors do not match")

    def embed_one(self, text: str) -> list[float]:
        """The unit vector of `text`, without numpy unless it has characters on which Unicode versions disagree."""
        if not settled(text):
            return [float(x) for x in self.embed([text])[0]]
        total = [0.0] * DIM
        signed = memoryview(self._vectors).cast("b")
        for row in row_numbers(text, self._rows):
            scale = self._scales[row]
            start = row * DIM
            total = [t + scale * v for t, v in zip(total, signed[start : start + DIM], strict=True)]
        norm = math.sqrt(math.fsum(t * t for t in total))
        return [t / norm for t in total] if norm else total

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
        """Sum the token vectors of each text into its row of `out`."""
        import numpy as np

        encoded = [encoding.ids for encoding in self._encode(texts)]
        flat: list[int] = []
        starts: list[int] = []
        summed: list[int] = []
        for i, ids in enumerate(encoded):
            if len(ids) > LONG:
                out[i] = np.bincount(ids, minlength=len(self._table)).astype(np.float32) @ self._table
            elif ids:
                starts.append(len(flat))
                summed.append(i)
                flat += ids
        if flat:
            out[summed] = np.add.reduceat(self._table.take(np.array(flat, dtype=np.int32), axis=0), starts, axis=0)

    def _encode(self, texts: Sequence[str]) -> list[Any]:
        """Encodings of `texts` without lone surrogates, which UTF-8 cannot represent."""
        try:
            encoded: list[Any] = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        except (UnicodeEncodeError, TypeError):
            whole = [text.encode("utf-8", "ignore").decode() for text in texts]
            encoded = self._tokenizer.encode_batch_fast(whole, add_special_tokens=False)
        return encoded

    @cached_property
    def _table(self) -> "NDArray[np.float32]":
        import numpy as np

        rows = np.frombuffer(self._vectors, dtype=np.int8).reshape(-1, DIM)
        return rows * np.array(self._scales, dtype=np.float32)[:, None]

    @cached_property
    def _tokenizer(self) -> Any:
        return tokenizer(self._rows)


def read_scales(path: Path) -> "array[float]":
    """The little-endian float32 numbers of a file."""
    import sys

    scales = array("f")
    scales.frombytes(path.read_bytes())
    if sys.byteorder == "big":
        scales.byteswap()
    return scales


def _damaged(folder: Path, reason: str) -> Fatal:
    return Fatal(
        f"cannot read the built-in embedding model: {reason}",
        where=str(folder),
        hint="reinstall memctl, or choose another embedder with --embedder",
    )
