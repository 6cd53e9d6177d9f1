"""A graph's file or server: created by the first write, used by one process at a time, and undamaged after a kill."""

import logging
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import forked
import msgspec
import pytest
from adapters.graphiti_graphs import LOADED, Core, Letters, empty, everything, fact
from memctl_graphiti.adapter import GraphitiAdapter

from memctl.backends.contract import Query
from memctl.core.errors import AuthError, Locked, NotFound, Retryable, UsageError
from memctl.core.fact import Source, derive_id


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "graph.kuzu"


@pytest.fixture
def graph(path: Path) -> Path:
    """A graph without facts."""
    path.write_bytes(empty())
    return path


def test_deleting_all_facts_leaves_nothing_of_the_user(graph: Path):
    """Names of entities contain words of facts, so they must be deleted too."""
    facts = [fact("alice", "Alice is ill."), fact("alice", "Alice is a nurse.", kind="summary", subject="Alice")]
    with GraphitiAdapter(graph) as adapter:
        adapter.write([*facts, fact("bob", "Bob is well.")])
        assert adapter.delete("alice", [one.id for one in facts]) == 2
        assert list(adapter.users()) == ["bob"]
    core = Core(graph)
    rows, _, _ = core.run(core.driver.execute_query("MATCH (n) RETURN n.group_id AS group_id, label(n) AS kind"))
    core.close()
    assert {row["group_id"] for row in rows} == {"bob"}
    assert sum(row["kind"] == "Episodic" for row in rows) == 1


def test_reading_a_missing_graph_is_an_error_and_does_not_create_it(path: Path):
    with GraphitiAdapter(path) as adapter:
        assert not adapter.initialized()
        assert "no graph yet" in adapter.check().detail
        with pytest.raises(NotFound, match="no graph"):
            list(adapter.users())
        assert not path.exists()
        assert adapter.init() == [f"graph {path}"]
        assert adapter.initialized()
        assert adapter.init() == []


def test_a_folder_path_gets_a_graph_file_inside(tmp_path: Path):
    with GraphitiAdapter(tmp_path) as adapter:
        adapter.init()
    assert (tmp_path / "graphiti.kuzu").exists()


def test_a_second_adapter_on_the_same_file_is_locked_out(path: Path):
    with GraphitiAdapter(path) as adapter:
        adapter.init()
        with GraphitiAdapter(path) as other, pytest.raises(Locked, match="opened the graph already"):
            list(other.users())


def test_a_server_that_does_not_answer_is_retryable(monkeypatch: pytest.MonkeyPatch):
    with GraphitiAdapter(uri="bolt://u:pass@127.0.0.1:9", user="neo4j", password="x" * 8) as adapter:
        assert adapter.identity == "bolt://127.0.0.1:9/neo4j"
        with pytest.raises(Retryable, match="cannot connect") as refused:
            list(adapter.users())
    assert "pass" not in str(refused.value)
    with GraphitiAdapter("neo4j://example.org/x") as adapter:
        assert adapter.identity == "neo4j://example.org/neo4j"
    with pytest.raises(UsageError, match="not a server URL"):
        GraphitiAdapter(uri="http://example.org")


def test_an_auth_error_does_not_repeat_the_servers_message():
    from memctl_graphiti.errors import failure

    neo4j = pytest.importorskip("neo4j")
    refused = failure(neo4j.exceptions.AuthError("secret-account"), "bolt://h/neo4j")
    assert isinstance(refused, AuthError)
    assert "secret-account" not in str(refused)


def test_nothing_is_written_to_home_or_reported_by_telemetry(tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    code = (
        "import os, sys\n"
        "from memctl_graphiti.adapter import GraphitiAdapter\n"
        "assert 'graphiti_core' not in sys.modules and 'kuzu' not in sys.modules\n"
        f"adapter = GraphitiAdapter({str(tmp_path / 'g.kuzu')!r})\n"
        "adapter.init()\n"
        "from memctl.backends.contract import Query\n"
        "assert adapter.search(Query('alice', 'tea')) == []\n"
        "adapter.close()\n"
        "from graphiti_core.telemetry.telemetry import is_telemetry_enabled\n"
        "assert not is_telemetry_enabled()\n"
        "assert 'posthog' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env={"HOME": str(home), "PATH": ""}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == ("", "")
    assert list(home.rglob("*")) == []


def test_a_failed_write_leaves_no_partial_record_and_logs_nothing(graph: Path, caplog: pytest.LogCaptureFixture):
    with GraphitiAdapter(graph, embedder=Letters()) as adapter:
        adapter.write([fact("alice", "Alice likes tea.")])
        adapter._graph.run("CREATE (:RelatesToNode_ {uuid: 'in the way'})")
        blocked = fact("alice", "Alice likes coffee.", id=uuid4())
        source = Source(system="graphiti", id="in the way")
        native = msgspec.structs.replace(blocked, id=derive_id("graphiti", "alice", "in the way"), source=source)
        with caplog.at_level(logging.DEBUG):
            assert [outcome.state for outcome in adapter.write([native])] == ["written"]
        assert adapter.count("alice") == 2
    assert not [record for record in caplog.records if record.name.startswith("graphiti_core")]


ZEBRAS = """
import os, sys
from memctl.core.fact import Fact, Source, derive_id
from memctl_graphiti.adapter import GraphitiAdapter
texts = [f"Alice owns a zebra of the year {n}." for n in range(30)]
facts = [
    Fact(id=derive_id("alice", text), user_id="alice", kind="fact", text=text, source=Source(system="test"))
    for text in texts
]
adapter = GraphitiAdapter(sys.argv[1])
"""


def zebras(path: Path, code: str) -> int:
    """The exit code of a process that runs `code` with 30 facts about Alice's zebras; -11 is a segmentation fault."""
    return forked.run([sys.executable, "-c", ZEBRAS + code, path], loaded=LOADED).returncode


def test_facts_of_a_killed_process_can_be_found_and_deleted(graph: Path):
    """Records that Kuzu recovers from its log are missing in its full-text index, and deleting them crashes it."""
    assert zebras(graph, "adapter.write(facts); os._exit(9)") == 9
    with GraphitiAdapter(graph) as adapter:
        assert adapter.write([fact("alice", "Alice owns a wombat.")])[0].state == "written"
        stored = everything(adapter, "alice")
        assert len(adapter.search(Query("alice", "zebra", 50))) == 30
        assert adapter.delete("alice", [one.id for one in stored if "zebra" in one.text]) == 30
        assert [one.text for one in everything(adapter, "alice")] == ["Alice owns a wombat."]


def test_facts_of_a_killed_process_can_be_deleted_after_a_read(graph: Path):
    """The first read makes Kuzu recover its log; afterwards nothing in the graph shows that a process was killed."""
    assert zebras(graph, "adapter.write(facts); os._exit(9)") == 9
    with GraphitiAdapter(graph) as adapter:
        assert adapter.count("alice") == 30
    assert zebras(graph, "adapter.delete('alice', [fact.id for fact in facts]); adapter.close()") == 0
    with GraphitiAdapter(graph) as adapter:
        assert adapter.count("alice") == 0
