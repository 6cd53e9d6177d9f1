"""The files of one folder. Links are not followed, and a file is only replaced if it has not changed since it was read.

This module does not depend on facts.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import token_hex

from memctl.core.errors import MemctlError, Rejected, Retryable, UsageError
from memctl_folders.locks import unwritable

LARGEST = 16 * 2**20
"""The largest size of a file in bytes. Memory files are usually a thousand times smaller."""
PRIVATE = ".memctl"
"""The folder for memctl's own files. Agents do not look into hidden folders."""
TEMPORARY = "tmp-"


class Tree:
    """The files below `root` that `wanted` accepts, by path with slashes. `skipped` has the files that were not read.

    Links are never followed; hidden files and folders are entered only if `wanted` accepts them by name.
    """

    def __init__(self, root: Path, wanted: Callable[[str], bool], *, into: Callable[[str], bool]) -> None:
        self.root = root
        self.files: dict[str, bytes] = {}
        self.skipped: list[Rejected] = []
        self._wanted = wanted
        self._into = into
        if root.exists():
            self._walk(root, "")

    def _walk(self, folder: Path, prefix: str) -> None:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            raise MemctlError(f"cannot read the folder: {error.strerror}", where=str(folder)) from None
        for entry in entries:
            path = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                if self._into(path):
                    self._walk(folder / entry.name, f"{path}/")
            elif self._wanted(path) or (entry.is_symlink() and self._into(path)):
                self._read(folder / entry.name, path)

    def _read(self, file: Path, path: str) -> None:
        where = str(file).encode("utf-8", "replace").decode()
        try:
            path.encode()
            status = file.lstat()
            if stat.S_ISLNK(status.st_mode):
                self.skipped.append(Rejected("a link, which is not followed", where=where))
            elif not stat.S_ISREG(status.st_mode):
                self.skipped.append(Rejected("not a regular file", where=where))
            elif status.st_size > LARGEST:
                self.skipped.append(Rejected(f"larger than {LARGEST // 2**20} MiB, so not a memory", where=where))
            else:
                self.files[path] = file.read_bytes()
        except UnicodeEncodeError:
            self.skipped.append(Rejected("the file name is not UTF-8; rename the file", where=where))
        except OSError as error:
            raise MemctlError(f"cannot be read: {error.strerror}", where=where) from None

    def replace(self, changes: Mapping[str, bytes | None], mode: int = 0o600) -> None:
        """Write files (None removes one), each in one step. New files get `mode`.

        Raises Retryable before writing to a file that another program changed since it was read, UsageError for a path
        behind a link, and MemctlError if the file cannot be written. Files that already have the content are skipped.
        """
        todo = {path: data for path, data in changes.items() if data != self.files.get(path)}
        for path in todo:
            self._check(path)
        for path, data in todo.items():
            try:
                self._put(path, data, mode)
            except OSError as error:
                raise unwritable(self.root / path, error) from None

    def _check(self, path: str) -> None:
        at = self.root
        for part in path.split("/"):
            at /= part
            if at.is_symlink():
                raise UsageError(
                    "this is a symbolic link, and memctl does not write through links",
                    where=str(at),
                    hint="use the target of the link",
                )
        try:
            now = at.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            now = None
        except OSError as error:
            raise unwritable(at, error) from None
        if now != self.files.get(path):
            raise Retryable("another program changed it while memctl was writing", where=str(at), hint="try again")

    def _put(self, path: str, data: bytes | None, mode: int) -> None:
        file = self.root / path
        self._check(path)
        if data is None:
            file.unlink()
            del self.files[path]
            for parent in file.parents:
                if parent == self.root:
                    break
                # A folder that is not empty cannot be removed, and stays.
                with contextlib.suppress(OSError):
                    parent.rmdir()
            return
        for folder in (file.parent, self.root / PRIVATE):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self.root / PRIVATE / f"{TEMPORARY}{token_hex(8)}"
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
                if path in self.files:
                    temporary.chmod(stat.S_IMODE(file.stat().st_mode))
                out.write(data)
                if path in self.files:
                    # The new content must be on the disk before it replaces an old file. New files are not synced,
                    # because that takes minutes for hundreds of files, and a power cut loses no old content.
                    out.flush()
                    os.fsync(out.fileno())
            # Check as late as possible, because an agent may have changed the file in the meantime.
            self._check(path)
            temporary.replace(file)
        finally:
            temporary.unlink(missing_ok=True)
        self.files[path] = data
