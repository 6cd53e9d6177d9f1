"""Whether everything memctl needs is in order: settings, the store and who holds it, the embedder, the disk, the clock,
what was left half done, the model, and every backend of the settings with its SDK.

Each check is one line with a verdict and what to do about it. Nothing is changed, nothing that costs is asked, and no
line has a secret, a fact's text or an argument of another process in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any

from memctl.core.errors import MemctlError, UsageError
from memctl.extract.secrets import redact
from memctl.maintenance.doctor import environment, services, store_checks
from memctl.maintenance.doctor.finding import Finding
from memctl.runtime import settings as config
from memctl.runtime.retry import guarded
from memctl.store.duckdb.database import Database
from memctl.store.duckdb.local_store import LocalStore

__all__ = ["Finding", "examine"]

PATIENCE = 2.0
"""Seconds to wait for a store that is held."""


def examine(*, commands: Collection[str] = (), **flags: Any) -> list[Finding]:
    """Every check in order, with the settings `flags` as `config.load` takes them; a check that breaks down is itself
    a failed finding. `commands` are the words that may be told of another memctl that holds the store."""
    findings: list[Finding] = []
    try:
        settings = config.load(**flags)
    except UsageError as error:
        findings.append(_failed("settings", error))
        settings = config.without_files(**flags)
    store = LocalStore(settings.store_path, lock_timeout=min(settings.lock_timeout, PATIENCE))
    database = store.database
    ledger = config.data_folder() / "ledger.duckdb"
    # Whoever held the store a moment ago still does.
    brief = Database(database.path, 0.1)
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("python", environment.python),
        ("settings", environment.settings_files),
        ("permissions", partial(environment.permissions, database.path, ledger)),
        ("store", partial(store_checks.store, store)),
        ("lock", partial(store_checks.lock, database.path, commands)),
        ("embedder", partial(services.embedder, brief, settings)),
        ("left over", partial(store_checks.left_over, database)),
        ("runs", partial(store_checks.runs, ledger, PATIENCE)),
        ("disk", partial(environment.disk, database.path)),
        ("clock", partial(store_checks.clock, brief)),
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


def _made(check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    return list(check())


def _failed(check: str, error: MemctlError | OSError) -> Finding:
    # What an SDK says of a failure may repeat the key or the address it was given.
    remedy = error.hint if isinstance(error, MemctlError) else None
    return Finding(check=check, verdict="fail", detail=redact(str(error)).text, remedy=remedy)
