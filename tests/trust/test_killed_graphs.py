"""A process that builds the missing full-text index of a Graphiti graph is killed: no data of the graph is lost, and
the same command completes the index. MEMCTL_KILLS is the number of moments; `make torture` uses 20.
"""

import asyncio
import json
import random
import shutil
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import forked
import pytest
from adapters.graphiti_graphs import LOADED
from chains.people import facts
from memctl_graphiti import graph as graphs
from memctl_graphiti.adapter import GraphitiAdapter
from trust.killing import KILLS, memctl

from memctl.backends.contract import Query
from memctl.core.errors import Fatal
from memctl.core.fact import encode_lines

THEIRS, OURS = 60, 6
INDEX = """
import signal, sys, time
from memctl_graphiti.graph import Graph
graph = Graph(sys.argv[1])
graph.run("RETURN 1")
signal.setitimer(signal.ITIMER_PROF, float(sys.argv[2]))
began = time.process_time()
graph.make()
print(time.process_time() - began)
"""
"""Indexes a graph and prints the CPU seconds it took, or dies of SIGPROF after that many of them (0: never)."""
HALF = """
import sys
from memctl_graphiti.graph import Graph
graph = Graph(sys.argv[1])
(number,) = [row["id"] for row in graph.run("CALL SHOW_TABLES() RETURN *") if row["name"] == "Entity"]
graph.run(f"CREATE NODE TABLE `{number}_node_name_and_summary_docs` (ID INT64, PRIMARY KEY (ID))")
"""
"""Leaves what a process leaves that dies after the first of the transactions in which Kuzu builds an index."""
OPEN = """
import sys
from memctl_graphiti.graph import Graph
Graph(sys.argv[1]).run("RETURN 1")
"""


@pytest.fixture(scope="module")
def graphiti_graph(tmp_path_factory):
    """A graph written by graphiti-core's own driver: facts of Ann without a full-text index."""
    path = tmp_path_factory.mktemp("graphs") / "theirs.kuzu"
    kuzu, nodes, edges = (graphs.sdk(name) for name in ("driver.kuzu_driver", "nodes", "edges"))
    with graphs._without_deprecation():
        driver = kuzu.KuzuDriver(db=str(path))

    async def fill():
        fields = {"group_id": "ann", "created_at": datetime(2026, 1, 1, tzinfo=UTC)}
        ann = nodes.EntityNode(name="Ann", name_embedding=[0.5] * 4, **fields)
        await ann.save(driver)
        for number in range(THEIRS):
            entity = nodes.EntityNode(name=f"zebra {number}", name_embedding=[0.5] * 4, **fields)
            await entity.save(driver)
            ends = {"source_node_uuid": ann.uuid, "target_node_uuid": entity.uuid}
            words = {"name": "OWNS", "fact": f"Ann owns zebra {number}.", "fact_embedding": [0.5] * 4, "episodes": []}
            await edges.EntityEdge(**ends, **words, **fields).save(driver)

    with graphs._without_deprecation():
        asyncio.run(fill())
    driver.client.close()
    driver.db.close()
    return path


def copied(graphiti_graph, home):
    """A copy of the graph, named `graph` in the settings; files of an earlier copy are removed."""
    path = home / "graph.kuzu"
    for part in home.glob("graph.kuzu*"):
        part.unlink()
    shutil.copyfile(graphiti_graph, path)
    options = ["[backends.graph]", 'adapter = "graphiti"', f"path = {json.dumps(str(path))}", "embedder = false"]
    Path("memctl.toml").write_text("\n".join(options))
    return path


def indexed(path, until=0.0):
    """Index a graph; returns the CPU seconds it took, or None if the process was killed after `until` of them. CPU time
    instead of wall time makes the moment the same on a busy machine.
    """
    command = [sys.executable, "-c", INDEX, str(path), str(until)]
    ran = forked.run(command, text=True, loaded=LOADED)
    assert ran.returncode == (-signal.SIGPROF if not ran.stdout else 0)
    return float(ran.stdout) if ran.stdout else None


def done(*arguments):
    ran = memctl(*arguments)
    assert ran.returncode == 0, ran.stderr + ran.stdout


def test_a_kill_during_full_text_indexing_loses_nothing(graphiti_graph, home):
    Path("people.jsonl").write_bytes(b"".join(encode_lines(facts(1, OURS))))
    path = copied(graphiti_graph, home)
    takes = indexed(path)
    chance = random.Random("index")
    killed = 0
    for _ in range(KILLS):
        path = copied(graphiti_graph, home)
        killed += indexed(path, chance.uniform(0.1, 0.7) * takes) is None
        with GraphitiAdapter(path) as adapter:
            assert adapter.count("ann") == THEIRS, "all records of Graphiti are kept"
        done("migrate", "--from", "people.jsonl", "--to", "graph", "--all-users", "--include-retired")
        with GraphitiAdapter(path) as adapter:
            assert {hit.fact.user_id for hit in adapter.search(Query("ann", "zebra", 2 * THEIRS))} == {"ann"}
            assert len(adapter.search(Query("ann", "zebra", 2 * THEIRS))) == THEIRS
            assert adapter.count("alice") == OURS
        done("forget", "ann", "--from", "graph", "--confirm", "ann")
        with GraphitiAdapter(path) as adapter:
            assert list(adapter.users()) == ["alice"]
        assert [part.name for part in home.glob("graph.kuzu*")] == ["graph.kuzu"], "no temporary files are left"
    assert killed, "every index was complete before its process could be killed"


def test_a_graph_is_locked_for_writes_during_indexing(graphiti_graph, home, monkeypatch):
    """Their writes would be lost with the file that the indexed copy replaces."""
    path = copied(graphiti_graph, home)
    others = []
    index_here = graphs.Graph.index_here

    def watched(graph, rebuild=False):
        index_here(graph, rebuild)
        others.append(forked.run([sys.executable, "-c", OPEN, path], text=True, loaded=LOADED))

    monkeypatch.setattr(graphs.Graph, "index_here", watched)
    with GraphitiAdapter(path) as adapter:
        adapter.write(list(facts(1, 1)))
    (other,) = others
    assert "another process has opened the graph" in other.stderr


def refused(path):
    """The reason why the graph cannot be written, or None."""
    try:
        with GraphitiAdapter(path) as adapter:
            adapter.write(list(facts(1, 1)))
    except Fatal as error:
        return error.message
    return None


def test_a_partially_indexed_graph_is_reported_and_can_be_read(graphiti_graph, home):
    path = copied(graphiti_graph, home)
    assert forked.run([sys.executable, "-c", HALF, path], loaded=LOADED).returncode == 0
    assert "Kuzu cannot repair it" in (refused(path) or "")
    with GraphitiAdapter(path) as adapter:
        assert adapter.count("ann") == THEIRS
