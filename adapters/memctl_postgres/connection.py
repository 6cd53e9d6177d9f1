"""Connections: finding the server, its name without secrets, and a small pool of connections.

Prepared statements are disabled: the generic plan would filter by user after the vector index, and miss results.
Settings are local to a transaction, so that a pooler such as PgBouncer may send each transaction to another server
process.
"""

from __future__ import annotations

import os
import re
import selectors
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from memctl.core.errors import UsageError
from memctl_postgres import errors, schema

if TYPE_CHECKING:
    from memctl_postgres.embedded import Lease

EMBEDDED = "embedded"
"""The place of the embedded server in memctl's data folder."""
VARIABLES = ("MEMCTL_POSTGRES_DSN", "DATABASE_URL")
_FORM = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
_SCHEME = re.compile(r"(\w+)(?:\+\w+)?://")


def find_dsn(dsn: str | None) -> tuple[str | None, str]:
    """The DSN and its origin: the argument, else the environment; None if neither has one.

    A driver in the scheme (`postgresql+asyncpg://`) is dropped. Raises UsageError for another database's URL.
    """
    origin = "the DSN given"
    for name in () if dsn else VARIABLES:
        dsn = os.environ.get(name) or None
        if dsn:
            origin = name
            break
    if not dsn:
        return None, origin
    scheme = _SCHEME.match(dsn)
    if scheme and scheme[1] not in ("postgres", "postgresql"):
        raise UsageError(f"{origin} is not a PostgreSQL URL but {scheme[1]!r}", hint=f"set {VARIABLES[0]} to {_FORM}")
    if scheme:
        dsn = f"{scheme[1]}://{dsn[scheme.end() :]}"
    return dsn, origin


def _embedded(folder: Path | None) -> Lease:
    if sys.platform == "win32":
        raise UsageError("the embedded PostgreSQL does not run on Windows", hint=f"set DATABASE_URL to {_FORM}")
    # Imported here, because it needs modules that Windows does not have.
    from memctl_postgres import embedded

    return embedded.lease(folder)


class Database:
    """A PostgreSQL database: the one of `dsn`, of the environment, or the embedded server's in `data_folder`.

    Connects at the first use. Safe for several threads: each use has its own connection.
    """

    def __init__(self, dsn: str | None, data_folder: str | Path | None, schema_name: str) -> None:
        self.schema = schema_name
        self._dsn, origin = (None, "") if data_folder and not dsn else find_dsn(dsn)
        self._folder = Path(data_folder) if data_folder else None
        self._lease: Lease | None = None
        self._idle: list[psycopg.Connection[Any]] = []
        self._lock = threading.Lock()
        self._state: schema.State | None = None
        self._outside: schema.State | None = None
        self.place = f"{EMBEDDED}:{self._folder.absolute()}" if self._folder else EMBEDDED
        if self._dsn is not None:
            try:
                parts = conninfo_to_dict(self._dsn)
            except psycopg.ProgrammingError:
                # The error of libpq is not shown, because it quotes the invalid part, which may be the password.
                raise UsageError(f"{origin} cannot be read", hint=_FORM) from None
            if not all(port.isdecimal() for port in str(parts.get("port") or 5432).split(",")):
                raise UsageError(f"the port in {origin} is not a number", hint=_FORM)
            host = str(parts.get("host") or parts.get("hostaddr") or "the local server")
            # libpq takes the rest of a password with @ for the host, and of one with / for the database.
            for part, value in (("host", host[1:]), ("database", str(parts.get("dbname") or ""))):
                if "@" in value:
                    raise UsageError(f"{origin} has a {part} with @", hint="in a password, write @ as %40 and / as %2F")
            port = f":{parts['port']}" if parts.get("port") else ""
            database = f"/{parts['dbname']}" if parts.get("dbname") else ""
            self.place = f"{host}{port}{database}"

    def __repr__(self) -> str:
        return f"Database({self.place})"

    def close(self) -> None:
        """Close the idle connections and release the embedded server."""
        with self._lock:
            idle, self._idle = self._idle, []
            lease, self._lease = self._lease, None
        for connection in idle:
            connection.close()
        if lease is not None:
            lease.close()

    def state(self, *, fresh: bool = False) -> schema.State:
        """The state of the database and of memctl's schema, read once unless `fresh`."""
        if self._state is None or fresh:
            with errors.translated(self.place), self._connection() as connection:
                self._state = schema.state(connection, self.schema)
        return self._state

    def outside(self) -> schema.State:
        """The state of the database without memctl's schema, read once."""
        if self._outside is None:
            with errors.translated(self.place), self._connection() as connection:
                self._outside = schema.outside(connection)
        return self._outside

    def init(self) -> list[int]:
        """Create or upgrade the schema; returns the versions applied."""
        with errors.translated(self.place), self._connection() as connection:
            applied = schema.init(connection, self.schema)
        self._state = None
        return applied

    @contextmanager
    def transaction(self, *, own: bool = True) -> Iterator[psycopg.Connection[Any]]:
        """One transaction with the schema on the search path and times in UTC, committed at the end.

        `own` requires memctl's schema: NotFound if it is missing, UsageError for another version. Without `own`, the
        schema is not read. Row-level security that would hide rows is an error, because an incomplete list would look
        like a complete one. Errors are raised as MemctlErrors.
        """
        state = self.state() if own else self.outside()
        if own and state.version != schema.VERSION:
            state = self.state(fresh=True)
            schema.require(state, self.schema)
        path = schema.search_path(self.schema if own else "public", state.extension_schema)
        with errors.translated(self.place), self._connection() as connection, connection.transaction():
            connection.execute(
                "SELECT set_config('search_path', %s, true), set_config('TimeZone', 'UTC', true), "
                "set_config('DateStyle', 'ISO', true), set_config('extra_float_digits', '1', true), "
                "set_config('row_security', 'off', true)",
                [path],
            )
            yield connection

    def vacuum(self, table: str) -> None:
        """Have PostgreSQL reuse the space of a table's removed rows, while other transactions run. PostgreSQL
        ignores the request of an account without the privilege."""
        with errors.translated(self.place), self._connection() as connection:
            connection.execute(SQL("VACUUM {}").format(Identifier(self.schema, table)))

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection that commits each statement; closed after an exception, else kept for the next use."""
        with self._connection() as connection:
            yield connection

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is not None and not _usable(connection):
            connection.close()
            connection = None
        if connection is None:
            connection = self._connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        with self._lock:
            self._idle.append(connection)

    def _connect(self) -> psycopg.Connection[Any]:
        with self._lock:
            if self._dsn is None and self._lease is None:
                self._lease = _embedded(self._folder)
            dsn = self._dsn if self._dsn is not None else self._lease.dsn if self._lease else ""
        parameters = conninfo_to_dict(dsn)
        defaults: dict[str, Any] = {"connect_timeout": "10", "application_name": "memctl"}
        conninfo = make_conninfo(**(defaults | parameters))
        return psycopg.connect(conninfo, autocommit=True, prepare_threshold=None)


def _usable(connection: psycopg.Connection[Any]) -> bool:
    """False if the server closed the connection while it was idle, for example in a restart: then there is something to
    read from it, its last message or its end."""
    if connection.closed:
        return False
    with selectors.DefaultSelector() as selector:
        selector.register(connection.fileno(), selectors.EVENT_READ)
        return not selector.select(0)
