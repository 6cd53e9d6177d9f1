"""Values that the shell completes: users, backends and run ids. Without a readable store there are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from memctl.core.errors import MemctlError

if TYPE_CHECKING:
    from memctl.workspace import Workspace

T = TypeVar("T")


def commands(incomplete: str) -> list[str]:
    """The commands that start with `incomplete`."""
    from memctl.cli.app import COMMANDS

    return [name for name in COMMANDS if name.startswith(incomplete)]


def users(incomplete: str) -> list[str]:
    """The users of the store that start with `incomplete`."""
    return [user for user in _quietly(lambda: list(_store().users())) if user.startswith(incomplete)]


def runs(incomplete: str) -> list[str]:
    """The runs that can be undone and start with `incomplete`, newest first."""
    ids = _quietly(lambda: [run.id for run in _store().changing_runs() if run.undone_at is None])
    return [id_ for id_ in ids if id_.startswith(incomplete)]


def migrations(incomplete: str) -> list[str]:
    """The migrations in the ledger that start with `incomplete`, newest first."""
    return [id_ for id_ in _quietly(_migrations) if id_.startswith(incomplete)]


def backends(incomplete: str) -> list[str]:
    """The backends that start with `incomplete`."""
    from memctl.backends import registry

    names = _quietly(lambda: [backend.name for backend in registry.known()])
    return [name for name in names if name.startswith(incomplete)]


def _store() -> Workspace:
    from memctl.workspace import Workspace

    return Workspace.configured(lock_timeout=0.2)


def _migrations() -> list[str]:
    from memctl.migrate.operations import open_ledger

    with open_ledger() as ledger:
        return [run.id for run in ledger.runs()] if ledger.path.exists() else []


def _quietly(values: Callable[[], list[T]]) -> list[T]:
    """The values, or none where memctl cannot read them: a completion must not print errors."""
    try:
        return values()
    except (MemctlError, OSError):
        return []
