"""`memctl store copy`: a store moved between a file and a PostgreSQL."""

from __future__ import annotations

from memctl.runtime import settings
from memctl.store.engines import open_engine
from memctl.store.sql.copying import Copied, Progress, copy


def copy_store(source: str, target: str, *, lock_timeout: float = 30.0, progress: Progress | None = None) -> Copied:
    """Copy the store at `source` to `target`, see `memctl.store.sql.copying.copy`.

    They are paths or addresses; `local` is the store that the settings name. Raises UsageError also for an address that
    contains a password.
    """
    old, new = (
        open_engine(settings.store_argument(place, where), lock_timeout, named=f"as {where}")
        for where, place in (("FROM", source), ("TO", target))
    )
    try:
        return copy(old, new, progress)
    finally:
        old.close()
        new.close()
