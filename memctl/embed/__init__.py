"""Text to unit vector: the static model that ships, OpenAI-compatible servers, sentence-transformers models.

This room may know nothing of facts or stores. Importing it costs nothing; an embedder's own libraries are
imported when it is opened or first used.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from memctl.core.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEFAULT = "static"


class Embedder(Protocol):
    """A model that turns texts into vectors.

    `name` identifies model, revision and dimension: vectors may be compared only under one name. `dim` is the
    number of dimensions. Vectors have unit length, so that their inner product is the cosine; a text of which
    the model knows nothing gives the zero vector.
    """

    @property
    def name(self) -> str:
        """Model, revision and dimension, such as `static:minilm-128@1`."""

    @property
    def dim(self) -> int:
        """Number of dimensions."""

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """One row for each of `texts`, in order: float32 (n, dim)."""

    def embed_one(self, text: str) -> list[float]:
        """The vector of one query, by the quickest way the model has."""


def open_embedder(
    spec: str = DEFAULT, *, base_url: str | None = None, api_key: str | None = None, dim: int | None = None
) -> Embedder:
    """The embedder that `spec` names.

    `static` (ships with memctl), `openai` or `openai:<model>` (any OpenAI-compatible server: `base_url`,
    `api_key` and the number of dimensions to ask for are its own), `sentence-transformers:<model or folder>`.

    Raises UsageError for an unknown spec, an option the embedder does not have, or a missing package;
    AuthError when a key is needed and none is known; Fatal when a model cannot be read.
    """
    kind, _, model = spec.strip().partition(":")
    makers: dict[str, Callable[[], Embedder]] = {
        "static": lambda: _static(spec, model, dim),
        "openai": lambda: _openai(model, base_url, api_key, dim),
        "sentence-transformers": lambda: _sentence_transformers(model, dim),
    }
    if kind not in makers:
        raise UsageError(
            f"unknown embedder {spec!r}",
            hint="use static, openai:<model>, or sentence-transformers:<model or folder>",
        )
    return makers[kind]()


def _static(spec: str, model: str, dim: int | None) -> Embedder:
    from memctl.embed.static import DIM, NAME, StaticEmbedder

    if model and spec != NAME:
        raise UsageError(f"there is no static model {model!r}", hint=f"use static, which is {NAME}")
    if dim not in (None, DIM):
        raise UsageError(f"the static model has {DIM} dimensions, not {dim}", hint="leave the dimensions out")
    return StaticEmbedder()


def _openai(model: str, base_url: str | None, api_key: str | None, dim: int | None) -> Embedder:
    from memctl.embed.openai import OpenAIEmbedder

    return OpenAIEmbedder(model or None, base_url=base_url, api_key=api_key, dim=dim)


def _sentence_transformers(model: str, dim: int | None) -> Embedder:
    from memctl.embed.sentence_transformers import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder(model, dim=dim)
