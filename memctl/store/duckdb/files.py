"""Whole DuckDB files: created, copied and rewritten, atomically and readable by their owner only."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from memctl.runtime import private_files
from memctl.store.duckdb import instances
from memctl.store.duckdb.driver import Connection


def rebuild(connection: Connection, path: Path) -> None:
    """Rewrite the database at `path`, open for writing, atomically and without the bytes of deleted rows.

    The connection must be closed afterwards.
    """
    folder = path.with_name(f".{path.name}.rebuilt")
    shutil.rmtree(folder, ignore_errors=True)
    private_files.make_folder(folder)
    fresh = folder / path.name
    try:
        connection.execute("CHECKPOINT")
        name = connection.execute("SELECT replace(current_database(), '\"', '\"\"')").fetchall()[0][0]
        quoted = str(fresh).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS rebuilt ({instances.ROW_GROUP})")
        connection.execute(f'COPY FROM DATABASE "{name}" TO rebuilt')
        connection.execute("DETACH rebuilt")
        fresh.chmod(0o600)
        # The old file stays locked until it has been replaced, so nobody writes to it in between.
        fresh.replace(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def create(path: Path) -> None:
    """Create an empty database that only its owner can read, whatever the umask; DuckDB cannot open an empty file."""
    with private_files.scratch(path.parent) as folder:
        new = folder / path.name
        with instances.connected(path, read_only=False, file=new):
            pass
        new.chmod(0o600)
        # A link, unlike a rename, never replaces a store that another process has created in the meantime.
        try:
            os.link(new, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            new.replace(path)


def commit(connection: Connection, path: Path) -> None:
    """Commit a transaction of the database at `path`. Its log is readable by its owner only, whatever the umask.

    DuckDB writes to a log that exists, and creates one with the permissions of the umask.
    """
    log = path.with_name(f"{path.name}.wal")
    # If the log cannot be created, DuckDB reports the reason.
    with contextlib.suppress(OSError):
        private_files.create(log)
    connection.execute("COMMIT")
    # Nothing was changed.
    with contextlib.suppress(FileNotFoundError):
        if not log.stat().st_size:
            log.unlink()


def copy(file: Path, to: Path) -> None:
    """Copy the database in `file`, to which this process has a connection, completely or not at all."""
    # The name is fixed because we hold the store's lock; the next copy overwrites a leftover.
    half = to.with_name(f".{file.name}.half")
    half.unlink(missing_ok=True)
    private_files.create(half)
    try:
        instances.copy(file, half)
        half.replace(to)
    finally:
        half.unlink(missing_ok=True)
