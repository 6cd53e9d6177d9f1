"""Vectors by mem0's configured embedder, so that mem0's search also finds memories that memctl wrote."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from memctl.core.errors import Fatal, Rejected, UsageError
from memctl_mem0.oss.config import Library
from memctl_mem0.oss.errors import guarded
from memctl_mem0.oss.points import Row

_SECRET = ("key", "secret", "token", "password", "credential", "prox", "client")
"""Parts of option names that concern the access to a model, not the choice of the model."""


def vectors_of(library: Library, texts: Sequence[str]) -> list[list[float] | str]:
    """For each text its vector, or the reason why the embedder refuses the text.

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
                f"the embedder's vectors have {len(vector)} dimensions, the store's have {dimensions}",
                where=library.place,
                hint="in the mem0 configuration, set the vector store's embedding_model_dims to the embedder's",
            )
    return vectors


def _embedded(library: Library, texts: Sequence[str]) -> list[list[float]]:
    embedder: Any = library.embedder
    with guarded(f"{library.place}: embedder"):
        vectors = embedder.embed_batch(list(texts), "add")
    if len(vectors) != len(texts):
        raise Fatal(f"the embedder returned {len(vectors)} vectors for {len(texts)} texts", where=library.place)
    return [[float(x) for x in vector] for vector in vectors]


def model_of(config: Mapping[str, Any]) -> str:
    """The name of the configured embedder. Two configurations have the same name only if their vectors are comparable:
    the same provider, model, server and other options."""
    section = config.get("embedder")
    section = section if isinstance(section, Mapping) else {}
    options = section.get("config")
    options = dict(options) if isinstance(options, Mapping) else {}
    model = str(options.pop("model", None) or "default")
    options.pop("embedding_dims", None)  # a vector has a length
    others = {key: value for key, value in options.items() if not any(part in key.lower() for part in _SECRET)}
    form = json.dumps(others, sort_keys=True, default=str).encode()
    mark = f"#{hashlib.sha256(form).hexdigest()[:12]}" if others else ""
    return f"mem0/{section.get('provider') or 'openai'}:{model}{mark}"


def fits(library: Library, vector: Sequence[float]) -> bool:
    """Whether the store can keep the vector."""
    dimensions = getattr(library.store_options, "embedding_model_dims", None)
    return any(vector) and all(map(math.isfinite, vector)) and dimensions in (None, len(vector))


def alike(vector: Sequence[float], stored: Sequence[float], *, scaled: bool) -> bool:
    """Whether both vectors are equal in single precision; with `scaled`, their lengths may differ."""
    ours, theirs = (math.hypot(*vector) or 1.0, math.hypot(*stored) or 1.0) if scaled else (1.0, 1.0)
    return len(vector) == len(stored) and all(
        math.isclose(a / ours, b / theirs, rel_tol=1e-6, abs_tol=1e-7) for a, b in zip(vector, stored, strict=True)
    )


def with_vectors(library: Library, rows: Sequence[Row]) -> list[Sequence[float] | str]:
    """The vector of each row, computed if it has none; or the reason why the embedder refuses the text."""
    texts = [row.payload["data"] for row in rows if row.vector is None]
    computed = iter(vectors_of(library, texts) if texts else ())
    return [next(computed) if row.vector is None else row.vector for row in rows]
