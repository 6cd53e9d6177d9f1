"""Let new stores and ledgers start as copies of an empty one, because DuckDB needs 50 ms of CPU time for the tables."""

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest import mock


@contextmanager
def copied(folder: Path) -> Iterator[None]:
    """In this process, new stores and ledgers of the current version are copies of empty ones in `folder`."""
    from memctl.runtime import private_files
    from memctl.store.duckdb.database import Database
    from memctl.store.duckdb.ledger import Ledger
    from memctl.store.duckdb.schema import SCHEMA_VERSION

    with Database(folder / "store").writing():
        pass
    with Ledger(folder / "ledger") as ledger:
        ledger.runs()
    assert not list(folder.glob("*.wal"))
    writing, connect = Database.writing, Ledger._connect

    def copy(name: str, path: Path) -> None:
        with suppress(OSError), private_files.scratch(path.parent) as half:
            private_files.create(half / path.name, (folder / name).read_bytes())
            os.link(half / path.name, path)

    @functools.wraps(writing)
    def write(self: Database, *, make: bool = True, schema: int = SCHEMA_VERSION, **more: Any) -> Any:
        if make and schema == SCHEMA_VERSION and not self.path.exists():
            self._make_folder()
            copy("store", self.path)
        return writing(self, make=make, schema=schema, **more)

    def opened(self: Ledger) -> Any:
        if not self.path.exists():
            copy("ledger", self.path)
        return connect(self)

    with mock.patch.object(Database, "writing", write), mock.patch.object(Ledger, "_connect", opened):
        yield
