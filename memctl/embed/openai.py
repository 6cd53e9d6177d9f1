"""Vectors from any server with OpenAI's `/embeddings` endpoint, through the `openai` package.

The package is imported when the embedder is opened. The caller retries; failures are mapped to memctl's errors.

Limits, from https://platform.openai.com/docs/api-reference/embeddings/create: at most 2,048 inputs and 300,000 tokens
per request, and 8,192 tokens per input.
"""

import math
import os
import weakref
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from memctl.core.errors import Fatal, Rejected, UsageError
from memctl.runtime.openai_errors import OPENAI_URL, Server, is_openai, open_client

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MODEL = "text-embedding-3-small"
DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}
KEY_VARIABLES = ("MEMCTL_EMBED_API_KEY", "OPENAI_API_KEY")
MOST_INPUTS = 2048
MOST_BYTES = 280_000
"""UTF-8 bytes per request: no tokenizer makes more tokens than bytes, so 300,000 tokens cannot be exceeded."""
LONGEST = 16_000
"""UTF-8 bytes per input: about 4,000 tokens of English, under 8,192 tokens even for text as dense as hex."""
TIMEOUT = 60.0


class OpenAIEmbedder:
    """An embedding model on an OpenAI-compatible server.

    Vectors are normalised to unit length. An empty text, which such servers refuse, is not sent and has the zero
    vector. A text over 16,000 bytes is sent in pieces and gets the mean of their vectors, weighted by length. Secrets
    must be redacted before.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        dim: int | None = None,
    ) -> None:
        """Open `model` at `base_url`, else OPENAI_BASE_URL, else OpenAI.

        The key is `api_key`, else MEMCTL_EMBED_API_KEY, else OPENAI_API_KEY; the last is only sent to OpenAI or the
        server in OPENAI_BASE_URL. `dim` requests vectors with that many dimensions.

        Raises UsageError if the package is missing or `dim` is not positive, AuthError if OpenAI's key is missing.
        """
        if dim is not None and dim < 1:
            raise UsageError(f"invalid dimension {dim}", hint="use a positive number")
        self.model = model or MODEL
        self.base_url = (base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL).rstrip("/")
        self._asked = dim
        self._dim = dim or (DIMENSIONS.get(self.model) if is_openai(self.base_url) else None)
        self.client = open_client(self.base_url, api_key or self._key_from_environment(), KEY_VARIABLES, TIMEOUT)
        self.server = Server(
            url=self.base_url,
            model=self.model,
            client=self.client,
            name="the embedding server",
            keys=KEY_VARIABLES,
            refused="if dimensions are set, the model may not support them",
            unreadable=Fatal,
        )
        weakref.finalize(self, self.client.close)

    @property
    def name(self) -> str:
        """`openai:<model>-<dimensions>@<host>`; the same name on two hosts may be two models."""
        return f"openai:{self.model}-{self.dim}@{urlsplit(self.base_url).netloc.rpartition('@')[2]}"

    @property
    def dim(self) -> int:
        """Number of dimensions; found by one request if it is not known."""
        if self._dim is None:
            self._request(["dimensions"])
        if self._dim is None:
            raise Fatal("the server returned a vector without dimensions", where=self.base_url)
        return self._dim

    def embed_one(self, text: str) -> list[float]:
        """The unit vector of `text`. Raises as `embed` does."""
        pieces = list(_pieces(text))
        return _mean(pieces, self._vectors(pieces), self.dim)

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """One unit row per text, in order: float32 (n, dim).

        Raises AuthError, Retryable (with the wait the server asked for), Rejected (the texts before the named one are
        accepted) and Fatal.
        """
        import numpy as np

        cut = [list(_pieces(text)) for text in texts]
        try:
            vectors = iter(self._vectors([piece for pieces in cut for piece in pieces]))
        except _RefusedInput as refusal:
            raise Rejected(
                refusal.message, where=f"text {_owner(cut, refusal.index)} of {len(texts)}", hint=refusal.hint
            ) from refusal
        out = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, pieces in zip(out, cut, strict=True):
            row[:] = _mean(pieces, [next(vectors) for _ in pieces], self.dim)
        return out

    def _vectors(self, inputs: list[str]) -> list[list[float]]:
        vectors: list[list[float]] = []
        for batch in _batches(inputs):
            vectors += self._request(batch, first=len(vectors))
        return vectors

    def _request(self, inputs: list[str], first: int = 0) -> list[list[float]]:
        """The vectors of `inputs`, which fit one request; the first is number `first` of all inputs."""
        options: dict[str, Any] = {} if self._asked is None else {"dimensions": self._asked}
        try:
            with self.server.errors():
                answer = self.client.embeddings.create(
                    model=self.model, input=inputs, encoding_format="float", **options
                )
        except Rejected as refusal:
            if len(inputs) == 1:
                raise _RefusedInput(refusal, first) from refusal
            # The response does not say which input is invalid: halving finds it in a few requests.
            half = len(inputs) // 2
            return self._request(inputs[:half], first) + self._request(inputs[half:], first + half)
        return self._checked(answer, len(inputs))

    def _checked(self, answer: Any, n: int) -> list[list[float]]:
        """The vectors of a response in the order of the inputs. Raises Fatal if they are not as requested."""
        data = sorted(getattr(answer, "data", None) or [], key=lambda item: item.index)
        if [item.index for item in data] != list(range(n)):
            raise Fatal(f"requested {n} vectors, got {len(data)} or a wrong index", where=self.base_url)
        vectors = [[float(x) for x in item.embedding] for item in data]
        if self._dim is None:
            self._dim = len(vectors[0]) or None
        for vector in vectors:
            if len(vector) != self._dim:
                raise Fatal(
                    f"{self.model} returned {len(vector)} dimensions instead of {self._dim}",
                    where=self.base_url,
                    hint=f"set the embedder's dimensions to {len(vector)}",
                )
            if not all(map(math.isfinite, vector)):
                raise Fatal(f"{self.model} returned a vector with numbers that are not finite", where=self.base_url)
        return vectors

    def _key_from_environment(self) -> str | None:
        own, openai_key = (os.environ.get(name) or None for name in KEY_VARIABLES)
        named = os.environ.get("OPENAI_BASE_URL", "").rstrip("/") == self.base_url
        return own or (openai_key if is_openai(self.base_url) or named else None)


class _RefusedInput(Rejected):
    """The server refused input number `index`."""

    def __init__(self, failure: Rejected, index: int) -> None:
        super().__init__(failure.message, where=failure.where, hint=failure.hint)
        self.index = index


def _pieces(text: str) -> Iterator[str]:
    """`text` in pieces of at most LONGEST bytes, split at white space if possible; none for an empty text.

    Lone surrogates, which JSON can carry and UTF-8 cannot, are sent as `?`.
    """
    data = text.encode("utf-8", "replace")
    while data.strip():
        end = len(data)
        if end > LONGEST:
            end = LONGEST
            while data[end] & 0xC0 == 0x80:
                end -= 1
            space = max(data.rfind(b" ", 1, end), data.rfind(b"\n", 1, end))
            end = space if space > LONGEST // 2 else end
        piece = data[:end].decode("utf-8")
        if piece.strip():
            yield piece
        data = data[end:]


def _batches(inputs: list[str]) -> Iterator[list[str]]:
    """`inputs` in order, in lists that each fit one request."""
    batch: list[str] = []
    size = 0
    for text in inputs:
        length = len(text.encode())
        if batch and (len(batch) == MOST_INPUTS or size + length > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += length
    if batch:
        yield batch


def _mean(pieces: list[str], vectors: list[list[float]], dim: int) -> list[float]:
    """The unit vector of the mean of `vectors`, weighted by the length of `pieces`; zero for none."""
    total = [0.0] * dim
    for piece, vector in zip(pieces, vectors, strict=True):
        norm = math.sqrt(math.fsum(x * x for x in vector)) or 1.0
        total = [t + len(piece) * x / norm for t, x in zip(total, vector, strict=True)]
    norm = math.sqrt(math.fsum(t * t for t in total))
    return [t / norm for t in total] if norm else total


def _owner(cut: list[list[str]], index: int) -> int:
    """The text, counted from 1, to which piece number `index` belongs."""
    for number, pieces in enumerate(cut, start=1):
        if index < len(pieces):
            return number
        index -= len(pieces)
    raise ValueError("no such piece")
