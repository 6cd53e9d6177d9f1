"""Vectors by mem0's configured embedder, so that mem0 finds memctl's memories like its own."""

from collections.abc import Sequence
from typing import Any

from memctl.core.errors import Fatal, Rejected, UsageError
from memctl_mem0.oss.config import Library
from memctl_mem0.oss.errors import guarded


def vectors_of(library: Library, texts: Sequence[str]) -> list[list[float] | str]:
    """A vector for each text, or in its place the reason why the embedder refuses the text.

    An empty text is embedded as a space, which embedders accept. Raises UsageError if the vectors have other dimensions
    than the store.
    """
    inputs = [text or " " for text in texts]
    try:
        vectors: list[list[float] | str] = [*_embedded(library, inputs)]
    except Rejected as refused:
        if len(inputs) == 1:
            return [f"the embedder refuses the text: {refused.message}"]
        # One of the texts is invalid; the others are embedded without it.
        vectors = [vectors_of(library, [text])[0] for text in inputs]
    dimensions = getattr(library.store_options, "embedding_model_dims", None)
    for vector in vectors:
        if isinstance(dimensions, int) and not isinstance(vector, str) and len(vector) != dimensions:
            raise UsageError(
                f"the embedder makes vectors of {len(vector)} dimensions, the store has {dimensions}",
                where=library.place,
                hint="set embedding_model_dims of the vector store in the mem0 configuration to that of the embedder",
            )
    return vectors


def _embedded(library: Library, texts: Sequence[str]) -> list[list[float]]:
    embedder: Any = library.embedder
    with guarded(f"{library.place}: embedder"):
        vectors = embedder.embed_batch(list(texts), "add")
    if len(vectors) != len(texts):
        raise Fatal(f"the embedder returned {len(vectors)} vectors for {len(texts)} texts", where=library.place)
    return [[float(x) for x in vector] for vector in vectors]
