"""The identity of an embedder, for the store's settings and other processes.

Contains no secret: keys come from the environment.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from memctl.embed import DEFAULT, Embedder, open_embedder

FEW, SHORT = 8, 2000
"""Up to this many texts, and characters in all of them, are embedded one by one."""


class EmbedderSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `open_embedder` that identify an embedder."""

    spec: str = DEFAULT
    base_url: str | None = None
    dim: int | None = None

    @property
    def shipped(self) -> bool:
        """True for the built-in model, which needs no network."""
        return self.spec.partition(":")[0] == DEFAULT

    def open(self) -> Embedder:
        """The embedder, opened once per process. Raises as `open_embedder` does."""
        return _open(self)

    def few(self, texts: Sequence[str]) -> Mapping[str, Any]:
        """The vectors of the texts of one command, by text. The built-in model makes those that are asked for one by
        one, as lists of floats, which takes less time than importing numpy and `tokenizers`."""
        embedder = self.open()
        if self.shipped and len(texts) <= FEW and sum(map(len, texts)) <= SHORT:
            return _LateVectors(embedder, texts)
        return dict(zip(texts, embedder.embed(texts), strict=True)) if texts else {}


class _LateVectors(Mapping[str, list[float]]):
    """The vectors of texts, each made when it is first asked for: a fact that is known needs none."""

    def __init__(self, embedder: Embedder, texts: Iterable[str]) -> None:
        self._embedder = embedder
        self._vectors: dict[str, list[float] | None] = dict.fromkeys(texts)

    def __getitem__(self, text: str) -> list[float]:
        vector = self._vectors[text]
        if vector is None:
            vector = self._vectors[text] = self._embedder.embed_one(text)
        return vector

    def __contains__(self, text: object) -> bool:
        return text in self._vectors

    def __iter__(self) -> Iterator[str]:
        return iter(self._vectors)

    def __len__(self) -> int:
        return len(self._vectors)


@lru_cache(maxsize=4)
def _open(spec: EmbedderSpec) -> Embedder:
    return open_embedder(spec.spec, base_url=spec.base_url, dim=spec.dim)
