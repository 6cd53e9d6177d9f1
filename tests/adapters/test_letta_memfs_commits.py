"""MemFS while others use the repository: their changes, commits and hooks are neither lost nor overwritten."""

import json
import os
import signal
from pathlib import Path

import pytest
from adapters.memfs_memories import fact, files, human, is_clean, letta, line, texts, write
from memctl_letta.memfs import MemfsAdapter

from memctl.core.errors import Fatal, Retryable, UsageError


@pytest.fixture(params=["v1", "v2"])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A new agent's memory, in either layout, with Letta's hook."""
    made: Path = letta.agent_memory(tmp_path / "memory", request.param)
    return made


def test_uncommitted_changes_of_the_user_are_neither_lost_nor_committed(memory):
    write(memory, fact("Alice likes tea."))
    (shown,) = memory.rglob("facts-001.md")
    shown.write_text(shown.read_text() + "- half a thou")
    with pytest.raises(UsageError, match="not committed") as refused:
        write(memory, fact("Alice likes coffee."))
    assert refused.value.hint
    assert shown.read_text().endswith("- half a thou")
    assert "Alice likes coffee." not in texts(memory)
    (remark,) = MemfsAdapter(memory).remarks()
    assert "facts-001.md" in remark
    assert "1 with uncommitted changes" in MemfsAdapter(memory).check().detail


def test_other_changed_or_staged_files_stay_as_they_are(memory):
    (memory / "draft.txt").write_text("a draft")
    (memory / "staged.txt").write_text("staged")
    letta.git(memory, "add", "staged.txt")
    assert write(memory, fact("Alice likes tea."))[0][0] == "written"
    assert letta.git(memory, "status", "--porcelain").splitlines() == ["A  staged.txt", "?? draft.txt"]


@pytest.mark.parametrize("mark", ["MERGE_HEAD", "index.lock"])
def test_a_repository_in_use_is_retryable(memory, mark):
    before = files(memory)
    (memory / ".git" / mark).write_text(letta.git(memory, "rev-parse", "HEAD"))
    with pytest.raises(Retryable) as refused:
        write(memory, fact("Alice likes tea."))
    assert refused.value.hint
    assert files(memory) == before
    (memory / ".git" / mark).unlink()
    assert write(memory, fact("Alice likes tea."))[0][0] == "written"


def test_a_refusal_by_a_hook_is_shown_and_changes_nothing(memory):
    write(memory, fact("Alice likes tea."))
    hook = memory / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\necho 'no memories on Sundays'\nexit 1\n")
    before = files(memory)
    with pytest.raises(Fatal, match="no memories on Sundays"):
        write(memory, fact("Alice likes coffee."), line("Works at Acme"))
    assert files(memory) == before
    assert is_clean(memory)


def test_the_incomplete_write_of_a_killed_process_is_reverted(memory):
    write(memory, fact("Alice likes tea."))
    whole = files(memory)
    (shown,) = memory.rglob("facts-001.md")
    paths = [shown.relative_to(memory).as_posix(), "memctl/facts.jsonl", "memctl/new.md"]
    (memory / ".git" / "memctl-writing").write_text(json.dumps(paths))
    shown.write_text("half a fi")
    (memory / "memctl" / "facts.jsonl").write_text("")
    (memory / "memctl" / "new.md").write_text("new")
    letta.git(memory, "add", "--all")
    assert write(memory, fact("Alice likes coffee."))[0][0] == "written"
    assert is_clean(memory)
    assert files(memory).keys() == whole.keys()
    assert {"Alice likes tea.", "Alice likes coffee."} <= set(texts(memory))


def test_a_commit_between_reading_and_writing_is_not_overwritten(memory, monkeypatch):
    from memctl_letta import git_repository

    write(memory, fact("Alice likes tea."))
    original_commit = git_repository.Writer.commit

    def late(
        self: git_repository.Writer, before: git_repository.Snapshot, changes: dict[str, bytes | None], message: str
    ) -> None:
        letta.commit(memory, human(memory).relative_to(memory).as_posix(), human(memory).read_text() + "\nOf late.")
        original_commit(self, before, changes, message)

    monkeypatch.setattr(git_repository.Writer, "commit", late)
    with pytest.raises(Retryable, match="while memctl was writing"):
        write(memory, fact("Alice likes coffee."))
    monkeypatch.undo()
    assert write(memory, fact("Alice likes coffee."))[0][0] == "written"
    assert {"Of late.", "Alice likes coffee."} <= set(texts(memory))


def test_a_linked_file_is_not_written(memory, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (memory / "memctl").symlink_to(elsewhere)
    with pytest.raises(UsageError, match="link"):
        write(memory, fact("Alice likes tea."))
    assert list(elsewhere.iterdir()) == []


def test_reading_continues_in_the_commit_it_started_with(memory):
    write(memory, *(fact(f"Alice owns book {n}.") for n in range(5)))
    adapter = MemfsAdapter(memory, page_size=2)
    first = next(adapter.read("alice"))
    MemfsAdapter(memory).delete("alice", [one.id for one in first.facts])
    rest = [one.text for page in adapter.read("alice", cursor=first.cursor) for one in page.facts]
    assert rest[:3] == [f"Alice owns book {n}." for n in (2, 3, 4)]
    for wrong in ("nonsense", f"{'0' * 40}:2", "a+b:1"):
        with pytest.raises(UsageError):
            list(adapter.read("alice", cursor=wrong))


def test_a_hook_that_leaves_a_process_behind_is_not_waited_for(memory, monkeypatch):
    monkeypatch.setattr("memctl_letta.git.TIMEOUT", 20.0)
    hook = memory / ".git" / "hooks" / "post-commit"
    hook.write_text("#!/bin/sh\nsleep 60 &\necho $! > .git/left\n")
    hook.chmod(0o755)
    try:
        assert write(memory, fact("Alice likes tea."))[0][0] == "written"
    finally:
        os.kill(int((memory / ".git" / "left").read_text()), signal.SIGTERM)
