"""Checks of the machine: Python and packages, settings files, permissions, and disk space."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from memctl.backends.registry import installed, load
from memctl.core.errors import UsageError
from memctl.maintenance.doctor.finding import Finding
from memctl.runtime import settings

LITTLE_DISK = 200_000_000
"""Bytes below which a large ingest may not fit."""
TESTED = {"duckdb": "2.", "msgspec": "0.", "numpy": "2.", "tokenizers": "0."}
"""Major versions that memctl was tested with."""


def python() -> Iterator[Finding]:
    """The interpreter and the required packages."""
    yield Finding(check="python", verdict="ok", detail=sys.version.split()[0])
    for package, tested in TESTED.items():
        yield _package(package, tested) or Finding(
            check=package,
            verdict="fail",
            detail="not installed",
            remedy="pip install --upgrade memctl-toolkit",
        )


def _package(package: str, tested: str) -> Finding | None:
    """Whether the installed version was tested with memctl; None if the package is missing."""
    try:
        installed = version(package)
    except PackageNotFoundError:
        return None
    known = installed.startswith(tested)
    return Finding(
        check=package,
        verdict="ok" if known else "warn",
        detail=installed,
        remedy=None if known else f"memctl was tested with {tested}x",
    )


def sdks() -> Iterator[Finding]:
    """The installed SDKs of adapters; missing ones are not a problem."""
    tested: dict[str, str] = {}
    for name in sorted(installed()):
        # An adapter that needs its SDK to be imported raises UsageError without it.
        with contextlib.suppress(UsageError):
            tested |= load(name).features.tested_versions
    for package, begins in sorted(tested.items()):
        if (finding := _package(package, begins)) is not None:
            yield finding


def settings_files() -> Iterator[Finding]:
    """The settings files and their permissions: they may contain addresses and keys."""
    paths = [path for path in (settings.user_file(), Path(settings.PROJECT_FILE)) if path.exists()]
    for path in paths:
        private = _private(path)
        yield Finding(
            check="settings",
            verdict="ok" if private else "warn",
            detail=str(path),
            remedy=None if private else f"other users can read it: chmod 600 {path}",
        )
    if not paths:
        yield Finding(check="settings", verdict="ok", detail="none (create with memctl config init)")


def permissions(store: Path, ledger: Path) -> Iterator[Finding]:
    """Whether the store can be written, and it, its companion files and the ledger are private to their owner."""
    beside = store.parent.glob(f"{glob.escape(store.name)}.*") if store.parent.exists() else ()
    paths = [path for path in (store, ledger, *sorted(beside)) if path.exists()]
    paths += [path for folder in paths if folder.is_dir() for path in sorted(folder.iterdir())]
    shared = [path for path in paths if not _private(path)]
    for path in shared:
        yield Finding(
            check="permissions",
            verdict="warn",
            detail=f"other users can read {path}",
            remedy=f"chmod {700 if path.is_dir() else 600} {path}",
        )
    locked = [path for path in (store, store.parent) if store.exists() and not os.access(path, os.W_OK)]
    for path in locked:
        remedy = f"chmod u+w {path}, if the store is to change"
        yield Finding(check="permissions", verdict="warn", detail=f"{path} is write-protected", remedy=remedy)
    if paths and not shared:
        yield Finding(check="permissions", verdict="ok", detail=f"only you can read {store}")


def _private(path: Path) -> bool:
    return not stat.S_IMODE(path.stat().st_mode) & 0o077


def disk(path: Path) -> Iterator[Finding]:
    """Free space on the store's disk."""
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    free = shutil.disk_usage(folder).free
    enough = free > LITTLE_DISK
    yield Finding(
        check="disk",
        verdict="ok" if enough else "warn",
        detail=f"{free / 1e9:.1f} GB free at {folder}",
        remedy=None if enough else "free some space, or move the store with --store",
    )
