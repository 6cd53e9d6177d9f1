"""An ingest tried out: on a copy of the store that is dropped afterwards, and asking no model."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from memctl.ingest.scan import Options
from memctl.store.duckdb.database import Database


@contextmanager
def trial(database: Database) -> Iterator[Database]:
    """A copy of the store, or an empty one where there is none yet; it goes with the block."""
    with tempfile.TemporaryDirectory(prefix="memctl-") as folder:
        copy = Database(Path(folder) / "store.duckdb", database.lock_timeout)
        if database.path.exists():
            with database.reading():
                for ending in ("", ".wal"):
                    file = database.path.with_name(database.path.name + ending)
                    if file.exists():
                        shutil.copy(file, copy.path.with_name(copy.path.name + ending))
        yield copy


def planned(options: Options) -> Options:
    """The same, asking no model but telling what asking would cost."""
    if options.model is None:
        return options
    return msgspec.structs.replace(options, model=msgspec.structs.replace(options.model, plan=True))
