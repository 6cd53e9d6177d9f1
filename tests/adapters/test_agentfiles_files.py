"""Unusual folders: links, invalid bytes, other systems, full disks, and agents that write at the same time."""

import errno
import os
from pathlib import Path

import pytest
from adapters.agent_folders import create_folder, fact, own_files, read, states, texts
from memctl_agentfiles.claude_code import ClaudeCodeAdapter
from memctl_folders import tree

from memctl.core.errors import MemctlError, NotFound, Retryable, UsageError


def opened(folder: Path) -> ClaudeCodeAdapter:
    return ClaudeCodeAdapter(folder, default_user="alice")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return create_folder(
        tmp_path / "memory", {"MEMORY.md": "# Memory\n\n- Likes tea\n", "topic.md": "Plays the oboe.\n"}
    )


def test_an_empty_folder_has_no_facts_and_a_missing_one_is_not_found(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert list(opened(empty).users()) == []
    with pytest.raises(NotFound):
        list(opened(tmp_path / "missing").users())
    assert not (tmp_path / "missing").exists()


def test_a_file_instead_of_the_folder_is_an_error_that_names_it(folder):
    with pytest.raises(UsageError, match="a file, not a folder"):
        list(opened(folder / "topic.md").users())


def test_a_file_that_is_not_utf8_is_rejected_by_name_and_unchanged(folder):
    (folder / "latin.md").write_bytes(b"tea\ncaf\xe9\n")
    (rejected,) = opened(folder).rejects()
    assert str(rejected.where).endswith("latin.md")
    assert rejected.message == "not UTF-8 text: byte 0xe9 in line 2; save the file as UTF-8"
    assert states(opened(folder).write([fact("Lives in Ghent.")])) == ["written"]
    assert (folder / "latin.md").read_bytes() == b"tea\ncaf\xe9\n"
    assert len(texts(opened(folder))) == 3


def test_a_huge_file_is_rejected_by_name(folder, monkeypatch):
    monkeypatch.setattr(tree, "LARGEST", 100)
    (folder / "huge.md").write_text("x" * 101)
    (rejected,) = opened(folder).rejects()
    assert "huge.md" in str(rejected.where)
    assert len(texts(opened(folder))) == 2


def test_links_out_of_the_folder_or_in_a_circle_are_not_followed(folder, tmp_path):
    secret = create_folder(tmp_path / "outside", {"secret.md": "A secret.\n"})
    (folder / "out.md").symlink_to(secret / "secret.md")
    (folder / "away").symlink_to(secret)
    (folder / "circle").symlink_to(folder)
    (folder / "self.md").symlink_to(folder / "self.md")
    assert sorted(texts(opened(folder))) == ["Likes tea", "Plays the oboe."]
    assert len({str(reject.where) for reject in opened(folder).rejects()}) == 4
    opened(folder).write([fact("Lives in Ghent.")])
    opened(folder).forget("alice")
    assert (secret / "secret.md").read_text() == "A secret.\n"


def test_an_index_that_is_a_link_is_not_replaced(folder, tmp_path):
    outside = create_folder(tmp_path / "outside", {"index.md": "- somebody's\n"}) / "index.md"
    (folder / "MEMORY.md").unlink()
    (folder / "MEMORY.md").symlink_to(outside)
    with pytest.raises(UsageError, match="link"):
        opened(folder).write([fact("Lives in Ghent.")])
    assert outside.read_text() == "- somebody's\n"
    assert (folder / "MEMORY.md").is_symlink()


def test_a_line_that_the_agent_adds_while_memctl_writes_is_not_lost(folder, monkeypatch):
    write, index = tree.Tree._check, folder / "MEMORY.md"
    checked: list[str] = []

    def meddle(self: tree.Tree, path: str) -> None:
        if path == "MEMORY.md" and not checked:
            checked.append(path)
            index.write_text(index.read_text() + "- Added by the agent\n")
        write(self, path)

    monkeypatch.setattr(tree.Tree, "_check", meddle)
    with pytest.raises(Retryable, match="changed it"):
        opened(folder).write([fact("Lives in Ghent.")])
    assert states(opened(folder).write([fact("Lives in Ghent.")])) == ["written"]
    assert sorted(texts(opened(folder))) == ["Added by the agent", "Likes tea", "Lives in Ghent.", "Plays the oboe."]
    assert "- Added by the agent\n" in index.read_text()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_full_disk_or_a_folder_that_cannot_be_written_changes_nothing(folder, monkeypatch, number):
    opened(folder).write([fact("Lives in Ghent.")])
    before = own_files(folder)
    facts = read(opened(folder))

    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(tree.os, "fsync", refuse)
        with pytest.raises(MemctlError) as refused:
            opened(folder).write([fact("Owns a cat.")])
    assert os.strerror(number) in refused.value.message
    assert refused.value.hint
    assert refused.value.where
    assert own_files(folder) == before
    assert read(opened(folder)) == facts
    assert not list((folder / ".memctl").glob("tmp-*"))


def test_a_disk_full_between_two_files_causes_no_duplicate(folder, monkeypatch):
    put, left = tree.Tree._put, [2]

    def until_full(self: tree.Tree, path: str, data: bytes | None, mode: int) -> None:
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left[0] -= 1
        put(self, path, data, mode)

    facts = [fact(f"Owns book {number}.") for number in range(4)]
    with monkeypatch.context() as patched:
        patched.setattr(tree.Tree, "_put", until_full)
        with pytest.raises(MemctlError):
            opened(folder).write(facts)
    opened(folder).write(facts)
    assert sorted(texts(opened(folder))) == ["Likes tea", *(one.text for one in facts), "Plays the oboe."]


@pytest.mark.parametrize(
    ("sign", "name"),
    [
        (".memfs.config.json", "letta-memfs"),
        ("memory_summary.md", "codex"),
        ("SOUL.md", "openclaw"),
        (".obsidian/app.json", "notes"),
        ("USER.md.lock", "hermes"),
    ],
)
def test_a_folder_of_another_system_is_refused_with_its_name(folder, sign, name):
    create_folder(folder, {sign: "{}"})
    before = own_files(folder)
    for use in (lambda: texts(opened(folder)), lambda: opened(folder).write([fact("Lives in Ghent.")])):
        with pytest.raises(UsageError, match=f"folder of {name}") as refused:
            use()
        assert f"{name}:" in str(refused.value.hint)
    assert own_files(folder) == before


def test_truncated_records_are_reported_and_never_overwritten(folder):
    opened(folder).write([fact(f"Owns book {number}.") for number in range(9)])
    records_file = folder / ".memctl/facts.jsonl"
    records_file.write_bytes(records_file.read_bytes()[: records_file.stat().st_size // 2])
    before = records_file.read_bytes()
    assert any("truncated" in reject.message for reject in opened(folder).rejects())
    with pytest.raises(UsageError, match="would be lost"):
        opened(folder).write([fact("One more.")])
    assert records_file.read_bytes() == before


def test_a_path_pattern_gives_each_user_a_separate_folder(tmp_path):
    path = tmp_path / "agents" / "{user}" / "memory"
    ClaudeCodeAdapter(path).write([fact("Lives in Ghent."), fact("Lives in Rome.", "Bob/../x")])
    assert list(ClaudeCodeAdapter(path).users()) == ["Bob/../x", "alice"]
    assert texts(ClaudeCodeAdapter(path), "Bob/../x") == ["Lives in Rome."]
    assert ClaudeCodeAdapter(path).forget("alice") == []
    assert list(ClaudeCodeAdapter(path).users()) == ["Bob/../x"]
