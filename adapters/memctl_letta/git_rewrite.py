"""Remove the history of a git repository: leave one commit with the current files and no other objects.

Erased facts must not remain in an older commit, reflog, stash or pack. This module does not interpret the files.
"""

from __future__ import annotations

from pathlib import Path

from memctl.core.errors import MemctlError, UsageError
from memctl_letta.git import run

_MESSAGE = "Memory without its history (memctl)"
_PSEUDO_REFS = ("ORIG_HEAD", "FETCH_HEAD", "AUTO_MERGE", "COMMIT_EDITMSG")


def refuse_shared(folder: Path, git_folder: Path) -> None:
    """Raise UsageError for a repository that shares its objects with others, or that keeps some permanently."""
    why = None
    trees = [line for line in _lines(folder, "worktree", "list", "--porcelain") if line.startswith("worktree ")]
    if not (folder / ".git").is_dir() or len(trees) > 1:
        why = "it shares its history with other working trees"
    elif (git_folder / "objects" / "info" / "alternates").exists():
        why = "it uses objects of another repository"
    elif next((git_folder / "objects" / "pack").glob("*.keep"), None) is not None:
        why = "some of its packs are marked to be kept"
    elif (git_folder / "shallow").exists():
        why = "it is a shallow clone"
    if why is not None:
        raise UsageError(
            f"the history of this repository cannot be removed: {why}",
            where=str(folder),
            hint="remove the repository, or use a full, independent clone of it",
        )


def remotes(folder: Path) -> list[str]:
    """The names of the repositories that this one is pushed to or fetched from."""
    return _lines(folder, "remote")


def rewrite(folder: Path, git_folder: Path) -> None:
    """Leave one commit. Raises MemctlError if git kept an object that does not belong to it."""
    head = run(folder, "rev-parse", "--verify", "--quiet", "HEAD^{tree}", check=False).stdout.decode().strip()
    if head:
        commit = run(folder, "commit-tree", head, "-m", _MESSAGE, identify=True).stdout.decode().strip()
        run(folder, "update-ref", "HEAD", commit)
    branch = run(folder, "symbolic-ref", "--quiet", "HEAD", check=False).stdout.decode().strip()
    for ref in _lines(folder, "for-each-ref", "--format=%(refname)"):
        if ref != branch:
            run(folder, "update-ref", "--no-deref", "-d", ref)
    for name in _PSEUDO_REFS:
        (git_folder / name).unlink(missing_ok=True)
    run(folder, "reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all")
    run(folder, "gc", "--prune=now", "--quiet")
    objects = _lines(folder, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
    command = ("rev-list", "--objects", "--all", "--indexed-objects", *(("HEAD",) if head else ()))
    belong = {line.split(" ")[0] for line in _lines(folder, *command)}
    if set(objects) - belong:
        raise MemctlError(
            f"git kept {len(set(objects) - belong)} objects of the old history",
            where=str(folder),
            hint="list them with git fsck --lost-found, remove the references to them, and run the command again",
        )


def _lines(folder: Path, *arguments: str) -> list[str]:
    output = run(folder, *arguments).stdout.decode("utf-8", "surrogateescape")
    return [line for line in output.split("\n") if line]
