"""The index of a file takes a line for a fact only if a `Fact` can be made of it."""

import json
from typing import Any

import pytest

from memctl.backends.files.checked_line import id_and_owner
from memctl.backends.files.jsonl import fact_of
from memctl.core.fact import Fact, Source, encode

FACT = Fact(
    id="11111111-1111-1111-1111-111111111111",  # type: ignore[arg-type]
    user_id="alice",
    kind="fact",
    text="Alice lives in Paris.",
    source=Source(system="notes"),
)
PLAIN: dict[str, Any] = json.loads(encode(FACT))
VALID: list[dict[str, Any]] = [
    {},
    {"text": "Zoë lives in Łódź. 🙂"},
    {"confidence": 1, "valid_at": "2024-02-29T10:00:00+02:00", "created_at": "2024-02-29T10:00:00Z"},
    {"metadata": {"a": [1, 2.5, None, {"b": "c"}]}, "native": {"slot": "x"}, "categories": ["home"]},
    {"source": {"system": "notes", "turns": ["1", "2"], "quote": "Paris"}},
    {"embedding": {"model": "m", "vector": [0.5, 0.25]}},
]
INVALID: list[dict[str, Any]] = [
    {"confidence": 1.5},
    {"confidence": -0.1},
    {"confidence": "high"},
    {"valid_at": "2024-02-29T10:00:00"},
    {"valid_at": "2023-02-29T10:00:00Z"},
    {"expires_at": "0001-01-01T00:00:00+05:00"},
    {"expires_at": "9999-12-31T23:59:59-05:00"},
    {"kind": "rumour"},
    {"id": "no id"},
    {"text": None},
    {"text": "half \ud83d"},
    {"source": {"system": "notes", "quote": "half \ud83d"}},
    {"source": {"id": "1"}},
    {"source": {"system": "notes", "page": 3}},
    {"metadata": []},
    {"metadata": {"half \ud83d": 1}},
    {"unknown": 1},
    {"embedding": {"model": "m"}},
]


def line(changed: dict[str, Any]) -> bytes:
    return json.dumps(PLAIN | changed, ensure_ascii="half" in str(changed)).encode()


def is_fact(text: bytes) -> bool:
    try:
        fact_of(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("changed", VALID, ids=str)
def test_a_fact_is_indexed_without_making_it(changed: dict[str, Any]) -> None:
    assert id_and_owner(line(changed)) == (fact_of(line(changed)).id, "alice")


@pytest.mark.parametrize("changed", INVALID, ids=lambda changed: ascii(changed))
def test_a_line_that_is_no_fact_is_not_indexed(changed: dict[str, Any]) -> None:
    assert not is_fact(line(changed))
    assert id_and_owner(line(changed)) is None


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", line({})[:-1], line({"metadata": {"n": 1}}) + b"x"])
def test_a_line_that_is_not_json_is_not_indexed(text: bytes) -> None:
    assert id_and_owner(text) is None


def test_numbers_and_bytes_that_no_fact_can_have_are_not_indexed() -> None:
    infinite = line({"metadata": {"n": 1}}).replace(b'"n": 1', b'"n": 1e999')
    surrogate = line({"text": "xx"}).replace(b"xx", b"\xed\xa0\x80")
    for text in (infinite, surrogate):
        assert not is_fact(text)
        assert id_and_owner(text) is None
