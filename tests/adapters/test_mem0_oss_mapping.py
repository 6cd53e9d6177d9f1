"""Facts as payloads of mem0's stores and back: bit for bit, through what PostgreSQL's jsonb does to JSON."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from memctl_mem0.mapping import native_fact_id
from memctl_mem0.oss.mapping import (
    SLOTS,
    fact_of,
    fact_of_row,
    memory_of,
    messages_of,
    payload_of,
    point_of,
    stamp_of,
    stamped,
)

from memctl.core.errors import UsageError
from memctl.core.fact import TIME_FIELDS, Fact, Source

SCENARIOS = Path(__file__).parents[2] / "memctl" / "backends" / "testing" / "scenarios"
ACCOUNT = "pgvector/db/mem0"
NOON = datetime(2025, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)


def scenarios(name: str) -> list[Any]:
    lines = (SCENARIOS / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    return [pytest.param(row, id=row["name"]) for row in rows]


def fact(**fields: Any) -> Fact:
    given_ = {"id": uuid4(), "user_id": "alice", "kind": "fact", "text": "Tea.", "source": Source(system="test")}
    return Fact(**(given_ | fields))


def through_jsonb(payload: dict[str, Any]) -> dict[str, Any]:
    """The payload as jsonb gives it back: keys in another order, numbers written out, no NUL at all."""

    def number(form: str) -> float | int:
        value = float(form)
        return int(value) if "e" in form and value == int(value) else abs(value) if value == 0 else value

    text = json.dumps(payload, sort_keys=True)
    decoded: dict[str, Any] = json.loads(text, parse_float=number)
    assert not any("\0" in text for text in _texts(decoded))
    return decoded


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value


def comes_back(one: Fact) -> None:
    payload = through_jsonb(payload_of(one))
    found = fact_of(point_of(one, ACCOUNT), payload, ACCOUNT)
    assert msgspec.json.encode(found, order="sorted") == msgspec.json.encode(one, order="sorted")


@pytest.mark.parametrize("row", scenarios("metadata"))
def test_metadata_comes_back_to_the_last_bit(row: dict[str, Any]) -> None:
    comes_back(fact(metadata=row["value"], native=row["value"]))


@pytest.mark.parametrize("row", scenarios("times"))
def test_times_come_back_to_the_microsecond(row: dict[str, Any]) -> None:
    comes_back(fact(**dict.fromkeys(TIME_FIELDS, datetime.fromisoformat(row["at"]))))


@pytest.mark.parametrize("row", [one for one in scenarios("texts") if "text" in one.values[0] and one.id != "nul"])
def test_any_text_comes_back_in_any_field(row: dict[str, Any]) -> None:
    text = row["text"]
    comes_back(fact(text=text, agent_id=text, session_id=text, categories=(text,), metadata={text: text}))


def test_a_nul_comes_back_from_every_field_that_is_packed() -> None:
    text = "a\0b"
    comes_back(fact(agent_id=text, session_id=text, app_id=text, subject=text, metadata={text: text}, native={text: 1}))
    for field in ("text", "user_id"):
        with pytest.raises(ValueError, match="NUL"):
            payload_of(fact(**{field: text}))


WORDS = st.text(st.characters(codec="utf-8"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["data", "user_id", "memctl", "role", "topic", "hash", "\0"]), JSON, max_size=4))
def test_metadata_under_mem0s_own_keys_comes_back_too(metadata: dict[str, Any]) -> None:
    comes_back(fact(metadata=metadata))


def test_metadata_edited_in_mem0_stands_beside_what_it_could_not_hold() -> None:
    payload = payload_of(fact(metadata={"topic": "home", "data": "kept apart"}))
    payload |= {"topic": "work", "new": 1}
    assert fact_of("x", payload, ACCOUNT).metadata == {"topic": "work", "new": 1, "data": "kept apart"}


def test_a_fact_of_mem0_goes_back_to_the_memory_it_came_from() -> None:
    native = str(uuid4())
    found = fact_of(native, {"data": "Tea.", "user_id": "alice"}, ACCOUNT)
    assert found.id == native_fact_id(native, ACCOUNT)
    assert point_of(found, ACCOUNT) == native
    comes_back(msgspec.structs.replace(found, kind="preference"))
    stranger = fact(source=Source(system="mem0", id=native))
    assert point_of(stranger, ACCOUNT) == str(stranger.id)


def test_ids_with_white_space_are_packed_where_mem0s_api_takes_none() -> None:
    one = fact(agent_id="an agent", session_id="s1")
    payload = payload_of(one, SLOTS, blanks=False)
    assert "agent_id" not in payload
    assert payload["run_id"] == "s1"
    assert fact_of(str(one.id), payload, ACCOUNT) == one
    with pytest.raises(ValueError, match="white space"):
        payload_of(fact(user_id="Alice B"), SLOTS, blanks=False)


def test_ids_that_are_numbers_are_their_digits() -> None:
    assert fact_of("x", {"data": "Tea.", "user_id": 42, "run_id": 7}, ACCOUNT).user_id == "42"


def test_a_user_id_that_is_no_name_makes_nobody_of_that_name() -> None:
    with pytest.raises(ValueError, match="names neither a user"):
        fact_of("x", {"data": "Tea.", "user_id": False}, ACCOUNT)


def test_the_later_of_two_writings_is_told_by_its_stamp() -> None:
    one = fact(created_at=NOON)
    row = memory_of("x", stamped(payload_of(one), "2025-05-02T00:00:00.000000+00:00"))
    assert stamp_of({"metadata": stamped(payload_of(one), "2025")}) == "2025"
    assert stamp_of({"metadata": None}) == ""
    assert fact_of_row(row, ACCOUNT) == one


def test_an_instant_of_expiry_stands_unless_mem0_moved_the_day() -> None:
    one = fact(expires_at=NOON)
    payload = payload_of(one)
    assert payload["expiration_date"] == "2025-05-02"
    assert fact_of(str(one.id), payload, ACCOUNT).expires_at == NOON
    moved = fact_of(str(one.id), payload | {"expiration_date": "2025-06-01"}, ACCOUNT)
    assert moved.expires_at == datetime(2025, 6, 1, tzinfo=UTC)
    assert moved.expires_at - NOON > timedelta(days=1)


def test_turns_are_texts_or_messages_and_nothing_else() -> None:
    assert messages_of(["Hi.", {"role": "assistant", "content": "Hello."}]) == [
        {"role": "user", "content": "Hi."},
        {"role": "assistant", "content": "Hello."},
    ]
    with pytest.raises(UsageError, match="content"):
        messages_of([{"role": "user"}])
