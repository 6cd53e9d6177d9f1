"""Crews that keep their memory in memctl: records are restored, and those of others are neither read nor deleted."""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from integrations.crewai_types import EmbeddingDimensionMismatchError, MemoryRecord, StorageBackend, installed, now

import memctl


@pytest.fixture
def storage_class() -> Iterator[Callable[..., Any]]:
    with installed():
        from memctl.integrations.crewai import MemctlStorage

        yield MemctlStorage


@pytest.fixture
def memory(home: Path) -> Iterator[memctl.Memory]:
    with memctl.open("local", path=home / "store.duckdb") as opened:
        yield opened


@pytest.fixture
def storage(memory: memctl.Memory, storage_class: Callable[..., Any]) -> Any:
    return storage_class(memory, "alice")


def test_the_storage_has_the_methods_and_parameters_that_crewai_calls(storage: Any) -> None:
    assert isinstance(storage, StorageBackend)
    for name, method in inspect.getmembers(StorageBackend, inspect.isfunction):
        if not name.startswith("_"):
            expected = inspect.signature(method).parameters.values()
            actual = inspect.signature(getattr(type(storage), name)).parameters.values()
            assert [(one.name, one.default) for one in actual] == [(one.name, one.default) for one in expected], name


def test_every_field_of_a_record_is_restored(memory: memctl.Memory, storage: Any) -> None:
    record = MemoryRecord(
        id="not-a-uuid",
        content="Ships go to Ghent. \u2028\U0001f389",
        scope="/company/team",
        categories=["shipping", "places"],
        metadata={"deep": {"a": [None, 1.5, True]}},
        importance=0.9,
        embedding=[0.1, 0.2, 0.3],
        source="session-1",
        private=True,
    )
    storage.save([record])
    assert storage.get_record("not-a-uuid") == record
    assert storage.get_record("not-a-uuid").embedding == [0.1, 0.2, 0.3]
    assert storage.list_records() == [record]
    assert storage.get_record("another") is None
    (fact,) = memory.facts("alice")
    assert (fact.text, fact.categories, fact.created_at) == (
        record.content,
        ("shipping", "places"),
        record.created_at.replace(tzinfo=UTC),
    )
    assert memory.search("alice", "Ghent")[0].fact == fact


def test_an_update_replaces_every_field_without_a_second_record(storage: Any) -> None:
    record = MemoryRecord(content="I live in Oslo.", scope="/a", importance=0.1, embedding=[1.0, 0.0])
    storage.save([record])
    changes: list[dict[str, Any]] = [
        {"scope": "/b"},
        {"importance": 0.7},
        {"embedding": [0.0, 1.0]},
        {"private": True, "source": "s"},
        {"metadata": {"k": 1}},
        {"content": "I live in Rome."},
    ]
    for change in changes:
        record = record.model_copy(update=change)
        storage.update(record)
        assert storage.list_records() == [record]
        assert storage.get_record(record.id).embedding == record.embedding
    twins = [MemoryRecord(content="Same.", scope=scope, created_at=record.created_at) for scope in ("/x", "/y")]
    storage.save(twins)
    assert storage.count() == 3


def test_a_search_ranks_by_the_vectors_and_applies_all_conditions(storage: Any) -> None:
    near = MemoryRecord(content="near", scope="/a/b", categories=["x"], metadata={"k": 1}, embedding=[1.0, 0.1])
    far = MemoryRecord(content="far", scope="/a", categories=["y"], embedding=[1.0, 1.0])
    opposite = MemoryRecord(content="opposite", scope="/ab", embedding=[-1.0, 0.0])
    storage.save([opposite, far, MemoryRecord(content="no vector"), near])

    def texts(**conditions: Any) -> list[str]:
        return [record.content for record, _ in storage.search([1.0, 0.0], **conditions)]

    assert texts() == ["near", "far", "opposite"]
    assert [score for _, score in storage.search([2.0, 0.0])] == [
        pytest.approx(0.995, abs=1e-3),
        pytest.approx(2**-0.5),
        0,
    ]
    assert texts(limit=1) == ["near"]
    assert texts(min_score=0.5) == ["near", "far"]
    assert texts(scope_prefix="/a") == texts(scope_prefix="a/") == ["near", "far"]
    assert texts(categories=["y", "z"]) == ["far"]
    assert texts(metadata_filter={"k": 1}) == ["near"]
    assert texts(scope_prefix="/a", categories=["y"], metadata_filter={"k": 1}) == []
    for call in (
        lambda: storage.search([1.0, 0.0, 0.0]),
        lambda: storage.save([MemoryRecord(content="other model", embedding=[1.0])]),
    ):
        with pytest.raises(EmbeddingDimensionMismatchError):
            call()
    assert storage.count() == 4


def test_scopes_and_categories_are_counted_by_path(storage: Any) -> None:
    assert (storage.count(), storage.list_records(), storage.list_scopes(), storage.search([1.0])) == (0, [], [], [])
    start = now()
    scopes = ("/", "/a", "/a/b", "/a/b/c", "/ab")
    records = [
        MemoryRecord(content=scope, scope=scope, categories=["x", scope], created_at=start + timedelta(seconds=place))
        for place, scope in enumerate(scopes)
    ]
    storage.save(records)
    assert [storage.count(scope) for scope in (None, "/", "/a", "/a/", "/a/b", "/c")] == [5, 5, 3, 3, 2, 0]
    assert (storage.list_scopes(), storage.list_scopes("/a"), storage.list_scopes("/ab")) == (
        ["/a", "/ab"],
        ["/a/b"],
        [],
    )
    assert storage.list_categories("/a/b") == {"x": 2, "/a/b": 1, "/a/b/c": 1}
    assert [record.content for record in storage.list_records(limit=2, offset=1)] == ["/a/b/c", "/a/b"]
    info = storage.get_scope_info("/a/")
    assert (info.path, info.record_count, info.child_scopes) == ("/a", 3, ["/a/b"])
    assert (info.oldest_record, info.newest_record) == (records[1].created_at, records[3].created_at)
    assert storage.get_scope_info("/c").oldest_record is None


def test_a_deletion_removes_only_what_it_names(
    memory: memctl.Memory, storage: Any, storage_class: Callable[..., Any]
) -> None:
    memory.add("alice", "I prefer express shipping.")
    other = storage_class(memory, "bob")
    start = now()
    records = [
        MemoryRecord(id=f"r{n}", content=f"Record {n}.", scope=f"/s{n}", created_at=start + timedelta(days=n))
        for n in range(5)
    ]
    storage.save(records)
    other.save(records)
    assert storage.delete(record_ids=[]) == 0
    assert storage.delete(record_ids=["r0", "unknown"]) == 1
    assert storage.delete(record_ids=["r1", "r2"], scope_prefix="/s1") == 1
    assert storage.delete(older_than=(start + timedelta(days=2, hours=1)).replace(tzinfo=UTC)) == 1
    storage.reset("/s3")
    assert [record.id for record in storage.list_records()] == ["r4"]
    storage.reset()
    assert storage.count() == 0
    assert [fact.kind for fact in memory.facts("alice")] == ["preference"]
    assert other.count() == 5


def test_the_storage_works_in_an_event_loop(storage: Any) -> None:
    async def talk() -> None:
        await asyncio.gather(
            *(storage.asave([MemoryRecord(id=f"r{n}", content=f"Fact {n}.", embedding=[1.0, n])]) for n in range(5))
        )
        assert [record.id for record, _ in await storage.asearch([0.0, 1.0], limit=1)] == ["r4"]
        assert await storage.adelete(record_ids=["r4"]) == 1
        assert len(await storage.asearch([0.0, 1.0])) == 4

    asyncio.run(talk())
