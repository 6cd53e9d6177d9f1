"""The folders of memories on disk: their owners, and the folder to write to.

Handles folders and git repositories; `memfs_memory` interprets their files.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple
from uuid import UUID

import msgspec
from memctl_folders.names import folder_name

from memctl.core.errors import MemctlError, NotFound, Rejected, UsageError, not_utf8
from memctl_letta import git_rewrite, markdown
from memctl_letta.git_repository import Entry, Objects, Repository, Snapshot
from memctl_letta.markdown import INDEX, Layout
from memctl_letta.memfs_memory import BLOCKS, CONFIG, FACTS, OWNER, Memory, Owner, ids_in_blocks

_FILES = "{path} stays with {files} files that contain no facts, such as a persona; its history was removed"
_REMOTE = "{path} has the remote {remote!r}, which may still have the history: force-push to it"
_GONE = ".memctl-gone-"
_KEPT = (FACTS, BLOCKS, OWNER, CONFIG)
# The start of a line of facts.jsonl.
_ID = re.compile(rb'^\{"id":"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"', re.MULTILINE)
_Stamp = tuple[tuple[int, int], ...]


class Committed(NamedTuple):
    """A memory as it was committed."""

    memory: Memory
    commit: str


class Folder:
    """One agent's memory: a git repository, or a read-only copy of its files."""

    def __init__(
        self, path: Path, repository: Repository | None, *, layout: Layout | None, default_user: str | None
    ) -> None:
        self.path = path
        self._repository = repository
        self._layout = layout
        self._default_user = default_user

    @property
    def owner(self) -> str | None:
        """The owner that the memory names, else the default user."""
        stored = _owner(self.path)
        return stored.user_id if stored else self._default_user

    def owner_or_refuse(self) -> str:
        """The owner. Raises NotFound if there is none."""
        owner = self.owner
        if owner is None:
            raise NotFound(
                "the owner of this folder is unknown",
                where=str(self.path),
                hint="pass one user with --user NAME, or set default_user in the settings under [backends.NAME]",
            )
        return owner

    def layout(self) -> Layout:
        """The layout of what is committed."""
        with self._objects() as objects:
            snapshot = self._snapshot(objects, None)
            return self._layout_of(snapshot)

    def holds_facts(self) -> bool:
        """Whether the memory has a fact."""
        facts = self.path / FACTS
        # memctl always commits this file, so git need not be started if it has facts.
        if facts.is_file() and facts.stat().st_size:
            return True
        with self._objects() as objects:
            snapshot = self._snapshot(objects, None)
            return bool(self._memory(snapshot, self.owner or "").facts())

    def uncommitted(self) -> list[str]:
        """Files that differ from what is committed."""
        return self._repository.uncommitted() if self._repository else []

    @contextmanager
    def opened(self, commit: str | None = None) -> Iterator[Committed]:
        """The memory at a commit (default: the last one)."""
        owner = self.owner_or_refuse()
        with self._objects() as objects:
            snapshot = self._snapshot(objects, commit)
            yield Committed(self._memory(snapshot, owner), snapshot.commit)

    @contextmanager
    def changing(self, user: str, message: str) -> Iterator[Memory]:
        """The memory, to be changed in the block and committed at its end.

        Raises UsageError for a folder without git, and for a memory with invalid records.
        """
        repository = self._git()
        with repository.writing() as writer, repository.reading() as objects:
            snapshot = objects.snapshot()
            memory = self._memory(snapshot, user)
            if memory.rejects:
                first = memory.rejects[0]
                raise UsageError(
                    f"{len(memory.rejects)} of its records are not valid and would be lost: {first.message}",
                    where=f"{self.path}/{first.where}",
                    hint="correct or remove them and commit",
                )
            yield memory
            writer.commit(snapshot, memory.changes(), message)

    @property
    def is_named(self) -> bool:
        """Whether the memory itself names its owner."""
        return _owner(self.path) is not None

    def forget(self, user: str) -> list[str]:
        """Remove every fact, the owner and the history; returns a line for each thing that stays.

        Raises UsageError for a copy without git, a repository that shares its objects, and invalid records.
        """
        repository = self._git()
        if changed := repository.uncommitted():
            raise UsageError(
                f"{', '.join(changed[:3])}: changed, but not committed",
                where=str(self.path),
                hint="commit or stash the changes, then try again",
            )
        with repository.rewriting(), self.changing(user, "Forget a user (memctl)") as memory:
            memory.disown()
        with repository.reading() as objects:
            files = len(objects.snapshot().entries)
        stays = [_FILES.format(path=self.path, files=files)] if files else []
        return stays + [_REMOTE.format(path=self.path, remote=name) for name in git_rewrite.remotes(self.path)]

    def finish_rewrite(self) -> None:
        """Remove the history if a memctl was killed while it did so."""
        if self._repository is not None and self._repository.has_unfinished_rewrite:
            with self._repository.rewriting():
                pass

    def _git(self) -> Repository:
        if self._repository is None:
            raise UsageError(
                "this is a copy without its git repository, which memctl only reads",
                where=str(self.path),
                hint="pass the path of the repository, or of another folder",
            )
        return self._repository

    @contextmanager
    def _objects(self) -> Iterator[Objects | None]:
        if self._repository is None:
            yield None
            return
        with self._repository.reading() as objects:
            yield objects

    def _snapshot(self, objects: Objects | None, commit: str | None) -> Snapshot | _Copy:
        if objects is None:
            return _Copy(self.path)
        return objects.snapshot(commit)

    def _layout_of(self, snapshot: Snapshot | _Copy) -> Layout:
        made = any(path.endswith(".md") for path in snapshot.entries)
        return markdown.layout_of(snapshot.entries) if made else self._layout or "v2"

    def _memory(self, snapshot: Snapshot | _Copy, user: str) -> Memory:
        files, broken = {}, []
        for path, entry in snapshot.entries.items():
            if entry.regular and (path in _KEPT or path.endswith(".md")):
                try:
                    path.encode()
                    files[path] = (snapshot.read(path) or b"").decode()
                except UnicodeEncodeError:
                    named = path.encode("utf-8", "replace").decode()
                    broken.append(Rejected("the file name is not UTF-8; rename the file", where=named))
                except UnicodeDecodeError as error:
                    broken.append(Rejected(not_utf8(error), where=path))
        agent = self._agent()
        owner = _decoded_owner(files[OWNER], self.path) if OWNER in files else None
        if owner is not None and owner.user_id != user:
            raise UsageError(
                f"the folder and its last commit name different owners, {user!r} and {owner.user_id!r}",
                where=str(self.path / OWNER),
                hint="restore the committed file",
            )
        # The paths of Letta's own folders end with AGENT/memory.
        name = self.path.parent.name if self.path.name == "memory" else self.path.name
        effective_owner = owner or Owner(user_id=user, memory=agent or name)
        memory = Memory(files, effective_owner, agent, self._layout_of(snapshot))
        memory.rejects += broken
        return memory

    def _agent(self) -> str | None:
        """The agent whose memory this is, as Letta records it in the repository's configuration."""
        config = self.path / ".git" / "config"
        # Most folders have no such entry, and reading it needs a git process.
        if self._repository is None or (config.is_file() and b"letta" not in config.read_bytes()):
            return None
        return self._repository.setting("letta.agentId")


class Folders:
    """The memories at `root`: the repository there, or those in its subfolders."""

    def __init__(self, root: Path, layout: Layout | None, default_user: str | None, lock_timeout: float) -> None:
        self.root = root.expanduser().absolute()
        self._layout = layout
        self._default_user = default_user
        self._lock_timeout = lock_timeout
        self._ids: dict[Path, tuple[_Stamp, frozenset[UUID]]] = {}

    @property
    def single(self) -> bool:
        """Whether the root itself is a memory."""
        return (self.root / ".git").exists() or _is_copy(self.root)

    def all(self) -> list[Folder]:
        """Every memory. In Letta's own folders they are at AGENT/memory."""
        if self.single:
            return [self._folder(self.root)]
        if not self.root.is_dir():
            return []
        if (self.root / "HEAD").is_file() and (self.root / "objects").is_dir():
            raise UsageError("this is a bare repository", where=str(self.root), hint="clone it, and use the clone")
        folders = []
        for child in sorted(self.root.iterdir()):
            if child.name.startswith(_GONE):
                continue
            for path in (child, child / "memory"):
                if (path / ".git").exists():
                    folders.append(self._folder(path))
                    break
        return folders

    def of(self, user: str) -> list[Folder]:
        """The user's memories."""
        self._claim(user)
        return [folder for folder in self.all() if folder.owner == user]

    def forget(self, user: str) -> list[str]:
        """Erase the user from their memories, and remove the one that memctl made; returns what stays."""
        for leftover in self.root.glob(f"{_GONE}*"):
            shutil.rmtree(leftover)
        stays: list[str] = []
        for folder in self.of(user) if self.root.exists() else ():
            if self.single or folder.path != self.root / folder_name(user):
                stays += folder.forget(user)
                continue
            # The rename hides the folder at once, however long its removal takes.
            hidden = folder.path.rename(self.root / f"{_GONE}{token_hex(8)}")
            shutil.rmtree(hidden)
        for folder in self.all():
            folder.finish_rewrite()
        return stays

    def refuse_many(self, users: Iterable[str]) -> None:
        """Raise UsageError for several users and one repository without an owner, which can have only one."""
        names = sorted(users)
        if self._unclaimed() and len(names) > 1:
            raise UsageError(
                f"a repository is the memory of one user, but these facts have {len(names)}: {', '.join(names[:3])}",
                where=str(self.root),
                hint="use the parent folder to get a repository per user, or move one user with --user",
            )

    def _claim(self, user: str) -> None:
        """Make the user the owner of the one memory at the root, if it names none."""
        if self._unclaimed():
            self._default_user = user

    def _unclaimed(self) -> bool:
        return self.single and self._folder(self.root).owner is None

    def to_write(self, user: str) -> Folder:
        """The memory to write the user's facts to, created if missing. Raises Rejected if the only repository belongs
        to another user, UsageError if there are several candidates."""
        self._claim(user)
        if self.single:
            folder = self._folder(self.root)
            if folder.owner != user:
                raise Rejected(f"{self.root} is the memory of {folder.owner!r}")
            return folder
        path = self.root / folder_name(user)
        candidates = [folder for folder in self.all() if folder.owner == user]
        exact = [folder for folder in candidates if folder.path == path]
        if exact or len(candidates) == 1:
            return (exact or candidates)[0]
        if candidates:
            some = ", ".join(str(folder.path) for folder in candidates[:3])
            raise UsageError(
                f"{user!r} has several memories here: {some}", where=str(self.root), hint="use the path of one of them"
            )
        if (path / ".git").exists() and (owner := self._folder(path).owner) is not None:
            raise UsageError(f"this is the memory of {owner!r}", where=str(path), hint="move it away")
        if not (path / ".git").exists():
            Repository.make(path, self._lock_timeout)
        return self._folder(path)

    def owners_of(self, ids: set[UUID]) -> dict[UUID, str]:
        """The owners of existing facts with these ids."""
        owners: dict[UUID, str] = {}
        for folder in self.all():
            stamp = _stamp(folder.path)
            cached_ids = self._ids.get(folder.path)
            if cached_ids is None or cached_ids[0] != stamp:
                cached_ids = self._ids[folder.path] = (stamp, _ids_in(folder.path))
            owner = folder.owner if cached_ids[1] else None
            if owner is not None:
                owners |= dict.fromkeys(cached_ids[1] & ids, owner)
        return owners

    def _folder(self, path: Path) -> Folder:
        repository = Repository(path, self._lock_timeout) if (path / ".git").exists() else None
        return Folder(path, repository, layout=self._layout, default_user=self._default_user)


class _Copy:
    """The files of a folder without git, such as `letta memory export` writes, with the interface of a Snapshot."""

    commit = ""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
        self.entries: Mapping[str, Entry] = {
            path.relative_to(folder).as_posix(): Entry("", not path.is_symlink()) for path in paths
        }

    def read(self, path: str) -> bytes | None:
        """The bytes of a file."""
        return (self._folder / path).read_bytes() if path in self.entries else None


def _is_copy(folder: Path) -> bool:
    system = folder / "system"
    # A user may be named "system" and have a repository.
    return (folder / INDEX).is_file() or (system.is_dir() and not (system / ".git").exists())


def _owner(folder: Path) -> Owner | None:
    """The owner that the folder names. The file never changes, so it need not be read from the commit."""
    try:
        text = (folder / OWNER).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise MemctlError(f"cannot be read: {error}", where=str(folder / OWNER)) from None
    return _decoded_owner(text, folder)


def _decoded_owner(text: str, folder: Path) -> Owner:
    try:
        return msgspec.json.decode(text, type=Owner)
    except msgspec.DecodeError as error:
        raise UsageError(
            f"the file does not name the owner of the memory: {error}",
            where=str(folder / OWNER),
            hint="restore an earlier version; git log lists them",
        ) from None


def _stamp(folder: Path) -> _Stamp:
    """The sizes and times of the files in which memctl wrote facts."""
    stamps = []
    for name in (FACTS, BLOCKS):
        try:
            status = (folder / name).stat()
        except OSError:
            stamps.append((0, 0))
        else:
            stamps.append((status.st_size, status.st_mtime_ns))
    return tuple(stamps)


def _ids_in(folder: Path) -> frozenset[UUID]:
    """The ids of the facts that memctl wrote there."""
    ids: set[UUID] = set()
    with suppress(OSError):
        ids |= {UUID(id_.decode()) for id_ in _ID.findall((folder / FACTS).read_bytes())}
    with suppress(OSError, UnicodeDecodeError):
        ids |= ids_in_blocks((folder / BLOCKS).read_text(encoding="utf-8"))
    return frozenset(ids)
