"""Agents that keep their memory in memctl: stored items are returned unchanged, and only to their user."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import memctl
from memctl.core.errors import UsageError

ITEMS: list[Any] = [
    {"role": "user", "content": "Where is my order? \u2028\U0001f389"},
    {"type": "function_call", "call_id": "c1", "name": "track", "arguments": '{"order": 9007199254740993}'},
    {"type": "function_call_output", "call_id": "c1", "output": "It is in Ghent."},
    {"role": "assistant", "content": [{"type": "output_text", "text": "In Ghent.", "annotations": []}]},
]


@pytest.fixture
def langgraph_store() -> Callable[..., Any]:
    """`memctl.integrations.langgraph.MemctlStore`, imported here so that LangGraph is only loaded for these tests."""
    from memctl.integrations.langgraph import MemctlStore

    return MemctlStore


@pytest.fixture
def memory(home: Path) -> Iterator[memctl.Memory]:
    with memctl.open("local", path=home / "store.duckdb") as opened:
        yield opened


def test_a_session_returns_its_messages_in_order(memory: memctl.Memory) -> None:
    from agents.memory.session import Session

    from memctl.integrations.openai_agents import MemctlSession

    async def talk() -> None:
        one, other = (MemctlSession(memory, user, "s") for user in ("alice", "bob"))
        third = MemctlSession(memory, "alice", "another")
        assert isinstance(one, Session)
        assert await one.get_items() == []
        assert await one.pop_item() is None
        await one.add_items(ITEMS[:2])
        await one.add_items(ITEMS[2:])
        await other.add_items(ITEMS[:1])
        await third.add_items(ITEMS[:1])
        assert await one.get_items() == ITEMS
        assert await one.get_items(limit=2) == ITEMS[-2:]
        assert await one.get_items(limit=0) == []
        assert await MemctlSession(memory, "alice", "s").pop_item() == ITEMS[-1]
        await one.add_items([ITEMS[0]])
        assert await one.get_items() == [*ITEMS[:3], ITEMS[0]]
        await one.clear_session()
        assert await one.get_items() == []
        assert (await other.get_items(), await third.get_items()) == (ITEMS[:1], ITEMS[:1])
        assert "order" in memory.search("bob", "order")[0].fact.text

    asyncio.run(talk())


def test_a_store_of_langgraph_puts_gets_and_deletes(memory: memctl.Memory, langgraph_store: Callable[..., Any]) -> None:
    store = langgraph_store(memory)
    value = {"content": "I live in Oslo.", "rating": 3, "deep": {"a": [None, 1.5, "\u2028"]}}
    store.put(("memories", "alice", "notes"), "k", value)
    first = store.get(("memories", "alice", "notes"), "k")
    assert first is not None
    assert (first.value, first.namespace, first.key) == (value, ("memories", "alice", "notes"), "k")
    store.put(("memories", "alice", "notes"), "k", {"content": "I live in Rome."})
    second = store.get(("memories", "alice", "notes"), "k")
    assert second is not None
    assert second.created_at == first.created_at < second.updated_at
    assert store.get(("memories", "alice"), "k") is None
    assert [fact.text for fact in memory.facts("alice")] == ["I live in Rome."]
    store.delete(("memories", "alice", "notes"), "k")
    assert store.get(("memories", "alice", "notes"), "k") is None
    assert memory.facts("alice") == []


def test_langgraph_search_covers_one_user_and_finds_extracted_facts(
    memory: memctl.Memory, langgraph_store: Callable[..., Any]
) -> None:
    memory.add("alice", "I prefer express shipping.")
    store = langgraph_store(memory)
    store.put(("memories", "al"), "k", {"content": "I prefer slow shipping.", "rating": 3})
    store.put(("memories", "alice"), "k", {"text": "I sail.", "rating": 5})
    hits = store.search(("memories", "al"), query="shipping")
    assert [(item.key, item.namespace) for item in hits] == [("k", ("memories", "al"))]
    learned = store.search(("memories", "alice"), query="shipping")[0]
    assert (learned.value["kind"], store.get(("memories", "alice"), learned.key)) != ("fact", None)
    assert learned.score
    assert {item.key for item in store.search(("memories", "alice"))} == {learned.key, "k"}
    assert [item.value["rating"] for item in store.search(("memories",), filter={"rating": {"$gt": 3}})] == [5]
    assert [item.key for item in store.search(("memories",), filter={"rating": 3})] == ["k"]
    assert len(store.search(("memories",), limit=1, offset=1)) == 1


def test_langgraph_namespaces_are_listed_by_user(memory: memctl.Memory, langgraph_store: Callable[..., Any]) -> None:
    store = langgraph_store(memory, ("app", "{user}"))
    assert store.list_namespaces() == []
    for user in ("alice", "bob"):
        store.put(("app", user, "notes"), "k", {"content": "x"})
    assert store.list_namespaces() == [("app", "alice", "notes"), ("app", "bob", "notes")]
    assert store.list_namespaces(suffix=("notes",), max_depth=1) == [("app",)]
    assert store.list_namespaces(prefix=("app", "bob")) == [("app", "bob", "notes")]
    for namespace in (("other", "alice"), ("app",)):
        with pytest.raises(UsageError):
            store.put(namespace, "k", {"content": "x"})


def test_a_store_of_langgraph_works_in_an_event_loop(
    memory: memctl.Memory, langgraph_store: Callable[..., Any]
) -> None:
    async def talk() -> None:
        store = langgraph_store(memory)
        await asyncio.gather(*(store.aput(("memories", "alice"), f"k{n}", {"content": f"Fact {n}."}) for n in range(5)))
        assert len(await store.asearch(("memories", "alice"))) == 5
        item = await store.aget(("memories", "alice"), "k3")
        assert item is not None
        assert item.value == {"content": "Fact 3."}
        await store.adelete(("memories", "alice"), "k3")
        assert await store.aget(("memories", "alice"), "k3") is None

    asyncio.run(talk())
