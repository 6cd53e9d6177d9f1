"""mem0's REST server: an incomplete list is an error, and a lost response causes no duplicate."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from memctl_mem0.server.adapter import Mem0ServerAdapter

from memctl.backends.wrappers import Retrying
from memctl.core.errors import AuthError, Exit, Fatal, MemctlError, NotFound, Rejected, Retryable, UsageError
from memctl.core.fact import Fact, Source, derive_id
from memctl.runtime.retry import Halt, Retry

NOON = datetime(2025, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)


def emulator() -> ModuleType:
    """The emulator's module, loaded once."""
    return import_module("emulators.mem0_server")


@pytest.fixture
def server() -> Iterator[Any]:
    with emulator().serve() as state:
        yield state


@pytest.fixture
def mem0(server: Any) -> Iterator[Mem0ServerAdapter]:
    with Mem0ServerAdapter(server.url, server.key) as adapter:
        yield adapter


def fact(text: str = "Alice lives in Paris.", user: str = "alice", **fields: Any) -> Fact:
    return Fact(**{"id": derive_id(user, text), "user_id": user, "kind": "fact", "text": text,
                   "source": Source(system="test")} | fields)  # fmt: skip


def read(adapter: Mem0ServerAdapter, user: str = "alice") -> list[Fact]:
    return [fact for page in adapter.read(user) for fact in page.facts]


def add_memories(server: Any, count: int, user: str = "alice", **fields: Any) -> None:
    """Add this number of memories of a user, as an application does."""
    for number in range(count):
        text = f"{user} owns book {number}."
        row = {"data": text, "user_id": user, "hash": "-", "created_at": NOON.isoformat(), "role": "user"}
        server.points[f"00000000-0000-4000-8000-{len(server.points):012}"] = row | fields


def test_all_350_memories_are_read_where_the_server_gives_20(server: Any, mem0: Mem0ServerAdapter) -> None:
    add_memories(server, 350)
    add_memories(server, 2, "bob")
    assert len({one.text for one in read(mem0)}) == 350
    assert len(read(mem0, "bob")) == 2
    assert (mem0.count("alice"), sorted(mem0.users())) == (350, ["alice", "bob"])


def test_1000_memories_of_a_user_are_read_and_more_are_an_error(server: Any, mem0: Mem0ServerAdapter) -> None:
    add_memories(server, 1_000)
    assert len(read(mem0)) == 1_000
    add_memories(server, 1)
    with pytest.raises(Fatal) as told:
        read(mem0)
    assert told.value.exit == Exit.FATAL
    assert "1000" in told.value.message
    assert "postgresql://" in str(told.value.hint)
    assert "mem0-oss" in str(told.value.hint)


def test_more_memories_than_the_owner_list_scans_are_an_error(server: Any, mem0: Mem0ServerAdapter) -> None:
    add_memories(server, 10_000)
    add_memories(server, 1, "zoe")
    with pytest.raises(Fatal) as told:
        mem0.users()
    assert "postgresql://" in str(told.value.hint)
    assert mem0.count("zoe") is None


def test_expired_memories_are_read_and_an_older_server_that_hides_them_is_an_error(
    server: Any, mem0: Mem0ServerAdapter
) -> None:
    add_memories(server, 3, expiration_date="2020-01-01")
    assert len(read(mem0)) == 3
    server.knows_show_expired = False
    with pytest.raises(Fatal, match="counts 3"):
        read(mem0)


def test_a_truncated_list_is_an_error(server: Any, mem0: Mem0ServerAdapter) -> None:
    add_memories(server, 40)
    server.most_listed = 20
    with pytest.raises(Fatal, match="lists 20"):
        read(mem0)


def test_a_memory_of_mem0_is_read_completely(server: Any, mem0: Mem0ServerAdapter) -> None:
    add_memories(server, 1, topic="home", agent_id="helper", run_id="r1", actor_id="Al", updated_at=NOON.isoformat())
    (stored,) = read(mem0)
    assert stored.source == Source(system="mem0", id=next(iter(server.points)), uri=mem0.identity)
    assert (stored.agent_id, stored.session_id, stored.created_at, stored.updated_at) == ("helper", "r1", NOON, NOON)
    assert stored.metadata == {"topic": "home"}
    assert (stored.native["actor_id"], stored.native["role"]) == ("Al", "user")
    assert mem0.write([stored])[0].state == "unchanged"


def test_a_memory_of_an_agent_only_stays_the_agents(server: Any, mem0: Mem0ServerAdapter) -> None:
    server.points["00000000-0000-4000-8000-000000000000"] = {"data": "Be brief.", "agent_id": "helper"}
    add_memories(server, 1, agent_id="helper")
    assert sorted(mem0.users()) == ["agent:helper", "alice"]
    assert [one.text for one in read(mem0, "agent:helper")] == ["Be brief."]
    (stored,) = read(mem0, "agent:helper")
    (outcome,) = mem0.write([msgspec.structs.replace(stored, kind="procedure")])
    assert outcome.state == "updated"
    assert "user_id" not in server.points[str(outcome.target_id)]


def test_texts_are_stored_verbatim_without_extraction(server: Any, mem0: Mem0ServerAdapter) -> None:
    written = fact(
        created_at=NOON, updated_at=NOON, expires_at=NOON, agent_id="helper", session_id="s 1", subject="alice",
        native={"role": "assistant"}, metadata={"topic": "home", "data": 1},
    )  # fmt: skip
    assert mem0.write([written])[0].state == "written"
    (payload,) = server.points.values()
    assert payload["data"] == written.text
    assert payload["created_at"] == NOON.isoformat()
    assert (payload["role"], payload["agent_id"], payload["topic"]) == ("assistant", "helper", "home")
    assert "run_id" not in payload
    assert read(mem0) == [written]


def test_a_user_name_that_mem0_cannot_have_is_rejected_with_the_reason(server: Any, mem0: Mem0ServerAdapter) -> None:
    outcomes = mem0.write([fact(user="Alice B"), fact()])
    assert [outcome.state for outcome in outcomes] == ["rejected", "written"]
    assert "white space" in (outcomes[0].reason or "")


def test_a_fact_beyond_1000_is_rejected(server: Any, mem0: Mem0ServerAdapter) -> None:
    add_memories(server, 999)
    outcomes = mem0.write([fact("One."), fact("Two.")])
    assert [outcome.state for outcome in outcomes] == ["written", "rejected"]
    assert "mem0-oss" in (outcomes[1].reason or "")
    assert len(read(mem0)) == 1_000


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("status", [500, 0])
def test_a_lost_response_causes_no_second_memory(
    server: Any, mem0: Mem0ServerAdapter, status: int, applied: bool
) -> None:
    facts = [fact(f"Fact {number}.") for number in range(4)]
    server.faults.append(emulator().Fault("POST /memories", status, applied=applied, skip=1))
    with pytest.raises(Retryable):
        mem0.write(facts)
    states = [outcome.state for outcome in mem0.write(facts)]
    assert states == ["unchanged", "unchanged" if applied else "written", "written", "written"]
    assert sorted(one.text for one in read(mem0)) == [one.text for one in facts]
    assert len(server.points) == 4


def test_an_interrupted_change_shows_the_new_version_and_the_next_cleans_up(
    server: Any, mem0: Mem0ServerAdapter
) -> None:
    first = fact()
    later = msgspec.structs.replace(first, text="Alice lives in Lisbon.", created_at=NOON)
    last = msgspec.structs.replace(first, text="Alice lives in Rome.")
    mem0.write([first])
    server.faults.append(emulator().Fault("DELETE", 500))
    with pytest.raises(Retryable):
        mem0.write([later])
    assert len(server.points) == 2
    assert read(mem0) == [later]
    assert [outcome.state for outcome in mem0.write([last])] == ["updated"]
    assert read(mem0) == [last]
    assert len(server.points) == 1
    assert mem0.delete("alice", [first.id]) == 1


def test_the_wait_time_of_a_busy_server_is_in_the_error(server: Any, mem0: Mem0ServerAdapter) -> None:
    server.faults.append(emulator().Fault("GET", 429, headers={"retry-after": "7"}))
    with pytest.raises(Retryable) as told:
        mem0.count("alice")
    assert told.value.after == 7


def test_a_page_that_times_out_is_retryable(server: Any) -> None:
    add_memories(server, 3)
    server.faults.append(emulator().Fault("GET /memories", 0, delay=0.5))
    with Mem0ServerAdapter(server.url, server.key, timeout=0.1) as adapter:
        with pytest.raises(Retryable):
            read(adapter)
        # On a busy machine further pages may time out.
        patient = Retrying(adapter, Retry(Halt(), attempts=20))
        assert len([fact for page in patient.read("alice") for fact in page.facts]) == 3


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"detail": "Invalid API key."}, AuthError),
        (403, {"detail": "Admin role required."}, AuthError),
        (404, {"detail": "Not Found"}, NotFound),
        (502, {"detail": "Provider rejected the request", "code": "provider_auth_failed"}, Fatal),
        (502, {"detail": "The memory database is unreachable.", "code": "datastore_unavailable"}, Retryable),
        (502, {"detail": "Provider timed out.", "code": "provider_timeout"}, Retryable),
        (422, {"detail": [{"msg": "Input should be valid"}]}, Rejected),
        (307, {}, Fatal),
    ],
)
def test_each_failure_becomes_the_matching_memctl_error(
    server: Any, mem0: Mem0ServerAdapter, status: int, body: dict[str, Any], expected: type[MemctlError]
) -> None:
    server.faults.append(emulator().Fault("GET", status, body=body))
    with pytest.raises(expected) as told:
        mem0.count("alice")
    assert type(told.value) is expected
    assert "\n" not in str(told.value)


def test_a_record_the_embedder_refuses_is_rejected_alone(server: Any, mem0: Mem0ServerAdapter) -> None:
    body = {"detail": "Provider rejected the request as malformed.", "code": "provider_bad_request"}
    server.faults.append(emulator().Fault("POST /memories", 502, body=body))
    assert [outcome.state for outcome in mem0.write([fact("One."), fact("Two.")])] == ["rejected", "written"]


def test_without_its_key_the_error_names_the_variable_and_not_the_key(server: Any) -> None:
    secret = "-".join(["somebody", "else"])
    for key in (None, secret):
        with Mem0ServerAdapter(server.url, key) as adapter, pytest.raises(AuthError) as told:
            adapter.check()
        assert "MEM0_SERVER_API_KEY" in str(told.value.hint)
        assert secret not in f"{told.value} {adapter!r}"


def test_a_server_without_keys_gets_no_key(server: Any) -> None:
    server.key = None
    with Mem0ServerAdapter(server.url) as adapter:
        assert adapter.check().ok


def test_an_address_without_a_server_is_a_one_line_error() -> None:
    for url in (None, "", "localhost:8888", "ftp://example.org"):
        with pytest.raises(UsageError):
            Mem0ServerAdapter(url)
    with Mem0ServerAdapter("http://127.0.0.1:9") as adapter, pytest.raises(Retryable) as told:
        adapter.check()
    assert "127.0.0.1:9" in str(told.value)


def test_migrate_moves_facts_to_the_server_and_back(
    memctl: Callable[..., Any], server: Any, home: Path, chat: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEM0_SERVER_API_KEY", server.key)
    path = chat("alice/a.jsonl", "I live in Oslo.", "My sister is Eva.", "I like tea.")
    assert memctl("ingest", path.parent.parent).code == 0
    there = memctl("migrate", "--from", "local", "--to", f"mem0-server:{server.url}", "--all-users", "--json")
    assert there.code == 0, there.err
    assert there.document["counts"]["written"] == len(server.points) > 0
    back = memctl("migrate", "--from", "mem0-server", "--url", server.url, "--to", "back.jsonl", "--all-users")
    assert back.code == 0, back.err
    same = memctl("verify", "--from", "local", "--to", "back.jsonl", "--all-users")
    assert same.code == 0, same.out
