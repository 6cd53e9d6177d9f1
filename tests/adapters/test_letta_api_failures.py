"""Failures of Letta's API: lost responses, incomplete changes, truncated lists, wrong keys and wrong addresses."""

import socket
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

import msgspec
import pytest
from campaigns import campaign
from memctl_letta import users
from memctl_letta.adapter import LettaAdapter

from memctl.backends import registry
from memctl.backends.contract import Outcome, Query
from memctl.backends.wrappers import Retrying
from memctl.core.errors import AuthError, Exit, Fatal, NotFound, Retryable, UsageError
from memctl.core.fact import Fact, Source, derive_id
from memctl.runtime.retry import Halt, Retry

AT = datetime(2025, 5, 1, 8, 30, tzinfo=UTC)
BATCH = "POST .*/passages/batch"


def emulator() -> ModuleType:
    """The emulator's module, loaded once."""
    return import_module("emulators.letta")


@pytest.fixture
def server() -> Iterator[Any]:
    with emulator().serve() as running:
        yield running


def opened(server: Any, **options: Any) -> LettaAdapter:
    return LettaAdapter(server.url, api_key=emulator().KEY, **options)


def read(server: Any, user: str = "alice") -> list[Fact]:
    with opened(server) as adapter:
        return [fact for page in adapter.read(user) for fact in page.facts]


def write(server: Any, facts: Sequence[Fact], **options: Any) -> list[Outcome]:
    with opened(server, **options) as adapter:
        return adapter.write(facts)


def fact(text: str, user: str = "alice", **fields: Any) -> Fact:
    values = {"id": derive_id(user, text), "user_id": user, "kind": "fact", "source": Source(system="x")}
    return Fact(text=text, **values | fields)


def numbered(count: int) -> list[Fact]:
    return [fact(f"Alice owns book {number}.", created_at=AT + timedelta(hours=number)) for number in range(count)]


def line(text: str, **fields: Any) -> Fact:
    return fact(text, kind="block", native={"label": "notes"}, **fields)


class AtOnce(Retry):
    """Tries again without a pause."""

    def pause(self, failed: int, error: Retryable) -> None:
        if failed >= self.attempts:
            raise error


def write_with_retries(adapter: LettaAdapter, facts: Sequence[Fact]) -> list[Outcome]:
    """Write as a migration does: after a temporary failure, look up which facts are already there."""
    return Retrying(adapter, AtOnce(Halt(), attempts=3)).write(facts)


@pytest.mark.parametrize("applied", [True, *campaign(False)])
@pytest.mark.parametrize(
    "call",
    [
        BATCH,
        "POST /v1/agents/$",
        "POST /v1/archives/$",
        "PATCH .*/archives/attach",
        "POST /v1/blocks/$",
        "attach/block",
    ],
)
def test_a_failed_call_causes_no_duplicate_and_no_gap(server: Any, call: str, applied: bool) -> None:
    facts = [*numbered(120), line("A line."), fact("x" * 100_000)]
    server.fail(call, 500, apply_before_failing=applied)
    with opened(server) as adapter:
        outcomes = write_with_retries(adapter, facts)
    assert {one.state for one in outcomes} <= {"written", "unchanged"}
    assert not any(one.times for one in server.faults), "the fault was not triggered"
    assert sorted(one.text for one in read(server)) == sorted(one.text for one in facts)
    assert len(server.passages) == 120 + 4
    assert [len(held) for held in (server.agents, server.archives, server.blocks)] == [1, 1, 1]


def test_a_post_is_not_repeated_after_any_response(server: Any) -> None:
    write(server, [fact("Likes tea.")])
    for status in (408, 409, 429, 500, 503):
        server.calls.clear()
        server.fail(BATCH, status, times=9)
        with pytest.raises(Exception, match=str(status)):
            write(server, [fact("Runs.")])
        server.faults.clear()
        assert sum(call.endswith("/batch") for call in server.calls) == 1


@pytest.mark.parametrize("first", ["Lives in Paris.", "p" * 50_000])
def test_an_interrupted_change_shows_the_new_fact_and_the_next_write_cleans_up(server: Any, first: str) -> None:
    old = fact(first, created_at=AT)
    new = msgspec.structs.replace(old, text="Lives in Lisbon.", created_at=AT - timedelta(days=1))
    write(server, [old])
    server.fail("DELETE", 500)
    with pytest.raises(Retryable):
        write(server, [new])
    assert len(server.passages) > 1
    assert read(server) == [new]
    assert [one.state for one in write(server, [new])] == ["unchanged"]
    assert len(server.passages) == 1


def test_a_long_text_with_a_missing_part_is_rejected_and_written_again(server: Any) -> None:
    long = fact("long " * 20_000)
    write(server, [long, fact("Beside.")])
    lost = next(id_ for id_, row in server.passages.items() if row["metadata"]["memctl"].get("part") == 1)
    del server.passages[lost]
    with opened(server) as adapter:
        assert [one.text for page in adapter.read("alice") for one in page.facts] == ["Beside."]
        (told,) = adapter.rejects()
    assert "only" in told.message
    assert [one.state for one in write(server, [long])] == ["written"]
    assert long in read(server)
    assert len(server.passages) == 5


def test_a_deleted_cursor_passage_does_not_end_the_reading(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memctl_letta.read.PAGE", 10)
    write(server, numbered(35))
    pages: list[Any] = []

    def deleting(call: str, answer: Any) -> Any:
        if call.startswith("GET") and call.endswith("archival-memory"):
            pages.append(answer)
            if len(pages) == 2:
                del server.passages[answer[-1]["id"]]
        return answer

    server.meddle = deleting
    facts = read(server)
    assert len(facts) == 35
    assert len({one.id for one in facts}) == 35


def test_a_truncated_or_looping_list_is_an_error(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memctl_letta.read.PAGE", 10)
    write(server, numbered(35))
    server.forgets_cursors = True
    with pytest.raises(Fatal, match="ended early"):
        read(server)
    server.forgets_cursors = False
    first = list(server.passages.values())[:10]
    server.meddle = lambda call, answer: first if call.endswith("archival-memory") else answer
    with pytest.raises(Fatal, match="pagination loop"):
        read(server)


def test_reading_from_a_deleted_cursor_skips_no_fact(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memctl_letta.read.PAGE", 2)
    facts = numbered(6)
    write(server, facts)
    with opened(server) as adapter:
        first = next(adapter.read("alice"))
        changed = msgspec.structs.replace(first.facts[-1], created_at=AT + timedelta(days=99))
        adapter.write([changed])
        rest = {one.id for page in adapter.read("alice", cursor=first.cursor) for one in page.facts}
    assert {one.id for one in facts[2:]} <= rest


def test_passages_in_a_shared_archive_keep_their_owner(server: Any) -> None:
    write(server, [fact("Likes tea.")])
    (archive,) = server.archives
    with opened(server) as adapter:
        adapter.write([fact("Runs.", "bob")])
        bob = next(one for one in server.agents.values() if "user:bob" in one["tags"])
        bob["archive_id"] = archive
        assert [one.text for page in adapter.read("bob") for one in page.facts] == []
        assert "'alice'" in next(iter(adapter.rejects())).message


def test_archives_with_the_same_name_are_distinguished(server: Any) -> None:
    agent = server.make_agent(query={}, body={"model": server.models[0], "tags": ["user:alice"], "name": "a"})
    name = users.archive_name(msgspec.convert({"id": agent["id"]}, users.Agent))
    other = server.make_archive(query={}, body={"name": name, "embedding": server.embeddings[0]})
    server.add_many(other["id"], query={}, body={"passages": [{"text": "Somebody else's."}]})
    write(server, [fact("Likes tea.")])
    assert [one.text for one in read(server)] == ["Likes tea."]
    assert len(server.archives) == 2


def test_an_archive_without_a_model_is_reported_and_unchanged(server: Any) -> None:
    agent = server.make_agent(query={}, body={"model": server.models[0], "tags": ["user:alice"], "name": "a"})
    archive = server.make_archive(query={}, body={"name": "bare"})
    server.agents[agent["id"]]["archive_id"] = archive["id"]
    with pytest.raises(UsageError, match="'bare'"):
        write(server, [fact("Likes tea.")])


def test_a_model_that_the_server_does_not_have_is_an_error_about_the_model(server: Any) -> None:
    with pytest.raises(UsageError, match="nonsense"):
        write(server, [fact("Likes tea.")], model="nonsense")
    server.models.clear()
    with pytest.raises(UsageError, match="no llm model"):
        write(server, [fact("Likes tea.")])
    assert not server.agents


def test_facts_on_a_private_server_are_not_sent_to_lettas_free_models(server: Any) -> None:
    assert server.models[0] == server.embeddings[0] == "letta/letta-free"
    write(server, [fact("Likes tea.")])
    (agent,), (archive,) = server.agents.values(), server.archives.values()
    used = (agent["model"], agent["embedding"], archive["embedding_config"]["embedding_model"])
    assert not any(handle.startswith("letta/") for handle in used)


def test_a_search_of_all_users_finds_facts_embedded_by_another_model(server: Any) -> None:
    write(server, numbered(30))
    server.embeddings.append("openai/text-embedding-3-large")
    write(server, [fact("Bob plays the cello.", "bob")], embedding="openai/text-embedding-3-large")
    with opened(server) as adapter:
        assert adapter.search(Query(None, "cello", 1))[0].fact.text == "Bob plays the cello."


def test_deleting_the_last_fact_keeps_an_agent_with_messages(server: Any) -> None:
    write(server, [fact("Likes tea.")])
    (agent,) = server.agents
    server.messages[agent].append({"id": "message-1", "message_type": "user_message", "content": "Hello."})
    with opened(server) as adapter:
        assert adapter.delete("alice", [fact("Likes tea.").id]) == 1
        assert list(adapter.users()) == []
    assert list(server.agents) == [agent]


def test_an_unknown_agent_is_an_error_that_names_it(server: Any) -> None:
    for wrong in ("agent-00000000-0000-4000-8000-000000000000", "nonsense"):
        with opened(server, agent=wrong) as adapter, pytest.raises(NotFound, match=wrong):
            adapter.check()


def test_an_agent_without_a_tag_is_found_by_its_identity(server: Any) -> None:
    agent = server.make_agent(query={}, body={"model": server.models[0], "name": "a"})
    server.agents[agent["id"]]["identities"] = [{"identifier_key": "alice", "identity_type": "user", "name": "Alice"}]
    write(server, [fact("Likes tea.")])
    assert len(server.agents) == 1
    assert [one.text for one in read(server)] == ["Likes tea."]
    with opened(server) as adapter:
        assert list(adapter.users()) == ["alice"]


def test_an_agents_messages_are_its_conversations(server: Any) -> None:
    write(server, [fact("Likes tea.")])
    (agent,) = server.agents
    said = [
        ("user_message", {"content": '{"type": "login", "last_login": "never"}'}),
        ("user_message", {"content": '{"type": "user_message", "message": "I moved to Oslo."}', "name": "Alice"}),
        ("reasoning_message", {"reasoning": "She moved."}),
        ("tool_call_message", {"tool_call": {"name": "send_message", "arguments": '{"message": "How nice!"}'}}),
        ("tool_call_message", {"tool_call": {"name": "core_memory_append", "arguments": "{}"}}),
        ("assistant_message", {"content": [{"type": "text", "text": "Welcome."}]}),
    ]
    server.messages[agent] += [
        {"id": f"message-{number}", "message_type": kind, "date": f"2025-05-01T08:3{number}:00+00:00"} | more
        for number, (kind, more) in enumerate(said)
    ]
    server.messages[agent] += [
        {"id": f"message-1{number:03}", "message_type": "user_message", "content": f"Turn {number}."}
        for number in range(150)
    ]
    server.conversations["conv-1"] = agent
    server.messages["conv-1"] = [{"id": "message-9", "message_type": "user_message", "content": "Elsewhere."}]
    with opened(server) as adapter:
        main, other = adapter.conversations("alice")
    assert [(one.role, one.text, one.name) for one in main.messages[:3]] == [
        ("user", "I moved to Oslo.", "Alice"),
        ("assistant", "How nice!", None),
        ("assistant", "Welcome.", None),
    ]
    assert len(main.messages) == 153
    assert (main.id, main.started_at) == (agent, datetime(2025, 5, 1, 8, 31, tzinfo=UTC))
    assert (other.id, other.messages[0].text) == ("conv-1", "Elsewhere.")


def test_without_an_address_letta_cloud_is_used_and_needs_a_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LETTA_API_KEY", "LETTA_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(AuthError, match="LETTA_API_KEY") as refused:
        registry.open_backend("letta")
    assert refused.value.exit == Exit.FATAL
    monkeypatch.setenv("LETTA_API_KEY", "some" + "-key")
    cloud = registry.open_backend("letta")
    assert registry.identity("letta", cloud) == "letta:api.letta.com"
    assert "https://api.letta.com" in cloud.remarks()[0]
    monkeypatch.setenv("LETTA_BASE_URL", "http://me:word@127.0.0.1:8283/v1/")
    own = registry.open_backend("letta")
    assert registry.identity("letta", own) == "letta:127.0.0.1:8283"
    assert not own.remarks()
    assert "word" not in repr(own)
    assert "key" not in repr(own)


def test_a_wrong_key_is_an_error_that_does_not_show_it(server: Any) -> None:
    wrong = emulator().KEY[::-1]
    with LettaAdapter(server.url, api_key=wrong) as adapter, pytest.raises(AuthError) as refused:
        adapter.check()
    assert wrong not in f"{refused.value} {refused.value.hint}"
    assert "LETTA_API_KEY" in (refused.value.hint or "")


def test_the_key_in_the_environment_is_not_sent_to_another_server(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LETTA_API_KEY", emulator().KEY)
    with LettaAdapter(server.url) as adapter, pytest.raises(AuthError):
        adapter.check()


def test_the_wait_time_of_a_busy_server_is_in_the_error(server: Any) -> None:
    server.fail("GET", 429, headers={"retry-after": "7"})
    with opened(server) as adapter, pytest.raises(Retryable) as busy:
        list(adapter.users())
    assert busy.value.after == 7


def test_a_missing_server_is_retryable_and_a_foreign_server_is_not(home: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with LettaAdapter(f"http://127.0.0.1:{port}") as adapter, pytest.raises(Retryable, match="no connection"):
        adapter.check()
    with pytest.raises(UsageError, match="not a server URL"):
        LettaAdapter("localhost:8283")

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>A shop.</html>")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
            return

    with HTTPServer(("127.0.0.1", 0), Shop) as shop:
        thread = Thread(target=shop.handle_request)
        thread.start()
        with (
            LettaAdapter(f"http://127.0.0.1:{shop.server_port}") as adapter,
            pytest.raises(Fatal, match="not a response from Letta"),
        ):
            adapter.check()
        thread.join()


def test_migrate_moves_facts_to_letta_and_back_and_names_the_host_first(
    server: Any, memctl: Callable[..., Any], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LETTA_BASE_URL", server.url)
    monkeypatch.setenv("LETTA_API_KEY", emulator().KEY)
    for text in ("Likes tea.", "Lives in Oslo.", "Owns a boat."):
        assert memctl("add", "alice", text).code == 0
    there = memctl("migrate", "--from", "local", "--to", "letta", "--all-users", "--core-memory")
    assert there.code == 0, there.err
    assert server.url.removeprefix("http://") in there.err + there.out
    (agent,) = server.agents.values()
    assert "user:alice" in agent["tags"]
    assert "- Lives in Oslo." in server.blocks[agent["block_ids"][0]]["value"]
    verified = memctl("verify", "--from", "local", "--to", "letta", "--all-users")
    assert verified.code == 0, verified.out + verified.err
    back = memctl("migrate", "--from", "letta", "--to", "back.jsonl", "--all-users")
    assert back.code == 0, back.err
    assert len(Path("back.jsonl").read_text(encoding="utf-8").splitlines()) == 3
    assert sorted(path.name for path in home.iterdir() if path.name.startswith(".letta")) == []
