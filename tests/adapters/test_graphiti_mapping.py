"""Facts as Graphiti's records and back: every owner has a group, and no field is lost."""

import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from memctl_graphiti.cypher import Kuzu, Neo4j
from memctl_graphiti.mapping import (
    PACKED,
    SHORT,
    Edge,
    Node,
    check,
    edge_from,
    ends_of,
    group_of,
    groups_of,
    is_summary,
    native_uuid,
    node_from,
    node_of,
    short,
    single,
    to_fact,
    user_of,
)

from memctl.core.fact import Embedding, Fact, Source, derive_id

NOW = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
JSON = st.dictionaries(TEXT, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT, max_size=3)
TIMES = st.none() | st.datetimes(timezones=st.just(UTC))


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    maybe = st.none() | TEXT
    return Fact(
        id=draw(st.uuids()),
        user_id=draw(TEXT),
        kind=draw(st.sampled_from(["fact", "preference", "episode", "procedure", "summary", "block"])),
        text=draw(TEXT),
        subject=draw(maybe),
        predicate=draw(maybe),
        object=draw(maybe),
        agent_id=draw(maybe),
        categories=tuple(draw(st.lists(TEXT, max_size=3))),
        confidence=draw(st.none() | st.floats(0, 1)),
        valid_at=draw(TIMES),
        created_at=draw(TIMES),
        updated_at=draw(TIMES),
        expired_at=draw(TIMES),
        superseded_by=draw(st.none() | st.uuids()),
        source=Source(
            system=draw(st.sampled_from(["graphiti", "zep", ""])),
            id=draw(maybe),
            turns=tuple(draw(st.lists(TEXT, max_size=2))),
        ),
        metadata=draw(JSON),
        native=draw(JSON | st.fixed_dictionaries({"attributes": JSON, "source_node": JSON, "reference_time": maybe})),
    )


def edge_of(fact: Fact, vector: tuple[float, ...] | None = None) -> Edge:
    source, target = ends_of(fact, group_of(fact.user_id), NOW)
    return edge_from(fact, source, target, NOW, vector)


def fact(**fields: Any) -> Fact:
    given_ = {"id": derive_id("x"), "user_id": "alice", "kind": "fact", "text": "Alice likes tea."} | fields
    return Fact(**{"source": Source(system="test"), **given_})


@given(TEXT)
def test_every_user_has_a_valid_group_of_their_own(user: str):
    group = group_of(user)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", group)
    assert user_of(group) == user
    assert group in groups_of(user)


@given(st.text(st.sampled_from("memctl-_40a"), max_size=20))
def test_ids_that_look_like_encoded_ones_stay_apart(user: str):
    assert user_of(group_of(user)) == user
    assert all(user_of(group) == user for group in groups_of(user))


def test_a_user_id_that_is_a_valid_group_is_used_unchanged():
    assert [group_of(user) for user in ("alice", "user-7_b", "memctl-x")] == ["alice", "user-7_b", "memctl-x"]
    assert group_of("alice@example.com") == "memctl-alice_40example_2ecom"


@given(facts())
def test_a_fact_is_restored_completely_from_an_edge(given_fact: Fact):
    assert to_fact(edge_of(given_fact)) == given_fact


@given(facts())
def test_a_fact_is_restored_completely_from_each_database(given_fact: Fact):
    edge = edge_of(given_fact)
    (row,) = Kuzu.add_edges([edge])[0].parameters["rows"]
    ends = {"source": edge.source, "target": edge.target, "source_uuid": edge.source_uuid}
    ends |= {"target_uuid": edge.target_uuid, "source_labels": ["Entity"], "target_labels": ["Entity"]}
    labelled = {"source_labels": list(edge.source_labels), "target_labels": list(edge.target_labels)}
    assert to_fact(Kuzu.edge({**row, **ends, **labelled})) == given_fact
    (row,) = Neo4j.add_edges([edge])[0].parameters["rows"]
    # Neo4j has no null: setting a property to null removes it.
    properties = {name: value for name, value in row["properties"].items() if value is not None}
    absent = dict.fromkeys(("valid_at", "invalid_at", "expired_at", "reference_time", "vector"))
    assert to_fact(Neo4j.edge({**absent, **properties, "attributes": properties, **ends, **labelled})) == given_fact
    assert all(isinstance(value, str | int | float | bool | list | datetime) for value in properties.values())


@given(facts())
def test_a_summary_is_restored_completely_from_a_node(given_fact: Fact):
    summary = msgspec.structs.replace(given_fact, kind="summary", predicate=None, object=None)
    if is_summary(summary):
        node = node_from(summary, node_of(summary, group_of(summary.user_id), NOW))
        assert to_fact(node) == summary
        onto = Node(uuid="n-1", group=group_of(summary.user_id), name=summary.subject or "", created_at=NOW)
        assert to_fact(node_from(summary, onto)) == summary


def test_a_fact_without_a_triple_connects_its_user_to_its_first_words():
    long = fact(text="Alice said that she would rather take the slow train along the coast than fly.\nTwice.")
    edge = edge_of(long)
    assert (edge.source, edge.name, edge.fact) == ("alice", "HAS_FACT", long.text)
    assert edge.target == "Alice said that she would rather take the slow…"
    assert len(edge.target) <= SHORT
    assert (short(""), short("x" * 90)) == ("(nothing)", "x" * 49 + "…")


def test_fields_that_graphiti_has_are_not_packed_again():
    bare = Edge(
        uuid="u-1", group="alice", name="LIKES", fact="Alice likes tea.", source="Alice", target="tea",
        source_uuid="s", target_uuid="t", created_at=NOW, valid_at=NOW, episodes=("e-1",), attributes={"cup": 2},
        source_labels=("Entity",), target_labels=("Entity",),
    )  # fmt: skip
    read = to_fact(bare)
    assert edge_of(read) == bare
    assert native_uuid(read) == "u-1"
    assert PACKED not in bare.attributes


def test_an_attribute_with_memctls_key_from_elsewhere_is_kept():
    odd = Edge(
        uuid="u-1", group="alice", name="LIKES", fact="Alice likes tea.", source="Alice", target="tea",
        source_uuid="s", target_uuid="t", created_at=NOW, attributes={PACKED: '{"fact": 3}'},
    )  # fmt: skip
    assert to_fact(odd).native["attributes"] == {PACKED: '{"fact": 3}'}
    assert to_fact(edge_of(to_fact(odd))) == to_fact(odd)


def test_a_vector_is_restored_exactly_from_the_graph_or_packed_data():
    vector = (0.5, -0.25)
    exact = fact(embedding=Embedding(model="m", vector=vector))
    edge = edge_of(exact, vector)
    assert "vector" not in edge.attributes[PACKED]
    assert to_fact(edge) == exact
    fine = fact(embedding=Embedding(model="m", vector=(0.1, 0.2)))
    assert to_fact(edge_of(fine, single((0.1, 0.2)))) == fine
    other = fact(embedding=Embedding(model="other", vector=(0.1,)))
    assert to_fact(edge_of(other, vector)) == other


def test_a_changed_text_does_not_keep_the_old_vector():
    exact = fact(embedding=Embedding(model="m", vector=(0.5, -0.25)))
    edited = msgspec.structs.replace(edge_of(exact, (0.5, -0.25)), fact="Alice likes coffee.")
    assert to_fact(edited).embedding is None


def test_facts_that_a_graph_cannot_represent_are_refused():
    with pytest.raises(ValueError, match="finite"):
        check(fact(embedding=Embedding(model="m", vector=(0.5, float("nan")))))
