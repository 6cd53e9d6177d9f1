"""memctl: a memory toolkit and migration utility for AI agents' memory.

import memctl

memory = memctl.open("local")
memory.add("alice", [{"role": "user", "content": "I prefer express shipping."}])
memory.search("alice", "shipping", k=5)
memory.facts("alice")

memctl.migrate(memctl.MigrateJob(source="mem0", target="local", selection=memctl.Selection(users=("alice",))))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from memctl.maintenance.erasure import Erasure, ForgetJob, forget
    from memctl.memory import Memory
    from memctl.migrate.operations import ExportJob, MigrateJob, VerifyJob, export, migrate, verify
    from memctl.migrate.selection import Selection
    from memctl.runtime.progress import Monitor

__version__ = "0.1.0"
__all__ = [
    "Erasure",
    "ExportJob",
    "ForgetJob",
    "MigrateJob",
    "Monitor",
    "Selection",
    "VerifyJob",
    "export",
    "forget",
    "migrate",
    "open",
    "verify",
]

_HOME = {
    "Erasure": "memctl.maintenance.erasure",
    "ExportJob": "memctl.migrate.operations",
    "ForgetJob": "memctl.maintenance.erasure",
    "MigrateJob": "memctl.migrate.operations",
    "Monitor": "memctl.runtime.progress",
    "Selection": "memctl.migrate.selection",
    "VerifyJob": "memctl.migrate.operations",
    "export": "memctl.migrate.operations",
    "forget": "memctl.maintenance.erasure",
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


def open(name: str = "local", **options: Any) -> Memory:  # noqa: A001 - the public name
    """The memory of a backend; see `memctl.memory.open_memory`."""
    from memctl.memory import open_memory

    return open_memory(name, **options)
