"""Checks of the installation: settings, store and locks, embedder, disk, clock, unfinished runs, model, and every
configured backend.

Each check gives one line with a verdict and a remedy. Nothing is changed and nothing costs money; no line contains a
secret, a fact's text or an argument of another process.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from memctl.core.errors import MemctlError, UsageError
from memctl.extract.secrets import redact
from memctl.maintenance.doctor import environment, services, store_checks
from memctl.maintenance.doctor.finding import Finding
from memctl.runtime import settings as config
from memctl.runtime.retry import guarded
from memctl.store.local_store import LocalStore

__all__ = ["Finding", "examine"]

Check = tuple[str, Callable[[], Iterator[Finding]]]
"""A name, and what finds something out."""
PATIENCE = 2.0
"""Seconds to wait for a locked store."""


def examine(*, commands: Collection[str] = (), **flags: Any) -> list[Finding]:
    """Run all checks in order, with the settings `flags` as `settings.load` takes them; a check that fails with an
    exception is a failed finding. `commands` are the words to show of another memctl process that has locked the store.
    """
    findings: list[Finding] = []
    try:
        settings = config.load(**flags)
    except UsageError as error:
        findings.append(_failed("settings", error))
        settings = config.without_files(**flags)
    store = LocalStore(settings.store_path, lock_timeout=min(settings.lock_timeout, PATIENCE))
    ledger = config.data_folder() / "ledger.duckdb"
    checks: list[Check] = [
        ("python", environment.python),
        ("settings", environment.settings_files),
        *_of_store(store, partial(store_checks.runs, ledger, PATIENCE), ledger, settings, commands),
        ("model", partial(services.model, settings)),
        ("sdk", environment.sdks),
        *[(f"backend {name}", partial(services.backend, name)) for name in sorted(settings.backends)],
    ]
    for name, check in checks:
        try:
            findings += guarded(partial(_made, check))
        except (MemctlError, OSError) as error:
            findings.append(_failed(name, error))
    return findings


def _of_store(
    store: LocalStore,
    runs: Callable[[], Iterator[Finding]],
    ledger: Path,
    settings: config.Settings,
    commands: Collection[str],
) -> list[Check]:
    """The checks of the store and of unfinished runs; of a store on a server, what it says itself."""
    if store.engine.file is None:
        return [
            ("store", partial(store_checks.server, store)),
            ("embedder", partial(services.embedder, store, settings)),
            ("runs", runs),
            ("clock", partial(store_checks.clock, store)),
        ]
    database = store.database
    # The store is locked: do not wait again.
    brief = LocalStore(database.path, lock_timeout=0.1)
    return [
        ("permissions", partial(environment.permissions, database.path, ledger)),
        ("store", partial(store_checks.store, store)),
        ("lock", partial(store_checks.lock, database.path, commands)),
        ("embedder", partial(services.embedder, brief, settings)),
        ("left over", partial(store_checks.left_over, database)),
        ("runs", runs),
        ("disk", partial(environment.disk, database.path)),
        ("clock", partial(store_checks.clock, brief)),
    ]


def _made(check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    return list(check())


def _failed(check: str, error: MemctlError | OSError) -> Finding:
    # An SDK's message may contain the key or the address.
    remedy = error.hint if isinstance(error, MemctlError) else None
    return Finding(check=check, verdict="fail", detail=redact(str(error)).text, remedy=remedy)
