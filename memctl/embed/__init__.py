"""Text to unit vector: the built-in static model, MiniLM, OpenAI-compatible servers, sentence-transformers models.

An embedder's libraries are imported when it is opened or first used. Knows nothing of facts or stores.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from memctl.core.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEFAULT = "static"


class Embedder(Protocol):
    """A model that converts texts to vectors.

    `name` identifies model, revision and dimension: only vectors with the same name are comparable. Vectors have unit
    length, so their inner product is the cosine; a text without known tokens has the zero vector.
    """

    @property
    def name(self) -> str:
        """Model, revision and dimension, such as `static:minilm-128@1`."""

    @property
    def dim(self) -> int:
        """Number of dimensions."""

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """One row per text, in order: float32 (n, dim)."""

    def embed_one(self, text: str) -> list[float]:
        """The vector of one query, by the fastest path of the model."""


def open_embedder(
    spec: str = DEFAULT, *, base_url: str | None = None, api_key: str | None = None, dim: int | None = None
) -> Embedder:
    """Open the embedder that `spec` names.

    `static` (built in), `minilm` (of the extra `[neural]`), `openai` or `openai:<model>` (any OpenAI-compatible server,
    with `base_url`, `api_key` and the number of dimensions to request), `sentence-transformers:<model or folder>`.

    Raises UsageError for an unknown spec, an option the embedder does not have, or a missing package; AuthError if a
    required key is missing; Fatal if a model cannot be read.
    """
    kind, _, model = spec.strip().partition(":")
    makers: dict[str, Callable[[], Embedder]] = {
        "static": lambda: _static(spec, model, dim),
        "minilm": lambda: _minilm(model, dim),
        "openai": lambda: _openai(model, base_url, api_key, dim),
        "sentence-transformers": lambda: _sentence_transformers(model, dim),
    }
    if kind not in makers:
        raise UsageError(
            f"unknown embedder {spec!r}",
            hint="use static, minilm, openai:<model>, or sentence-transformers:<model or folder>",
        )
    return makers[kind]()


def _static(spec: str, model: str, dim: int | None) -> Embedder:
    from memctl.embed.static import DIM, NAME, StaticEmbedder

    if model and spec != NAME:
        raise UsageError(f"unknown static model {model!r}", hint=f"use static ({NAME})")
    if dim not in (None, DIM):
        raise UsageError(f"the static model has {DIM} dimensions, not {dim}", hint="omit the dimensions")
    return StaticEmbedder()


def _minilm(model: str, dim: int | None) -> Embedder:
    from memctl.embed.minilm import DIM, NAME, MiniLMEmbedder

    if model or dim not in (None, DIM):
        raise UsageError(f"minilm is one model with {DIM} dimensions", hint=f"use minilm ({NAME})")
    return MiniLMEmbedder()


def _openai(model: str, base_url: str | None, api_key: str | None, dim: int | None) -> Embedder:
    from memctl.embed.openai import OpenAIEmbedder

    return OpenAIEmbedder(model or None, base_url=base_url, api_key=api_key, dim=dim)


def _sentence_transformers(model: str, dim: int | None) -> Embedder:
    from memctl.embed.sentence_transformers import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder(model, dim=dim)
