"""Saved responses and exports of mem0, read as facts files: no memory is left out or gets another owner."""

import gzip
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from memctl_mem0.dump.adapter import Mem0Dump

from memctl.backends.files import vendor_dumps
from memctl.backends.files.formats import HEAD
from memctl.core.errors import Rejected
from memctl.core.fact import Fact, encode

EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports" / "mem0"


def facts(path: Path, default_user: str | None = None) -> list[Fact]:
    """The facts of a dump in which every record is a fact."""
    rows = list(Mem0Dump().records(path, default_user))
    assert not [record for record in rows if isinstance(record, Rejected)]
    return [record for record in rows if isinstance(record, Fact)]


def rejects(path: Path, default_user: str | None = None) -> list[str]:
    """The dump's rejects: position and reason of each."""
    rows = Mem0Dump().records(path, default_user)
    return [f"{record.where}: {record.message}" for record in rows if isinstance(record, Rejected)]


def fact_with(path: Path, words: str) -> Fact:
    """The one fact with these words in its text."""
    (fact,) = [fact for fact in facts(path) if words in fact.text]
    return fact


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    """Write a value, or bytes, into a file."""

    def save(value: Any, name: str = "saved.json") -> Path:
        path = tmp_path / name
        path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
        return path

    return save


def memory(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": f"{number:08}-1111-4111-8111-111111111111", "memory": f"Memory {number}", "user_id": "alice"} | more


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("page.json", 8),
        ("pages.jsonl", 8),
        ("list.json", 3),
        ("memories.jsonl", 3),
        ("results.json", 1),
        ("openmemory.zip", 4),
    ],
)
def test_every_shape_is_recognised_by_content_and_read_completely(name: str, count: int, tmp_path: Path) -> None:
    path = tmp_path / "saved"
    path.write_bytes((EXPORTS / name).read_bytes())
    format_ = vendor_dumps.find(path)
    assert format_ is not None
    assert format_.name == "mem0 export"
    assert len(facts(path)) == count


def test_equal_memories_in_any_shape_are_the_same_facts() -> None:
    assert facts(EXPORTS / "page.json") == facts(EXPORTS / "pages.jsonl")
    assert facts(EXPORTS / "list.json") == facts(EXPORTS / "memories.jsonl")


def test_every_memory_keeps_its_owner() -> None:
    owners = {fact.text: fact.user_id for fact in facts(EXPORTS / "page.json")}
    assert [text for text, owner in owners.items() if owner == "bruno"] == [
        "Bruno drinks green tea in the afternoon",
        "Bruno plays the cello",
    ]
    assert owners["Answer briefly and without emoji"] == "agent:front-desk"
    assert list(owners.values()).count("alice") == 5


def test_a_memory_of_the_platform_keeps_all_its_fields() -> None:
    fact = fact_with(EXPORTS / "page.json", "vegetarian")
    assert fact.source.system == "mem0"
    assert fact.source.id
    assert fact.source.id[14] == "5"
    assert fact.categories == ("food", "health")
    assert fact.created_at == datetime(2026, 3, 2, 14, 15, 0, 482113, UTC)
    assert fact.native["structured_attributes"]["day_of_week"] == "monday"
    badge = fact_with(EXPORTS / "page.json", "badge")
    assert (badge.agent_id, badge.session_id) == ("front-desk", "visit 7")
    assert badge.expires_at == datetime(2026, 5, 1, tzinfo=UTC)
    assert badge.native == {"expiration_date": "2026-05-01"}
    assert fact_with(EXPORTS / "page.json", "earliest train").native == {"synthesized": True}


def test_a_replaced_memory_is_superseded_by_its_replacement() -> None:
    old, new = fact_with(EXPORTS / "page.json", "Oslo"), fact_with(EXPORTS / "page.json", "Bergen")
    assert old.superseded_by == new.id
    assert old.retired


def test_imports_by_mem0_get_their_expiry_date_from_the_metadata() -> None:
    fact = fact_with(EXPORTS / "page.json", "cello")
    assert fact.metadata == {"instrument": "cello"}
    assert fact.expires_at == datetime(2027, 1, 1, tzinfo=UTC)
    assert fact.native["mem0_migration_source"] == "mem0-oss"


def test_memories_of_the_python_and_typescript_libraries_are_read() -> None:
    nurse = fact_with(EXPORTS / "list.json", "nurse")
    assert (nurse.agent_id, nurse.session_id) == ("tutor", "lesson-3")
    assert nurse.native == {"hash": "a1b2c3d4e5f60718293a4b5c6d7e8f90", "actor_id": "khalid"}
    assert fact_with(EXPORTS / "list.json", "roster").kind == "procedure"
    mei = fact_with(EXPORTS / "results.json", "window seats")
    assert (mei.user_id, mei.session_id) == ("mei", "r-1")
    assert mei.created_at == datetime(2026, 2, 14, 10, tzinfo=UTC)
    assert mei.updated_at == datetime(2026, 2, 15, 10, tzinfo=UTC)


def test_an_openmemory_backup_keeps_owner_app_labels_and_archived_memories() -> None:
    by_text = {fact.text: fact for fact in facts(EXPORTS / "openmemory.zip")}
    assert {fact.user_id for fact in by_text.values()} == {"nadia"}
    assert {fact.app_id for fact in by_text.values()} == {"cursor"}
    assert by_text["Nadia is planning a trip to Porto"].categories == ("hobbies", "places")
    assert by_text["Nadia is planning a trip to Porto"].native["state"] == "paused"
    assert by_text["Nadia keeps bees"].expired_at is None
    assert by_text["Nadia used to live in Lyon"].expired_at == datetime(2026, 5, 3, 9, tzinfo=UTC)
    phone = by_text["Nadia's old phone number ends in 42"]
    assert phone.expired_at == datetime(2026, 5, 4, 9, tzinfo=UTC)
    assert phone.native["status_history"][0]["new_state"] == "deleted"


@pytest.mark.parametrize(
    ("more", "ended"),
    [
        ({"state": "deleted", "deleted_at": "2026-05-04T09:00:00"}, "2026-05-04T09:00:00+00:00"),
        ({"state": "Archived", "archivedAt": "2026-05-03T09:00:00Z"}, "2026-05-03T09:00:00+00:00"),
        ({"state": "MemoryState.deleted", "updated_at": 1767268800}, "2026-01-01T12:00:00+00:00"),
        ({"deleted_at": "2026-05-04T09:00:00"}, "2026-05-04T09:00:00+00:00"),
        ({"state": "archived"}, "2026-06-02T00:00:00+00:00"),
        ({"state": "active", "deleted_at": "2026-05-04T09:00:00"}, None),
        ({"state": "paused"}, None),
    ],
)
def test_an_archived_memory_is_not_current(tmp_path: Path, more: dict[str, Any], ended: str | None) -> None:
    history = [("deleted", "2026-06-01"), ("archived", "2026-06-02"), ("archived", "2026-05-01")]
    manifest = {
        "user": {"id": "u", "user_id": "nadia"},
        "export_meta": {},
        "status_history": [{"memory_id": "m", "new_state": state, "changed_at": at} for state, at in history]
        if more == {"state": "archived"}
        else [],
        "memories": [{"id": "m", "memory": "Lives in Lyon.", "user_id": "u"} | more],
    }
    path = tmp_path / "backup.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("memories.json", json.dumps(manifest))
    (fact,) = facts(path)
    assert fact.expired_at == (None if ended is None else datetime.fromisoformat(ended))


def test_an_archived_memory_without_a_date_is_rejected(saved: Callable[..., Path]) -> None:
    (reject,) = rejects(saved([memory(state="deleted")]))
    assert "was deleted at an unknown time" in reject


def test_an_openmemory_zip_without_users_needs_a_default_user(tmp_path: Path) -> None:
    path = tmp_path / "lines.zip"
    with zipfile.ZipFile(EXPORTS / "openmemory.zip") as whole, zipfile.ZipFile(path, "w") as part:
        part.writestr("backup/memories.jsonl.gz", whole.read("memories.jsonl.gz"))
    assert Mem0Dump().recognises(path, path.read_bytes()[:HEAD])
    assert len(rejects(path)) == 4
    owned = facts(path, "nadia")
    assert {fact.user_id for fact in owned} == {"nadia"}
    assert {fact.id for fact in owned} == {fact.id for fact in facts(EXPORTS / "openmemory.zip")}


def test_a_first_page_alone_is_reported_as_incomplete(saved: Callable[..., Path]) -> None:
    page = {"count": 450, "next": "https://api.mem0.ai/v3/memories/?page=2", "previous": None, "results": [memory()]}
    (reason,) = rejects(saved(page))
    assert "450" in reason
    assert "pages are missing" in reason
    lines = b"".join(json.dumps(page | {"results": [memory(n)]}).encode() + b"\n" for n in (1, 2))
    (reason,) = rejects(saved(lines))
    assert "contains 2" in reason


def test_pages_of_several_lists_are_checked_against_their_own_counts(saved: Callable[..., Path]) -> None:
    pages = [
        {"count": 2, "next": "2", "results": [memory(1)]},
        {"count": 2, "next": None, "results": [memory(2)]},
        {"count": 1, "next": None, "results": [memory(3)]},
    ]
    assert len(facts(saved(pages))) == 3
    assert len(facts(saved("\n".join(map(json.dumps, pages)).encode()))) == 3


def test_only_the_bad_line_is_rejected(saved: Callable[..., Path]) -> None:
    lines = [json.dumps(memory(1)), "{broken", "[1]", json.dumps({"id": "x"}), json.dumps(memory(2))]
    path = saved("\n".join(lines).encode())
    assert [reason.split(":")[0] for reason in rejects(path)] == ["line 2", "line 3", "line 4"]
    assert len([r for r in Mem0Dump().records(path, None) if isinstance(r, Fact)]) == 2


def test_a_truncated_file_is_read_up_to_the_cut_and_reported(saved: Callable[..., Path]) -> None:
    whole = json.dumps([memory(n) for n in range(100)]).encode()
    path = saved(whole[:-500])
    rows = list(Mem0Dump().records(path, None))
    assert sum(isinstance(record, Fact) for record in rows) > 80
    assert isinstance(rows[-1], Rejected)
    assert "the rest of the dump cannot be read" in rows[-1].message


def test_a_broken_zip_is_an_error_and_not_skipped(tmp_path: Path) -> None:
    path = tmp_path / "broken.zip"
    with zipfile.ZipFile(EXPORTS / "openmemory.zip") as whole, zipfile.ZipFile(path, "w") as part:
        lines = gzip.decompress(whole.read("memories.jsonl.gz"))
        part.writestr("memories.jsonl.gz", gzip.compress(lines)[:-20])
    assert Mem0Dump().recognises(path, path.read_bytes()[:HEAD])
    assert any("cannot be" in reason for reason in rejects(path, "nadia"))


def test_a_memory_without_an_owner_is_rejected_without_a_default_user(saved: Callable[..., Path]) -> None:
    path = saved([memory(user_id=None)])
    assert "names neither" in rejects(path)[0]
    assert facts(path, "carla")[0].user_id == "carla"


def test_equal_numeric_ids_of_two_users_are_different_facts(saved: Callable[..., Path]) -> None:
    both = [memory(id="1"), memory(id="1", user_id="bruno"), memory(id=2)]
    assert len({fact.id for fact in facts(saved(both))}) == 3


def test_a_successor_written_by_memctl_is_found_by_its_id(saved: Callable[..., Path]) -> None:
    from memctl_mem0.mapping import from_fact

    from memctl.core.fact import Source, derive_id

    new = Fact(id=derive_id("n"), user_id="alice", kind="fact", text="New.", source=Source(system="chatgpt"))
    sent = from_fact(new)
    rows = [memory(1, replaced_by=memory(2)["id"]), memory(2, memory=new.text, metadata=sent.metadata)]
    old, back = facts(saved(rows))
    assert back.id == new.id
    assert old.superseded_by == new.id


def test_numbers_of_any_size_are_kept(saved: Callable[..., Path]) -> None:
    metadata = {"huge": 10**30, "real": 1.5, "whole": 1, "dotted.key": {"a.b": None}, "text": "\u2028"}
    for value in ([memory(metadata=metadata)], {"results": [memory(metadata=metadata)]}):
        (fact,) = facts(saved(value))
        assert fact.metadata == metadata
        assert isinstance(fact.metadata["whole"], int)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"not json",
        b'{"memory": 5}',
        b'[{"role": "user", "content": "my memory"}]',
        b'{"results": [{"name": "x"}]}',
        b'{"memory": {"blocks": []}, "results": 1}',
        b"PK\x03\x04 but no zip",
        b'[{"memory": "x", "id": ',
    ],
)
def test_files_of_other_systems_are_not_recognised_as_mem0_dumps(content: bytes, saved: Callable[..., Path]) -> None:
    path = saved(content)
    assert not Mem0Dump().recognises(path, content[:HEAD])


def test_an_empty_list_of_mem0_is_an_empty_dump(saved: Callable[..., Path]) -> None:
    path = saved({"count": 0, "next": None, "previous": None, "results": []})
    assert Mem0Dump().recognises(path, path.read_bytes())
    assert facts(path) == []


def test_a_memctl_facts_file_is_not_a_dump(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_bytes(encode(facts(EXPORTS / "page.json")[0]) + b"\n")
    assert vendor_dumps.find(path) is None


def test_a_dump_is_migrated_by_its_path(memctl: Callable[..., Any]) -> None:
    ran = memctl("migrate", "--from", EXPORTS / "page.json", "--to", "local", "--all-users", "--json")
    assert ran.code == 0, ran.err
    assert ran.document["counts"]["written"] == 8
    ran = memctl("facts", "agent:front-desk", "--json")
    assert [fact["text"] for fact in ran.document["facts"]] == ["Answer briefly and without emoji"]


EDGE = {"source": "alice", "relationship": "works_at", "target": "Portavo"}


def test_relations_of_a_page_are_facts_of_its_user(saved: Callable[..., Path]) -> None:
    relation = {"source": "Alice", "relationship": "knows", "destination": "Ben", "relation_id": 7}
    for name, page in (
        ("page.json", {"results": [memory()], "relations": [EDGE, relation]}),
        ("first.json", {"relations": [EDGE, relation], "results": [memory()]}),
        ("pages.json", [{"results": [memory()], "relations": [EDGE, relation]}]),
        (
            "added.json",
            {"results": [memory()], "relations": {"added_entities": [[EDGE], [relation]], "deleted_entities": []}},
        ),
    ):
        _, works, knows = facts(saved(page, name))
        assert (works.user_id, works.text) == ("alice", "alice works at Portavo")
        assert (works.subject, works.predicate, works.object) == ("alice", "works_at", "Portavo")
        assert (knows.subject, knows.object, knows.source.id) == ("alice", "Ben", "7")


def test_a_relation_has_no_owner_if_the_page_has_several_users_or_none(saved: Callable[..., Path]) -> None:
    several = saved({"results": [memory(), memory(2, user_id="bruno")], "relations": [EDGE]})
    assert rejects(several) == ["the document, relation 1: the user of the relation is unknown"]
    alone = saved({"results": [], "relations": [EDGE]})
    assert Mem0Dump().recognises(alone, alone.read_bytes())
    assert [fact.user_id for fact in facts(alone, "carol")] == ["carol"]
    assert rejects(saved({"results": [memory()], "relations": [{"source": "a"}, 3]})) == [
        "the document, relation 1: the relation has no source, no relationship or no target",
        "the document, relation 2: not a relation",
    ]


def test_a_dump_encoded_as_one_json_string_is_read(saved: Callable[..., Path]) -> None:
    """Programs that encode a response twice write such files."""
    path = saved(json.dumps({"results": [memory(), memory(2)]}))
    dump = vendor_dumps.find(path)
    assert isinstance(dump, Mem0Dump)
    facts_read = [row.fact for row in vendor_dumps.rows(dump, path, None)]
    assert [fact.text for fact in facts_read if fact] == ["Memory 1", "Memory 2"]
    assert vendor_dumps.find(saved('"{ not JSON')) is None
