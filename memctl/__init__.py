"""memctl: a memory toolkit and migration utility for AI agents' memory.

import memctl

memory = memctl.open("local")
memory.add("alice", [{"role": "user", "content": "I prefer express shipping."}])
memory.search("alice", "shipping", k=5)
memory.facts("alice")
str(memory.context("alice", "shipping", tokens=500))

memctl.migrate(memctl.MigrateJob(source="mem0", target="local", selection=memctl.Selection(users=("alice",))))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from memctl.backends.contract import Hit
    from memctl.context.model import Context
    from memctl.core.errors import AuthError, Locked, MemctlError, NotFound, Rejected, Retryable, UsageError
    from memctl.core.fact import Fact, Source
    from memctl.ingest.result import Report
    from memctl.maintenance.erasure import Erasure, ForgetJob, forget
    from memctl.memory import Memory
    from memctl.migrate.operations import ExportJob, MigrateJob, VerifyJob, export, migrate, verify
    from memctl.migrate.selection import Selection
    from memctl.migrate.sync import SyncJob, sync
    from memctl.runtime.progress import Monitor
    from memctl.transcripts.model import Turn

__version__ = "0.1.0"
__all__ = [
    "AuthError",
    "Context",
    "Erasure",
    "ExportJob",
    "Fact",
    "ForgetJob",
    "Hit",
    "Locked",
    "MemctlError",
    "Memory",
    "MigrateJob",
    "Monitor",
    "NotFound",
    "Rejected",
    "Report",
    "Retryable",
    "Selection",
    "Source",
    "SyncJob",
    "Turn",
    "UsageError",
    "VerifyJob",
    "export",
    "forget",
    "migrate",
    "open",
    "sync",
    "verify",
]

_HOME = {
    "AuthError": "memctl.core.errors",
    "Context": "memctl.context.model",
    "Erasure": "memctl.maintenance.erasure",
    "ExportJob": "memctl.migrate.operations",
    "Fact": "memctl.core.fact",
    "ForgetJob": "memctl.maintenance.erasure",
    "Hit": "memctl.backends.contract",
    "Locked": "memctl.core.errors",
    "MemctlError": "memctl.core.errors",
    "Memory": "memctl.memory",
    "MigrateJob": "memctl.migrate.operations",
    "Monitor": "memctl.runtime.progress",
    "NotFound": "memctl.core.errors",
    "Rejected": "memctl.core.errors",
    "Report": "memctl.ingest.result",
    "Retryable": "memctl.core.errors",
    "Selection": "memctl.migrate.selection",
    "Source": "memctl.core.fact",
    "SyncJob": "memctl.migrate.sync",
    "Turn": "memctl.transcripts.model",
    "UsageError": "memctl.core.errors",
    "VerifyJob": "memctl.migrate.operations",
    "export": "memctl.migrate.operations",
    "forget": "memctl.maintenance.erasure",
    "sync": "memctl.migrate.sync",
    "verify": "memctl.migrate.operations",
}
"""The module of each public name. They are imported on first use: `import memctl` loads neither duckdb nor numpy."""


def __getattr__(name: str) -> Any:
    if name == "migrate":
        # Importing the package sets the attribute; it is callable.
        return import_module("memctl.migrate")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'memctl' has no attribute {name!r}")


def open(name: str | Path = "local", **options: Any) -> Memory:  # noqa: A001 - the public name
    """The memory of a backend; see `memctl.memory.open_memory`."""
    from memctl.memory import open_memory

    return open_memory(name, **options)
