"""A paid or local embedding server: each text gets its own vector, and failures become the right errors."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from memctl.core.errors import AuthError, Fatal, MemctlError, Rejected, Retryable, UsageError
from memctl.embed import open_embedder
from memctl.embed.openai import OpenAIEmbedder


@pytest.fixture
def embedder(server: Any, emulator: Any, monkeypatch: pytest.MonkeyPatch) -> OpenAIEmbedder:
    monkeypatch.setenv("MEMCTL_EMBED_API_KEY", emulator.KEY)
    opened = open_embedder("openai:letters", base_url=server.url)
    assert isinstance(opened, OpenAIEmbedder)
    return opened


def unit(vector: list[float]) -> list[float]:
    return [float(x) for x in np.array(vector) / np.linalg.norm(vector)]


def test_each_text_gets_its_own_unit_vector(embedder: OpenAIEmbedder, emulator: Any) -> None:
    texts = ["shipping", "Tokyo", "peanuts"]
    vectors = embedder.embed(texts)
    assert vectors.dtype == np.float32
    for text, vector in zip(texts, vectors, strict=True):
        assert vector.tolist() == pytest.approx(unit(emulator.letters(text, 8)), abs=1e-6)
    assert embedder.embed_one("Tokyo") == pytest.approx(unit(emulator.letters("Tokyo", 8)))


def test_the_name_contains_model_dimension_and_host(embedder: OpenAIEmbedder, server: Any) -> None:
    assert embedder.dim == 8
    assert embedder.name == f"openai:letters-8@{server.url.split('/')[2]}"


def test_the_requested_dimensions_are_sent(server: Any, emulator: Any) -> None:
    embedder = open_embedder("openai:letters", base_url=server.url, api_key=emulator.KEY, dim=4)
    assert embedder.embed(["a"]).shape == (1, 4)
    assert server.requests[-1]["dimensions"] == 4


def test_a_response_with_other_dimensions_is_an_error(server: Any, emulator: Any) -> None:
    server.ignores_dimensions = True
    embedder = open_embedder("openai:letters", base_url=server.url, api_key=emulator.KEY, dim=4)
    with pytest.raises(Fatal, match="returned 8 dimensions instead of 4"):
        embedder.embed(["a"])


def test_many_texts_are_split_into_requests_of_allowed_size(
    embedder: OpenAIEmbedder, server: Any, emulator: Any
) -> None:
    texts = [f"note {i}" for i in range(4100)]
    vectors = embedder.embed(texts)
    assert [len(request["input"]) for request in server.requests] == [2048, 2048, 4]
    assert vectors[4099].tolist() == pytest.approx(unit(emulator.letters(texts[4099], 8)), abs=1e-6)


def test_no_request_exceeds_the_token_limit(embedder: OpenAIEmbedder, server: Any) -> None:
    embedder.embed(["word " * 3000] * 50)
    sizes = [sum(len(text.encode()) for text in request["input"]) for request in server.requests]
    assert sum(sizes) == 50 * 15_000
    assert max(sizes) <= 300_000


def test_a_text_over_the_input_limit_is_embedded_completely(embedder: OpenAIEmbedder, server: Any) -> None:
    text = "é " * 9000 + "日本" * 6000
    vector = embedder.embed([text, "short"])[0]
    sent = [piece for request in server.requests for piece in request["input"]]
    assert "".join(sent[:-1]).replace(" ", "") == text.replace(" ", "")
    assert max(len(piece.encode()) for piece in sent) <= 16_000
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


def test_an_empty_text_is_not_sent_and_has_a_zero_vector(embedder: OpenAIEmbedder) -> None:
    vectors = embedder.embed(["", "cat", " \n"])
    assert vectors.any(axis=1).tolist() == [False, True, False]
    assert embedder.embed_one("") == [0.0] * 8


def test_a_single_refused_text_is_identified(embedder: OpenAIEmbedder, emulator: Any) -> None:
    texts = [f"note {i}" for i in range(40)]
    texts[17] = emulator.REFUSED_WORD
    with pytest.raises(Rejected) as error:
        embedder.embed(texts)
    assert error.value.where == "text 18 of 40"
    assert "cannot be embedded" in error.value.message


def answers(status: int, code: str | None = None, **headers: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"error": {"message": "no", "type": "error", "param": None, "code": code}}, named


@pytest.mark.parametrize(
    ("failure", "kind", "after"),
    [
        (answers(401), AuthError, None),
        (answers(403), AuthError, None),
        (answers(404), Fatal, None),
        (answers(429, "insufficient_quota"), Fatal, None),
        (answers(429, "rate_limit_exceeded", retry_after="7"), Retryable, 7.0),
        (answers(429, retry_after_ms="250"), Retryable, 0.25),
        (answers(500), Retryable, None),
        (answers(503, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"), Retryable, None),
        (answers(400), Rejected, None),
        ((200, {"object": "list", "data": [], "model": "letters"}, {}), Fatal, None),
    ],
)
def test_each_failure_becomes_the_matching_error(
    embedder: OpenAIEmbedder, server: Any, failure: Any, kind: type[MemctlError], after: float | None
) -> None:
    server.failure = failure
    with pytest.raises(kind) as error:
        embedder.embed(["shipping"])
    assert type(error.value) is kind
    assert getattr(error.value, "after", None) == after
    assert len(server.requests) == 1


@pytest.mark.parametrize("quirk", ["drops_last", "broken_number"])
def test_a_malformed_response_is_an_error(embedder: OpenAIEmbedder, server: Any, quirk: str) -> None:
    setattr(server, quirk, True)
    with pytest.raises(Fatal):
        embedder.embed(["shipping", "Tokyo"])


def test_a_query_that_is_refused_is_rejected(embedder: OpenAIEmbedder, emulator: Any) -> None:
    with pytest.raises(Rejected):
        embedder.embed_one(emulator.REFUSED_WORD)


def test_an_unreachable_server_is_retryable() -> None:
    embedder = open_embedder("openai:letters", base_url="http://127.0.0.1:9/v1")
    with pytest.raises(Retryable) as error:
        embedder.embed(["shipping"])
    assert error.value.where == "http://127.0.0.1:9/v1"


def test_openais_own_server_needs_a_key(server: Any) -> None:
    with pytest.raises(AuthError) as error:
        open_embedder("openai")
    assert "OPENAI_API_KEY" in (error.value.hint or "")


def test_the_openai_key_is_sent_only_to_its_own_server(
    server: Any, emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", emulator.KEY)
    with pytest.raises(AuthError):
        open_embedder("openai:letters", base_url=server.url).embed(["a"])
    assert emulator.KEY not in str(server.keys)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    assert open_embedder("openai:letters").embed(["a"]).shape == (1, 8)


def keyed(make: Callable[[], object]) -> MemctlError:
    with pytest.raises(MemctlError) as error:
        make()
    return error.value


def test_a_key_is_never_part_of_an_error(server: Any) -> None:
    secret = "secret-" + "0" * 20
    error = keyed(lambda: open_embedder("openai:letters", base_url=server.url, api_key=secret).embed(["a"]))
    assert secret not in f"{error} {error.hint}"


def test_dimensions_of_known_models_need_no_request(server: Any, emulator: Any) -> None:
    embedder = open_embedder("openai", api_key=emulator.KEY)
    assert embedder.name == "openai:text-embedding-3-small-1536@api.openai.com"
    with pytest.raises(UsageError):
        open_embedder("openai", api_key=emulator.KEY, dim=0)
