"""Redis: conversations of every layout are read completely and in order, and the server's records are facts."""

import base64
import json
import re
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from memctl_redis.adapter import RedisAdapter
from memctl_redis.client import place_of

from memctl.core.errors import AuthError, Retryable, UsageError
from memctl.core.fact import Fact, Source, derive_id
from memctl.workspace import Workspace

AT = datetime(2026, 3, 1, 9, 0, 0, 123456, tzinfo=UTC)
LATER = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture
def url(redis_url: str) -> str:
    place = f"{redis_url}?db=3"
    with redis.Redis.from_url(place) as client:
        client.flushdb()
    return place


@pytest.fixture
def client(url: str) -> Iterator[Any]:
    with redis.Redis.from_url(url, protocol=2) as client:
        yield client


def messages_by_session(url: str, user: str, **options: Any) -> dict[str, list[tuple[str, str]]]:
    backend = RedisAdapter(url, **options)
    talks = {talk.id: [(m.role, m.text) for m in talk.messages] for talk in backend.conversations(user)}
    backend.close()
    return talks


def push(client: Any, key: str, *items: dict[str, Any]) -> None:
    client.rpush(key, *[json.dumps(item) for item in items])


def test_a_buffer_belongs_to_the_user_in_its_key_and_expires_with_it(client: Any, url: str) -> None:
    first, second = {"role": "user", "content": "Hi", "ts": AT.timestamp()}, {"role": "assistant", "content": "Hello"}
    push(client, "buffer:u[1]", first, second)
    push(client, "buffer:u1", {"role": "user", "content": "Somebody else"})
    client.pexpireat("buffer:u[1]", int(LATER.timestamp() * 1000))
    (talk,) = RedisAdapter(url).conversations("u[1]")
    assert [(m.role, m.text, m.at) for m in talk.messages] == [("user", "Hi", AT), ("assistant", "Hello", None)]
    assert {m.expires_at for m in talk.messages} == {LATER}
    assert set(RedisAdapter(url).everyone()) == {"u[1]", "u1"}


def test_messages_keep_their_ids_when_the_buffer_is_trimmed(client: Any, url: str) -> None:
    same = {"role": "user", "content": "yes"}
    push(client, "buffer:al", {"role": "user", "content": "old"}, same, same, {"role": "user", "content": "new"})
    (before,) = RedisAdapter(url).conversations("al")
    client.ltrim("buffer:al", 2, -1)
    (after,) = RedisAdapter(url).conversations("al")
    assert [m.id for m in before.messages][2:] == [m.id for m in after.messages]
    assert len({m.id for m in before.messages}) == 4


def test_langchain_lists_are_read_from_the_oldest_message(client: Any, url: str) -> None:
    for kind, text in (("human", "One"), ("ai", "Two"), ("human", [{"type": "text", "text": "Three é"}])):
        item = {"type": kind, "data": {"content": text, "additional_kwargs": {}, "id": None}}
        client.lpush("message_store:alice:7", json.dumps(item))
    expected = {"alice:7": [("user", "One"), ("assistant", "Two"), ("user", "Three é")]}
    assert messages_by_session(url, "alice", sessions="{user}:*") == expected
    assert messages_by_session(url, "me", default_user="me") == expected
    assert messages_by_session(url, "alice") == {}


def test_more_chat_documents_than_the_search_module_returns_are_all_read(client: Any, url: str) -> None:
    pipeline = client.pipeline(transaction=False)
    for number in range(10_050):
        data = {"content": f"m{number}", "type": "human"}
        document = {"type": "human", "session_id": "a,b|c", "timestamp": 1.7e9 + number, "data": data}
        pipeline.execute_command("JSON.SET", f"chat:a,b|c:{number:026}", "$", json.dumps(document))
    pipeline.execute()
    (talk,) = RedisAdapter(url, sessions="{user}").conversations("a,b|c")
    assert [m.text for m in talk.messages] == [f"m{number}" for number in range(10_050)]
    assert talk.messages[0].at == datetime.fromtimestamp(1.7e9, UTC)


def test_the_newest_checkpoint_of_a_thread_is_its_conversation(client: Any, url: str) -> None:
    texts = ["Hi", "Hello", "Bye"]
    for id_, count in (("1f0a", 1), ("1f0b", 3)):
        items = [
            {
                "lc": 1,
                "type": "constructor",
                "id": ["langchain", "schema", "messages", name],
                "kwargs": {"content": text},
            }
            for name, text in list(zip(("HumanMessage", "AIMessage", "HumanMessage"), texts, strict=True))[:count]
        ]
        document = {"thread_id": "al:1", "checkpoint": {"channel_values": {"messages": items}}}
        client.execute_command("JSON.SET", f"checkpoint:al:1:__empty__:{id_}", "$", json.dumps(document))
    client.set("checkpoint_latest:al:1:__empty__", "checkpoint:al:1:__empty__:1f0b")
    assert messages_by_session(url, "al", sessions="{user}:*") == {
        "al:1": [("user", "Hi"), ("assistant", "Hello"), ("user", "Bye")]
    }
    backend = RedisAdapter(url, sessions="{user}:*")
    assert backend.inventory("al") == {"conversations": 1}
    backend.forget("al")
    assert client.keys() == []


def test_working_memory_belongs_to_the_user_in_it(client: Any, url: str) -> None:
    messages = [{"role": "user", "content": "Hi", "id": "m1", "created_at": AT.isoformat()}]
    document = {"user_id": "alice", "session_id": "s1", "messages": messages}
    client.execute_command("JSON.SET", "working_memory:ns:alice:s1", "$", json.dumps(document))
    (talk,) = RedisAdapter(url).conversations("alice")
    assert (talk.id, talk.messages[0].id, talk.messages[0].at) == ("s1", "m1", AT)


def test_ingest_reports_invalid_messages_and_keeps_the_expiry(
    client: Any, url: str, memctl: Callable[..., Any], store: Path
) -> None:
    push(client, "buffer:alice", {"role": "user", "content": "I live in Oslo.", "ts": AT.isoformat()}, {"a": 1})
    client.rpush("buffer:alice", b"\xff")
    client.pexpireat("buffer:alice", int(LATER.timestamp() * 1000))
    ran = memctl("ingest", "--from", f"redis:{url}", "--user", "alice", "--json")
    assert ran.code == 3
    assert len(ran.document["report"]["rejects"]) == 2
    facts = [fact for page in Workspace(store).read("alice") for fact in page.facts]
    assert {fact.expires_at for fact in facts if fact.kind == "episode"} == {LATER}
    assert any(fact.object == "Oslo" for fact in facts)


def test_context_shows_the_open_session_of_redis_with_the_memory_of_the_store(
    client: Any, url: str, memctl: Callable[..., Any]
) -> None:
    assert memctl("add", "alice", "I live in Oslo.").code == 0
    now = datetime.now(UTC)
    push(
        client, "buffer:alice",
        *({"role": "user", "content": f"Turn {n}", "ts": now.timestamp() + n} for n in range(-9, -6)),
    )  # fmt: skip
    push(client, "buffer:new", {"role": "user", "content": "Just arrived."})
    ran = memctl("context", "alice", "--session-from", f"redis:{url}")
    assert ran.code == 0, ran.err
    assert "Oslo" in ran.out
    assert ran.out.index("Turn -9") < ran.out.index("Turn -8") < ran.out.index("Turn -7")
    assert "Just arrived." in memctl("context", "new", "--session-from", f"redis:{url}").out
    assert memctl("context", "nobody", "--session-from", f"redis:{url}").code == 4


def test_a_record_of_the_server_is_a_fact_and_is_written_back_with_its_vector(client: Any, url: str) -> None:
    vector = struct.pack("<3f", 0.1, 0.2, 0.3)
    record: dict[str, Any] = {
        "id_": "01HX", "text": " Likes tea\r\n", "user_id": "alice", "namespace": "app", "session_id": "",
        "memory_type": "semantic", "topics": "food,tea", "created_at": "1772355600.123456", "updated_at": "0",
        "access_count": "4", "vector": vector,
    }  # fmt: skip
    client.hset("memory_idx:01HX", mapping=record)
    client.hset("memory_idx:02", mapping={"text": "Whose?", "user_id": ""})
    backend = RedisAdapter(url)
    (page,) = backend.read("alice")
    (fact,) = page.facts
    assert (fact.text, fact.app_id, fact.categories) == (" Likes tea\r\n", "app", ("food", "tea"))
    assert (fact.created_at, fact.updated_at) == (AT, None)
    assert base64.b64decode(fact.native["vector"]) == vector
    assert [reject.message for reject in backend.rejects()] == ["the record names no user"]
    before = client.hgetall("memory_idx:01HX")
    client.delete("memory_idx:01HX")
    assert [outcome.state for outcome in backend.write([fact])] == ["written"]
    after = client.hgetall("memory_idx:01HX")
    empty = {b"session_id", b"updated_at"}
    assert {name: value for name, value in before.items() if name not in empty}.items() <= after.items()


def test_a_change_by_the_server_is_read_and_expiry_is_that_of_the_key(client: Any, url: str) -> None:
    soon = datetime.now(UTC) + timedelta(days=1, microseconds=7)
    fact = Fact(
        id=derive_id("x"), user_id="al", kind="preference", text="Likes tea.", object="tea", expires_at=soon,
        source=Source(system="test"),
    )  # fmt: skip
    backend = RedisAdapter(url)
    backend.write([fact])
    key = f"memory_idx:{fact.id}"
    assert 86_000 < client.ttl(key) <= 86_400
    client.hset(key, mapping={"text": "Likes coffee."})
    client.persist(key)
    ((changed,),) = [page.facts for page in backend.read("al")]
    assert (changed.text, changed.kind, changed.expires_at) == ("Likes coffee.", "preference", None)


def test_secrets_of_a_url_are_never_shown_or_kept(
    client: Any, url: str, memctl: Callable[..., Any], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "-".join(("not", "shown"))
    client.acl_setuser("me", enabled=True, passwords=[f"+{secret}"], keys=["*"], categories=["+@all"])
    client.hset("memory_idx:01HX", mapping={"text": "Likes tea.", "user_id": "al"})
    push(client, "buffer:al", {"role": "user", "content": "I live in Oslo."})
    right = url.replace("unix://", f"unix://me:{secret}@")
    for address, name, codes in (
        ("", f"redis:{right}", {2}), ("", f"redis://me:{secret}@localhost/0", {2}),
        (right, "redis", {0, 3}), (right.replace("me:", "you:"), "redis", {7}),
    ):  # fmt: skip
        monkeypatch.setenv("REDIS_URL", address)
        for command in (
            ("users", "--from", name), ("ingest", "--from", name), ("ingest", "--from", name, "--json"),
            ("migrate", "--from", name, "--to", "al.jsonl", "--all-users", "--json"),
            ("context", "al", "--session-from", name),
        ):  # fmt: skip
            ran = memctl(*command)
            assert ran.code in codes, (command, ran)
            assert secret not in ran.out + ran.err, command
    written = [path for path in home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert not written
    assert secret not in repr(RedisAdapter(right))


@pytest.mark.parametrize("address", ["redis://host.example:6380", "unix:///run/redis.sock"])
def test_two_databases_of_a_server_have_different_identities(address: str) -> None:
    places = [place_of(f"{address}{query}") for query in ("?db=1", "?db=2", "")]
    assert len(set(places)) == 3
    assert place_of(f"{address}?db=0") == place_of(f"{address}?password=hunter2") == places[-1]
    assert place_of("redis://host.example/1?db=2") == place_of("redis://host.example/2")


def test_a_lost_server_is_retryable_and_a_wrong_address_is_a_usage_error(redis_url: str) -> None:
    with pytest.raises(Retryable):
        RedisAdapter("//127.0.0.1:1").check()
    with pytest.raises(UsageError):
        RedisAdapter("http://host")
    with pytest.raises(UsageError):
        RedisAdapter("//h", buffers="buffer:*")
    with pytest.raises(AuthError):
        RedisAdapter(redis_url.replace("unix://", "unix://me:wrong@")).check()


def test_the_commands_of_the_docs_page_run(
    client: Any, url: str, memctl: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    push(client, "buffer:alice", {"role": "user", "content": "I live in Oslo.", "ts": AT.isoformat()})
    client.hset("memory_idx:01HX", mapping={"text": "Likes tea.", "user_id": "alice"})
    monkeypatch.setenv("MEMCTL_REDIS_URL", url)
    page = (Path(__file__).parents[2] / "docs" / "redis.md").read_text(encoding="utf-8")
    lines = [line.partition("  #")[0] for line in page.splitlines() if line.startswith("memctl ")]
    assert len(lines) == 6
    for line in lines:
        words = [quoted or word for quoted, word in re.findall(r'"([^"]*)"|(\S+)', line)]
        ran = memctl(*words[1:])
        assert ran.code == 0, (line, ran)
    assert client.keys() == []
