"""A mem0 memory as a Fact and back: fields that mem0 lacks are restored, and edits in mem0 are kept."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from memctl_mem0.mapping import OWN, OWN_ID, PLATFORM_SLOTS, day_of, from_fact, metadata_of, seconds, time_of, to_fact

from memctl.core.fact import TIME_FIELDS, Embedding, Fact, Source, derive_id

SCENARIOS = Path(__file__).parents[2] / "memctl" / "backends" / "testing" / "scenarios"
NATIVE_ID = "6d1f3c52-0a3e-4b8e-9d53-0b6f8a3f0c11"
NOW = "2026-11-20T09:00:00.123456-07:00"


def fact(**fields: Any) -> Fact:
    values: dict[str, Any] = {
        "id": derive_id("test"), "user_id": "alice", "kind": "fact", "text": "Alice lives in Paris.",
        "source": Source(system="test"),
    }  # fmt: skip
    return Fact(**values | fields)


WHOLE = fact(
    kind="preference",
    agent_id="agent-7",
    session_id="session 1",
    app_id="app/1",
    subject="alice",
    predicate="lives_in",
    object="Paris",
    categories=("b", "a", "b"),
    confidence=0.1 + 0.2,
    valid_at=datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC),
    invalid_at=datetime(2031, 1, 1, tzinfo=UTC),
    created_at=datetime(2025, 5, 1, 8, 30, 0, 1, tzinfo=UTC),
    updated_at=datetime(2025, 5, 2, 8, 30, 7, 5, tzinfo=UTC),
    expired_at=datetime(2025, 6, 2, tzinfo=UTC),
    expires_at=datetime(2099, 12, 30, 15, 0, 0, 1, tzinfo=UTC),
    superseded_by=UUID(int=7),
    source=Source(system="chatgpt", id="n/1", uri="file:///a b", session="s", turns=("D1:3", "x"), quote="…"),
    metadata={"page": 2**53 + 1, "deep": {"er": [None, -0.5]}},
    native={"score": 0.25, "hash": "0af1"},
    embedding=Embedding(model="m", vector=(0.5, 0.5)),
)


def stored_by_mem0(original: Fact, **edits: Any) -> dict[str, Any]:
    """The memory that the platform returns for a fact sent to it, with later edits."""
    sent = from_fact(original)
    created = NOW if sent.timestamp is None else (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=sent.timestamp))
    row = {
        "id": NATIVE_ID, "memory": sent.text, "user_id": None, "agent_id": None, "app_id": None, "run_id": None,
        **sent.scope, "metadata": json.loads(json.dumps(sent.metadata)), "categories": ["misc"], "updated_at": NOW,
        "created_at": created if isinstance(created, str) else created.isoformat(), "synthesized": False,
        "structured_attributes": {"year": 2026}, "replaced_by": None, "expiration_date": sent.expiration_date,
    }  # fmt: skip
    row["session_id"] = row.pop("run_id")
    return row | edits


def restored(original: Fact, **edits: Any) -> Fact:
    return to_fact(stored_by_mem0(original, **edits), account="here")


def without_vector(original: Fact) -> Fact:
    """The part of a fact that mem0 must restore: everything but its vector."""
    return msgspec.structs.replace(original, embedding=None)


def scenario_facts() -> list[Any]:
    scenario = []
    for name in ("fields", "times", "metadata", "texts"):
        for line in (SCENARIOS / f"{name}.jsonl").read_text(encoding="utf-8").split("\n"):
            if not line:
                continue
            row = json.loads(line)
            fields = row.get("fact") or {}
            if "at" in row:
                fields = dict.fromkeys(TIME_FIELDS, row["at"])
            if "value" in row:
                fields = {"metadata": row["value"], "native": row["value"]}
            if "text" in row:
                fields = {"text": row["text"], "subject": row["text"], "native": {row["text"]: row["text"]}}
            made = msgspec.convert({**msgspec.to_builtins(fact()), **fields}, Fact)
            scenario.append(pytest.param(made, id=f"{name}-{row['name']}".replace(" ", "-")))
    return scenario


@pytest.mark.parametrize(
    "original", [pytest.param(WHOLE, id="whole"), pytest.param(fact(), id="bare"), *scenario_facts()]
)
def test_every_field_but_the_vector_is_restored_exactly(original: Fact) -> None:
    assert msgspec.json.encode(restored(original)) == msgspec.json.encode(without_vector(original))


def test_a_restored_fact_is_sent_unchanged() -> None:
    assert from_fact(restored(WHOLE)) == from_fact(without_vector(WHOLE))


@pytest.mark.parametrize("key", [OWN, OWN_ID, "mem0_migration_import_key"])
def test_the_users_own_metadata_may_use_our_names(key: str) -> None:
    original = fact(metadata={key: {"mine": 1}, "other": 2})
    assert restored(original).metadata == original.metadata


def test_mem0_gets_timestamp_expiration_date_and_all_owners() -> None:
    sent = from_fact(WHOLE)
    assert sent.timestamp == 1746088200
    assert sent.expiration_date == "2099-12-31"
    assert sent.scope == {"user_id": "alice", "agent_id": "agent-7", "app_id": "app/1", "run_id": "session 1"}
    assert set(sent.metadata) == {"page", "deep", OWN, OWN_ID}
    assert "embedding" not in sent.metadata[OWN]["fact"]


def test_a_text_edited_in_mem0_is_kept_and_clears_the_old_triple() -> None:
    returned = restored(WHOLE, memory="Alice lives in Rome.")
    assert returned.id == WHOLE.id
    assert returned.text == "Alice lives in Rome."
    assert (returned.subject, returned.predicate, returned.object, returned.confidence) == (None, None, None, None)
    assert returned.updated_at == datetime(2026, 11, 20, 16, 0, 0, 123456, UTC)
    assert returned.created_at == WHOLE.created_at
    assert returned.source == WHOLE.source


def test_times_edited_in_mem0_are_kept() -> None:
    returned = restored(WHOLE, created_at="2020-01-01T00:00:00Z", expiration_date="2030-01-01")
    assert returned.created_at == datetime(2020, 1, 1, tzinfo=UTC)
    assert returned.expires_at == datetime(2030, 1, 1, tzinfo=UTC)
    assert restored(WHOLE, expiration_date=None).expires_at is None
    assert restored(fact(), expiration_date="2030-01-01").expires_at == datetime(2030, 1, 1, tzinfo=UTC)


def test_a_memory_replaced_in_mem0_is_superseded() -> None:
    returned = restored(fact(), replaced_by=NATIVE_ID)
    assert returned.superseded_by == derive_id("mem0", "", NATIVE_ID)
    known = to_fact(stored_by_mem0(fact(), replaced_by="x"), account="here", successors={"x": UUID(int=5)})
    assert known.superseded_by == UUID(int=5)


def test_a_copy_for_another_owner_is_a_separate_fact() -> None:
    returned = restored(WHOLE, user_id="bruno")
    assert returned.user_id == "bruno"
    assert returned.id == derive_id("mem0", "", NATIVE_ID)


def test_metadata_keys_named_memctl_by_the_user_are_kept() -> None:
    for value in ("x", {"fact": 1}, {"fact": {"no such field": 1}}, {"fact": {"kind": 7}, "text": "x"}, None):
        row = {"id": NATIVE_ID, "memory": "x", "user_id": "alice", "metadata": {OWN: value, "a": 1}}
        assert to_fact(row, account="here").metadata == {OWN: value, "a": 1}


def test_a_memory_of_an_agent_only_returns_to_the_agent() -> None:
    row = {"id": NATIVE_ID, "memory": "x", "user_id": None, "agent_id": "bot", "session_id": "s"}
    returned = to_fact(row, account="here")
    assert (returned.user_id, returned.agent_id, returned.session_id) == ("agent:bot", "bot", "s")
    assert from_fact(returned).scope == {"agent_id": "bot", "run_id": "s"}
    assert restored(returned) == returned
    renamed = msgspec.structs.replace(returned, user_id="carla")
    assert from_fact(renamed).scope == {"user_id": "carla", "agent_id": "bot", "run_id": "s"}
    for key, owner in (("app_id", "app:x"), ("run_id", "run:x"), ("session_id", "run:x")):
        assert to_fact({"id": NATIVE_ID, "memory": "x", key: "x"}, account="here").user_id == owner


def test_a_user_named_like_an_agent_stays_a_user() -> None:
    original = fact(user_id="agent:bot", agent_id="bot")
    assert from_fact(original).scope["user_id"] == "agent:bot"


@pytest.mark.parametrize("user", ["", "*"])
def test_user_names_that_mem0_cannot_have_are_refused(user: str) -> None:
    with pytest.raises(ValueError, match="cannot have a user named"):
        from_fact(fact(user_id=user))


def test_invalid_times_and_labels_are_kept_unchanged_as_native_fields() -> None:
    row = {
        "id": NATIVE_ID, "memory": "x", "user_id": "a", "created_at": "yesterday", "categories": [{"name": "x"}],
        "expiration_date": True, "metadata": "text", "lifecycle_state": "active", "score": 0.5, "score_breakdown": {},
    }  # fmt: skip
    returned = to_fact(row, account="here")
    assert returned.created_at is None
    assert returned.native == {
        "created_at": "yesterday", "categories": [{"name": "x"}], "expiration_date": True, "metadata": "text",
        "lifecycle_state": "active",
    }  # fmt: skip


@pytest.mark.parametrize("row", [{"id": "x", "user_id": "a"}, {"memory": None, "user_id": "a"}, {"memory": "x"}])
def test_a_record_without_text_or_owner_is_not_a_fact(row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="the memory"):
        to_fact(row, account="here")


def test_an_expiry_time_is_rounded_up_to_the_next_day() -> None:
    assert day_of(datetime(2030, 1, 1, tzinfo=UTC)) == "2030-01-01"
    assert day_of(datetime(2030, 1, 1, 0, 0, 0, 1, tzinfo=UTC)) == "2030-01-02"
    assert day_of(datetime(9999, 12, 31, 23, tzinfo=UTC)) == "9999-12-31"


def test_times_in_every_notation_are_read() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    texts = ("2026-01-01T12:00:00Z", "2026-01-01T05:00:00-07:00", "2026-01-01T12:00:00", "1767268800")
    for said in (*texts, 1767268800, 1767268800.0, 1767268800000):
        assert time_of(said) == noon
    assert time_of("2026-01-01") == datetime(2026, 1, 1, tzinfo=UTC)
    assert [time_of(x) for x in ("", "x", None, True, [], 1e300, float("nan"))] == [None] * 7
    assert seconds(datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == -1


@pytest.mark.parametrize(
    "unknown", [0, 0.0, "1970-01-01T00:00:00+00:00", "1969-12-31T16:00:00-08:00", "1970-01-01", None, ""]
)
def test_a_memory_with_an_unreadable_time_is_undated(unknown: Any) -> None:
    row = {"id": "1", "memory": "Tea.", "user_id": "alice", "created_at": unknown, "updatedAt": unknown}
    fact = to_fact(row, account="here")
    assert (fact.created_at, fact.updated_at) == (None, None)


def test_a_fact_of_the_first_day_of_1970_keeps_its_time() -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    metadata = metadata_of(msgspec.structs.replace(WHOLE, created_at=epoch), PLATFORM_SLOTS)
    row = {"id": "1", "memory": WHOLE.text, "user_id": WHOLE.user_id, "created_at": 0, "metadata": metadata}
    assert to_fact(row, account="here").created_at == epoch


def test_a_backend_with_more_fields_packs_fewer_into_metadata() -> None:
    slots = PLATFORM_SLOTS | {"created_at", "updated_at"}
    assert {"created_at", "updated_at"} & set(metadata_of(WHOLE, slots)[OWN]["fact"]) == set()
    assert {"created_at", "updated_at"} <= set(metadata_of(WHOLE, PLATFORM_SLOTS)[OWN]["fact"])
