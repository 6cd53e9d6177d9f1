"""Dumps of Graphiti graphs are read as facts, whatever program wrote them."""

import json
from pathlib import Path
from typing import Any

import pytest
from memctl_graphiti.dump import GraphitiDump

from memctl.backends.files.vendor_dumps import find
from memctl.core.errors import Rejected
from memctl.core.fact import Fact

EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports"
EDGE = {
    "uuid": "e-1", "group_id": "alice", "source_node_uuid": "n-1", "target_node_uuid": "n-2", "name": "LIKES",
    "fact": "Alice likes tea.", "created_at": "2025-03-01T09:00:00Z", "episodes": [], "attributes": {},
}  # fmt: skip


def dump(path: Path, content: Any) -> list[Fact | Rejected]:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return list(GraphitiDump().records(path, None))


@pytest.mark.parametrize("path", sorted((EXPORTS / "graphiti").iterdir()), ids=lambda path: path.name)
def test_every_kind_of_dump_is_recognised_and_read(path: Path):
    format_ = find(path)
    assert isinstance(format_, GraphitiDump)
    facts = [record for record in format_.records(path, None) if isinstance(record, Fact)]
    assert {fact.user_id for fact in facts} == {"alice"}
    paris = next(fact for fact in facts if fact.text == "Alice lives in Paris.")
    assert paris.predicate == "LIVES_IN"
    assert [str(at) for at in (paris.created_at, paris.valid_at, paris.invalid_at, paris.expired_at)] == [
        "2025-03-01 09:00:00.001000+00:00",
        "2019-09-01 00:00:00+00:00",
        "2025-02-14 00:00:00+00:00",
        "2025-03-01 09:05:00+00:00",
    ]


def test_the_dumps_of_one_graph_hold_the_same_facts():
    """A fact taken from two dumps, or from a dump and the graph, is one fact."""
    whole = [
        {fact.id: fact for fact in GraphitiDump().records(EXPORTS / "graphiti" / name, None) if isinstance(fact, Fact)}
        for name in ("graph.json", "records.jsonl", "neo4j-apoc.json")
    ]
    assert whole[0] == whole[1] == whole[2]
    assert len(whole[0]) == 5


def test_dumps_of_other_systems_are_not_recognised():
    dumps = GraphitiDump()
    for path in EXPORTS.rglob("*"):
        if path.is_file() and path.parent.name != "graphiti":
            assert not dumps.recognises(path, path.read_bytes()[:65536]), path


def test_an_edge_whose_nodes_are_not_in_the_dump_has_no_names(tmp_path: Path):
    (fact,) = dump(tmp_path / "d.json", {"message": "found", "facts": [EDGE]})
    assert isinstance(fact, Fact)
    assert (fact.subject, fact.predicate, fact.object) == (None, "LIKES", None)
    assert fact.native["target_node"]["uuid"] == "n-2"


def test_camel_case_fields_are_read(tmp_path: Path):
    (plain,) = dump(tmp_path / "d.json", {"facts": [EDGE]})
    hump = {
        "".join((first, *(word.title() for word in rest))): value
        for name, value in EDGE.items()
        for first, *rest in [name.split("_")]
    }
    assert "sourceNodeUuid" in hump
    (camel,) = dump(tmp_path / "c.json", {"facts": [hump]})
    assert camel == plain


def test_only_the_broken_record_is_rejected_with_its_position(tmp_path: Path):
    edges = [EDGE, {**EDGE, "fact": 7}, {**EDGE, "created_at": "soon"}, {**EDGE, "uuid": "e-2"}]
    records = dump(tmp_path / "d.json", {"edges": edges})
    assert [isinstance(record, Fact) for record in records] == [True, False, False, True]
    assert [record.where for record in records if isinstance(record, Rejected)] == ["edges 2", "edges 3"]


def test_a_truncated_dump_is_read_up_to_the_cut_and_reported(tmp_path: Path):
    whole = json.dumps({"edges": [EDGE, {**EDGE, "uuid": "e-2"}]})
    path = tmp_path / "d.json"
    path.write_text(whole[:-40], encoding="utf-8")
    assert GraphitiDump().recognises(path, path.read_bytes())
    *_, last = list(GraphitiDump().records(path, None))
    assert isinstance(last, Rejected)


def test_the_default_group_belongs_to_the_default_user_or_nobody(tmp_path: Path):
    path = tmp_path / "d.jsonl"
    (refused,) = dump(path, json.dumps({**EDGE, "group_id": ""}) + "\n")
    assert isinstance(refused, Rejected)
    (taken,) = GraphitiDump().records(path, "alice")
    assert isinstance(taken, Fact)
    assert taken.user_id == "alice"


def test_a_group_named_by_memctl_belongs_to_its_user(tmp_path: Path):
    (fact,) = dump(tmp_path / "d.json", [{**EDGE, "group_id": "memctl-alice_40example_2ecom"}])
    assert isinstance(fact, Fact)
    assert fact.user_id == "alice@example.com"
