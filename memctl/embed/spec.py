"""How an embedder is named and opened again: in the store's own settings, and in another process.

Holds no secret: keys come from the environment each time.
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
        """True for the model inside the package: it answers at once and without a network."""
        return self.spec.partition(":")[0] == DEFAULT

    def open(self) -> Embedder:
        """The embedder, opened once a process. Raises what `open_embedder` raises."""
        return _open(self)


@lru_cache(maxsize=4)
def _open(spec: EmbedderSpec) -> Embedder:
    return open_embedder(spec.spec, base_url=spec.base_url, dim=spec.dim)
