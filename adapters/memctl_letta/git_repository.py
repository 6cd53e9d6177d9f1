"""A git repository as a place to keep files: what is committed is read, and what is written is committed.

Knows git and files, but nothing of Letta's memory or of facts.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from memctl_folders.locks import locked

from memctl.core.errors import Fatal, MemctlError, Retryable, UsageError
from memctl_letta import git_rewrite
from memctl_letta.git import failure, literal, run, start, unwritable

_JOURNAL = "memctl-writing"
_ANEW = "memctl-anew"
_UNDER_WAY = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
}


class Entry(NamedTuple):
    """A file of a commit: its object and whether it is a regular file, not a link."""

    oid: str
    regular: bool


class Snapshot:
    """The files of one commit by path. `commit` is its id, "" where nothing was ever committed."""

    def __init__(self, objects: Objects, commit: str, entries: Mapping[str, Entry]) -> None:
        self._objects = objects
        self.commit = commit
        self.entries = entries

    def __contains__(self, path: str) -> bool:
        return path in self.entries

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, None when the commit has none of this name."""
        entry = self.entries.get(path)
        return self._objects.content(entry.oid) if entry else None


class Objects:
    """The objects of a repository, asked for one after the other from one `git cat-file --batch`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = start(folder, "cat-file", "--batch")

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            # What a dead process was still to be told cannot be flushed.
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()
        self._process.wait()

    def snapshot(self, commit: str | None = None) -> Snapshot:
        """The files of a commit, else of HEAD. Raises UsageError when there is no such commit."""
        found = self._get(commit or "HEAD")
        if found is None:
            if commit:
                raise UsageError(f"the repository has no commit {commit} any more", where=str(self._folder))
            return Snapshot(self, "", {})
        oid, kind, body = found
        if kind != "commit" or not body.startswith(b"tree "):
            raise UsageError(f"{commit!r} is no commit", where=str(self._folder))
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
        """The bytes of an object that must be there. Raises Fatal when it is lost or broken."""
        found = self._get(oid)
        if found is None:
            raise Fatal(
                f"the repository has lost the object {oid}", where=str(self._folder), hint="git fsck tells what is left"
            )
        return found[2]

    def _get(self, name: str) -> tuple[str, str, bytes] | None:
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answers is not None
        try:
            asked.write(name.encode() + b"\n")
            asked.flush()
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
        said = stream.read().decode("utf-8", "replace") if stream is not None else ""
        return failure(said, self._folder)


class Repository:
    """The git repository whose files lie in `folder`. `lock_timeout`, in seconds, is how long to wait for another
    memctl that writes into it."""

    def __init__(self, folder: Path, lock_timeout: float) -> None:
        self.folder = folder
        self._lock_timeout = lock_timeout

    @classmethod
    def make(cls, folder: Path, lock_timeout: float) -> Repository:
        """An empty repository in a folder of which at most the parents are there."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(folder, error) from None
        run(folder, "init", "--quiet", "--initial-branch=main")
        return cls(folder, lock_timeout)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Objects]:
        """Its objects, for as long as the block lasts."""
        objects = Objects(self.folder)
        try:
            yield objects
        finally:
            objects.close()

    def setting(self, name: str) -> str | None:
        """A value of the repository's own configuration."""
        done = run(self.folder, "config", "--local", "--get", name, check=False)
        return done.stdout.decode("utf-8", "replace").strip() or None

    def uncommitted(self, paths: Sequence[str] = ()) -> list[str]:
        """Those of the paths (else of all files) which differ from what is committed."""
        done = run(
            self.folder, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", *literal(paths)
        )
        return [entry[3:] for entry in done.stdout.decode("utf-8", "surrogateescape").split("\0") if entry]

    @contextlib.contextmanager
    def writing(self) -> Iterator[Writer]:
        """The right to write, held by one memctl at a time. What an earlier one was killed over is taken back first.

        Raises Locked when another would not let go, Retryable while somebody is in the middle of a merge.
        """
        git_folder = self._git_folder()
        with locked(git_folder / _JOURNAL, self._lock_timeout, self.folder) as journal:
            for mark, what in _UNDER_WAY.items():
                if (git_folder / mark).exists():
                    raise Retryable(
                        f"{what} is under way in it", where=str(self.folder), hint="end or abort it, then try again"
                    )
            writer = Writer(self.folder, journal)
            writer.take_back_what_was_broken_off()
            yield writer

    @property
    def begun_anew_by_half(self) -> bool:
        """Whether a memctl was killed between `begin_anew` and its end."""
        return (self._git_folder() / _ANEW).exists()

    @contextlib.contextmanager
    def begin_anew(self) -> Iterator[None]:
        """Leave nothing of the history at the end of the block but one commit with the files committed by then.

        Raises UsageError, before the block, for a repository that shares its objects with another.
        """
        mark = self._git_folder() / _ANEW
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
        own = self.folder / ".git"
        if own.is_dir():
            return own
        done = run(self.folder, "rev-parse", "--git-dir")
        return self.folder / done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")


class Writer:
    """Writes files of one repository and commits them. Made by `Repository.writing`."""

    def __init__(self, folder: Path, journal: IO[bytes]) -> None:
        self._folder = folder
        self._journal = journal

    def commit(self, before: Snapshot, changes: Mapping[str, bytes | None], message: str) -> None:
        """Put the files of `changes` (None takes one away) in place of those of `before` and commit them alone.

        What is as it was is left alone. Nothing is changed when a file holds what is not committed (UsageError), when
        somebody committed since `before` was read (Retryable), and when a hook refuses the commit (Fatal, with the
        hook's own words).
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

    def take_back_what_was_broken_off(self) -> None:
        """Bring files which a killed memctl was writing back to what is committed. They were clean when it began."""
        self._journal.seek(0)
        left = self._journal.read()
        if not left:
            return
        with contextlib.suppress(ValueError):
            paths = [path for path in json.loads(left) if isinstance(path, str)]
            with contextlib.closing(Objects(self._folder)) as objects:
                self._restore(objects.snapshot(), paths)
        self._enter([])

    def _check(self, before: Snapshot, paths: Sequence[str]) -> None:
        for path in paths:
            self._safe(path)
        if not before.commit:
            taken = [path for path in paths if (self._folder / path).exists()]
        else:
            status = run(
                self._folder,
                *("status", "--porcelain=v2", "--branch", "-z", "--no-renames", "--untracked-files=all", "--"),
                *literal(paths),
            ).stdout.decode("utf-8", "surrogateescape")
            lines = [line for line in status.split("\0") if line]
            head = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), "")
            if head != before.commit:
                raise Retryable("somebody else committed to it meanwhile", where=str(self._folder), hint="try again")
            taken = [path for path in paths if any(line.endswith(" " + path) for line in lines if line[0] != "#")]
        if taken:
            raise UsageError(
                f"{', '.join(taken)}: changed, but not committed",
                where=str(self._folder),
                hint="commit or put aside what stands there, then try again",
            )

    def _safe(self, path: str) -> None:
        """Refuse a path one step of which is a link: it may lead out of the repository."""
        at = self._folder
        for part in path.split("/"):
            at /= part
            if at.is_symlink():
                raise UsageError("this is a link, and memctl writes into no file behind one", where=str(at))

    def _enter(self, paths: Sequence[str]) -> None:
        """Note which files are being written, so that whoever comes after a kill can take them back."""
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
