"""Dumps of Zep graphs, saved from three versions of the API, read as files."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from memctl_zep.dump import ZepDump
from memctl_zep.mapping import Owner, to_fact

from memctl.core.errors import Rejected
from memctl.core.fact import Fact

EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports" / "zep"
EDGE = {"uuid": "e1", "fact": "Alice likes tea.", "name": "LIKES", "source_node_uuid": "a", "target_node_uuid": "t"}


def read(path: Path, user: str | None = None) -> list[Fact | Rejected]:
    dump = ZepDump()
    assert dump.recognises(path, path.read_bytes()[:65_536])
    return list(dump.records(path, user))


def facts(path: Path, user: str | None = None) -> list[Fact]:
    stored = read(path, user)
    assert all(isinstance(one, Fact) for one in stored), stored
    return [one for one in stored if isinstance(one, Fact)]


@pytest.fixture
def dump(tmp_path: Path) -> Any:
    def write(content: Any) -> Path:
        path = tmp_path / "dump.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


def test_a_graph_of_version_2_has_triples_with_node_names():
    paris, lisbon, nurse, summary = facts(EXPORTS / "v2-graph.json")
    assert (paris.subject, paris.predicate, paris.object) == ("Alice", "LIVES_IN", "Paris")
    assert paris.invalid_at == lisbon.valid_at == datetime(2023, 5, 1, tzinfo=UTC)
    assert paris.expired_at == datetime(2025, 3, 1, 8, 0, 2, 123456, tzinfo=UTC)
    assert nurse.native["attributes"] == {"shift": "night", "years": 4}
    assert (summary.kind, summary.subject) == ("summary", "Alice")
    assert {one.user_id for one in (paris, lisbon, nurse, summary)} == {"alice"}


def test_an_edge_list_of_version_3_gives_facts_without_triples():
    edges = facts(EXPORTS / "v3-edges.json")
    assert [one.text for one in edges][1:] == ["Alice lives in Lisbon.", "Alice works as a nurse at night."]
    assert {(one.user_id, one.subject, one.object) for one in edges} == {("alice", None, None)}


def test_each_graph_of_version_4_belongs_to_its_user():
    edges = facts(EXPORTS / "v4-users.json")
    assert [one.user_id for one in edges] == ["alice"] * 4 + ["bruno"]
    assert edges[0].native["user"]["email"] == "alice@example.org"
    assert (edges[4].subject, edges[4].object) == ("Bruno", "tea")


def test_an_edge_is_the_same_fact_in_every_dump_and_in_zep():
    ids = [
        {one.text: one.id for one in facts(EXPORTS / f"{name}.json")} for name in ("v2-graph", "v3-edges", "v4-users")
    ]
    assert ids[1].items() <= ids[0].items()
    assert ids[0].items() <= ids[2].items()
    (edge, *_) = json.loads((EXPORTS / "v3-edges.json").read_text())
    assert to_fact(edge, Owner("alice")).id == ids[0][edge["fact"]]


def test_a_graph_without_a_user_belongs_to_the_default_user_or_nobody(dump: Any):
    path = dump({"edges": [EDGE], "nodes": []})
    (stored,) = facts(path, "alice")
    assert stored.user_id == "alice"
    (reject,) = read(path)
    assert isinstance(reject, Rejected)
    assert "names no user" in reject.message


def test_json_lines_and_a_page_of_the_api_are_dumps(dump: Any):
    lines = dump("".join(json.dumps(EDGE | {"uuid": f"e{n}"}) + "\n" for n in range(3)))
    assert len(facts(lines, "alice")) == 3
    *rows, last = read(dump({"items": [EDGE], "next_cursor": "100"}), "alice")
    assert len(rows) == 1
    assert isinstance(last, Rejected)
    assert "missing" in last.message


@pytest.mark.parametrize("broken", [{"uuid": "e2"}, {**EDGE, "valid_at": "soon"}, {**EDGE, "fact": 7}, "no edge", None])
def test_a_broken_edge_is_rejected_and_the_others_are_read(dump: Any, broken: Any):
    rows = read(dump({"user_id": "alice", "edges": [EDGE, broken, EDGE | {"uuid": "e3"}]}))
    assert [type(one) for one in rows] == [Fact, Rejected, Fact]


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_truncated_dump_is_reported(dump: Any, share: float):
    whole = (EXPORTS / "v4-users.json").read_text()
    rows = read(dump(whole[: int(len(whole) * share)]))
    assert isinstance(rows[-1], Rejected)
    assert "the rest of the dump cannot be read" in rows[-1].message


@pytest.mark.parametrize(
    "content",
    [
        {"edges": [EDGE | {"group_id": "alice"}]},
        {"memories": [{"memory": "x"}]},
        [{"role": "user", "content": "fact"}],
        '{"fact": "x"}',
        "plain text",
    ],
)
def test_other_files_are_not_recognised_as_dumps(dump: Any, content: Any):
    path = dump(content)
    assert not ZepDump().recognises(path, path.read_bytes())


def test_a_dump_with_many_nodes_before_the_edges_is_read(dump: Any):
    nodes = [{"uuid": f"n{n}", "name": f"node {n}", "summary": "", "labels": ["Entity"]} for n in range(2000)]
    nodes.append({"uuid": "a", "name": "Alice", "summary": "", "labels": ["Entity"]})
    (stored,) = facts(dump({"user_id": "alice", "nodes": nodes, "edges": [EDGE]}))
    assert stored.subject == "Alice"


def camel(value: Any) -> Any:
    """A record as the JavaScript SDK writes it."""
    if isinstance(value, list):
        return [camel(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    parts = {key: key.split("_") for key in value}
    return {
        first + "".join(part.title() for part in rest): value[key] if key == "attributes" else camel(value[key])
        for key, (first, *rest) in parts.items()
    }


@pytest.mark.parametrize("name", ["v2-graph.json", "v3-edges.json", "v4-users.json"])
def test_camel_case_fields_are_read(dump, name):
    """Otherwise an ended fact would be current and have no triple."""
    path = EXPORTS / name
    assert facts(dump(camel(json.loads(path.read_text(encoding="utf-8"))))) == facts(path)
