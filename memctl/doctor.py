"""Whether everything memctl needs is in order: settings, the store and its file, the embedder, the disk, the clock, and
every backend of the settings with its SDK.

Each check is one line with a verdict and what to do about it. Nothing is changed.
"""

from __future__ import annotations

import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import msgspec

from memctl import backends, config
from memctl.adapter import installed, load
from memctl.errors import MemctlError
from memctl.local import LocalStore
from memctl.migrate.retry import guarded

LITTLE_DISK = 200_000_000
"""Bytes below which a large ingest may not fit."""
TESTED = {"duckdb": "2.", "msgspec": "0.", "numpy": "2.", "tokenizers": "0."}
"""Major versions memctl was tested with."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the examination."""

    check: str
    verdict: Literal["ok", "warn", "fail"]
    detail: str
    remedy: str | None = None


def examine(settings: config.Settings) -> list[Finding]:
    """Every check in order; a check that breaks down is itself a failed finding."""
    store = LocalStore(
        settings.store_path,
        embedder=settings.embedder,
        base_url=settings.embed_base_url,
        dimensions=settings.embed_dimensions,
        lock_timeout=min(settings.lock_timeout, 2.0),
    )
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("python", _python),
        ("settings", _settings_file),
        ("store", lambda: _store(store)),
        ("embedder", lambda: _embedder(store)),
        ("disk", lambda: _disk(settings.store_path)),
        ("clock", lambda: _clock(store)),
        ("sdk", _sdks),
        *[(f"backend {name}", partial(_backend, name)) for name in sorted(settings.backends)],
    ]
    findings: list[Finding] = []
    for name, check in checks:
        try:
            findings += guarded(partial(_made, check))
        except MemctlError as error:
            findings.append(Finding(check=name, verdict="fail", detail=str(error), remedy=error.hint))
        except OSError as error:
            findings.append(Finding(check=name, verdict="fail", detail=str(error)))
    return findings


def _made(check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    return list(check())


def _python() -> Iterator[Finding]:
    yield Finding(check="python", verdict="ok", detail=sys.version.split()[0])
    for package, tested in TESTED.items():
        yield _package(package, tested) or Finding(
            check=package,
            verdict="fail",
            detail="not installed",
            remedy="pip install --upgrade memctl-toolkit",
        )


def _package(package: str, tested: str) -> Finding | None:
    """Whether the installed version is one memctl was tested with; None for a package that is not there."""
    try:
        found = version(package)
    except PackageNotFoundError:
        return None
    known = found.startswith(tested)
    return Finding(
        check=package,
        verdict="ok" if known else "warn",
        detail=found,
        remedy=None if known else f"memctl was tested with {tested}x",
    )


def _sdks() -> Iterator[Finding]:
    """The SDKs of the adapters that are installed; one that is not is nobody's fault."""
    tested = {
        package: begins for name in sorted(installed()) for package, begins in getattr(load(name), "tested", {}).items()
    }
    for package, begins in sorted(tested.items()):
        if (finding := _package(package, begins)) is not None:
            yield finding


def _backend(name: str) -> Iterator[Finding]:
    """Whether a backend of the settings lets us in and gives a record of somebody."""
    with closing(backends.open_backend(name)) as adapter:
        health = adapter.check()
        if not health.ok:
            yield Finding(check=f"backend {name}", verdict="fail", detail=health.detail)
            return
        user = next(iter(adapter.users()), None)
        pages = adapter.read(user) if user is not None else iter(())
        read = next((f"{len(page.facts)} facts read" for page in pages), "empty")
        yield Finding(check=f"backend {name}", verdict="ok", detail=f"{health.detail}; {read}")


def _settings_file() -> Iterator[Finding]:
    for path in (config.user_file(), Path(config.PROJECT_FILE)):
        if not path.exists():
            continue
        private = not stat.S_IMODE(path.stat().st_mode) & 0o077
        yield Finding(
            check="settings",
            verdict="ok" if private else "warn",
            detail=str(path),
            remedy=None if private else f"others can read it: chmod 600 {path}",
        )


def _store(store: LocalStore) -> Iterator[Finding]:
    path = store.engine.path
    if not path.exists():
        yield Finding(
            check="store",
            verdict="warn",
            detail=f"none yet at {path}",
            remedy="memctl ingest or memctl add makes one",
        )
        return
    statistics = store.statistics()
    yield Finding(
        check="store",
        verdict="ok",
        detail=f"{path}: {statistics.facts} facts, {statistics.episodes} episodes, {statistics.users} users",
    )
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Finding(
            check="permissions",
            verdict="warn",
            detail="others can read the store",
            remedy=f"chmod 600 {path}",
        )
    if statistics.pending:
        yield Finding(
            check="vectors",
            verdict="warn",
            detail=f"{statistics.pending} are missing",
            remedy="memctl reindex",
        )


def _embedder(store: LocalStore) -> Iterator[Finding]:
    embedder = store.spec().open()
    length = sum(value * value for value in embedder.embed_one("a short test"))
    sound = abs(length - 1.0) < 1e-3
    yield Finding(
        check="embedder",
        verdict="ok" if sound else "fail",
        detail=f"{embedder.name}, {embedder.dim} dimensions",
        remedy=None if sound else "its vectors are not of unit length; use another with memctl reindex --embedder",
    )


def _disk(path: Path) -> Iterator[Finding]:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    free = shutil.disk_usage(folder).free
    enough = free > LITTLE_DISK
    yield Finding(
        check="disk",
        verdict="ok" if enough else "warn",
        detail=f"{free / 1e9:.1f} GB free at {folder}",
        remedy=None if enough else "make room, or move the store with --store",
    )


def _clock(store: LocalStore) -> Iterator[Finding]:
    """A record taken in after now means that the clock went back."""
    if not store.engine.path.exists():
        return
    latest = store.latest_import()
    ahead = latest is not None and latest > datetime.now(UTC) + timedelta(minutes=1)
    yield Finding(
        check="clock",
        verdict="warn" if ahead else "ok",
        detail=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        remedy=f"the store has records of {latest:%Y-%m-%d %H:%M} UTC: set the clock" if ahead and latest else None,
    )
