"""The DuckDB file: opening it for moments only, waiting for its lock, creating its schema.

DuckDB lets one process write and then nobody else read, so nothing here stays open between two pieces of work. This
room knows SQL and locks; what the rows mean is for its neighbours.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import threading
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from memctl.errors import Locked, MemctlError, NotFound

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    Connection: TypeAlias = DuckDBPyConnection
else:
    Connection = Any

SCHEMA_VERSION = 1
CONFIG = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


def driver() -> Any:
    """DuckDB's C++ module: all that the store uses, without the 90 ms that importing the package around it costs."""
    try:
        import _duckdb
    except ImportError:
        import duckdb

        return duckdb
    return _duckdb


class _Private:
    """While any writer of this process is inside, new files (the store, its log, its spill files) are the owner's only.

    The process has one umask for all its threads: the first one in sets it, the last one out puts it back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = 0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._before = os.umask(0o077)
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                os.umask(self._before)


_private = _Private()


class Engine:
    """Opens one store file. `lock_timeout` is how long, in seconds, to wait for another process to let go of it."""

    def __init__(self, path: Path, lock_timeout: float = 30.0) -> None:
        self.path = path
        self.lock_timeout = lock_timeout

    @contextlib.contextmanager
    def reading(self, **config: str) -> Iterator[Connection]:
        """A read-only connection. Raises NotFound when there is no store yet, Locked when the wait was in vain."""
        self._require()
        connection = self._connect(read_only=True, config=config)
        try:
            with self._explained():
                if not self._check_version(connection):
                    raise self._missing()
                yield connection
        finally:
            connection.close()

    @contextlib.contextmanager
    def writing(self, *, make: bool = True) -> Iterator[Connection]:
        """A connection inside one transaction: committed at the end of the block, rolled back by any exception.

        The file and its folder are made when missing, readable by their owner only; without `make`, NotFound is
        raised instead.
        """
        if not make:
            self._require()
        with _private:
            self._make_folder()
            connection = self._connect(read_only=False, config={})
            try:
                with self._explained():
                    connection.execute("BEGIN")
                    self._ensure_schema(connection)
                    yield connection
                    connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(driver().Error):
                    connection.execute("ROLLBACK")
                raise
            finally:
                connection.close()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """DuckDB's own errors as an error with a place. An interrupt it noticed first is an interrupt all the same."""
        duckdb = driver()
        try:
            yield
        except duckdb.InterruptException:
            raise KeyboardInterrupt from None
        except duckdb.Error as error:
            raise self._unusable(error) from error
        except RuntimeError as error:
            if "interrupted" in str(error).lower():
                raise KeyboardInterrupt from None
            raise

    def _connect(self, *, read_only: bool, config: dict[str, str]) -> Connection:
        duckdb = driver()
        deadline = time.monotonic() + self.lock_timeout
        wait = 0.005
        while True:
            try:
                connection: Connection = duckdb.connect(str(self.path), read_only=read_only, config=CONFIG | config)
            except duckdb.IOException as error:
                if "lock on file" not in str(error):
                    raise self._unusable(error) from None
                if time.monotonic() + wait > deadline:
                    raise self._locked(str(error)) from None
                time.sleep(wait * random.uniform(0.5, 1.5))
                wait = min(wait * 1.5, 0.1)
            except duckdb.Error as error:
                raise self._unusable(error) from None
            else:
                connection.execute("SET enable_progress_bar = false")
                connection.execute("SET TimeZone = 'UTC'")
                return connection

    def _require(self) -> None:
        if not self.path.exists():
            raise self._missing()

    def _missing(self) -> NotFound:
        return NotFound("there is no store yet", where=str(self.path), hint="memctl ingest or memctl add makes one")

    def _make_folder(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise MemctlError(
                f"cannot make the store's folder: {error.strerror}", where=str(self.path.parent)
            ) from None

    def _ensure_schema(self, connection: Connection) -> None:
        if self._check_version(connection):
            return
        connection.execute(files("memctl.store").joinpath("schema.sql").read_text(encoding="utf-8"))
        connection.execute("INSERT INTO meta VALUES ('schema_version', ?)", [str(SCHEMA_VERSION)])

    def _check_version(self, connection: Connection) -> bool:
        """True for a store this memctl can use, False for an empty file (what a kill leaves at the first write)."""
        columns = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()
        if not columns:
            return False
        ours = {("meta", "name"), ("meta", "value")} <= set(columns)
        version = get_meta(connection, "schema_version") if ours else None
        if version is None or not version.isdecimal():
            raise MemctlError(
                "this DuckDB file is not a memctl store",
                where=str(self.path),
                hint="name another file with --store",
            )
        if int(version) > SCHEMA_VERSION:
            raise MemctlError(
                f"the store has schema version {version}, this memctl reads up to {SCHEMA_VERSION}",
                where=str(self.path),
                hint="upgrade memctl",
            )
        return True

    def _locked(self, detail: str) -> Locked:
        holder = re.search(r"held in (\S+).*?\(PID (\d+)\)", detail)
        who = f" by {Path(holder[1]).name} (PID {holder[2]})" if holder else ""
        return Locked(
            f"the store is held{who} and was not let go within {self.lock_timeout:g} s",
            where=str(self.path),
            hint="try again, or wait longer with --lock-timeout",
        )

    def _unusable(self, error: Exception) -> MemctlError:
        reason = str(error).splitlines()[0]
        return MemctlError(
            f"the store cannot be used: {reason}",
            where=str(self.path),
            hint="memctl doctor looks closer; --store names another file",
        )


def get_meta(connection: Connection, name: str) -> str | None:
    """A setting the store keeps about itself."""
    rows = connection.execute("SELECT value FROM meta WHERE name = ?", [name]).fetchall()
    return rows[0][0] if rows else None


def set_meta(connection: Connection, name: str, value: str) -> None:
    """Keep a setting about the store in the store."""
    connection.execute("DELETE FROM meta WHERE name = ?", [name])
    connection.execute("INSERT INTO meta VALUES (?, ?)", [name, value])
