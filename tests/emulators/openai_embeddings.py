"""A loopback emulator of OpenAI's `/v1/embeddings`: its checks, its limits, its errors.

Vectors are computed from the input's letters, so that a test can check which input a vector belongs to.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler
from typing import Any
from zlib import crc32

from emulators.loopback import serving

KEY = "loopback-key"
NATURAL_DIM = 8
REFUSED_WORD = "unspeakable"


def letters(text: str, dim: int) -> list[float]:
    """The vector of `text`: the number of times that each letter occurs, not normalised."""
    vector = [0.25] * dim
    for c in text.lower():
        vector[ord(c) % dim] += 1.0
    return vector


def likeness(text: str, dim: int) -> list[float]:
    """A vector that is similar for texts that share words or parts of words; accents are ignored."""
    vector = [0.01] * dim
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    for word, times in Counter(re.findall(r"\w+", plain)).items():
        for place in _places(word, dim):
            vector[place] += times
    return vector


@lru_cache(maxsize=10_000)
def _places(word: str, dim: int) -> list[int]:
    """The dimensions of a vector that a word adds to."""
    parts = [word, word, *(f" {word} "[start : start + 3] for start in range(len(word)))]
    # In scripts without spaces between words, single characters count more.
    parts += 3 * [c for c in word if not c.isascii()]
    return [crc32(part.encode()) % dim for part in parts]


@dataclass
class EmbeddingsServer:
    """The options of a test, and the received requests."""

    url: str = ""
    failure: tuple[int, dict[str, Any], dict[str, str]] | None = None
    vector_of: Callable[[str, int], list[float]] = letters
    ignores_dimensions: bool = False
    drops_last: bool = False
    broken_number: bool = False
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    def answer(self, body: dict[str, Any], key: str | None) -> tuple[int, dict[str, Any], dict[str, str]]:
        self.requests.append(body)
        self.keys.append(key)
        if self.failure is not None:
            return self.failure
        if key != f"Bearer {KEY}":
            return error(401, f"Incorrect API key provided: {key}.", "invalid_api_key")
        inputs = body["input"]
        if body["model"] != "letters":
            return error(404, f"The model `{body['model']}` does not exist.", "model_not_found")
        if not 1 <= len(inputs) <= 2048:
            return error(400, "'$.input' is invalid: at most 2048 inputs.", None)
        if any(not text for text in inputs):
            return error(400, "'$.input' is invalid: an input is an empty string.", None)
        if any(len(text.split()) > 8192 for text in inputs):
            return error(400, "This model's maximum context length is 8192 tokens.", None)
        if any(REFUSED_WORD in text for text in inputs):
            return error(400, "The input cannot be embedded.", None)
        dim = NATURAL_DIM if self.ignores_dimensions else body.get("dimensions", NATURAL_DIM)
        data = [
            {"object": "embedding", "index": i, "embedding": self.vector_of(text, dim)} for i, text in enumerate(inputs)
        ]
        if self.drops_last:
            data.pop()
        if self.broken_number:
            data[0]["embedding"] = [float("nan")] * dim
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        # The protocol does not guarantee the order of the results.
        return 200, {"object": "list", "data": data[::-1], "model": "letters", "usage": usage}, {}


def error(status: int, message: str, code: str | None) -> tuple[int, dict[str, Any], dict[str, str]]:
    """An error answer in OpenAI's form."""
    return status, {"error": {"message": message, "type": "error", "param": None, "code": code}}, {}


@contextmanager
def serve() -> Iterator[EmbeddingsServer]:
    """A running server on a free port of the loopback interface."""
    state = EmbeddingsServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path != "/v1/models":
                self._send(*error(404, f"no {self.path} here", None))
            elif self.headers["authorization"] != f"Bearer {KEY}":
                self._send(*error(401, "Incorrect API key provided.", "invalid_api_key"))
            else:
                self._send(200, {"object": "list", "data": [{"id": "letters", "object": "model"}]}, {})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if self.path == "/v1/embeddings":
                self._send(*state.answer(body, self.headers["authorization"]))
            else:
                self._send(*error(404, f"no {self.path} here", None))

        def _send(self, status: int, answer: dict[str, Any], headers: dict[str, str]) -> None:
            data = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {"content-type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
            return

    with serving(Handler) as url:
        state.url = f"{url}/v1"
        yield state
