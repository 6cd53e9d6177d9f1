"""Facts as payloads of mem0's stores and back: restored exactly, even through PostgreSQL's jsonb."""

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
    """The payload as jsonb returns it: keys in another order, numbers written out, NUL not allowed."""

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


def check_restored(one: Fact) -> None:
    payload = through_jsonb(payload_of(one))
    returned = fact_of(point_of(one, ACCOUNT), payload, ACCOUNT)
    assert msgspec.json.encode(returned, order="sorted") == msgspec.json.encode(one, order="sorted")


@pytest.mark.parametrize("row", scenarios("metadata"))
def test_metadata_is_restored_exactly(row: dict[str, Any]) -> None:
    check_restored(fact(metadata=row["value"], native=row["value"]))


@pytest.mark.parametrize("row", scenarios("times"))
def test_times_are_restored_to_the_microsecond(row: dict[str, Any]) -> None:
    check_restored(fact(**dict.fromkeys(TIME_FIELDS, datetime.fromisoformat(row["at"]))))


@pytest.mark.parametrize("row", [one for one in scenarios("texts") if "text" in one.values[0] and one.id != "nul"])
def test_any_text_in_any_field_is_restored(row: dict[str, Any]) -> None:
    text = row["text"]
    check_restored(fact(text=text, agent_id=text, session_id=text, categories=(text,), metadata={text: text}))


def test_a_nul_is_restored_in_every_packed_field() -> None:
    text = "a\0b"
    check_restored(
        fact(agent_id=text, session_id=text, app_id=text, subject=text, metadata={text: text}, native={text: 1})
    )
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
def test_metadata_with_mem0s_own_keys_is_restored(metadata: dict[str, Any]) -> None:
    check_restored(fact(metadata=metadata))


def test_edited_metadata_is_kept_together_with_packed_metadata() -> None:
    payload = payload_of(fact(metadata={"topic": "home", "data": "kept apart"}))
    payload |= {"topic": "work", "new": 1}
    assert fact_of("x", payload, ACCOUNT).metadata == {"topic": "work", "new": 1, "data": "kept apart"}


def test_a_fact_from_mem0_is_written_back_to_its_memory() -> None:
    native = str(uuid4())
    returned = fact_of(native, {"data": "Tea.", "user_id": "alice"}, ACCOUNT)
    assert returned.id == native_fact_id(native, ACCOUNT)
    assert point_of(returned, ACCOUNT) == native
    check_restored(msgspec.structs.replace(returned, kind="preference"))
    stranger = fact(source=Source(system="mem0", id=native))
    assert point_of(stranger, ACCOUNT) == str(stranger.id)


def test_ids_with_white_space_are_packed() -> None:
    one = fact(agent_id="an agent", session_id="s1")
    payload = payload_of(one, SLOTS, blanks=False)
    assert "agent_id" not in payload
    assert payload["run_id"] == "s1"
    assert fact_of(str(one.id), payload, ACCOUNT) == one
    with pytest.raises(ValueError, match="white space"):
        payload_of(fact(user_id="Alice B"), SLOTS, blanks=False)


def test_numeric_ids_are_read_as_text() -> None:
    assert fact_of("x", {"data": "Tea.", "user_id": 42, "run_id": 7}, ACCOUNT).user_id == "42"


def test_a_user_id_that_is_not_text_or_number_is_refused() -> None:
    with pytest.raises(ValueError, match="names neither a user"):
        fact_of("x", {"data": "Tea.", "user_id": False}, ACCOUNT)


def test_the_write_stamp_is_read_and_is_not_part_of_the_fact() -> None:
    one = fact(created_at=NOON)
    row = memory_of("x", stamped(payload_of(one), "2025-05-02T00:00:00.000000+00:00"))
    assert stamp_of({"metadata": stamped(payload_of(one), "2025")}) == "2025"
    assert stamp_of({"metadata": None}) == ""
    assert fact_of_row(row, ACCOUNT) == one


def test_an_expiry_time_is_kept_unless_its_day_was_changed_in_mem0() -> None:
    one = fact(expires_at=NOON)
    payload = payload_of(one)
    assert payload["expiration_date"] == "2025-05-02"
    assert fact_of(str(one.id), payload, ACCOUNT).expires_at == NOON
    moved = fact_of(str(one.id), payload | {"expiration_date": "2025-06-01"}, ACCOUNT)
    assert moved.expires_at == datetime(2025, 6, 1, tzinfo=UTC)
    assert moved.expires_at - NOON > timedelta(days=1)


def test_turns_must_be_texts_or_messages() -> None:
    assert messages_of(["Hi.", {"role": "assistant", "content": "Hello."}]) == [
        {"role": "user", "content": "Hi."},
        {"role": "assistant", "content": "Hello."},
    ]
    with pytest.raises(UsageError, match="content"):
        messages_of([{"role": "user"}])
