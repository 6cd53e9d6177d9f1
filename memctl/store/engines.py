"""The engine of a store: DuckDB for a file; for an address, the engine that an installed package registers for its
scheme."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from memctl.core.errors import UsageError
from memctl.runtime import settings
from memctl.store.duckdb.database import Database

if TYPE_CHECKING:
    from memctl.store.connection import Engine

GROUP = "memctl.engines"
"""Entry points: functions of an address and of how long to wait for a lock, in seconds."""


def open_engine(place: str | Path, lock_timeout: float, *, hold: bool = False, named: str = "with --store") -> Engine:
    """The engine of the store at `place`, a path or an address. Raises UsageError if it cannot be used.

    `hold` keeps a file open between two transactions; a server's connections are kept anyway. `named` is how the
    command line names a file, for the hints of errors.
    """
    at = settings.store_at(place)
    if isinstance(at, Path):
        return Database(at, lock_timeout, hold=hold, named=named)
    from importlib.metadata import entry_points

    scheme = at.partition(":")[0]
    for point in entry_points(group=GROUP, name=scheme):
        try:
            engine: Engine = point.load()(at, lock_timeout)
        except ModuleNotFoundError as error:
            raise UsageError(
                f"a store in PostgreSQL needs the package {error.name!r}", hint="pip install 'memctl-toolkit[postgres]'"
            ) from error
        return engine
    raise UsageError(f"no package for stores in {scheme} is installed", hint="pip install 'memctl-toolkit[postgres]'")
