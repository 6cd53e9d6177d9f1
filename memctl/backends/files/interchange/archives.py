"""Folders, and archives of folders (.zip and .tar.gz), which are unpacked into a temporary folder within limits."""

from __future__ import annotations

import contextlib
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from memctl.core.errors import MemctlError

MOST_MEMBERS = 100_000
MOST_BYTES = 2 * 2**30
"""The largest number of files in an archive, and their largest size when unpacked."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of all members, so that the same facts always give the same archive."""


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The folder itself, or a temporary folder with the content of an archive.

    Raises MemctlError for an archive that is damaged or too large, or has a member with a path outside the archive.
    """
    if path.is_dir():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="memctl-") as name:
        folder = Path(name)
        try:
            if zipfile.is_zipfile(path):
                _unzip(path, folder)
            else:
                _untar(path, folder)
        except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError) as error:
            raise MemctlError(f"the archive cannot be read: {error}", where=str(path)) from None
        yield folder


@contextlib.contextmanager
def packed(path: Path) -> Iterator[Path]:
    """A folder to write to, which becomes the archive `path` if that ends with .zip or .gz."""
    if path.suffix not in (".zip", ".gz"):
        path.mkdir()
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="memctl-", dir=path.parent) as name:
        folder = Path(name)
        yield folder
        members = sorted(file for file in folder.rglob("*") if file.is_file())
        if path.suffix == ".zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for file in members:
                    info = zipfile.ZipInfo(file.relative_to(folder).as_posix(), _EPOCH)
                    info.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(info, file.read_bytes())
        else:
            with tarfile.open(path, "w:gz") as tar:
                for file in members:
                    tar.add(file, file.relative_to(folder).as_posix(), filter=_plain)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    return member


def _unzip(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        _check(path, len(infos), sum(info.file_size for info in infos))
        for info in infos:
            with archive.open(info) as source:
                _copy(source, _inside(path, folder, info.filename), info.file_size)


def _untar(path: Path, folder: Path) -> None:
    count = total = 0
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            count, total = count + 1, total + member.size
            _check(path, count, total)
            # Links and devices are skipped.
            source = archive.extractfile(member) if member.isreg() else None
            if source is not None:
                _copy(source, _inside(path, folder, member.name), member.size)


def _copy(source: IO[bytes], target: Path, size: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        left = size
        while left > 0 and (chunk := source.read(min(left, 2**20))):
            file.write(chunk)
            left -= len(chunk)


def _inside(path: Path, folder: Path, name: str) -> Path:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or ".." in parts or parts[0].startswith("/") or ":" in parts[0]:
        raise MemctlError(f"unsafe archive: a path leads outside of it: {name!r}", where=str(path))
    return folder.joinpath(*parts)


def _check(path: Path, members: int, size: int) -> None:
    if members > MOST_MEMBERS or size > MOST_BYTES:
        raise MemctlError(
            f"the archive is larger than {MOST_MEMBERS:,} files or {MOST_BYTES // 2**30} GiB",
            where=str(path),
            hint="unpack it, and import it in parts",
        )
