"""Zep Cloud through its own SDK against a loopback server: requests, waiting, and the state after a failure."""

import copy
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import msgspec
import pytest
from adapters.zep_graphs import AT, fact, graph, read, sent, soon
from campaigns import campaign_cases
from emulators import zep as emulator
from memctl_zep.adapter import ZepAdapter

from memctl.backends.contract import Message, Query
from memctl.core.errors import Fatal, Retryable, UsageError


def test_1000_facts_about_alice_need_one_node_and_few_calls(cloud: Any, zep: Callable[..., ZepAdapter]):
    facts = [
        fact(f"Alice owns book {n}.", subject="Alice", predicate="owns", object=f"book {n % 50}") for n in range(1000)
    ]
    zep().write(facts)
    assert len(graph(cloud)["edges"]) == 1000
    names = [node["name"] for node in graph(cloud)["nodes"].values()]
    assert names.count("alice") + names.count("Alice") == 1
    assert len(names) == len(set(names)) == 51
    assert [len(body["edges"]) for body in sent(cloud, "/edges")] == [100] * 10
    assert not any(body["deduplicate"] for body in sent(cloud, "/edges"))


def test_skipped_threads_and_episodes_are_reported(cloud: Any, zep: Callable[..., ZepAdapter]):
    adapter = zep()
    adapter.write([fact("Bob likes tea.")])
    assert adapter.remarks() == ()
    read(adapter)
    assert "episodes are left out" in "".join(adapter.remarks())


def test_a_later_session_reuses_existing_nodes(cloud: Any, zep: Callable[..., ZepAdapter]):
    for n in range(3):
        zep().write([fact(f"Bob visits {n}.", subject="Bob", predicate="visits", object="Alice's house")])
    assert sorted(node["name"] for node in graph(cloud)["nodes"].values()) == ["Alice's house", "Bob", "alice"]


LOST = [
    ("POST .*/edges$", True, 3),
    ("POST .*/edges$", False, 0),
    ("POST .*/nodes$", True, 0),
    ("POST .*/users$", True, 3),
]
CALLS = product(("POST .*/edges$", "POST .*/nodes$", "POST .*/users$"), (True, False), (0, 3))


@pytest.mark.parametrize(
    ("call", "applied", "lag"), [*LOST, *campaign_cases(*(case for case in CALLS if case not in LOST))]
)
def test_a_batch_repeated_after_a_lost_response_is_stored_once(
    cloud: Any, zep: Callable[..., ZepAdapter], call: str, applied: bool, lag: int
):
    cloud.lag = lag
    cloud.faults.append(emulator.Fault(call, after=applied))
    adapter = zep()
    facts = [fact(f"Fact {n}.") for n in range(5)]
    with pytest.raises(Retryable):
        adapter.write(facts)
    assert {outcome.state for outcome in adapter.write(facts)} == {"written"}
    adapter.settle([], soon())
    assert len(read(adapter)) == len(graph(cloud)["edges"]) == 5
    assert len(graph(cloud)["nodes"]) == 6
    assert {outcome.state for outcome in zep().write(facts)} == {"unchanged"}


def test_tasks_of_a_killed_run_are_waited_for(cloud: Any, zep: Callable[..., ZepAdapter]):
    cloud.lag = 3
    facts = [fact("One."), fact("Two.")]
    zep().write(facts)
    assert {outcome.state for outcome in zep().write(facts)} == {"unchanged"}
    assert len(graph(cloud)["edges"]) == 2


@pytest.mark.parametrize("call", ["DELETE .*/edges/", "GET .*/tasks/"])
def test_a_crash_during_a_change_keeps_the_new_version_and_the_next_run_cleans_up(
    cloud: Any, zep: Callable[..., ZepAdapter], call: str
):
    first = fact("Alice lives in Paris.", valid_at=AT, object="a city")
    later = msgspec.structs.replace(first, text="Alice lives in Lisbon.", valid_at=AT + timedelta(days=1))
    zep().write([first])
    cloud.lag = 1
    # From the failure on, every call fails, as if the process had been killed.
    cloud.faults.append(emulator.Fault(call, times=1000))
    with pytest.raises(Retryable):
        zep().write([later])
    cloud.faults.clear()
    cloud.lag = 0
    for task in list(cloud.tasks):
        cloud.asked(task)
    assert read(zep()) == {later.text: later}
    assert [one.state for one in zep().write([later, fact("Another.")])] == ["unchanged", "written"]
    assert len(graph(cloud)["edges"]) == 2


def test_the_old_version_is_kept_if_the_new_one_cannot_be_written(cloud: Any, zep: Callable[..., ZepAdapter]):
    first = fact("Alice lives in Paris.", valid_at=AT)
    zep().write([first])
    cloud.failing = "graph.add_edges"
    adapter = zep()
    with pytest.raises(Fatal, match="the graph is out of order"):
        adapter.write([msgspec.structs.replace(first, text="Alice lives in Lisbon.", object="Alice lives in Paris.")])
    cloud.failing = None
    assert read(zep()) == {first.text: first}


def test_an_empty_page_does_not_end_a_list(cloud: Any, zep: Callable[..., ZepAdapter]):
    zep().write([fact(f"Fact {n}.") for n in range(25)])
    cloud.most, cloud.empty_pages = 4, True
    assert len(read(zep())) == 25
    assert list(zep().users()) == ["alice"]
    assert {one.state for one in zep().write([fact("Fact 3."), fact("Fact 24.")])} == {"unchanged"}


def test_an_existing_user_is_not_an_error(cloud: Any, zep: Callable[..., ZepAdapter]):
    cloud.add_user({"user_id": "alice"})
    unseen = emulator.typed(404, "not_found", "user not found")
    cloud.faults.append(emulator.Fault("POST .*/users/lookup", unseen))
    assert [one.state for one in zep().write([fact("One.")])] == ["written"]
    assert len(cloud.users) == 1


def test_user_data_of_zep_moves_with_the_facts_to_another_account(cloud: Any, zep: Callable[..., ZepAdapter]):
    known = {"email": "a@example.org", "first_name": "Alice", "last_name": "Smith", "time_zone": "Europe/Lisbon"}
    user = cloud.add_user({"user_id": "alice", **known, "metadata": {"plan": "free"}})
    place = user["graph_uuid"]
    target = cloud.add_node(place, {"name": "Lisbon", "label": "City", "summary": "A city by the sea."})
    edge = {"fact": "Alice lives in Lisbon.", "fact_name": "LIVES_IN", "attributes": {"since": 2023}}
    cloud.add_edge(place, edge | {"source_node": {"uuid": user["own"]}, "target_node": {"uuid": target["uuid"]}})
    facts = read(zep())
    lives = facts["Alice lives in Lisbon."]
    assert lives.native["user"] == {**known, "metadata": {"plan": "free"}}
    assert (lives.subject, lives.predicate, lives.object) == ("Alice Smith", "LIVES_IN", "Lisbon")
    assert facts["A city by the sea."].subject == "Lisbon"
    with emulator.serve() as other:
        zep(url=other.url).write(list(facts.values()))
        (made,) = other.users.values()
        assert known.items() <= made.items()
        (edge,) = [one for one in graph(other)["edges"].values() if one["name"] == "LIVES_IN"]
        assert edge["attributes"]["since"] == 2023
        assert edge["source_node_uuid"] == made["own"]
        assert other.graphs[made["graph_uuid"]]["nodes"][edge["target_node_uuid"]]["labels"] == ["Entity", "City"]
        assert read(zep(url=other.url)) == facts
    assert {one.state for one in zep().write(list(facts.values()))} == {"unchanged"}


def test_a_summary_can_be_changed_and_deleted(cloud: Any, zep: Callable[..., ZepAdapter]):
    user = cloud.add_user({"user_id": "alice"})
    cloud.add_node(user["graph_uuid"], {"name": "Lisbon", "summary": "A city."})
    (summary,) = read(zep()).values()
    changed = msgspec.structs.replace(summary, text="A city by the sea.")
    assert [one.state for one in zep().write([changed])] == ["updated"]
    assert read(zep()) == {changed.text: changed}
    assert zep().delete("alice", [summary.id]) == 1
    assert read(zep()) == {}


def test_an_edge_without_a_fact_is_a_reject_and_the_others_are_read(cloud: Any, zep: Callable[..., ZepAdapter]):
    zep().write([fact("One."), fact("Two.")])
    next(iter(graph(cloud)["edges"].values()))["valid_at"] = "next week"
    adapter = zep()
    assert len(read(adapter)) == 1
    (reject,) = adapter.rejects()
    assert "next week" in reject.message


def test_deletion_is_awaited_and_a_deleted_summary_keeps_its_node(cloud: Any, zep: Callable[..., ZepAdapter]):
    zep().write([fact("One."), fact("Two.")])
    next(iter(graph(cloud)["nodes"].values()))["summary"] = "Alice, a user."
    cloud.lag = 2
    facts = read(zep())
    assert zep().delete("alice", [facts["One."].id, facts["Alice, a user."].id]) == 2
    assert set(read(zep())) == {"Two."}
    assert len(graph(cloud)["nodes"]) == 3


def test_search_as_of_sends_zep_a_date_filter(cloud: Any, zep: Callable[..., ZepAdapter]):
    year = timedelta(days=365)
    old = fact("Job: cook.", valid_at=AT - 3 * year, invalid_at=AT - year)
    now = fact("Job: nurse.", valid_at=AT - year)
    undated = fact("Job: sleeper.", created_at=AT - 2 * year)
    adapter = zep()
    adapter.write([old, now, undated])

    def found(at: datetime | None) -> set[str]:
        return {hit.fact.text for hit in adapter.search(Query("alice", "job", as_of=at))}

    assert found(AT) == {now.text, undated.text}
    assert found(AT - year * 1.5) == {old.text, undated.text}
    assert found(AT - year * 2.5) == {old.text}
    assert found(None) == {old.text, now.text, undated.text}
    filters = [body["filters"]["date_filters"]["any_of"] for body in sent(cloud, "/search/edges") if "filters" in body]
    assert len(filters) == 3
    assert {"field": "valid_at", "operator": "lte", "value": "2026-01-01T00:00:00Z"} in filters[0][0]["all_of"]


def test_turns_become_a_thread_that_is_read_as_a_conversation(cloud: Any, zep: Callable[..., ZepAdapter]):
    turns = [
        {"role": "user", "content": f"Turn {n}.", "at": AT + timedelta(minutes=n), "name": "Alice"} for n in range(40)
    ]
    adapter = zep()
    adapter.add("alice", [*turns, {"role": "assistant", "content": "word " * 2000}])
    adapter.settle([], soon())
    (conversation,) = zep().conversations("alice")
    assert conversation.messages[0] == Message(
        id=conversation.messages[0].id, role="user", text="Turn 0.", name="Alice", at=AT
    )
    assert "".join(one.text for one in conversation.messages[40:]) == "word " * 2000
    assert [len(body["messages"]) for body in sent(cloud, "/messages") if body] == [30, 13]
    assert list(zep().conversations("nobody")) == []
    with pytest.raises(UsageError, match="a role"):
        adapter.add("alice", [{"role": "king", "content": "x"}])


def test_a_lost_response_causes_no_second_thread(cloud: Any, zep: Callable[..., ZepAdapter]):
    cloud.faults.append(emulator.Fault("POST .*/messages$", after=True))
    adapter = zep()
    with pytest.raises(Retryable):
        adapter.add("alice", ["Hello."])
    adapter.add("alice", ["Hello."])
    (conversation,) = adapter.conversations("alice")
    assert [one.text for one in conversation.messages] == ["Hello."]


@pytest.mark.parametrize("user", ["x" * 501, "new\nline", " spaced "])
def test_an_unusual_user_id_is_restored(cloud: Any, zep: Callable[..., ZepAdapter], user: str):
    zep().write([fact("One.", user)])
    assert list(zep().users()) == [user]
    (stored,) = read(zep(), user).values()
    assert stored.user_id == user
    assert stored.native == {}


def test_an_id_that_another_user_has_in_the_session_is_rejected(zep: Callable[..., ZepAdapter]):
    adapter = zep()
    mine = fact("Mine.")
    adapter.write([mine])
    (outcome,) = adapter.write([msgspec.structs.replace(mine, user_id="bob")])
    assert outcome.state == "rejected"


@pytest.mark.parametrize(
    ("applied", "dies", "lag"),
    [(True, False, 2), (False, True, 2), *campaign_cases((False, False, 0), (True, True, 0), (True, True, 2))],
)
def test_every_fact_is_stored_once_whichever_call_fails(
    cloud: Any,
    zep: Callable[..., ZepAdapter],
    monkeypatch: pytest.MonkeyPatch,
    applied: bool,
    dies: bool,
    lag: int,
):
    """A change and additions to a user's graph; each call in turn fails once, and is then retried or run again."""
    monkeypatch.setattr("memctl_zep.tasks.FIRST_PAUSE", 0.001)
    first = [fact(f"Fact {n}.", object=f"thing {n}") for n in range(3)]
    later = [msgspec.structs.replace(first[0], text="Changed.", valid_at=AT), *first[1:], fact("New.")]
    zep().write(first)
    cloud.lag = lag
    seeded = copy.deepcopy((cloud.users, cloud.graphs))
    for number in range(1000):
        cloud.users, cloud.graphs = copy.deepcopy(seeded)
        fault = emulator.Fault("", after=applied)
        cloud.faults, cloud.spared = [fault], number
        adapter = zep()
        try:
            adapter.write(later)
            adapter.settle([], soon())
        except Retryable:
            adapter = zep() if dies else adapter
            adapter.write(later)
            adapter.settle([], soon())
        cloud.faults = []
        assert read(adapter) == {one.text: one for one in later}, number
        assert len(graph(cloud)["edges"]) == 4, number
        assert len(graph(cloud)["nodes"]) == 5, number
        if fault.times:
            # The fault was not triggered: every call has already failed once.
            assert number >= 8
            return
