"""Files in a git repository: read committed files, and commit changed ones.

This module does not depend on Letta's memory or on facts.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from memctl_folders.locks import locked, unwritable

from memctl.core.errors import Fatal, MemctlError, Retryable, UsageError
from memctl_letta import git_rewrite
from memctl_letta.git import failure, literal, run, start

_JOURNAL = "memctl-writing"
_REWRITING = "memctl-rewriting"
_UNDER_WAY = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
}


class Entry(NamedTuple):
    """A file in a commit: the id of its object, and whether it is a regular file rather than a link."""

    oid: str
    regular: bool


class Snapshot:
    """The files of one commit by path. `commit` is its id, "" if the repository has no commit."""

    def __init__(self, objects: Objects, commit: str, entries: Mapping[str, Entry]) -> None:
        self._objects = objects
        self.commit = commit
        self.entries = entries

    def __contains__(self, path: str) -> bool:
        return path in self.entries

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; None if the commit has no such file."""
        entry = self.entries.get(path)
        return self._objects.content(entry.oid) if entry else None


class Objects:
    """The objects of a repository, read through one `git cat-file --batch` process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = start(folder, "cat-file", "--batch")

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            # Closing flushes, which fails if the process has ended.
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()
        self._process.wait()

    def snapshot(self, commit: str | None = None) -> Snapshot:
        """The files of a commit (default: HEAD). Raises UsageError for an unknown commit."""
        entry = self._get(commit or "HEAD")
        if entry is None:
            if commit:
                raise UsageError(f"the repository no longer has the commit {commit}", where=str(self._folder))
            return Snapshot(self, "", {})
        oid, kind, body = entry
        if kind != "commit" or not body.startswith(b"tree "):
            raise UsageError(f"{commit!r} is not a commit", where=str(self._folder))
        tree = body.split(b"\n", 1)[0].removeprefix(b"tree ").decode()
        return Snapshot(self, oid, dict(self._walk(tree, "")))

    def _walk(self, tree: str, prefix: str) -> Iterator[tuple[str, Entry]]:
        """The entries of a tree object: `<mode> <name>` NUL and the object's id in binary, see git's gitformat docs."""
        body = self.content(tree)
        width = len(tree) // 2
        at = 0
        while at < len(body):
            end = body.index(b"\0", at)
            mode, _, name = body[at:end].partition(b" ")
            oid = body[end + 1 : end + 1 + width].hex()
            at = end + 1 + width
            path = prefix + name.decode("utf-8", "surrogateescape")
            if mode == b"40000":
                yield from self._walk(oid, path + "/")
            elif mode != b"160000":
                yield path, Entry(oid, mode.startswith(b"100"))

    def content(self, oid: str) -> bytes:
        """The bytes of an object. Raises Fatal if it is missing or damaged."""
        entry = self._get(oid)
        if entry is None:
            raise Fatal(
                f"the object {oid} is missing from the repository", where=str(self._folder), hint="run git fsck there"
            )
        return entry[2]

    def _get(self, name: str) -> tuple[str, str, bytes] | None:
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None
        assert answers is not None
        try:
            requests.write(name.encode() + b"\n")
            requests.flush()
            header = answers.readline().split()
        except OSError:
            header = []
        if len(header) == 2 and header[1] == b"missing":
            return None
        if len(header) != 3:
            raise self._failure()
        size = int(header[2])
        body = answers.read(size)
        if len(body) < size or answers.read(1) != b"\n":
            raise self._failure()
        return header[0].decode(), header[1].decode(), body

    def _failure(self) -> MemctlError:
        stream = self._process.stderr
        message = stream.read().decode("utf-8", "replace") if stream is not None else ""
        return failure(message, self._folder)


class Repository:
    """The git repository whose working tree is `folder`. `lock_timeout` is how many seconds to wait while another
    memctl writes to it."""

    def __init__(self, folder: Path, lock_timeout: float) -> None:
        self.folder = folder
        self._lock_timeout = lock_timeout

    @classmethod
    def make(cls, folder: Path, lock_timeout: float) -> Repository:
        """Create an empty repository, and its folder."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(folder, error) from None
        run(folder, "init", "--quiet", "--initial-branch=main")
        return cls(folder, lock_timeout)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Objects]:
        """The repository's objects, which are closed at the end of the block."""
        objects = Objects(self.folder)
        try:
            yield objects
        finally:
            objects.close()

    def setting(self, name: str) -> str | None:
        """A value from the repository's own configuration."""
        result = run(self.folder, "config", "--local", "--get", name, check=False)
        return result.stdout.decode("utf-8", "replace").strip() or None

    def uncommitted(self, paths: Sequence[str] = ()) -> list[str]:
        """Which of the paths (default: all files) differ from what is committed."""
        done = run(
            self.folder, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", *literal(paths)
        )
        return [entry[3:] for entry in done.stdout.decode("utf-8", "surrogateescape").split("\0") if entry]

    @contextlib.contextmanager
    def writing(self) -> Iterator[Writer]:
        """Lock the repository for writing, and undo the unfinished write of a memctl process that was killed.

        Raises Locked if another memctl does not release the lock in time, Retryable during a merge or rebase.
        """
        git_folder = self._git_folder()
        with locked(git_folder / _JOURNAL, self._lock_timeout, self.folder) as journal:
            for mark, what in _UNDER_WAY.items():
                if (git_folder / mark).exists():
                    raise Retryable(
                        f"{what} is in progress in the repository",
                        where=str(self.folder),
                        hint="finish or abort it, then try again",
                    )
            writer = Writer(self.folder, journal)
            writer.undo_unfinished()
            yield writer

    @property
    def has_unfinished_rewrite(self) -> bool:
        """Whether a memctl was killed during `rewriting`."""
        return (self._git_folder() / _REWRITING).exists()

    @contextlib.contextmanager
    def rewriting(self) -> Iterator[None]:
        """At the end of the block, replace the history by one commit with the files committed by then.

        Raises UsageError, before the block, for a repository that shares its objects with another.
        """
        mark = self._git_folder() / _REWRITING
        git_rewrite.refuse_shared(self.folder, mark.parent)
        mark.touch()
        try:
            yield
        except BaseException:
            mark.unlink()
            raise
        with self.writing():
            git_rewrite.rewrite(self.folder, mark.parent)
        mark.unlink()

    def _git_folder(self) -> Path:
        default = self.folder / ".git"
        if default.is_dir():
            return default
        result = run(self.folder, "rev-parse", "--git-dir")
        return self.folder / result.stdout.decode("utf-8", "surrogateescape").rstrip("\n")


class Writer:
    """Writes files of one repository and commits them. Created by `Repository.writing`."""

    def __init__(self, folder: Path, journal: IO[bytes]) -> None:
        self._folder = folder
        self._journal = journal

    def commit(self, before: Snapshot, changes: Mapping[str, bytes | None], message: str) -> None:
        """Write the files of `changes` (None removes one) that differ from `before`, and commit only those.

        Nothing is changed if a file has uncommitted changes (UsageError), if somebody committed since `before` was
        read (Retryable), or if a hook refuses the commit (Fatal, with the hook's message).
        """
        paths = sorted(path for path, content in changes.items() if content != before.read(path))
        if not paths:
            return
        self._check(before, paths)
        self._enter(paths)
        try:
            for path in paths:
                self._place(path, changes[path])
            run(self._folder, "add", "--all", "--force", "--", *literal(paths))
            arguments = ("commit", "--quiet", "--only", "--allow-empty-message", "-m", message, "--", *literal(paths))
            run(self._folder, *arguments, identify=True)
        except BaseException:
            self._restore(before, paths)
            self._enter([])
            raise
        self._enter([])

    def undo_unfinished(self) -> None:
        """Restore the files that a killed memctl was writing to their committed state, which they had before."""
        self._journal.seek(0)
        unfinished = self._journal.read()
        if not unfinished:
            return
        with contextlib.suppress(ValueError):
            paths = [path for path in json.loads(unfinished) if isinstance(path, str)]
            with contextlib.closing(Objects(self._folder)) as objects:
                self._restore(objects.snapshot(), paths)
        self._enter([])

    def _check(self, before: Snapshot, paths: Sequence[str]) -> None:
        for path in paths:
            self._safe(path)
        if not before.commit:
            existing = [path for path in paths if (self._folder / path).exists()]
        else:
            status = run(
                self._folder,
                *("status", "--porcelain=v2", "--branch", "-z", "--no-renames", "--untracked-files=all", "--"),
                *literal(paths),
            ).stdout.decode("utf-8", "surrogateescape")
            lines = [line for line in status.split("\0") if line]
            head = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), "")
            if head != before.commit:
                raise Retryable(
                    "another program committed to it while memctl was writing",
                    where=str(self._folder),
                    hint="try again",
                )
            existing = [path for path in paths if any(line.endswith(" " + path) for line in lines if line[0] != "#")]
        if existing:
            raise UsageError(
                f"{', '.join(existing)}: changed, but not committed",
                where=str(self._folder),
                hint="commit or stash the changes, then try again",
            )

    def _safe(self, path: str) -> None:
        """Raise UsageError for a path through a link: it may lead out of the repository."""
        at = self._folder
        for part in path.split("/"):
            at /= part
            if at.is_symlink():
                raise UsageError("this is a symbolic link, and memctl does not write through links", where=str(at))

    def _enter(self, paths: Sequence[str]) -> None:
        """Record which files are being written, so that the next memctl can restore them after a kill."""
        self._journal.seek(0)
        self._journal.truncate()
        if paths:
            self._journal.write(json.dumps(paths).encode())
        self._journal.flush()

    def _place(self, path: str, content: bytes | None) -> None:
        file = self._folder / path
        try:
            if content is None:
                file.unlink(missing_ok=True)
                return
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        except OSError as error:
            raise unwritable(file, error) from None

    def _restore(self, before: Snapshot, paths: Sequence[str]) -> None:
        for path in paths:
            with contextlib.suppress(MemctlError):
                self._place(path, before.read(path))
        run(self._folder, "add", "--all", "--force", "--ignore-errors", "--", *literal(paths), check=False)
