"""How the server starts, is reached and ends: stdout has only responses, and unauthorised clients are refused."""

import json
import os
import re
import signal
import socket
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter
from starlette.testclient import TestClient
from typer.main import get_command

import memctl as library
from memctl.cli.app import app
from memctl.core.errors import UsageError
from memctl.mcp import http, records, server, stdio
from memctl.mcp.run import Job
from memctl.mcp.run import serve as serve_job
from memctl.mcp.server import build
from memctl.mcp.stdio import serve, serve_stdio
from memctl.mcp.tools import Tools
from memctl.store.duckdb import instances
from memctl.store.local_store import LocalStore

pytestmark = pytest.mark.engines(campaign="postgres")

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-of-sufficient-length"
COMMAND = str(Path(sys.executable).parent / "memctl")
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


def test_an_assistant_uses_the_store_while_other_commands_do(memctl: Callable[..., Any], home: Path) -> None:
    server = StdioServerParameters(command=COMMAND, args=["mcp", "--user", "alice", "--write"], env=dict(os.environ))

    async def run() -> None:
        async with Client(server) as client:
            result = await client.call_tool("add_memory", {"text": "I live in Oslo."})
            assert not result.is_error, result.content
            assert "Oslo" in memctl("facts", "alice").out
            assert memctl("add", "alice", "I can't eat sesame.", "--lock-timeout", "5").code == 0
            result = await client.call_tool("search_memories", {"query": "sesame"})
            assert "sesame" in result.content[0].text

    anyio.run(run)


@pytest.mark.engines(only="file")
def test_the_store_stays_open_between_calls_without_blocking_commands(
    memctl: Callable[..., Any], home: Path, process: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instances, "HOLD", 3600.0)
    memctl("add", "alice", "I live in Oslo.")
    memory = library.open("local", lock_timeout=60)
    assert isinstance(memory.backend, LocalStore)
    engine = memory.backend.engine
    seen: list[Any] = []

    def search_twice(tools: Tools, **_: Any) -> None:
        tools.search_memories(records.SearchArguments(query="sesame"))
        seen.append(getattr(engine, "holding", None))
        # Another process, unknown to the server.
        with process("add", "alice", "I can't eat sesame.") as other:
            other.communicate(timeout=60)
        memories = tools.search_memories(records.SearchArguments(query="sesame")).memories
        seen.append((other.returncode, any("sesame" in one.text for one in memories)))

    monkeypatch.setattr(server, "build", search_twice)
    monkeypatch.setattr(stdio, "serve_stdio", lambda _, close: close())
    serve_job(Job(memory=memory, user="alice"), print)
    assert seen == [True, (0, True)]
    assert getattr(engine, "holding", None) is False


def test_an_interrupt_ends_the_server_and_only_answers_are_on_stdout(process: Callable[..., Any]) -> None:
    started = process("mcp", "--user", "alice", "--write", stdin=-1)
    started.stdin.write(json.dumps(INITIALIZE) + "\nnot json\n")
    started.stdin.flush()
    answers = {answer["id"]: answer for answer in (json.loads(started.stdout.readline()) for _ in range(2))}
    assert answers[1]["result"]["serverInfo"]["name"] == "memctl"
    assert answers[None]["error"]["code"] == -32700
    started.send_signal(signal.SIGINT)
    started.wait(timeout=60)  # while stdin is still open
    out, err = started.communicate()
    assert started.returncode == 0
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in out.splitlines())
    assert "Traceback" not in err


def served(home: Path, *lines: str) -> list[Any]:
    """The responses of the server of a new store to these lines; stdin ends right after them."""
    memory = library.open("local", path=home / "store.duckdb")
    memory.add("alice", "I live in Oslo.")
    answers: list[Any] = []

    async def run() -> None:
        async with anyio.create_task_group() as tasks:
            to_server, incoming = anyio.create_memory_object_stream[Any](len(lines))
            outgoing, from_server = anyio.create_memory_object_stream[Any](len(lines))
            tasks.start_soon(serve, build(Tools(memory, "alice")), incoming, outgoing)
            for line in lines:
                try:
                    await to_server.send(SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False)))
                except ValueError as error:
                    await to_server.send(error)
            to_server.close()
            async with from_server:
                messages = [item.message async for item in from_server]
            answers.extend(json.loads(one.model_dump_json(by_alias=True, exclude_unset=True)) for one in messages)

    anyio.run(run)
    memory.close()
    return answers


def call(id_: int, query: str = "Oslo") -> str:
    params = {"name": "search_memories", "arguments": {"query": query}}
    return json.dumps({"jsonrpc": "2.0", "id": id_, "method": "tools/call", "params": params})


INITIALIZED = json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"})


def test_a_client_that_closes_stdin_gets_all_pending_answers(home: Path) -> None:
    answers = served(home, json.dumps(INITIALIZE), INITIALIZED, *(call(number) for number in range(2, 6)))
    assert sorted(answer["id"] for answer in answers) == [1, 2, 3, 4, 5]
    assert all("result" in answer for answer in answers)
    assert sum("Oslo" in json.dumps(answer["result"]) for answer in answers) == 4


def test_a_cancelled_call_does_not_delay_the_exit(home: Path) -> None:
    cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}}
    answers = served(home, json.dumps(INITIALIZE), INITIALIZED, call(2), json.dumps(cancel), call(3))
    assert {1, 3} <= {answer["id"] for answer in answers} <= {1, 2, 3}


@pytest.mark.parametrize(
    ("line", "id_", "code"),
    [
        ("not json", None, -32700),
        ('{"jsonrpc": "2.0", "id": 5, ', None, -32700),
        ('{"a": 1}', None, -32600),
        ('[{"jsonrpc": "2.0", "id": 5, "method": "ping"}]', None, -32600),
        ('{"jsonrpc": "1.0", "id": 5, "method": "ping"}', 5, -32600),
    ],
)
def test_a_line_that_is_not_a_message_is_answered_with_an_error(
    home: Path, line: str, id_: int | None, code: int
) -> None:
    answers = {answer["id"]: answer for answer in served(home, json.dumps(INITIALIZE), line, "", call(7))}
    assert (answers.keys(), answers[id_]["error"]["code"]) == ({1, id_, 7}, code)


@pytest.fixture
def reached(home: Path) -> Callable[..., Any]:
    """A client of an HTTP server on the loopback interface, with or without a token."""
    memory = library.open("local", path=home / "store.duckdb")
    memory.add("alice", "I live in Oslo.")

    def reach(token: str | None = None, *allowed: str, base: str = "http://127.0.0.1:8000") -> TestClient:
        return TestClient(http.application(build(Tools(memory, "alice")), "127.0.0.1", allowed, token), base_url=base)

    return reach


def post(client: TestClient, path: str = "/mcp", **headers: str) -> Any:
    accept = {"Accept": "application/json, text/event-stream"}
    return client.post(path, json=INITIALIZE, headers=accept | headers)


def test_without_a_token_only_local_origins_and_hosts_are_accepted(reached: Callable[..., Any]) -> None:
    with reached() as client:
        assert post(client).json()["result"]["serverInfo"]["name"] == "memctl"
        assert post(client, Origin="http://localhost:6274").status_code == 200
        assert post(client, Origin="https://evil.example").status_code == 403
        assert post(client, Host="evil.example:8000").status_code == 421


def test_a_token_is_needed_in_the_header_or_in_the_path(reached: Callable[..., Any]) -> None:
    with reached(TOKEN, "memory.example") as client:
        host = {"Host": "memory.example"}
        refused = [post(client, **host), post(client, Authorization="Bearer wrong", **host), post(client, "/mcp/wrong")]
        assert [answer.status_code for answer in refused] == [401, 401, 401]
        assert TOKEN not in str([(answer.text, answer.headers) for answer in refused])
        assert post(client, Authorization=f"Bearer {TOKEN}", **host).status_code == 200
        assert post(client, f"/mcp/{TOKEN}", **host).status_code == 200
        assert post(client, f"/mcp/{TOKEN}", Host="evil.example").status_code == 421


@pytest.mark.parametrize(
    ("host", "allowed", "token", "message"),
    [
        ("0.0.0.0", (), None, "needs a token"),
        ("192.168.1.5", (), None, "needs a token"),
        ("127.0.0.1", ("memory.example",), None, "needs a token"),
        ("0.0.0.0", (), TOKEN, "as a host name"),
        ("::", (), TOKEN, "as a host name"),
        ("127.0.0.1", (), "short", "fewer than"),
    ],
)
def test_a_public_server_without_protection_does_not_start(
    host: str, allowed: tuple[str, ...], token: str | None, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        http.check(host, allowed, token, "MEMCTL_MCP_TOKEN")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.0.0.2"])
def test_a_server_of_this_machine_needs_no_token(host: str) -> None:
    http.check(host, (), None, "MEMCTL_MCP_TOKEN")


def test_wrong_options_are_refused_at_the_start(memctl: Callable[..., Any], home: Path) -> None:
    (home / "work" / "x.jsonl").write_text("")
    for arguments, part in (
        ((), "no user given"),
        (("--user", "alice", "--backend", "x.jsonl", "--write"), "only be served for reading"),
        (("--user", "alice", "--backend", "x.jsonl", "--store", "y.duckdb"), "no effect with a backend other"),
        (("--user", "alice", "--http", "--host", "0.0.0.0"), "needs a token"),
    ):
        ran = memctl("mcp", *arguments)
        assert (ran.code, ran.out) == (2, ""), arguments
        assert part in ran.err


@pytest.fixture
def port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def test_clients_reach_the_server_as_soon_as_it_shows_its_address(home: Path, port: int) -> None:
    shown = []

    def say(line: str) -> None:
        socket.create_connection(("127.0.0.1", port)).close()
        shown.append(line)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        http.serve_http(lambda *_: None, "127.0.0.1", port, say)  # type: ignore[arg-type,return-value]  # never called
    assert shown == [f"listening on http://127.0.0.1:{port}/mcp; press Ctrl-C to stop"]


def test_a_port_in_use_is_one_line_with_the_reason(memctl: Callable[..., Any], port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        ran = memctl("mcp", "--user", "alice", "--http", "--port", port)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"error: 127.0.0.1:{port}: cannot listen on this address: Address already in use\n"
        "  choose another --port or --host\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_right_after_the_start_ends_the_server_over_http_quietly(
    process: Callable[..., Any], port: int, number: int
) -> None:
    started = process("mcp", "--user", "alice", "--http", "--port", port)
    assert "listening" in started.stderr.readline()
    started.send_signal(number)
    out, err = started.communicate(timeout=60)
    assert (started.returncode, out, err) == (0, "", "")


def test_the_registry_entry_has_this_version_and_a_valid_command() -> None:
    entry = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (package,) = entry["packages"]
    assert entry["version"] == package["version"] == project["version"]
    assert package["identifier"] == project["name"]
    assert package["transport"] == {"type": "stdio"}
    # A client of the registry starts a package by its own name.
    assert project["scripts"][package["identifier"]] == project["scripts"]["memctl"]
    assert len(entry["description"]) <= 100
    assert f"mcp-name: {entry['name']}" in (ROOT / "README.md").read_text(encoding="utf-8")
    (extra,) = project["optional-dependencies"]["mcp"]
    assert [argument["value"] for argument in package["runtimeArguments"]] == [extra]
    words = [argument.get("value") or argument["name"] for argument in package["packageArguments"]]
    assert words[:2] == ["mcp", "--user"]


@pytest.mark.parametrize("text", re.findall(r"^```json\n(.*?)^```", (ROOT / "docs/mcp.md").read_text(), re.M | re.S))
def test_each_configuration_of_the_docs_page_starts_a_server(memctl: Callable[..., Any], text: str) -> None:
    document = json.loads(text)
    (server,) = document.get("mcpServers", document.get("servers")).values()
    assert server["command"] == "memctl"
    command = get_command(app).get_command(None, server["args"][0])  # type: ignore[attr-defined, arg-type]
    command.make_context("mcp", server["args"][1:], resilient_parsing=False)


def test_other_commands_of_the_docs_page_are_valid() -> None:
    page = (ROOT / "docs/mcp.md").read_text()
    lines: list[str] = re.findall(r"(?:^|-- )memctl mcp ([^`\n,]+)", page, re.M)
    (codex,) = re.findall(r"^```toml\n(.*?)^```", page, re.M | re.S)
    lines.append(" ".join(tomllib.loads(codex)["mcp_servers"]["memory"]["args"][1:]))
    assert len(lines) >= 4
    for line in lines:
        get_command(app).get_command(None, "mcp").make_context("mcp", line.split())  # type: ignore[attr-defined, arg-type]


@pytest.mark.parametrize("end", [KeyboardInterrupt(), ExceptionGroup("tasks", [anyio.BrokenResourceError()])])
def test_an_exit_while_a_message_arrives_is_clean(
    home: Path, monkeypatch: pytest.MonkeyPatch, end: BaseException
) -> None:
    done: list[object] = []
    monkeypatch.setattr(anyio, "run", lambda _: (_ for _ in ()).throw(end))
    monkeypatch.setattr(os, "_exit", done.append)
    serve_stdio(build(Tools(library.open("local", path=home / "s.duckdb"), "alice")), lambda: done.append("closed"))
    assert done == ["closed", 0]


def test_an_error_of_the_server_is_not_taken_for_its_normal_end(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = ExceptionGroup("tasks", [anyio.BrokenResourceError(), RuntimeError("fault")])
    monkeypatch.setattr(anyio, "run", lambda _: (_ for _ in ()).throw(fault))
    with pytest.raises(ExceptionGroup):
        serve_stdio(build(Tools(library.open("local", path=home / "s.duckdb"), "alice")), lambda: None)
