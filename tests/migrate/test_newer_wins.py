"""An older record never overwrites a newer one, and "unchanged" means that the target was checked."""

import json

import pytest

pytestmark = pytest.mark.engines(campaign="postgres")

ID = "00000001-0000-4000-8000-000000000001"


def dump(path, text, updated, created="2025-03-01T10:00:00Z"):
    row = {"id": ID, "memory": text, "user_id": "ada", "created_at": created, "updated_at": updated}
    path.write_text(json.dumps([row]))
    return path


def texts(memctl):
    return [fact["text"] for fact in memctl("facts", "ada", "--json").document["facts"]]


def move(memctl, path, target="local"):
    ran = memctl("migrate", "--from", path, "--to", target, "--all-users", "--json")
    assert ran.code == 0, ran.err
    return ran.document["counts"]


@pytest.mark.engines(only="file")
def test_an_edit_in_the_target_is_not_reported_as_unchanged(memctl, tmp_path):
    path = dump(tmp_path / "dump.json", "Lives in Ghent", "2025-03-01T10:00:00Z")
    move(memctl, path)
    memctl("backup", tmp_path / "b.memctl")
    move(memctl, dump(path, "Lives in Oslo", "2025-06-02T10:00:00Z"))
    assert memctl("restore", tmp_path / "b.memctl", "--force").code == 0
    assert texts(memctl) == ["Lives in Ghent"]
    assert move(memctl, path)["updated"] == 1
    assert texts(memctl) == ["Lives in Oslo"]
    assert move(memctl, path)["unchanged"] == 1


def test_a_file_that_another_program_changed_is_written_again(memctl, tmp_path):
    path, target = dump(tmp_path / "dump.json", "Lives in Oslo", None), tmp_path / "out.jsonl"
    move(memctl, path, target)
    target.write_text(target.read_text().replace("Oslo", "Rome"))
    assert move(memctl, path, target)["updated"] == 1
    assert "Oslo" in target.read_text()


@pytest.mark.parametrize("target", ["local", "out.jsonl", "out.parquet", "out.csv"])
def test_an_older_dump_after_a_newer_one_changes_nothing(memctl, tmp_path, monkeypatch, target):
    monkeypatch.chdir(tmp_path)
    old = dump(tmp_path / "old.json", "Lives in Ghent", "2025-03-01T10:00:00Z")
    new = dump(tmp_path / "new.json", "Lives in Oslo", "2025-06-02T10:00:00Z")
    move(memctl, new, target)
    assert move(memctl, old, target)["newer"] == 1
    assert move(memctl, new, target)["unchanged"] == 1
    again = memctl("migrate", "--from", old, "--to", target, "--all-users")
    assert "1 newer in the target" in again.out
    compared = memctl("verify", "--from", old, "--to", target, "--all-users")
    assert (compared.code, "> 1 newer in the target" in compared.out) == (0, True), compared.out


def test_an_old_export_does_not_restore_superseded_facts(memctl, chat, tmp_path):
    memctl("ingest", chat("ada/a.jsonl", "I live in Ghent."), "--user", "ada")
    memctl("export", "-o", tmp_path / "old.jsonl", "--all-users", "-q")
    memctl("add", "ada", "I moved to Oslo.")
    before = texts(memctl)
    assert any("Oslo" in text for text in before)
    assert memctl("import", tmp_path / "old.jsonl", "--all-users").code == 0
    assert texts(memctl) == before


@pytest.mark.parametrize("newest_first", [False, True])
def test_the_newest_of_several_lines_with_one_id_is_kept(memctl, tmp_path, newest_first):
    rows = [
        {"id": ID, "memory": "Lives in Ghent", "user_id": "ada", "created_at": "2025-03-05T10:14:00Z"},
        {"id": ID, "memory": "Lives in Oslo", "user_id": "ada", "created_at": "2025-03-05T10:14:00Z"}
        | {"updated_at": "2025-06-05T10:14:00Z"},
    ]
    lines = [json.dumps({"results": [row]}) for row in (reversed(rows) if newest_first else rows)]
    path = tmp_path / "append.jsonl"
    path.write_text("\n".join([*lines, lines[-1]]) + "\n")
    assert move(memctl, path)["rejected"] == 0
    assert texts(memctl) == ["Lives in Oslo"]


def test_one_id_of_two_owners_is_still_a_reject(memctl, tmp_path):
    rows = [{"id": ID, "memory": "Lives in Ghent", "user_id": user} for user in ("ada", "ben")]
    path = tmp_path / "dump.json"
    path.write_text(json.dumps(rows))
    ran = memctl("migrate", "--from", path, "--to", "local", "--all-users", "--json")
    assert (ran.code, ran.document["counts"]["rejected"]) == (3, 1)
