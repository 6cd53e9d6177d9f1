"""Vectors by the embedder that mem0 is configured with, so that mem0 finds what memctl wrote as it finds its own."""

from collections.abc import Sequence
from typing import Any

from memctl.core.errors import Fatal, Rejected, UsageError
from memctl_mem0.oss.config import Library
from memctl_mem0.oss.errors import guarded


def vectors_of(library: Library, texts: Sequence[str]) -> list[list[float] | str]:
    """A vector for each text, or in its place the reason why the embedder refuses that one text.

    A text of nothing is embedded as a blank, which embedders take. Raises UsageError when the vectors are not of the
    number of dimensions the store is made for.
    """
    sent = [text or " " for text in texts]
    try:
        vectors: list[list[float] | str] = [*_embedded(library, sent)]
    except Rejected as refused:
        if len(sent) == 1:
            return [f"the embedder refuses the text: {refused.message}"]
        # One of them is at fault, and its neighbours can do nothing for it.
        vectors = [vectors_of(library, [text])[0] for text in sent]
    dimensions = getattr(library.store_options, "embedding_model_dims", None)
    for vector in vectors:
        if isinstance(dimensions, int) and not isinstance(vector, str) and len(vector) != dimensions:
            raise UsageError(
                f"the embedder makes vectors of {len(vector)} dimensions, the store is made for {dimensions}",
                where=library.place,
                hint="set embedding_model_dims of the vector store in the mem0 configuration to the embedder's",
            )
    return vectors


def _embedded(library: Library, texts: Sequence[str]) -> list[list[float]]:
    embedder: Any = library.embedder
    with guarded(f"{library.place}: embedder"):
        vectors = embedder.embed_batch(list(texts), "add")
    if len(vectors) != len(texts):
        raise Fatal(f"the embedder gave {len(vectors)} vectors for {len(texts)} texts", where=library.place)
    return [[float(x) for x in vector] for vector in vectors]
