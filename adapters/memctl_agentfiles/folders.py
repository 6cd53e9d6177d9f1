"""The folders on disk and their owners: one folder, or one per user with `{user}` in the path."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from memctl_folders.locks import locked, unwritable
from memctl_folders.names import folder_name, user_of
from memctl_folders.tree import PRIVATE, TEMPORARY, Tree

from memctl.backends.contract import count
from memctl.core.errors import MemctlError, NotFound, Rejected, UsageError
from memctl_agentfiles import records
from memctl_agentfiles.memory import Memory
from memctl_agentfiles.signs import refuse_other
from memctl_agentfiles.system import System

_USER = "{user}"


class Place(NamedTuple):
    """A folder and its owner; None if the owner is unknown."""

    path: Path
    owner: str | None


class Folders:
    """The folder at `path`; if the path contains `{user}`, the folders of all users."""

    def __init__(self, system: System, path: str | Path, default_user: str | None, lock_timeout: float) -> None:
        self.root = Path(path).expanduser().absolute()
        self._system = system
        self._default_user = default_user
        self._timeout = lock_timeout
        text = str(self.root)
        if text.count(_USER) > 1:
            raise UsageError("a path can contain {user} only once", where=text)
        self._many = _USER in text

    def all(self) -> list[Place]:
        """Every folder that exists."""
        if not self._many:
            return [Place(self.root, self._owner(self.root) or self._default_user)] if self._is_there() else []
        parts = self.root.parts
        at = next(number for number, part in enumerate(parts) if _USER in part)
        above, rest = Path(*parts[:at]), parts[at + 1 :]
        prefix, _, suffix = parts[at].partition(_USER)
        folders = []
        for child in sorted(above.iterdir()) if above.is_dir() else ():
            path = child.joinpath(*rest)
            name = child.name.removeprefix(prefix).removesuffix(suffix)
            if child.name == f"{prefix}{name}{suffix}" and not child.is_symlink() and path.is_dir():
                folders.append(Place(path, self._owner(path) or user_of(name)))
        return folders

    def owners(self) -> set[str]:
        """The owners of all folders. Raises NotFound if a folder has no owner or does not exist."""
        places = self.all()
        if not places and not self._many:
            raise NotFound("no such folder", where=str(self.root), hint="check the path")
        for place in places:
            if place.owner is None:
                raise NotFound(
                    "the owner of this folder is unknown",
                    where=str(place.path),
                    hint="pass one user with --user NAME, or set default_user in the settings under [backends.NAME]",
                )
        return {place.owner for place in places if place.owner is not None}

    def of(self, user: str) -> Place | None:
        """The user's folder; None if it does not exist."""
        place = self._place(user)
        return place if place is not None and place.path.is_dir() else None

    def read(self, place: Place) -> tuple[Memory, Tree]:
        """The memory in a folder, and its files. Raises UsageError for a folder of another system."""
        tree = Tree(place.path, self._wanted, into=self._into)
        refuse_other(self._system.name, place.path)
        memory = Memory(self._system, place.owner or "", tree.files, str(place.path), self._system.app(str(place.path)))
        memory.rejects = [*tree.skipped, *memory.rejects, *memory.broken]
        return memory, tree

    @contextmanager
    def changing(self, user: str) -> Iterator[Memory]:
        """The user's memory. Changes made in the block are written at its end.

        Raises Rejected if the folder is another user's, and UsageError if records of it would be lost.
        """
        place = self._place(user)
        if place is None:
            owner = self._owner(self.root) or self._default_user
            raise Rejected(f"{self.root} is the memory of {owner!r}")
        private = place.path / PRIVATE
        for folder in (place.path, private):
            if folder.is_symlink() and folder == private:
                raise UsageError(
                    "this is a symbolic link, and memctl does not write through links",
                    where=str(folder),
                    hint="remove it",
                )
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            except OSError as error:
                raise unwritable(folder, error) from None
        with ExitStack() as stack:
            stack.enter_context(locked(place.path / records.LOCK, self._timeout, place.path))
            for name in self._system.locks:
                stack.enter_context(locked(place.path / name, self._timeout, place.path))
            for left in private.glob(f"{TEMPORARY}*"):
                left.unlink(missing_ok=True)
            memory, tree = self.read(Place(place.path, user))
            if memory.broken:
                first = memory.broken[0]
                raise UsageError(
                    f"{len(memory.broken)} of its records are not valid and would be lost: {first.message}",
                    where=first.where,
                    hint=f"restore {records.FACTS} from a backup, or remove it: all facts are then the agent's own",
                )
            yield memory
            for changes in memory.changes():
                tree.replace(changes, self._system.mode)

    def forget(self, user: str) -> list[str]:
        """Remove the user's facts and memctl's records; returns a description of the files that stay."""
        place = self.of(user)
        if place is None:
            return []
        with self.changing(user) as memory:
            memory.drop([fact.id for fact in memory.facts()])
        shutil.rmtree(place.path / PRIVATE)
        locks = {place.path / name for name in self._system.locks}
        files = sorted(path for path in place.path.rglob("*") if not path.is_dir() and path not in locks)
        if not files and self._many:
            shutil.rmtree(place.path)
        some = ", ".join(path.name for path in files[:3]) + (", …" if len(files) > 3 else "")
        return [f"{count(len(files), 'file')} without facts: {some}"] if files else []

    def owners_of(self, ids: Collection[UUID]) -> dict[UUID, str]:
        """The owners of these ids among the facts that memctl wrote."""
        owners: dict[UUID, str] = {}
        for place in self.all() if self._many else ():
            data = _bytes(place.path / records.FACTS)
            if data is None or place.owner is None:
                continue
            owners |= dict.fromkeys(records.ids(data) & set(ids), place.owner)
        return owners

    def _place(self, user: str) -> Place | None:
        """The folder for the user; None if the only folder has another owner. A single folder that names no owner
        belongs to the user."""
        if self._many:
            return Place(Path(str(self.root).replace(_USER, folder_name(user))), user)
        owner = self._owner(self.root)
        if owner is None and self._default_user is None:
            self._default_user = user
        return Place(self.root, user) if (owner or self._default_user) == user else None

    def _is_there(self) -> bool:
        if self.root.exists() and not self.root.is_dir():
            raise UsageError("this is a file, not a folder", where=str(self.root), hint="pass the folder that it is in")
        return self.root.is_dir()

    def _owner(self, folder: Path) -> str | None:
        """The owner in memctl's records of the folder; None if there are no records."""
        if (folder / PRIVATE).is_symlink():
            raise UsageError(
                "this is a symbolic link, which memctl does not follow", where=str(folder / PRIVATE), hint="remove it"
            )
        try:
            with (folder / records.FACTS).open("rb") as file:
                header = records.decode(file.readline().rstrip(b"\n") or None, str(folder / records.FACTS)).header
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise MemctlError(f"cannot be read: {error.strerror}", where=str(folder / records.FACTS)) from None
        if header is not None and header.system != self._system.name:
            raise UsageError(
                f"memctl wrote this folder as {header.system}",
                where=str(folder),
                hint=f"use {header.system}:{folder}",
            )
        return header.user if header else None

    def _wanted(self, path: str) -> bool:
        return path == records.FACTS or self._system.wanted(path)

    def _into(self, path: str) -> bool:
        return path == PRIVATE or self._system.into(path)


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
