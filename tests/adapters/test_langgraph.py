"""LangGraph's stores: items of LangGraph are read completely, and LangGraph reads what memctl writes."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conformance.langgraph_backend import schema
from memctl_langgraph.adapter import LangGraphAdapter
from memctl_langgraph.mapping import Namespace

from memctl.core.errors import NotFound, Retryable, UsageError
from memctl.core.fact import Fact, Source, derive_id

AT = datetime(2026, 3, 1, 9, 0, 0, 123456, tzinfo=UTC)
ITEMS = 125


@contextlib.contextmanager
def sqlite_store(place: str) -> Iterator[Any]:
    """LangGraph's own store in the file. It is imported here because the import is slow."""
    from langgraph.store.sqlite import SqliteStore

    with SqliteStore.from_conn_string(place) as opened:
        opened.setup()
        yield opened


@contextlib.contextmanager
def redis_store(place: str) -> Iterator[Any]:
    """LangGraph's own store in database 0, the only one that the search module has."""
    import redis
    from langgraph.store.redis import RedisStore

    with redis.Redis.from_url(place, protocol=2) as client:
        client.flushdb()
        made = RedisStore(client)
        made.setup()
        # LangGraph's own `get` returns None for every item with this version of the search module.
        made.get = lambda namespace, key: next(  # type: ignore[method-assign,assignment]
            (item for item in made.search(namespace) if item.key == key), None
        )
        yield made


@pytest.fixture(params=["sqlite", "postgres", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Any, str]]:
    """A store of LangGraph, and its address."""
    if request.param == "redis":
        place = request.getfixturevalue("redis_url")
        with redis_store(place) as made:
            yield made, place
        return
    from langgraph.store.postgres import PostgresStore

    if request.param == "sqlite":
        place = str(tmp_path / "store.db")
        with sqlite_store(place) as made:
            yield made, place
        return
    places = contextlib.contextmanager(schema)(request.getfixturevalue("postgres_dsn"))
    with places as place, PostgresStore.from_conn_string(place) as made:
        yield made, place


def facts_of(place: str, user: str, **options: Any) -> list[Fact]:
    backend = LangGraphAdapter(place, **options)
    facts = [fact for page in backend.read(user) for fact in page.facts]
    backend.close()
    return facts


def test_more_items_than_one_search_returns_are_all_read(store: tuple[Any, str]) -> None:
    langgraph, place = store
    for number in range(ITEMS):
        langgraph.put(("memories", "al"), f"k{number}", {"content": f"Fact {number}."})
    langgraph.put(("memories", "alice"), "k1", {"kind": "Memory", "content": {"content": "Alice's."}})
    langgraph.put(("memories", "al", "work"), "k1", {"content": "Of another namespace."})
    langgraph.put(("memories", "al"), "odd", {"score": 3})
    backend = LangGraphAdapter(place)
    assert {fact.text for page in backend.read("al") for fact in page.facts} == {f"Fact {n}." for n in range(ITEMS)}
    assert [fact.text for page in backend.read("alice") for fact in page.facts] == ["Alice's."]
    assert "no text" in next(iter(backend.rejects())).message
    assert list(backend.users()) == ["al", "alice"]
    assert "1 namespaces" in backend.remarks()[0]
    backend.close()
    assert [fact.text for fact in facts_of(place, "al", namespace="memories.{user}.work")] == ["Of another namespace."]


def test_an_item_moved_to_another_store_has_the_same_value_in_langgraph(store: tuple[Any, str], tmp_path: Path) -> None:
    langgraph, place = store
    value = {"kind": "Memory", "content": {"content": "Likes tea.", "tags": ["a", None], "n": 0.5}}
    langgraph.put(("memories", "alice"), "7c2e", value)
    (fact,) = facts_of(place, "alice")
    other = str(tmp_path / "other.db")
    backend = LangGraphAdapter(other)
    backend.init()
    assert [outcome.state for outcome in backend.write([fact])] == ["written"]
    assert facts_of(other, "alice") == [fact]
    with sqlite_store(other) as copy:
        item = copy.get(("memories", "alice"), "7c2e")
        assert item is not None
        assert item.value == value
        assert item.created_at.replace(tzinfo=UTC) == fact.created_at


def test_langgraph_reads_and_edits_what_memctl_wrote(store: tuple[Any, str]) -> None:
    langgraph, place = store
    fact = Fact(
        id=derive_id("tea"), user_id="alice@example.org", kind="preference", text="Likes tea.\0", object="tea",
        created_at=None, updated_at=AT, expires_at=datetime.now(UTC) + timedelta(days=1), source=Source(system="x"),
    )  # fmt: skip
    backend = LangGraphAdapter(place)
    backend.write([fact])
    assert facts_of(place, fact.user_id) == [fact]
    namespace = ("memories", "alice@example%2Eorg")
    item = langgraph.get(namespace, str(fact.id))
    assert item.value["content"] == "Likes tea.�"
    assert [each.key for each in langgraph.search(namespace)] == [str(fact.id)]
    langgraph.put(namespace, str(fact.id), item.value | {"content": "Likes coffee."})
    (changed,) = facts_of(place, fact.user_id)
    assert (changed.id, changed.text, changed.object) == (fact.id, "Likes coffee.", "tea")
    assert changed.updated_at is not None
    assert changed.updated_at > AT
    assert backend.delete(fact.user_id, [fact.id]) == 1
    assert langgraph.get(namespace, str(fact.id)) is None
    backend.close()


def test_the_key_of_the_text_can_be_set(store: tuple[Any, str]) -> None:
    langgraph, place = store
    langgraph.put(("memories", "al"), "k", {"summary": "Short.", "content": "Long."})
    (fact,) = facts_of(place, "al", text_key="summary")
    assert fact.text == "Short."


def test_in_redis_expiry_is_that_of_the_document(redis_url: str) -> None:
    with redis_store(redis_url) as langgraph:
        langgraph.put(("memories", "al"), "k", {"content": "Parks on level 2."}, ttl=5)
        (fact,) = facts_of(redis_url, "al")
        assert fact.expires_at is not None
        assert timedelta(minutes=4) < fact.expires_at - datetime.now(UTC) <= timedelta(minutes=5)
        ends = datetime.now(UTC).replace(microsecond=123456) + timedelta(days=1)
        lasting = Fact(
            id=derive_id("p"), user_id="bob", kind="fact", text="Is away.", expires_at=ends, source=Source(system="x")
        )
        backend = LangGraphAdapter(redis_url)
        assert [outcome.state for outcome in backend.write([lasting])] == ["written"]
        backend.close()
        assert facts_of(redis_url, "bob") == [lasting]
        (name,) = [key for key in names(langgraph) if langgraph._redis.json().get(key, "$.key") == [str(lasting.id)]]
        assert langgraph._redis.execute_command("PEXPIRETIME", name) == int(ends.timestamp() * 1000)


def test_in_redis_an_item_changed_between_two_pages_is_read(redis_url: str) -> None:
    with redis_store(redis_url) as langgraph:
        for number in range(6):
            langgraph.put(("memories", "al"), f"k{number}", {"content": f"Fact {number}."})
        pages = LangGraphAdapter(redis_url, page_size=2).read("al")
        texts = [fact.text for fact in next(pages).facts]
        langgraph.put(("memories", "al"), "k5", {"content": "Changed."})  # in a new document
        langgraph.delete(("memories", "al"), "k4")
        texts += [fact.text for page in pages for fact in page.facts]
        assert texts == ["Fact 0.", "Fact 1.", "Fact 2.", "Fact 3.", "Changed."]


def test_in_redis_the_newest_document_is_read_and_the_others_are_counted(redis_url: str) -> None:
    with redis_store(redis_url) as langgraph:
        langgraph.put(("memories", "a,b c?"), "k", {"content": "New."})
        (name,) = names(langgraph)
        document = langgraph._redis.json().get(name)
        old = document | {"value": {"content": "Old."}, "updated_at": document["updated_at"] - 1}
        langgraph._redis.json().set("store:ZZ", "$", old)
        langgraph._redis.json().set("store:odd", "$", {"cart": [1]})
        langgraph._redis.json().set(name.replace(b"store:", b"store_vectors:"), "$", {"embedding": [1.0]})
        backend = LangGraphAdapter(redis_url)
        (fact,) = (fact for page in backend.read("a,b c?") for fact in page.facts)
        assert fact.text == "New."
        assert backend.remarks() == [
            "1 documents under store: are not items and are not read",
            "1 older documents of items with the same key are not read",
        ]
        backend.forget("a,b c?")
        assert names(langgraph) == [b"store:odd"]
        assert not langgraph._redis.keys("store_vectors:*")
        backend.write([fact])
        (item,) = langgraph.search(("memories", "a,b c?"))
        assert (item.key, item.value) == ("k", {"content": "New."})
        assert {name for name in names(langgraph) if len(name) == len("store:") + 26}
        backend.close()


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 2**63, -0.0, 5e-324, 10**400], ids=range(6))
def test_in_redis_numbers_are_restored_exactly_or_rejected(redis_url: str, number: float) -> None:
    with redis_store(redis_url):
        value = {"content": "Counts.", "n": [number]}
        fact = Fact(
            id=derive_id("langgraph", "memories.al", "k"), user_id="al", kind="fact", text="Counts.",
            source=Source(system="langgraph", id="k", uri="memories.al"),
            native={"namespace": "memories.al", "value": value},
        )  # fmt: skip
        backend = LangGraphAdapter(redis_url)
        (outcome,) = backend.write([fact])
        backend.close()
        assert [repr(read.native) for read in facts_of(redis_url, "al")] == (
            [] if abs(number) > 10**300 else [repr(fact.native)]
        )
        assert (outcome.state == "rejected") == (abs(number) > 10**300)


def names(langgraph: Any) -> list[bytes]:
    """The names of the documents in LangGraph's store."""
    return sorted(langgraph._redis.keys("store:*"))


@pytest.mark.parametrize("template", ["memories", "memories.{user}x", "{user}.{user}", ".{user}"])
def test_a_namespace_without_exactly_one_user_placeholder_is_refused(template: str) -> None:
    with pytest.raises(UsageError):
        Namespace(template)


def test_a_file_without_a_store_is_not_found_and_a_lost_server_is_retryable(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        list(LangGraphAdapter(str(tmp_path / "none.db")).users())
    sqlite3.connect(tmp_path / "other.db").close()
    with pytest.raises(NotFound):
        list(LangGraphAdapter(str(tmp_path / "other.db")).users())
    with pytest.raises(UsageError):
        LangGraphAdapter("mysql://localhost")
    with pytest.raises(Retryable) as lost:
        LangGraphAdapter("postgresql://me:hidden@127.0.0.1:1/x").check()
    assert "hidden" not in f"{lost.value} {lost.value.hint}"


def test_the_namespace_is_an_option_and_the_shown_address_has_no_password(
    tmp_path: Path, memctl: Callable[..., Any]
) -> None:
    place = tmp_path / "store.db"
    with sqlite_store(str(place)) as langgraph:
        langgraph.put(("app", "al", "facts"), "k", {"text": "Likes tea."})
    ran = memctl("users", "--from", f"langgraph:{place}", "--namespace", "app.{user}.facts")
    assert "al" in ran.out, ran
    ran = memctl("users", "--from", "langgraph:postgresql://me:hidden@h/x")
    assert ran.code == 2
    assert "hidden" not in ran.out + ran.err
