"""The identity of an embedder, for the store's settings and other processes.

Contains no secret: keys come from the environment.
"""

from functools import lru_cache

import msgspec

from memctl.embed import DEFAULT, Embedder, open_embedder


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


@lru_cache(maxsize=4)
def _open(spec: EmbedderSpec) -> Embedder:
    return open_embedder(spec.spec, base_url=spec.base_url, dim=spec.dim)
