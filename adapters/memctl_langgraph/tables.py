"""The table `store` in SQLite and in PostgreSQL. It is read in the order of its keys."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec

from memctl.backends.contract import need
from memctl.core.errors import AuthError, Fatal, MemctlError, NotFound, Retryable, UsageError
from memctl_langgraph.mapping import Item

COLUMNS = "prefix, key, value, created_at, updated_at, expires_at, ttl_minutes"
_MANY = 500
"""The number of values in one condition."""


class Tables(Protocol):
    """The database of a store."""

    place: str

    def exists(self) -> bool:
        """Whether the table exists."""

    def create(self) -> None:
        """Create the tables with LangGraph's own setup."""

    def kept(self, item: Item) -> Item:
        """The item as it is read after it was put. Raises ValueError if it cannot be stored."""

    def strays(self) -> list[str]:
        """Namespaces and documents that are not items and are not read."""

    def prefixes(self) -> list[str]:
        """All namespaces."""

    def page(self, prefix: str, after: str, size: int) -> list[Item]:
        """The next items of a namespace: those with keys after `after`."""

    def with_keys(self, keys: Sequence[str]) -> list[Item]:
        """The items with one of these keys, in any namespace."""

    def put(self, items: Sequence[Item]) -> None:
        """Insert or replace items in one transaction, and remove the vectors of replaced items."""

    def delete(self, prefix: str, keys: Sequence[str]) -> None:
        """Remove items and their vectors."""

    def close(self) -> None:
        """Close the connection."""


class SqliteTables:
    """The file of a SqliteStore."""

    def __init__(self, path: Path, timeout: float) -> None:
        self._path = path.expanduser().absolute()
        self._timeout = timeout
        self.place = str(self._path)

    def exists(self) -> bool:
        return self._path.exists() and bool(self._rows(_HAS, ["store"]))

    def create(self) -> None:
        store = need("langgraph.store.sqlite", "langgraph").SqliteStore
        with self._translated(), store.from_conn_string(str(self._path)) as made:
            made.setup()

    def kept(self, item: Item) -> Item:
        return item

    def strays(self) -> list[str]:
        return []

    def prefixes(self) -> list[str]:
        return [prefix for (prefix,) in self._rows("SELECT DISTINCT prefix FROM store ORDER BY prefix", [])]

    def page(self, prefix: str, after: str, size: int) -> list[Item]:
        statement = f"SELECT {COLUMNS} FROM store WHERE prefix = ? AND key > ? ORDER BY key LIMIT ?"  # noqa: S608
        return list(map(_from_sqlite, self._rows(statement, [prefix, after, size])))

    def with_keys(self, keys: Sequence[str]) -> list[Item]:
        rows: list[Any] = []
        for first in range(0, len(keys), _MANY):
            some = list(keys[first : first + _MANY])
            marks = ", ".join("?" * len(some))
            rows += self._rows(f"SELECT {COLUMNS} FROM store WHERE key IN ({marks})", some)  # noqa: S608
        return list(map(_from_sqlite, rows))

    def put(self, items: Sequence[Item]) -> None:
        with self._connected() as connection:
            self._drop_vectors(connection, [(item.prefix, item.key) for item in items])
            connection.executemany(
                f"INSERT OR REPLACE INTO store ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                [
                    (item.prefix, item.key, msgspec.json.encode(item.value), _naive(item.created_at),
                     _naive(item.updated_at), item.expires_at and item.expires_at.isoformat(), item.ttl_minutes)
                    for item in items
                ],
            )  # fmt: skip

    def delete(self, prefix: str, keys: Sequence[str]) -> None:
        with self._connected() as connection:
            self._drop_vectors(connection, [(prefix, key) for key in keys])
            connection.executemany("DELETE FROM store WHERE prefix = ? AND key = ?", [(prefix, key) for key in keys])

    def close(self) -> None:
        """Nothing stays open between calls."""

    def _drop_vectors(self, connection: sqlite3.Connection, items: Sequence[tuple[str, str]]) -> None:
        if connection.execute(_HAS, ["store_vectors"]).fetchone():
            connection.executemany("DELETE FROM store_vectors WHERE prefix = ? AND key = ?", items)

    def _rows(self, statement: str, values: Sequence[Any]) -> list[Any]:
        with self._connected() as connection:
            return connection.execute(statement, values).fetchall()

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """A connection and a transaction."""
        if not self._path.exists():
            raise NotFound("no such file", where=self.place, hint="check the path")
        with self._translated():
            connection = sqlite3.connect(self._path, timeout=self._timeout)
            try:
                with connection:
                    yield connection
            finally:
                connection.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                raise NotFound("the file is not a LangGraph store", where=self.place) from None
            raise Retryable(f"the file cannot be used at the moment: {error}", where=self.place) from None
        except sqlite3.DatabaseError as error:
            raise MemctlError(
                f"the file cannot be read: {error}", where=self.place, hint="use the file of a SqliteStore"
            ) from None


_HAS = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"


class PostgresTables:
    """The database of a PostgresStore."""

    def __init__(self, dsn: str) -> None:
        self._psycopg = need("psycopg", "langgraph")
        self._dsn = dsn
        self._connection: Any = None
        try:
            parts = need("psycopg.conninfo", "langgraph").conninfo_to_dict(dsn)
        except self._psycopg.Error:
            raise UsageError("the address of the database cannot be read", hint=HINT) from None
        port = f":{parts['port']}" if parts.get("port") else ""
        self.place = f"{parts.get('host') or 'localhost'}{port}/{parts.get('dbname') or ''}"

    def exists(self) -> bool:
        return bool(self._rows("SELECT to_regclass('store') IS NOT NULL")[0][0])

    def create(self) -> None:
        store = need("langgraph.store.postgres", "langgraph").PostgresStore
        with self._translated(), store.from_conn_string(self._dsn) as made:
            made.setup()

    def kept(self, item: Item) -> Item:
        return item

    def strays(self) -> list[str]:
        return []

    def prefixes(self) -> list[str]:
        return [prefix for (prefix,) in self._rows("SELECT DISTINCT prefix FROM store ORDER BY prefix")]

    def page(self, prefix: str, after: str, size: int) -> list[Item]:
        statement = (
            f'SELECT {_AS_TEXT} FROM store WHERE prefix = %s AND key COLLATE "C" > %s '  # noqa: S608
            'ORDER BY key COLLATE "C" LIMIT %s'
        )
        return list(map(_from_postgres, self._rows(statement, [prefix, after, size])))

    def with_keys(self, keys: Sequence[str]) -> list[Item]:
        statement = f"SELECT {_AS_TEXT} FROM store WHERE key = ANY(%s)"  # noqa: S608
        return list(map(_from_postgres, self._rows(statement, [list(keys)])))

    def put(self, items: Sequence[Item]) -> None:
        with self._translated(), self._connected().transaction(), self._connection.cursor() as cursor:
            self._drop_vectors(cursor, [(item.prefix, item.key) for item in items])
            cursor.executemany(
                f"INSERT INTO store ({COLUMNS}) VALUES (%s, %s, %s::jsonb, %s, %s, %s, %s) "  # noqa: S608
                "ON CONFLICT (prefix, key) DO UPDATE SET value = EXCLUDED.value, created_at = EXCLUDED.created_at, "
                "updated_at = EXCLUDED.updated_at, expires_at = EXCLUDED.expires_at, "
                "ttl_minutes = EXCLUDED.ttl_minutes",
                [(*item[:2], msgspec.json.encode(item.value).decode(), *item[3:]) for item in items],
            )

    def delete(self, prefix: str, keys: Sequence[str]) -> None:
        with self._translated(), self._connected().transaction(), self._connection.cursor() as cursor:
            self._drop_vectors(cursor, [(prefix, key) for key in keys])
            cursor.execute("DELETE FROM store WHERE prefix = %s AND key = ANY(%s)", [prefix, list(keys)])

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _drop_vectors(self, cursor: Any, items: Sequence[tuple[str, str]]) -> None:
        (exists,) = cursor.execute("SELECT to_regclass('store_vectors') IS NOT NULL").fetchone()
        if exists:
            cursor.executemany("DELETE FROM store_vectors WHERE prefix = %s AND key = %s", items)

    def _rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._translated():
            rows: list[Any] = self._connected().execute(statement, values).fetchall()
            return rows

    def _connected(self) -> Any:
        if self._connection is None or self._connection.closed:
            self._connection = self._psycopg.connect(
                self._dsn, autocommit=True, connect_timeout=20, prepare_threshold=None
            )
            self._connection.execute("SET timezone TO 'UTC'")
        return self._connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._psycopg.Error as error:
            raise _failure(error, self.place) from None


HINT = "the path of a SqliteStore's file, postgresql://USER@HOST/DATABASE, or redis://HOST/DB"
_AS_TEXT = COLUMNS.replace("value", "value::text")


def _failure(error: Any, place: str) -> MemctlError:
    state = error.sqlstate or ""
    line = next(iter(str(error).splitlines()), "").strip()
    if state in ("42P01", "3F000"):
        return NotFound("the database has no LangGraph store", where=place, hint="memctl backends init langgraph")
    if state.startswith("28") or state == "42501" or "authentication failed" in line or "no password" in line:
        return AuthError("the server refuses the account", where=place, hint="check the password and the privileges")
    if not state or state.startswith(("08", "40", "53", "55", "57")):
        return Retryable(line.partition("failed:")[2].strip() or line, where=place)
    return Fatal(line, where=place)


def _naive(at: datetime | None) -> str | None:
    """The time as SQLite's CURRENT_TIMESTAMP writes it, in UTC and without a zone."""
    return at.replace(tzinfo=None).isoformat(" ") if at else None


def _from_sqlite(row: Any) -> Item:
    prefix, key, value, created_at, updated_at, expires_at, ttl = row
    return Item(prefix, key, _json(value), _instant(created_at), _instant(updated_at), _instant(expires_at), ttl)


def _from_postgres(row: Any) -> Item:
    prefix, key, value, created_at, updated_at, expires_at, ttl = row
    return Item(prefix, key, _json(value), created_at, updated_at, expires_at, ttl)


def _json(value: bytes | str) -> Any:
    """The value; None for one that is not JSON."""
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


def _instant(text: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
