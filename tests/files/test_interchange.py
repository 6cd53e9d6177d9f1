"""Interchange formats: files of memctl are valid for the formats' own tools and restored completely; files of others
are read without made-up values."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from msgspec import structs

from memctl.backends import registry
from memctl.backends.files.interchange import WRITTEN
from memctl.core.fact import Fact, Source, encode

pytestmark = pytest.mark.engines(campaign="postgres")

AT = datetime(2026, 3, 1, 9, 30, 15, 123456, tzinfo=UTC)


def number(value: int) -> UUID:
    return UUID(int=value, version=4)


def fact_number(index: int, text: str, **fields) -> Fact:
    values = {"kind": "fact", "created_at": AT, "source": Source(system="test", id=str(index))} | fields
    return Fact(id=number(index), user_id="zoë/ann", text=text, **values)


FACTS = [
    fact_number(
        1, "Zoë lives in Ghent", subject="zoë/ann", predicate="lives_in", object="Ghent", valid_at=AT, confidence=0.9
    ),
    fact_number(2, "Prefers tea", kind="preference", categories=("food", "Hot Drinks"), updated_at=AT),
    fact_number(3, "Never use tables.\nNor lists.", kind="procedure", native={"big": 2**60, "null": None}),
    fact_number(4, "Hello \u2028 there \x00 \U0001f389", kind="episode", native={"role": "assistant"}, session_id="s1"),
    fact_number(5, "--- : [x] # '\"", kind="block", metadata={"deep": {"a": [1, 2.5, "ü"]}}),
    fact_number(6, "Lived in Lyon", superseded_by=number(1), invalid_at=AT, expired_at=AT),
]
PLAIN = [fact for fact in FACTS if "\x00" not in fact.text]


@pytest.fixture
def exported(memctl, tmp_path):
    """A call that exports FACTS in a format; the path of the result."""
    source = tmp_path / "facts.jsonl"
    source.write_bytes(b"".join(encode(fact) + b"\n" for fact in FACTS))

    def export(form: str, name: str) -> Path:
        path = tmp_path / name
        ran = memctl("export", "--from", source, "--all-users", "--format", form, "-o", path)
        assert ran.code == 0, ran.err
        return path

    return export


def read(path, **options):
    backend = registry.open_backend(str(path), **options)
    try:
        facts = {fact.id: fact for user in backend.users() for page in backend.read(user) for fact in page.facts}
        return facts, [str(reject) for reject in backend.rejects()]
    finally:
        backend.close()


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("okf", "out.zip"),
        ("okf", "out"),
        ("cogx", "out.cogx.tar.gz"),
        ("cogx", "out"),
        ("pam", "out.json"),
        ("mif", "m.json"),
    ],
)
def test_every_field_of_every_fact_is_restored(exported, form, name):
    facts, rejects = read(exported(form, name))
    assert rejects == []
    assert facts == {fact.id: fact for fact in FACTS}


def test_a_second_export_of_the_same_facts_gives_the_same_bytes(exported):
    for form, name in (("okf", "a.zip"), ("pam", "a.json"), ("mif", "b.json"), ("paste", "a.txt")):
        first = exported(form, name).read_bytes()
        assert exported(form, name).read_bytes() == first


def test_written_files_are_valid_for_the_formats_own_tools(exported, monkeypatch, capsys):
    from mif.cli import main as mif
    from okf.core import check_conformance
    from portable_ai_memory import load, validate_memory_store

    assert check_conformance(exported("okf", "folder")) == ([], [])
    result = validate_memory_store(load(exported("pam", "pam.json")))
    assert [issue for issue in result.issues if issue.level == "error"] == []
    monkeypatch.setattr("sys.argv", ["mif", "validate", str(exported("mif", "mif.json"))])
    with pytest.raises(SystemExit, match=r"^0$"):
        mif()
    assert "PASS" in capsys.readouterr().out


def test_a_text_edited_in_the_file_is_read_and_other_fields_are_kept(exported):
    folder = exported("okf", "folder")
    note = next(folder.rglob(f"{number(2)}.md"))
    note.write_text(note.read_text(encoding="utf-8").replace("\n\nPrefers tea", "\n\nPrefers coffee"), encoding="utf-8")
    facts, _ = read(folder)
    assert facts[number(2)] == structs.replace(FACTS[1], text="Prefers coffee")


def test_a_fact_without_a_required_field_is_rejected(memctl, tmp_path):
    source = tmp_path / "facts.jsonl"
    source.write_bytes(encode(FACTS[0]) + b"\n" + encode(structs.replace(FACTS[1], created_at=None)) + b"\n")
    for form in ("pam", "mif"):
        ran = memctl(
            "export", "--from", source, "--all-users", "--format", form, "-o", tmp_path / f"{form}.json", "--json"
        )
        assert ran.code == 3
        assert ran.document["counts"]["rejected"] == 1
        assert list(ran.document["reasons"].values()) == [1]
        assert set(read(tmp_path / f"{form}.json")[0]) == {FACTS[0].id}


@pytest.mark.parametrize("form", ["pam", "mif"])
def test_an_export_reports_omitted_facts_with_reasons(memctl, tmp_path, form):
    source = tmp_path / "facts.jsonl"
    undated = [structs.replace(fact, created_at=None) for fact in FACTS[1:3]]
    source.write_bytes(b"".join(encode(fact) + b"\n" for fact in (FACTS[0], *undated)))
    rejects = tmp_path / "rejects.jsonl"
    out = tmp_path / "out.json"
    ran = memctl("export", "--from", source, "--all-users", "--format", form, "-o", out, "--rejects", rejects)
    assert f"2 rejected: {form.upper()} needs the time of creation, which is unknown\n" in ran.err


def test_an_export_as_text_reports_omitted_fields(exported, memctl, tmp_path):
    source = tmp_path / "facts.jsonl"
    ran = memctl("export", "--from", source, "--all-users", "--format", "paste", "-o", tmp_path / "p.txt")
    assert "dropped (a pasted line only has a text and a date): id 5, user_id 5" in ran.err
    assert "coarsened (a pasted line only has the day): created_at 5" in ran.err
    assert "no field" not in ran.err


@pytest.mark.parametrize("form", ["paste", "server-memory"])
def test_formats_for_assistants_leave_out_past_facts(exported, memctl, tmp_path, form):
    assert "Lived in Lyon" not in exported(form, "first").read_text(encoding="utf-8")
    ran = memctl(
        "export", "--from", tmp_path / "facts.jsonl", "--all-users", "--format", form, "-o", tmp_path / "second"
    )
    assert "1 left out: facts that are no longer true" in ran.err


@pytest.mark.parametrize("form", ["okf", "cogx", "pam", "mif", "server-memory", "paste"])
def test_an_export_reports_that_it_replaced_a_file(memctl, tmp_path, form):
    source, out = tmp_path / "facts.jsonl", tmp_path / ("out.tar.gz" if form == "cogx" else "out.zip")
    source.write_bytes(encode(FACTS[0]) + b"\n")
    arguments = ("export", "--from", source, "--all-users", "--format", form, "-o", out)
    assert memctl(*arguments).out == f"1 fact written to {out}\n"
    assert memctl(*arguments).out == f"1 fact written to {out}, which was replaced\n"
    assert memctl(*arguments, "--json").document["replaced"] is True


def test_a_format_for_one_user_refuses_two(memctl, tmp_path):
    source = tmp_path / "facts.jsonl"
    source.write_bytes(encode(FACTS[0]) + b"\n" + encode(structs.replace(FACTS[1], user_id="bob")) + b"\n")
    ran = memctl("export", "--from", source, "--all-users", "--format", "pam", "-o", tmp_path / "p.json")
    assert (ran.code, (tmp_path / "p.json").exists()) == (2, False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--format", "docx", "-o", "x"), "okf, server-memory"),
        (("--format", "okf"), "standard output"),
        (("--format", "okf", "-o", "full"), "not empty"),
    ],
)
def test_a_wrong_export_is_an_error_with_a_hint(memctl, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note.md").write_text("mine")
    (tmp_path / "facts.jsonl").write_bytes(encode(FACTS[0]) + b"\n")
    ran = memctl("export", "--from", "facts.jsonl", "--all-users", *arguments)
    assert ran.code == 2
    assert message in ran.err
    assert (tmp_path / "full" / "note.md").read_text() == "mine"


def test_the_plan_shows_fields_that_text_export_loses(memctl, tmp_path):
    source = tmp_path / "facts.jsonl"
    source.write_bytes(encode(FACTS[0]) + b"\n")
    ran = memctl("export", "--from", source, "--all-users", "--format", "paste", "-o", tmp_path / "p.txt", "--json")
    lost = {loss["field"] for loss in ran.document["losses"]}
    assert {"predicate", "valid_at", "id"} <= lost


# Files of other programs.


def write_file(tmp_path, name, text):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_notes_of_another_program_are_read(tmp_path):
    write_file(tmp_path, "okf/index.md", "# Index\n")
    write_file(
        tmp_path,
        "okf/food.md",
        "---\ntype: Preference\ntags: [food]\ngenerated: {by: x, at: 2026-03-01}\nmood: 3\n---\nLikes figs.\n",
    )
    write_file(tmp_path, "okf/log.md", "# Log\n")
    write_file(tmp_path, "okf/broken.md", "no front matter\n")
    facts, rejects = read(tmp_path / "okf", default_user="rosa")
    (fact,) = facts.values()
    assert (fact.text, fact.kind, fact.categories) == ("Likes figs.", "preference", ("food",))
    assert (fact.created_at, fact.metadata) == (datetime(2026, 3, 1, tzinfo=UTC), {"mood": 3})
    assert fact.valid_at is None
    assert len(rejects) == 1


def test_a_record_without_an_owner_is_rejected_until_one_is_named(memctl, tmp_path):
    path = write_file(tmp_path, "paste.txt", "[2026-03-01] - Likes figs\n[unknown] - Likes rye\n")
    nobody, rejects = read(path)
    assert (nobody, len(rejects)) == ({}, 2)
    assert "pass --user NAME" in rejects[0]
    assert memctl("import", path, "--user", "rosa").code == 0
    facts = memctl("facts", "rosa", "--json").document["facts"]
    assert {(fact["text"], fact["created_at"]) for fact in facts} == {
        ("Likes figs", "2026-03-01T00:00:00Z"),
        ("Likes rye", None),
    }


def test_pasted_text_in_common_forms_is_read(tmp_path):
    text = """# My memories

## Food
- [2026-03-01] – Likes figs
1. [Mar 3, 2025]: Allergic to nuts,
   and to sesame
[2024] Moved to Ghent
not a memory
"""
    facts, rejects = read(write_file(tmp_path, "paste.md", text), default_user="rosa")
    assert {(fact.text, str(fact.created_at)[:10], fact.categories) for fact in facts.values()} == {
        ("Likes figs", "2026-03-01", ("Food",)),
        ("Allergic to nuts,\nand to sesame", "2025-03-03", ("Food",)),
        ("Moved to Ghent", "2024-01-01", ("Food",)),
    }
    assert len(rejects) == 1


def test_a_note_or_line_that_is_not_utf8_is_rejected_with_its_position(tmp_path):
    folder = tmp_path / "notes"
    write_file(folder, "a.md", "---\ntype: fact\n---\nLikes tea\n")
    (folder / "b.md").write_bytes(b"---\ntype: fact\n---\nLikes caf\xe9\n")
    facts, rejects = read(folder, default_user="rosa")
    assert [fact.text for fact in facts.values()] == ["Likes tea"]
    assert rejects == [f"{folder}:2: b.md: not UTF-8 text: byte 0xe9 in line 4; save the file as UTF-8"]
    pasted = tmp_path / "pasted.txt"
    pasted.write_bytes(b"[2026-03-01] - Likes figs\n[2026-03-02] - Likes caf\xe9\n[2026-03-03] - Likes tea\n")
    facts, rejects = read(pasted, default_user="rosa")
    assert {fact.text for fact in facts.values()} == {"Likes figs", "Likes tea"}
    assert len(rejects) == 1
    assert "line 2: the line is not UTF-8 text" in rejects[0]


def test_exported_text_can_be_read_by_another_program(exported, tmp_path):
    from portable_memory.cli import main

    assert main(["paste", str(exported("paste", "p.txt")), "--out", str(tmp_path / "p.mem")]) == 0
    facts, rejects = read(tmp_path / "p.mem", default_user="rosa")
    assert rejects == []
    assert {"Zoë lives in Ghent", "Prefers tea"} <= {fact.text for fact in facts.values()}


def test_a_portable_memory_is_read(tmp_path):
    write_file(tmp_path, "m/manifest.json", "{}")
    line = {"id": "f1", "text": "Rosa lives in Ghent", "subject": "Rosa", "predicate": "lives_in", "object": "Ghent"}
    write_file(
        tmp_path,
        "m/items/fact.jsonl",
        json.dumps(line | {"tValidFrom": "2026-03-01T00:00:00Z", "confidence": 0.7}) + "\nbroken\n",
    )
    write_file(tmp_path, "m/items/core.jsonl", json.dumps({"id": "human", "content": "A nurse."}) + "\n")
    facts, rejects = read(tmp_path / "m", default_user="rosa")
    assert {(fact.kind, fact.text) for fact in facts.values()} == {
        ("fact", "Rosa lives in Ghent"),
        ("block", "A nurse."),
    }
    assert len(rejects) == 1


def test_records_of_cognee_are_read(tmp_path):
    write_file(tmp_path, "c/manifest.json", json.dumps({"cogx_version": "0.1", "source_system": "mem0"}))
    memory = {"kind": "memory", "external_id": "m1", "content": "Likes figs", "scope": {"user_id": "rosa"}}
    episode = {
        "kind": "episode",
        "external_id": "e1",
        "scope": {"user_id": "rosa"},
        "turns": [{"role": "user", "content": "Hi."}],
    }
    write_file(tmp_path, "c/memories.jsonl", json.dumps(memory) + "\n")
    write_file(tmp_path, "c/episodes.jsonl", json.dumps(episode) + "\n")
    facts, rejects = read(tmp_path / "c")
    assert {(fact.kind, fact.text, fact.created_at) for fact in facts.values()} == {
        ("fact", "Likes figs", None),
        ("episode", "Hi.", None),
    }
    assert rejects == []


SERVER_MEMORY = """{"type":"entity","name":"Zoë","entityType":"person","observations":["Likes figs","Has a dog 🐕"]}
{"type":"relation","from":"Zoë","to":"Acme","relationType":"works at"}
{"type":"entity","name":"Acme","entityType":"company","observations":[]}
{"type":"entity","name":"Zoë","entityType":"person","observations":["Likes figs"]}"""


def test_a_file_of_the_mcp_memory_server_is_restored_byte_for_byte(memctl, tmp_path):
    path = write_file(tmp_path, "memory.jsonl", SERVER_MEMORY)
    assert memctl("import", path, "--user", "rosa").code == 0
    facts = memctl("facts", "rosa", "--json").document["facts"]
    assert ("Zoë", "works at", "Acme") in {(fact["subject"], fact["predicate"], fact["object"]) for fact in facts}
    out = tmp_path / "out.jsonl"
    assert memctl("export", "--user", "rosa", "--format", "server-memory", "-o", out).code == 0
    assert out.read_bytes() == path.read_bytes()
    memctl("add", "rosa", "Zoë moved to Oslo", "--kind", "fact")
    memctl("export", "--user", "rosa", "--format", "server-memory", "-o", out)
    assert out.read_bytes().startswith(path.read_bytes())
    assert json.loads(out.read_text().splitlines()[-1]) == {
        "type": "entity", "name": "rosa", "entityType": "unknown", "observations": ["Zoë moved to Oslo"],
    }  # fmt: skip


def test_a_broken_line_of_the_mcp_memory_server_does_not_hide_the_others(tmp_path):
    path = write_file(tmp_path, "memory.jsonl", SERVER_MEMORY + "\nbroken\n" + '{"type":"entity","name":"x"}')
    facts, rejects = read(path, default_user="rosa")
    assert (len(facts), len(rejects)) == (5, 2)


def test_an_archive_cannot_write_outside_of_its_folder(tmp_path):
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.md", "---\ntype: fact\n---\nx\n")
        archive.writestr("../evil.md", "---\ntype: fact\n---\nx\n")
    from memctl.core.errors import MemctlError

    with pytest.raises(MemctlError, match="outside"):
        read(path, default_user="rosa")
    assert not (tmp_path / "evil.md").exists()


def test_a_folder_of_code_is_not_taken_for_facts(memctl, tmp_path):
    write_file(tmp_path, "code/README.md", "# A program\n")
    write_file(tmp_path, "code/main.py", "print()\n")
    ran = memctl("import", tmp_path / "code")
    assert ran.code == 2


def test_every_format_that_can_be_written_is_offered():
    from memctl.cli.move.export import FORMATS

    assert set(FORMATS) == set(WRITTEN)


def test_exported_text_has_the_day_on_which_a_fact_was_recorded(memctl, tmp_path):
    source, out = tmp_path / "facts.jsonl", tmp_path / "p.txt"
    dated = structs.replace(FACTS[0], valid_at=datetime(2020, 1, 1, tzinfo=UTC))
    undated = structs.replace(FACTS[1], created_at=None, valid_at=AT)
    source.write_bytes(encode(dated) + b"\n" + encode(undated) + b"\n")
    assert memctl("export", "--from", source, "--all-users", "--format", "paste", "-o", out).code == 0
    assert "[2026-03-01] - Zoë lives in Ghent" in out.read_text(encoding="utf-8")
    assert "[unknown] - Prefers tea" in out.read_text(encoding="utf-8")


def test_an_export_without_facts_has_no_owner(memctl, tmp_path):
    source = tmp_path / "facts.jsonl"
    source.write_bytes(b"")
    ran = memctl("export", "--from", source, "--all-users", "--format", "pam", "-o", tmp_path / "p.json")
    assert (ran.code, (tmp_path / "p.json").exists()) == (2, False), ran.err
