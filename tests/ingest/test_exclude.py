"""`memctl ingest --exclude`: which files are left out, and that they are counted."""

import json
import zipfile

import pytest

from memctl.core.errors import Exit

FILES = ("alice/a.jsonl", "alice/old/b.jsonl", "alice/old/deep/c.jsonl", "bob/a.jsonl", "bob/b.jsonl")


@pytest.fixture
def folder(chat):
    for number, name in enumerate(FILES):
        path = chat(name, (f"2026-01-{number + 1:02}T10:00:00Z", f"I keep {number} cats."))
    return path.parent.parent


def read(memctl, *arguments):
    """The number of files read, and of files excluded."""
    ran = memctl("ingest", *arguments, "--dry-run", "--json")
    assert ran.code == 0, ran.err
    report = ran.document["report"]
    return report["files"], report["skipped"].get("excluded", 0)


@pytest.mark.parametrize(
    ("patterns", "excluded"),
    [
        (["b.jsonl"], 2),
        (["old/"], 2),
        (["old"], 2),
        (["a.jsonl/"], 0),
        (["/alice"], 3),
        (["/old"], 0),
        (["alice/a.jsonl"], 1),
        (["alice/*.jsonl"], 1),
        (["alice/**/*.jsonl"], 3),
        (["**/deep/"], 1),
        (["[ab].jsonl"], 4),
        (["*.jsonl", "!b.jsonl"], 3),
        (["*.jsonl", "!bob/"], 5),
        (["*.txt"], 0),
        (["A.JSONL"], 0),
        (["a.jsonl", "c.jsonl"], 3),
    ],
    ids=str,
)
def test_patterns_work_as_in_gitignore(memctl, folder, patterns, excluded):
    options = [word for pattern in patterns for word in ("--exclude", pattern)]
    assert read(memctl, folder, *options) == (len(FILES) - excluded, excluded)


def test_explicitly_named_files_can_be_excluded(memctl, folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    assert read(memctl, "in/alice/a.jsonl", "in/bob/a.jsonl", "--exclude", "bob/", "--user", "x") == (1, 1)
    assert read(memctl, folder / "bob" / "a.jsonl", "--exclude", "in/", "--user", "x") == (1, 0)
    assert read(memctl, "in/*/a.jsonl", "--exclude", "a.jsonl", "--user", "x") == (0, 2)


def test_members_of_an_archive_can_be_excluded(memctl, folder):
    for path in (folder / "alice" / "old").rglob("*.jsonl"):
        path.unlink()
    with zipfile.ZipFile(folder / "alice" / "export.zip", "w") as archive:
        archive.write(folder / "alice" / "a.jsonl", "old/x.jsonl")
        archive.write(folder / "alice" / "a.jsonl", "y.jsonl")
    assert read(memctl, folder, "--exclude", "old/") == (4, 1)
    assert read(memctl, folder, "--exclude", "y.jsonl") == (4, 1)
    assert read(memctl, folder, "--exclude", "*.zip") == (3, 1)


def test_the_setting_and_the_option_are_combined(memctl, folder, home, monkeypatch):
    (home / "work" / "memctl.toml").write_text('exclude = ["b.jsonl", "c.jsonl"]\n')
    assert read(memctl, folder) == (2, 3)
    assert read(memctl, folder, "--exclude", "a.jsonl") == (0, 5)
    assert read(memctl, folder, "--exclude", "!b.jsonl") == (4, 1)
    (home / "work" / "memctl.toml").unlink()
    monkeypatch.setenv("MEMCTL_EXCLUDE", "b.jsonl c.jsonl")
    assert read(memctl, folder) == (2, 3)


def test_excluding_a_file_keeps_its_stored_facts(memctl, folder):
    assert memctl("ingest", folder).code == 0
    before = memctl("stats", "--json").document
    ran = memctl("ingest", folder, "--exclude", "*.jsonl")
    assert "5 × excluded" in ran.out
    assert memctl("stats", "--json").document["episodes"] == before["episodes"] == len(FILES)


@pytest.mark.parametrize("pattern", ["", "!", "# notes", "["])
def test_a_pattern_that_can_match_nothing_is_an_error(memctl, folder, pattern):
    ran = memctl("ingest", folder, "--exclude", pattern)
    assert ran.code == Exit.USAGE
    assert "--exclude" in ran.err


def test_exclude_is_refused_for_conversations_of_a_backend(memctl):
    ran = memctl("ingest", "--from", "zep", "--exclude", "*.log")
    assert ran.code == Exit.USAGE
    assert "--exclude" in ran.err


def test_a_broken_file_that_is_excluded_is_not_an_error(memctl, folder):
    (folder / "alice" / "backup.log").write_text(json.dumps({"no": "chat"}))
    assert memctl("ingest", "-q", folder, "--exclude", "*.log").code == 0
