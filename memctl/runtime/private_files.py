"""Files and folders that only their owner can read, whatever the umask of the process is."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

_NEW = ".memctl-new"
_SCRATCH = "memctl"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a write for which the disk, a quota or a limit has no room."""


def make_folder(path: Path) -> None:
    """Create a folder and its parents unless it exists; the last one is readable by its owner only."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)


def append(path: Path, data: bytes) -> None:
    """Append to a file, which is created if missing."""
    _write(path, os.O_APPEND, data)


def create(path: Path, data: bytes = b"") -> None:
    """Write a new file. Raises FileExistsError."""
    _write(path, os.O_EXCL, data)


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name the file in an error of the block that says only that there is no room."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM and error.filename is None:
            error.filename = str(path)
        raise


def _write(path: Path, flag: int, data: bytes) -> None:
    with naming(path), os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | flag, 0o600), "wb") as file:
        file.write(data)


def replace(path: Path, data: bytes) -> None:
    """Write a file atomically; a device or pipe is written to directly."""
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    with replacing(path) as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: Path, *, keep_mode: bool = False) -> Iterator[BinaryIO]:
    """A temporary file, `name` being its path, that replaces `path` if the block ends without an exception.

    The content is synced first. With `keep_mode` the permissions of an existing file are kept.
    """
    path = path.resolve()
    remove_leftovers(path.parent)
    prefix = f".{path.name}.{_machine()}-{os.getpid()}-"
    descriptor, name = tempfile.mkstemp(prefix=prefix, suffix=_NEW, dir=path.parent)
    temporary = Path(name)
    try:
        os.close(descriptor)
        with naming(path), temporary.open("r+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if keep_mode and path.exists():
            temporary.chmod(path.stat().st_mode & 0o7777)
        temporary.replace(path)
        _sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A temporary folder in `folder`, from which a finished file can be renamed to its place."""
    remove_leftovers(folder)
    prefix = f".{_SCRATCH}.{_machine()}-{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, suffix=_NEW, dir=folder, ignore_cleanup_errors=True) as name:
        yield Path(name)


def remove_leftovers(folder: Path) -> None:
    """Remove what processes of this machine wrote under temporary names when they were killed: of every file, because
    some have a time in their name and are never written again."""
    pattern = re.compile(rf"\..+\.{_machine()}-(\d+)-\w+{re.escape(_NEW)}", re.DOTALL)
    # A folder that cannot be listed may still take a new file.
    with contextlib.suppress(OSError):
        for left in folder.iterdir():
            if (match := pattern.fullmatch(left.name)) and not _runs(int(match[1])):
                if left.is_dir():
                    shutil.rmtree(left)
                else:
                    left.unlink(missing_ok=True)


def _machine() -> str:
    return f"{crc32(platform.node().encode()):08x}"


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _sync_folder(folder: Path) -> None:
    """Make a renamed file durable, on systems that can open folders."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
