"""Facts as Zep edges and back, without a server: which fields change after a move to Zep and back."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from memctl_zep.mapping import ID, PACKED, Draft, Owner, fact_name, fitted, from_fact, node_fact, node_name, to_fact

from memctl.core.fact import Embedding, Fact, Source, derive_id

OWNER = Owner("alice")
FULL: dict[str, Any] = {
    "kind": "preference",
    "agent_id": "agent",
    "session_id": "session 1",
    "app_id": "app",
    "subject": "the cat",
    "predicate": "lives in",
    "object": "Lisbon",
    "categories": ("pets", "home"),
    "confidence": 0.1 + 0.2,
    "valid_at": datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC),
    "invalid_at": datetime(2031, 1, 1, tzinfo=UTC),
    "created_at": datetime(2025, 5, 1, 8, 30, 0, 1, tzinfo=UTC),
    "updated_at": datetime(2025, 5, 2, tzinfo=UTC),
    "expired_at": datetime(2025, 6, 2, tzinfo=UTC),
    "expires_at": datetime(2099, 12, 31, tzinfo=UTC),
    "superseded_by": UUID(int=7),
    "source": Source(system="chatgpt", id="n/1", uri="file:///x", session="s", turns=("D1:3",), quote="said so"),
    "metadata": {"memctl": 1, "whole": 2**53 + 1, "deep": {"er": [None, -0.5]}},
    "native": {"attributes": "not Zep's", "hash": "0af1"},
}


def fact(text: str = "The cat lives in Lisbon.", **fields: Any) -> Fact:
    return Fact(
        **({"id": derive_id(text), "user_id": "alice", "kind": "fact", "source": Source(system="t")} | fields),
        text=text,
    )


def stored(draft: Draft, **changed: Any) -> dict[str, Any]:
    """The edge as Zep would return it, with later edits."""
    edge = dict(draft.edge)
    names = {"source_node_name": draft.source or "Alice Smith", "target_node_name": draft.target}
    record = {
        "uuid": str(uuid4()),
        "name": edge.pop("fact_name"),
        "created_at": "2026-01-01T00:00:00Z",
        **edge,
        **names,
    }
    return {key: value for key, value in (record | changed).items() if value is not None}


def test_every_field_but_the_vector_is_restored():
    whole = fact(**FULL, embedding=Embedding(model="m", vector=(0.5,)))
    assert to_fact(stored(from_fact(whole)), OWNER) == msgspec.structs.replace(whole, embedding=None)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
TIME = st.none() | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))


@given(TEXT, st.none() | TEXT, st.none() | TEXT, st.none() | TEXT, TIME, TIME, TIME)
def test_any_texts_and_times_are_restored_within_zeps_limits(
    text: str, subject: str | None, predicate: str | None, object_: str | None, valid: Any, invalid: Any, expired: Any
):
    times = {"valid_at": valid, "invalid_at": invalid, "expired_at": expired}
    whole = fact(text, subject=subject, predicate=predicate, object=object_, **times)
    draft = from_fact(whole)
    assert 1 <= len(draft.edge["fact"]) <= 250
    assert re.fullmatch("[A-Z][A-Z0-9_]{0,49}", draft.edge["fact_name"])
    assert all(1 <= len(name) <= 50 for name in (draft.source, draft.target) if name is not None)
    assert len(draft.edge["attributes"]) == 2
    assert to_fact(stored(draft), OWNER) == whole


def test_a_long_text_is_restored_and_zep_shows_its_beginning():
    text = "Alice said a great deal. " * 100
    draft = from_fact(fact(text))
    assert draft.edge["fact"].endswith("…")
    assert text.startswith(draft.edge["fact"].rstrip("…"))
    assert to_fact(stored(draft), OWNER).text == text


def test_times_are_exact_although_zep_truncates_them_to_seconds():
    whole = fact(valid_at=datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC))
    assert to_fact(stored(from_fact(whole), valid_at="2024-02-29T23:59:59Z"), OWNER) == whole


@pytest.mark.parametrize("text", ["Short.", "long " * 100])
def test_an_edit_in_zep_overrides_the_packed_fields(text: str):
    draft = from_fact(fact(text, **FULL))
    returned = to_fact(
        stored(
            draft,
            fact="Somebody edited this.",
            name="DIED_IN",
            source_node_name="the dog",
            target_node_name="Oslo",
            valid_at="2020-01-01T00:00:00Z",
            invalid_at=None,
            attributes={**draft.edge["attributes"], "rating": 3},
        ),
        OWNER,
    )
    assert returned.text == "Somebody edited this."
    assert (returned.subject, returned.predicate, returned.object) == ("the dog", "DIED_IN", "Oslo")
    assert (returned.valid_at, returned.invalid_at) == (datetime(2020, 1, 1, tzinfo=UTC), None)
    assert returned.native == {"attributes": {"rating": 3}, "hash": "0af1"}
    assert returned.confidence == FULL["confidence"]


def test_a_fact_without_a_triple_belongs_to_the_user_and_gets_none():
    plain = fact("Likes tea.")
    draft = from_fact(plain)
    assert (draft.source, draft.edge["fact_name"], draft.target) == (None, "HAS_FACT", "Likes tea.")
    returned = to_fact(stored(draft), OWNER)
    assert (returned.subject, returned.predicate, returned.object) == (None, None, None)


@pytest.mark.parametrize("subject", [None, "alice", "ALICE", "Alice Smith", "user"])
def test_all_names_of_the_user_are_one_node_and_the_subject_is_kept(subject: str | None):
    whole = fact(subject=subject, predicate="likes", object="tea")
    draft = from_fact(whole, {"alice smith", "user"})
    assert draft.source is None
    assert to_fact(stored(draft), OWNER) == whole


def test_at_most_ten_attributes_are_restored_as_attributes():
    attributes = {f"a{number}": number for number in range(12)}
    whole = fact(source=Source(system="zep", id="e"), native={"attributes": attributes})
    draft = from_fact(whole)
    assert len(draft.edge["attributes"]) == 10
    assert draft.edge["attributes"]["a7"] == 7
    assert to_fact(stored(draft), OWNER) == whole


def test_an_attribute_removed_in_zep_is_gone_and_the_others_stay():
    whole = fact(
        source=Source(system="zep", id="e"), native={"attributes": {"a": 1, "b": 2, "list": [1], "big": 2**60, "": "x"}}
    )
    edge = stored(from_fact(whole))
    del edge["attributes"]["a"]
    assert to_fact(edge, OWNER).native == {"attributes": {"b": 2, "list": [1], "big": 2**60, "": "x"}}


def test_a_foreign_edge_is_a_fact_with_its_triple_and_all_fields():
    edge = {
        "uuid": "e-1", "fact": "Alice lives in Lisbon.", "name": "LIVES_IN", "source_node_name": "Alice",
        "target_node_name": "Lisbon", "source_node_labels": ["Entity", "User"], "attributes": {"since": 2023},
        "created_at": "2025-03-01T08:00:00.123456789Z", "valid_at": "2023-05-01T00:00:00+02:00", "score": 0.5,
    }  # fmt: skip
    returned = to_fact(edge, Owner("alice", {"email": "a@example.org"}))
    assert (returned.subject, returned.predicate, returned.object) == ("Alice", "LIVES_IN", "Lisbon")
    assert returned.valid_at == datetime(2023, 4, 30, 22, tzinfo=UTC)
    assert returned.created_at == datetime(2025, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)
    assert returned.source == Source(system="zep", id="e-1")
    assert returned.native == {
        "source_node_labels": ["Entity", "User"],
        "attributes": {"since": 2023},
        "user": {"email": "a@example.org"},
    }
    assert returned.id == to_fact(edge, OWNER).id


def test_memctls_id_is_used_even_if_the_packed_fields_are_damaged():
    id_ = uuid4()
    edge = {"uuid": "e", "fact": "x", "attributes": {ID: str(id_), PACKED: "{broken"}}
    assert to_fact(edge, OWNER).id == id_


@pytest.mark.parametrize(
    "edge", [{"uuid": "e"}, {"uuid": "e", "fact": ""}, {"uuid": "e", "fact": "x", "valid_at": "soon"}]
)
def test_an_edge_without_text_is_not_a_fact(edge: dict[str, Any]):
    with pytest.raises(ValueError):
        to_fact(edge, OWNER)


def test_a_nodes_summary_is_a_fact_about_the_node():
    node = {
        "uuid": "n",
        "name": "Lisbon",
        "summary": "A city.",
        "labels": ["City"],
        "created_at": "2025-03-01T08:00:00Z",
    }
    returned = node_fact(node, OWNER)
    assert returned is not None
    assert (returned.kind, returned.subject, returned.text) == ("summary", "Lisbon", "A city.")
    assert returned.native == {"labels": ["City"]}
    assert node_fact({"uuid": "n", "name": "Lisbon", "summary": " "}, OWNER) is None


@pytest.mark.parametrize(
    ("predicate", "name"),
    [
        ("lives in", "LIVES_IN"),
        ("prefers", "PREFERS"),
        ("2nd home", "ND_HOME"),
        ("любит", "RELATES_TO"),
        ("aimé", "AIME"),
    ],
)
def test_a_predicate_becomes_a_valid_edge_name(predicate: str, name: str):
    assert fact_name(predicate) == name


def test_two_long_names_with_the_same_beginning_are_two_nodes():
    names = {node_name("the very long name of some place in the north " + end) for end in ("east", "west")}
    assert len(names) == 2


def test_a_text_that_fits_is_shown_unchanged():
    assert fitted("x" * 250) == "x" * 250
    assert len(fitted("x" * 251)) == 250
