"""The DuckDB file: opening it for moments only, waiting for its lock, creating its schema.

DuckDB lets one process write and then nobody else read, so nothing here stays open between two pieces of work. This
room knows SQL and locks; what the rows mean is for its neighbours.
"""

from __future__ import annotations

import contextlib
import random
import re
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


class Engine:
    """Opens one store file. `lock_timeout` is how long, in seconds, to wait for another process to let go of it."""

    def __init__(self, path: Path, lock_timeout: float = 30.0) -> None:
        self.path = path
        self.lock_timeout = lock_timeout

    @contextlib.contextmanager
    def reading(self, **config: str) -> Iterator[Connection]:
        """A read-only connection. Raises NotFound when there is no store yet, Locked when the wait was in vain."""
        if not self.path.exists():
            raise NotFound("there is no store yet", where=str(self.path), hint="memctl ingest or memctl add makes one")
        connection = self._connect(read_only=True, config=config)
        try:
            self._check_version(connection)
            yield connection
        finally:
            connection.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection inside one transaction: committed at the end of the block, rolled back by any exception.

        The file and its folder are made when missing, readable by their owner only.
        """
        self._make_private()
        connection = self._connect(read_only=False, config={})
        try:
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

    def _make_private(self) -> None:
        if self.path.exists():
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise MemctlError(
                f"cannot make the store's folder: {error.strerror}", where=str(self.path.parent)
            ) from None

    def _ensure_schema(self, connection: Connection) -> None:
        if connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'meta'").fetchall()[0][0]:
            self._check_version(connection)
            return
        self.path.chmod(0o600)
        connection.execute(files("memctl.store").joinpath("schema.sql").read_text(encoding="utf-8"))
        connection.execute("INSERT INTO meta VALUES ('schema_version', ?)", [str(SCHEMA_VERSION)])

    def _check_version(self, connection: Connection) -> None:
        try:
            version = get_meta(connection, "schema_version")
        except driver().CatalogException:
            raise MemctlError(
                "this DuckDB file is not a memctl store",
                where=str(self.path),
                hint="name another file with --store",
            ) from None
        if version is None or int(version) > SCHEMA_VERSION:
            raise MemctlError(
                f"the store has schema version {version}, this memctl reads up to {SCHEMA_VERSION}",
                where=str(self.path),
                hint="upgrade memctl",
            )

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
            f"the store cannot be opened: {reason}",
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
