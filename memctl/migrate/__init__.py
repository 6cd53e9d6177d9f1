"""Moving facts from one backend to another: plan, run, verify, and the ledger from which a second run resumes.

Talks to backends through the contract and decides by their capabilities, never by their names.

The package itself can be called, because `memctl.migrate(job)` is the library call behind `memctl migrate`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memctl.migrate.job import Report
    from memctl.migrate.operations import MigrateJob
    from memctl.runtime.progress import Monitor


class _Callable(ModuleType):
    def __call__(self, job: MigrateJob, monitor: Monitor | None = None) -> Report:
        """Move facts; see `memctl.migrate.operations.migrate`."""
        from memctl.migrate.operations import migrate
        from memctl.runtime.progress import SILENT

        return migrate(job, monitor or SILENT)


sys.modules[__name__].__class__ = _Callable
