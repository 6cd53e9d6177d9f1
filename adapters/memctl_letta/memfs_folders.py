"""Where memories lie on the disk: which folders there are, whose each is, and which is to be written to.

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

from memctl.core.errors import MemctlError, NotFound, Rejected, UsageError
from memctl_letta import git_rewrite, markdown
from memctl_letta.git_repository import Entry, Objects, Repository, Snapshot
from memctl_letta.markdown import INDEX, Layout
from memctl_letta.memfs_memory import BLOCKS, CONFIG, FACTS, OWNER, Memory, Owner, ids_in_blocks

_FILES = (
    "{path} stays with {files} files that hold no facts as memctl reads them, such as a persona; its history is gone"
)
_REMOTE = "{path} was pushed to or fetched from {remote!r}, which may still have the history: push by force"
_GONE = ".memctl-gone-"
_KEPT = (FACTS, BLOCKS, OWNER, CONFIG)
# A line of facts.jsonl begins so.
_ID = re.compile(rb'^\{"id":"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"', re.MULTILINE)
_Stamp = tuple[tuple[int, int], ...]


class Held(NamedTuple):
    """A memory as it was committed."""

    memory: Memory
    commit: str


class Folder:
    """One agent's memory: a git repository, or a plain copy of its files, which is only read."""

    def __init__(
        self, path: Path, repository: Repository | None, *, layout: Layout | None, default_user: str | None
    ) -> None:
        self.path = path
        self._repository = repository
        self._layout = layout
        self._default_user = default_user

    @property
    def owner(self) -> str | None:
        """Whose memory it is, by its own word or else the default user."""
        named = _owner(self.path)
        return named.user_id if named else self._default_user

    def owner_or_refuse(self) -> str:
        """The owner. Raises NotFound when nobody is named."""
        owner = self.owner
        if owner is None:
            raise NotFound(
                "this memory does not say whose it is",
                where=str(self.path),
                hint="name one memory with --user NAME, or set default_user for it in the settings, [backends.NAME]",
            )
        return owner

    def layout(self) -> Layout:
        """The layout of what is committed."""
        with self._objects() as objects:
            snapshot = self._snapshot(objects, None)
            return self._layout_of(snapshot)

    def holds_facts(self) -> bool:
        """Whether there is any fact in it."""
        facts = self.path / FACTS
        # What memctl wrote is committed with the file; looking at it costs no call of git.
        if facts.is_file() and facts.stat().st_size:
            return True
        with self._objects() as objects:
            snapshot = self._snapshot(objects, None)
            return bool(self._memory(snapshot, self.owner or "").facts())

    def uncommitted(self) -> list[str]:
        """Files that differ from what is committed."""
        return self._repository.uncommitted() if self._repository else []

    @contextmanager
    def opened(self, commit: str | None = None) -> Iterator[Held]:
        """The memory as of a commit, else as it was committed last."""
        owner = self.owner_or_refuse()
        with self._objects() as objects:
            snapshot = self._snapshot(objects, commit)
            yield Held(self._memory(snapshot, owner), snapshot.commit)

    @contextmanager
    def changing(self, user: str, message: str) -> Iterator[Memory]:
        """The memory, to be changed in the block and committed at its end.

        Raises UsageError for a folder without git, and for a memory with records that are no facts.
        """
        repository = self._git()
        with repository.writing() as writer, repository.reading() as objects:
            snapshot = objects.snapshot()
            memory = self._memory(snapshot, user)
            if memory.rejects:
                first = memory.rejects[0]
                raise UsageError(
                    f"{len(memory.rejects)} of its records are no facts and would be lost: {first.message}",
                    where=f"{self.path}/{first.where}",
                    hint="mend or remove them and commit",
                )
            yield memory
            writer.commit(snapshot, memory.changes(), message)

    @property
    def is_named(self) -> bool:
        """Whether the memory itself says whose it is."""
        return _owner(self.path) is not None

    def forget(self, user: str) -> list[str]:
        """Take out every fact, whose they were, and all of the history; what stays, in words.

        Raises UsageError for a copy without git, a repository that shares its objects, and records that are no facts.
        """
        repository = self._git()
        if changed := repository.uncommitted():
            raise UsageError(
                f"{', '.join(changed[:3])}: changed, but not committed",
                where=str(self.path),
                hint="commit or put aside what stands there, then try again",
            )
        with repository.begin_anew(), self.changing(user, "Forget a user (memctl)") as memory:
            memory.disown()
        with repository.reading() as objects:
            files = len(objects.snapshot().entries)
        stays = [_FILES.format(path=self.path, files=files)] if files else []
        return stays + [_REMOTE.format(path=self.path, remote=name) for name in git_rewrite.remotes(self.path)]

    def end_what_was_broken_off(self) -> None:
        """Take out the history where a memctl that was at it was killed."""
        if self._repository is not None and self._repository.begun_anew_by_half:
            with self._repository.begin_anew():
                pass

    def _git(self) -> Repository:
        if self._repository is None:
            raise UsageError(
                "this is a copy without its git repository, and is only read",
                where=str(self.path),
                hint="name the repository, or another folder",
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
                except UnicodeError:
                    named = path.encode("utf-8", "replace").decode()
                    broken.append(Rejected("the file, or its name, is no UTF-8 text", where=named))
        agent = self._agent()
        owner = _decoded_owner(files[OWNER], self.path) if OWNER in files else None
        if owner is not None and owner.user_id != user:
            raise UsageError(
                f"the folder and what is committed in it name different owners, {user!r} and {owner.user_id!r}",
                where=str(self.path / OWNER),
                hint="bring back the file that is committed",
            )
        # Letta's own folders are called AGENT/memory.
        name = self.path.parent.name if self.path.name == "memory" else self.path.name
        known = owner or Owner(user_id=user, memory=agent or name)
        memory = Memory(files, known, agent, self._layout_of(snapshot))
        memory.rejects += broken
        return memory

    def _agent(self) -> str | None:
        """The agent whose memory this is, as Letta notes it in the repository's own configuration."""
        config = self.path / ".git" / "config"
        # Asking git costs a process, and most folders have no such entry.
        if self._repository is None or (config.is_file() and b"letta" not in config.read_bytes()):
            return None
        return self._repository.setting("letta.agentId")


class Folders:
    """The memories at `root`: the repository that it is, or those in the folders of it."""

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
        """Every memory. Letta's own folders hold them as AGENT/memory."""
        if self.single:
            return [self._folder(self.root)]
        if not self.root.is_dir():
            return []
        if (self.root / "HEAD").is_file() and (self.root / "objects").is_dir():
            raise UsageError("this is a bare repository", where=str(self.root), hint="git clone it, and name the clone")
        found = []
        for child in sorted(self.root.iterdir()):
            if child.name.startswith(_GONE):
                continue
            for path in (child, child / "memory"):
                if (path / ".git").exists():
                    found.append(self._folder(path))
                    break
        return found

    def of(self, user: str) -> list[Folder]:
        """The user's memories."""
        self._claim(user)
        return [folder for folder in self.all() if folder.owner == user]

    def forget(self, user: str) -> list[str]:
        """Take the user out of every memory of theirs, and one that memctl made for them away whole; what stays."""
        for left in self.root.glob(f"{_GONE}*"):
            shutil.rmtree(left)
        stays: list[str] = []
        for folder in self.of(user) if self.root.exists() else ():
            if self.single or folder.path != self.root / folder_name(user):
                stays += folder.forget(user)
                continue
            # At once gone from where it is looked for, however long it takes.
            gone = folder.path.rename(self.root / f"{_GONE}{token_hex(8)}")
            shutil.rmtree(gone)
        for folder in self.all():
            folder.end_what_was_broken_off()
        return stays

    def refuse_many(self, users: Iterable[str]) -> None:
        """Raise UsageError for several users in one repository that is still nobody's: it could be but one's."""
        named = sorted(users)
        if self._unclaimed() and len(named) > 1:
            raise UsageError(
                f"a repository is the memory of one user, and these facts are of {len(named)}: {', '.join(named[:3])}",
                where=str(self.root),
                hint="name the folder above it, which is to hold a repository for each user, or move one --user",
            )

    def _claim(self, user: str) -> None:
        """Who names one memory and one user says whose it is, where it does not say so itself."""
        if self._unclaimed():
            self._default_user = user

    def _unclaimed(self) -> bool:
        return self.single and self._folder(self.root).owner is None

    def to_write(self, user: str) -> Folder:
        """The memory to write the user's facts to, made if there is none. Raises Rejected when the one repository there
        is belongs to somebody else, UsageError when several could be meant."""
        self._claim(user)
        if self.single:
            folder = self._folder(self.root)
            if folder.owner != user:
                raise Rejected(f"{self.root} is the memory of {folder.owner!r}")
            return folder
        path = self.root / folder_name(user)
        mine = [folder for folder in self.all() if folder.owner == user]
        own = [folder for folder in mine if folder.path == path]
        if own or len(mine) == 1:
            return (own or mine)[0]
        if mine:
            some = ", ".join(str(folder.path) for folder in mine[:3])
            raise UsageError(
                f"{user!r} has several memories here: {some}", where=str(self.root), hint="name one of them"
            )
        if (path / ".git").exists() and (owner := self._folder(path).owner) is not None:
            raise UsageError(f"this is the memory of {owner!r}", where=str(path), hint="move it away")
        if not (path / ".git").exists():
            Repository.make(path, self._lock_timeout)
        return self._folder(path)

    def owners_of(self, ids: set[UUID]) -> dict[UUID, str]:
        """Who has facts of these ids already."""
        found: dict[UUID, str] = {}
        for folder in self.all():
            stamp = _stamp(folder.path)
            known = self._ids.get(folder.path)
            if known is None or known[0] != stamp:
                known = self._ids[folder.path] = (stamp, _ids_in(folder.path))
            owner = folder.owner if known[1] else None
            if owner is not None:
                found |= dict.fromkeys(known[1] & ids, owner)
        return found

    def _folder(self, path: Path) -> Folder:
        repository = Repository(path, self._lock_timeout) if (path / ".git").exists() else None
        return Folder(path, repository, layout=self._layout, default_user=self._default_user)


class _Copy:
    """The files of a folder without git, as `letta memory export` leaves one, read as a snapshot is."""

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
    # There may be a user of that name, with a repository.
    return (folder / INDEX).is_file() or (system.is_dir() and not (system / ".git").exists())


def _owner(folder: Path) -> Owner | None:
    """What the folder says of its owner. It is written once and never changes, so that the file will do."""
    try:
        text = (folder / OWNER).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise MemctlError(f"it cannot be read: {error}", where=str(folder / OWNER)) from None
    return _decoded_owner(text, folder)


def _decoded_owner(text: str, folder: Path) -> Owner:
    try:
        return msgspec.json.decode(text, type=Owner)
    except msgspec.DecodeError as error:
        raise UsageError(
            f"this does not name the owner of the memory: {error}",
            where=str(folder / OWNER),
            hint="git log tells what it was",
        ) from None


def _stamp(folder: Path) -> _Stamp:
    """What changes when the facts memctl wrote there change."""
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
    found: set[UUID] = set()
    with suppress(OSError):
        found |= {UUID(id_.decode()) for id_ in _ID.findall((folder / FACTS).read_bytes())}
    with suppress(OSError, UnicodeDecodeError):
        found |= ids_in_blocks((folder / BLOCKS).read_text(encoding="utf-8"))
    return frozenset(found)
