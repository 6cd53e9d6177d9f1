"""mem0's platform through its own client: reads are complete and by owner, writes are stored once."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from memctl_mem0.platform.adapter import Mem0Adapter

from memctl.backends.contract import Query
from memctl.core.errors import Fatal, Rejected, Retryable, UsageError
from memctl.core.fact import Fact, Source, derive_id


def emulator() -> ModuleType:
    """The emulator's module, loaded once."""
    return import_module("emulators.mem0_platform")


@pytest.fixture
def platform() -> Iterator[Any]:
    with emulator().serve() as state:
        yield state


@pytest.fixture
def mem0(platform: Any) -> Iterator[Mem0Adapter]:
    with Mem0Adapter(platform.key, url=platform.url) as adapter:
        yield adapter


def fact(text: str = "Alice lives in Paris.", user: str = "alice", **fields: Any) -> Fact:
    return Fact(**{"id": derive_id(user, text), "user_id": user, "kind": "fact", "text": text,
                   "source": Source(system="test")} | fields)  # fmt: skip


def read(adapter: Mem0Adapter, user: str) -> list[Fact]:
    return [fact for page in adapter.read(user) for fact in page.facts]


def everything(adapter: Mem0Adapter) -> dict[str, list[Fact]]:
    return {user: read(adapter, user) for user in adapter.users()}


def filled(platform: Any) -> None:
    """450 memories of alice on three pages, and memories of others in every kind of scope."""
    for number in range(450):
        more = [{}, {"agent_id": "travel"}, {"session_id": f"run {number}"}, {"app_id": "ios", "agent_id": "chef"}]
        platform.put(memory=f"Alice {number}", user_id="alice", **more[number % 4])
    for number in range(30):
        platform.put(memory=f"Bruno {number}", user_id="bruno", agent_id="travel")
    for number in range(3):
        platform.put(memory=f"Travel agent {number}", agent_id="travel")
        platform.put(memory=f"App {number}", app_id="ios")
        platform.put(memory=f"Run {number}", session_id="nightly")


@pytest.mark.parametrize("null_scoping", [True, False], ids=["null-scoping", "no-null-scoping"])
def test_450_memories_over_three_pages_are_read_without_those_of_others(
    platform: Any, mem0: Mem0Adapter, null_scoping: bool
) -> None:
    platform.null_scoping = null_scoping
    filled(platform)
    stored = everything(mem0)
    assert {user: len(facts) for user, facts in stored.items()} == {
        "alice": 450, "bruno": 30, "agent:travel": 3, "app:ios": 3, "run:nightly": 3,
    }  # fmt: skip
    for user, facts in stored.items():
        first = {"alice": "Alice", "bruno": "Bruno", "agent:travel": "Travel", "app:ios": "App"}.get(user, "Run")
        assert all(fact.text.startswith(first) and fact.user_id == user for fact in facts)
    assert len({fact.id for facts in stored.values() for fact in facts}) == 489
    assert [mem0.count(user) for user in ("alice", "bruno", "nobody", "agent:travel")] == [450, 30, 0, None]
    assert list(mem0.rejects()) == []


def test_every_page_of_owners_is_read(platform: Any, mem0: Mem0Adapter) -> None:
    names = [f"user {number:02}" for number in range(3 * emulator().ENTITY_PAGE - 5)]
    for name in names:
        platform.put(memory="x", user_id=name)
    assert sorted(mem0.users()) == names


def test_expired_and_merged_memories_are_read(platform: Any, mem0: Mem0Adapter) -> None:
    platform.put(memory="Expired.", user_id="alice", expiration_date="2020-01-01")
    platform.put(memory="Merged.", user_id="alice", merged=True)
    platform.put(memory="Plain.", user_id="alice")
    assert {fact.text for fact in read(mem0, "alice")} == {"Expired.", "Merged.", "Plain."}


def test_a_memory_of_mem0_keeps_id_labels_metadata_attributes_and_date(platform: Any, mem0: Mem0Adapter) -> None:
    row = platform.put(
        memory="Alice is vegetarian", user_id="alice", categories=["food", "health"], metadata={"a": {"b": 1}},
        structured_attributes={"day": 2}, expiration_date="2099-05-01", synthesized=True,
        created_at=datetime(2026, 3, 2, 6, 15, 0, 482113, UTC),
    )  # fmt: skip
    (stored,) = read(mem0, "alice")
    assert stored.source == Source(system="mem0", id=row["id"], uri=f"{platform.url.split('//')[1]}/{platform.project}")
    assert stored.categories == ("food", "health")
    assert stored.metadata == {"a": {"b": 1}}
    assert stored.native == {"structured_attributes": {"day": 2}, "synthesized": True, "expiration_date": "2099-05-01"}
    assert stored.expires_at == datetime(2099, 5, 1, tzinfo=UTC)
    assert stored.created_at == datetime(2026, 3, 2, 6, 15, 0, 482113, UTC)


def test_a_list_shorter_than_its_count_is_an_error(platform: Any, mem0: Mem0Adapter) -> None:
    filled(platform)
    platform.most_listed = 200
    with pytest.raises(Fatal, match=r"is incomplete: mem0 counts 450 rows and returned 200"):
        read(mem0, "alice")


def numbered(platform: Any, count: int) -> list[dict[str, Any]]:
    """Memories of alice, the newest first, so that it is on the first page."""
    began = datetime(2026, 1, 1, tzinfo=UTC)
    rows = (platform.put(memory=f"{n}", user_id="alice", created_at=began - timedelta(n)) for n in range(count))
    return list(rows)


def test_a_memory_deleted_during_reading_hides_no_other(platform: Any) -> None:
    """Deleting a memory of the first page moves one from the second page to the first, which was already read."""
    rows = numbered(platform, 9)
    with Mem0Adapter(platform.key, url=platform.url, page_size=3) as mem0:
        pages = mem0.read("alice")
        first_page = list(next(pages).facts)
        platform.take(rows[1]["id"])
        first_page += [fact for page in pages for fact in page.facts]
    assert sorted(fact.text for fact in first_page) == [f"{n}" for n in range(9)]


def test_a_memory_that_moves_to_the_front_during_reading_is_read(platform: Any) -> None:
    rows = numbered(platform, 9)
    with Mem0Adapter(platform.key, url=platform.url, page_size=3) as mem0:
        pages = mem0.read("alice")
        first_page = list(next(pages).facts)
        rows[7]["created_at"] = datetime(2026, 2, 1, tzinfo=UTC)
        rest = list(pages)
    first_page += [fact for page in rest for fact in page.facts]
    cursors = [page.cursor for page in rest]
    assert sorted(fact.text for fact in first_page) == [f"{n}" for n in range(9)]
    assert len(set(cursors)) == len(cursors)


def test_memories_that_mem0_counts_but_does_not_list_are_rejects(platform: Any, mem0: Mem0Adapter) -> None:
    platform.put(memory="x", user_id="alice")
    platform.uncounted = 7
    assert list(mem0.users()) == ["alice"]
    (reject,) = mem0.rejects()
    assert reject.message == "mem0 counts 8 memories, but lists 1 of them"


def test_an_invalid_record_is_a_reject_and_is_not_counted(platform: Any, mem0: Mem0Adapter) -> None:
    platform.put(memory=None, user_id="alice")
    platform.put(memory="x", user_id="alice")
    assert len(read(mem0, "alice")) == 1
    assert mem0.count("alice") == 1
    (reject,) = mem0.rejects()
    assert "no text" in reject.message


def test_owners_whose_memories_are_gone_are_not_listed(platform: Any, mem0: Mem0Adapter) -> None:
    row = platform.put(memory="x", user_id="alice", agent_id="bot")
    platform.take(row["id"])
    assert list(mem0.users()) == []


def test_a_user_named_like_an_agent_is_kept_separate(platform: Any, mem0: Mem0Adapter) -> None:
    platform.put(memory="A user's.", user_id="agent:bot", agent_id="other")
    platform.put(memory="Somebody else's.", user_id="alice", agent_id="bot")
    assert [fact.text for fact in read(mem0, "agent:bot")] == ["A user's."]
    platform.put(memory="The agent's.", agent_id="bot")
    with pytest.raises(Fatal, match="memories of that agent alone"):
        read(mem0, "agent:bot")


def test_a_user_named_star_does_not_mean_all_users(platform: Any, mem0: Mem0Adapter) -> None:
    platform.put(memory="x", user_id="alice")
    assert mem0.count("*") == 0
    assert read(mem0, "*") == []
    assert mem0.search(Query("*", "x")) == []
    (outcome,) = mem0.write([fact(user="*")])
    assert outcome.state == "rejected"


def test_successors_are_found_on_other_pages_and_by_memctls_id(platform: Any, mem0: Mem0Adapter) -> None:
    new = fact("Alice lives in Bergen.")
    (outcome,) = mem0.write([new])
    for number in range(250):
        platform.put(memory=f"Between {number}", user_id="alice")
    platform.put(
        memory="Old.", user_id="alice", replaced_by=outcome.target_id, created_at=datetime(2020, 1, 1, tzinfo=UTC)
    )
    by_text = {one.text: one for one in read(mem0, "alice")}
    assert by_text["Old."].superseded_by == new.id == by_text[new.text].id


def test_texts_are_stored_verbatim(platform: Any, mem0: Mem0Adapter) -> None:
    written = fact(
        agent_id="bot", session_id="run 1", app_id="ios", created_at=datetime(2025, 5, 1, 8, 30, 0, 5, UTC),
        expires_at=datetime(2099, 1, 1, tzinfo=UTC), metadata={"a": 1},
    )  # fmt: skip
    (outcome,) = mem0.write([written])
    (body,) = [body for _, path, body in platform.requests if path == "/v3/memories/add/"]
    assert body["infer"] is False
    assert body["messages"] == [{"role": "user", "content": written.text}]
    assert {key: body[key] for key in ("user_id", "agent_id", "app_id", "run_id")} == {
        "user_id": "alice", "agent_id": "bot", "app_id": "ios", "run_id": "run 1",
    }  # fmt: skip
    assert (body["timestamp"], body["expiration_date"]) == (1746088200, "2099-01-01")
    assert body["metadata"]["a"] == 1
    row = platform.memories[outcome.target_id]
    assert row["created_at"] == datetime(2025, 5, 1, 8, 30, tzinfo=UTC)
    assert (row["user_id"], row["agent_id"]) == ("alice", "bot")


def test_a_text_that_the_scope_already_has_is_rejected_with_the_reason(platform: Any, mem0: Mem0Adapter) -> None:
    platform.put(memory="Likes tea.", user_id="alice")
    again, other_scope = fact("Likes tea."), fact("Likes tea.", id=derive_id("2"), agent_id="bot")
    outcomes = mem0.write([again, other_scope])
    assert [outcome.state for outcome in outcomes] == ["rejected", "written"]
    assert "stores a text only once" in (outcomes[0].reason or "")


def test_a_fact_that_mem0_refuses_does_not_affect_the_others(platform: Any, mem0: Mem0Adapter) -> None:
    platform.faults.append(emulator().Fault("POST .*/add/", 400, skip=1))
    outcomes = mem0.write([fact("One."), fact("Two."), fact("Three.")])
    assert [outcome.state for outcome in outcomes] == ["written", "rejected", "written"]
    assert "400" in (outcomes[1].reason or "")


def test_a_changed_fact_is_changed_in_place(platform: Any, mem0: Mem0Adapter) -> None:
    first = fact(agent_id="bot", expires_at=datetime(2099, 1, 1, tzinfo=UTC))
    (written,) = mem0.write([first])
    changed = msgspec.structs.replace(first, text="Alice lives in Rome.", expires_at=None, categories=("home",))
    (updated,) = mem0.write([changed])
    assert (updated.state, updated.target_id) == ("updated", written.target_id)
    assert len(platform.memories) == 1
    assert read(mem0, "alice") == [changed]


def test_a_fact_moving_to_another_agent_is_readable_at_every_step(platform: Any, mem0: Mem0Adapter) -> None:
    first = fact(agent_id="bot")
    mem0.write([first])
    moved = msgspec.structs.replace(first, agent_id="chef")
    platform.faults.append(emulator().Fault("DELETE", 503))
    with pytest.raises(Retryable):
        mem0.write([moved])
    assert {row["agent_id"] for row in platform.memories.values()} == {"bot", "chef"}
    (outcome,) = mem0.write([moved])
    assert outcome.state == "unchanged"
    assert [row["agent_id"] for row in platform.memories.values()] == ["chef"]
    assert read(mem0, "alice") == [moved]


def test_a_duplicate_of_a_fact_is_reported_and_read_once(platform: Any, mem0: Mem0Adapter) -> None:
    (outcome,) = mem0.write([fact(), fact("Another.")])[:1]
    row = platform.memories[outcome.target_id]
    platform.put(memory=row["memory"], user_id="alice", metadata=row["metadata"])
    assert len(read(mem0, "alice")) == 2
    (reject,) = mem0.rejects()
    assert "second copy" in reject.message


def test_a_memory_of_mem0_is_recognised_when_written_back(platform: Any, mem0: Mem0Adapter) -> None:
    platform.put(memory="Alice is vegetarian", user_id="alice", categories=["food"])
    facts = read(mem0, "alice")
    assert [outcome.state for outcome in mem0.write(facts)] == ["unchanged"]
    assert len(platform.memories) == 1


def test_memories_of_another_program_can_be_deleted(platform: Any, mem0: Mem0Adapter) -> None:
    for number in range(3):
        platform.put(memory=f"{number}", user_id="alice")
    ids = [one.id for one in read(mem0, "alice")]
    assert mem0.delete("alice", ids[:2]) == 2
    assert mem0.delete("alice", ids[:2]) == 0
    assert [one.id for one in read(mem0, "alice")] == ids[2:]


class TestLater:
    """Memories that mem0 stores asynchronously."""

    def test_a_queued_write_is_written_only_when_it_is_readable(self, platform: Any, mem0: Mem0Adapter) -> None:
        platform.asynchronous = True
        outcomes = mem0.write([fact("One."), fact("Two."), fact("One.")])
        assert [outcome.state for outcome in outcomes] == ["written", "written", "unchanged"]
        assert all(outcome.target_id in platform.memories for outcome in outcomes)

    def test_a_queued_write_that_was_dropped_or_failed_is_a_reject(self, platform: Any, mem0: Mem0Adapter) -> None:
        platform.asynchronous = True
        platform.put(memory="One.", user_id="alice")
        (outcome,) = mem0.write([fact("One.")])
        assert outcome.state == "rejected"
        assert "stores a text only once" in (outcome.reason or "")

    def test_settle_waits_for_mem0s_own_extraction(self, platform: Any, mem0: Mem0Adapter) -> None:
        turns = ["I keep bees.", {"role": "system", "content": "Be brief."}, {"role": "assistant", "content": "Nice."}]
        added = mem0.add("alice", turns)
        assert len(added.events) == 1
        assert [reject.where for reject in added.rejects] == ["turn 1"]
        assert platform.memories == {}
        mem0.settle((), datetime.now(UTC) + timedelta(seconds=10))
        assert {fact.text for fact in read(mem0, "alice")} == {"I keep bees.", "Nice."}

    def test_a_failed_extraction_is_an_error(self, platform: Any, mem0: Mem0Adapter) -> None:
        (event,) = mem0.add("alice", ["I keep bees."]).events
        platform.events[event]["error"] = "model overloaded"
        with pytest.raises(Rejected, match="model overloaded"):
            mem0.settle((), datetime.now(UTC) + timedelta(seconds=10))

    def test_waiting_ends_at_the_deadline(self, platform: Any, mem0: Mem0Adapter) -> None:
        platform.polls_until_done = 10_000
        mem0.add("alice", ["I keep bees."])
        with pytest.raises(Retryable, match="still"):
            mem0.settle((), datetime.now(UTC))

    def test_settle_waits_for_the_whole_queue_after_a_lost_response(self, platform: Any, mem0: Mem0Adapter) -> None:
        platform.asynchronous = True
        platform.faults.append(emulator().Fault("POST .*/add/", 0, applied=True))
        with pytest.raises(Retryable):
            mem0.write([fact()])
        assert platform.memories == {}
        mem0.settle((), datetime.now(UTC) + timedelta(seconds=10))
        assert [outcome.state for outcome in mem0.write([fact()])] == ["unchanged"]
        assert len(platform.memories) == 1


def test_facts_moved_to_mem0_twice_and_back_are_unchanged(
    platform: Any,
    memctl: Callable[..., Any],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    postgres_dsn: str,
    postgres_schema: str,
) -> None:
    (home / "work" / "memctl.toml").write_text(
        f'[backends.pg]\nadapter = "postgres"\ndsn_env = "TRIP_DSN"\nschema = "{postgres_schema}"\n', encoding="utf-8"
    )
    monkeypatch.setenv("TRIP_DSN", postgres_dsn)
    for number in range(5):
        platform.put(
            memory=f"Alice {number}", user_id="alice", agent_id="bot" if number % 2 else None, categories=["food"],
            metadata={"n": number}, expiration_date="2099-01-01" if number == 3 else None,
            created_at=datetime(2025, 1, 1, 8, 0, number, 123456, tzinfo=UTC),
        )  # fmt: skip
    platform.put(memory="The agent's own.", agent_id="bot")
    monkeypatch.setenv("MEM0_API_KEY", platform.key)

    def move(source: str, target: str, url: str) -> None:
        monkeypatch.setenv("MEMCTL_MEM0_URL", url)
        ran = memctl("migrate", "--from", source, "--to", target, "--all-users", "--json")
        assert ran.code == 0, (ran.out, ran.err)

    def facts(name: str) -> list[dict[str, Any]]:
        lines = (home / "work" / name).read_text(encoding="utf-8").splitlines()
        return sorted((json.loads(line) for line in lines), key=lambda row: row["id"])

    move("mem0", "first.jsonl", platform.url)
    move("mem0", "pg", platform.url)
    with emulator().serve() as other:
        move("pg", "mem0", other.url)
        move("mem0", "second.jsonl", other.url)
        assert [row["user_id"] for row in other.memories.values()].count(None) == 1
    assert len(facts("first.jsonl")) == 6
    assert facts("second.jsonl") == facts("first.jsonl")


def test_since_uses_the_facts_own_times(platform: Any, mem0: Mem0Adapter) -> None:
    day = datetime(2026, 5, 1, tzinfo=UTC)
    platform.put(memory="Old.", user_id="alice", created_at=day - timedelta(9), updated_at=day - timedelta(9))
    platform.put(memory="Changed.", user_id="alice", created_at=day - timedelta(9), updated_at=day)
    assert [one.text for page in mem0.read("alice", day) for one in page.facts] == ["Changed."]


def test_search_shows_the_parts_of_each_score(platform: Any, mem0: Mem0Adapter) -> None:
    platform.put(memory="Alice keeps bees.", user_id="alice", session_id="run 1")
    platform.put(memory="The agent keeps bees.", agent_id="bot")
    (hit,) = mem0.search(Query("alice", "bees"))
    assert set(hit.parts) == {"semantic", "bm25", "entity"}
    assert hit.fact.session_id == "run 1"
    assert "score" not in hit.fact.native
    assert [hit.fact.text for hit in mem0.search(Query("agent:bot", "bees"))] == ["The agent keeps bees."]
    with pytest.raises(UsageError, match="1000"):
        mem0.search(Query("alice", "bees", 1001))


def test_a_fact_that_expires_today_is_kept_until_then(platform: Any, mem0: Mem0Adapter) -> None:
    """mem0 stores only the day of expiry; the fact must not expire earlier than its time."""
    now = datetime.now(UTC)
    mem0.write([fact(expires_at=now + timedelta(seconds=1))])
    (row,) = platform.memories.values()
    assert date.fromisoformat(row["expiration_date"]) > now.date()
    (stored,) = read(mem0, "alice")
    assert stored.expires_at == now + timedelta(seconds=1)
