"""The store in a PostgreSQL database: `memctl.store.connection.Engine`, found by the scheme of the store's address.

`postgresql://USER@HOST/DATABASE` is a server, `postgres:embedded` memctl's own; `?schema=NAME` chooses another schema
than `memctl_store`. Writers lock the users that they write about, or the whole store if they name none. All locks and
settings end with their transaction, so that connection poolers can be used.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from zlib import crc32

import psycopg
from psycopg.sql import SQL, Identifier

from memctl.core.errors import AuthError, Locked, MemctlError, NotFound, UnfinishedCopy, UsageError
from memctl_postgres import citus, errors, schema
from memctl_postgres.connection import Database
from memctl_postgres.store_connection import PostgresConnection, adapt, any_values
from memctl_postgres.store_trial import Trial

SCHEMA = "memctl_store"
VERSION = 3
COPYING = " copying"
"""The suffix of the version of a store that is an unfinished copy."""
MANY = 1000
"""The number of rows added to a table by one transaction from which on statistics may be needed for the planner."""
_REPEATED = 5
"""How often a connection executes a statement before it prepares it."""
_INDEX = """CREATE INDEX records_key ON {} (user_id, key)
    INCLUDE (kind, created_at, invalid_at, expired_at, expires_at, superseded_by)"""
"""Includes the columns that `memctl users` and `stats` count, so that they need not read the records."""
_READS = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(?:select|with|values|table|show|explain)\b", re.IGNORECASE | re.DOTALL
)
_FORM = "postgresql://USER@HOST:PORT/DATABASE; in a password, write @ as %40 and / as %2F"
_CHANGES = "the statement may change the store"
_CREATE = "create one with memctl ingest or memctl add"
_HINTS = errors.Hints(
    missing="tables of the store were removed: restore them from a backup, or drop the schema to start again",
    account="check the user in the address, and the password in PGPASSWORD, ~/.pgpass or the variable of store_env",
    rights="the owner of the store has to do this, or to grant the account the rights listed in docs/team.md",
)


class PostgresEngine:
    """A store in the schema of a database. `lock_timeout` is how long to wait for another writer, in seconds."""

    def __init__(self, address: str, lock_timeout: float = 30.0) -> None:
        dsn, self.schema = _parts(address)
        self.lock_timeout = lock_timeout
        try:
            self.database = _Database(dsn, None if dsn else _embedded(address), self.schema)
        except UsageError as error:
            words = error.message.replace("the DSN given", "the store's address")
            raise UsageError(words, hint=_FORM) from None
        self.place = f"postgresql://{self.database.place}" if dsn else f"postgres:{_embedded(address).absolute()}"
        if self.schema != SCHEMA:
            self.place += f"?schema={self.schema}"
        self.file: Path | None = None
        self.address: str | None = address if dsn else f"postgres:{_embedded(address).absolute()}?schema={self.schema}"
        self._ready = self._vectors = self.secured = self.copying = False
        self._path = ""
        # Commands end without closing their store.
        weakref.finalize(self, self.database.close)

    def close(self) -> None:
        """Close the connections, and release the embedded server."""
        self.database.close()

    def exists(self) -> bool:
        """Whether the schema has a store."""
        with self._translated(), self.database.connection() as connection:
            return self._version(connection) is not None

    @contextmanager
    def reading(self, *, users: Collection[str] | None = None) -> Iterator[PostgresConnection]:
        """A read-only transaction about these users, or about everybody. Raises NotFound if there is no store."""
        with self._transaction(write=False) as raw:
            yield PostgresConnection(raw, None if users is None else sorted(set(users)), secured=self.secured)

    @contextmanager
    def writing(self, *, make: bool = True, users: Collection[str] | None = None) -> Iterator[PostgresConnection]:
        """A transaction about these users, or about everybody; no other process writes about them until it ends."""
        if make:
            self._make()
        with self._transaction() as raw:
            scope = None if users is None else sorted(set(users))
            if scope is not None and not self._has_vectors(raw):
                # The first writer creates the table of vectors.
                scope = None
            self._lock(raw, scope)
            inside = PostgresConnection(raw, scope, secured=self.secured)
            yield inside
        self._analyze({table: rows for table, rows in inside.appended.items() if rows >= MANY})

    def _analyze(self, appended: Mapping[str, int]) -> None:
        """Update the planner's statistics of tables that a transaction has at least doubled: the server does so only
        after minutes, and would read such tables completely until then. Skipped if the account lacks the privilege."""
        if not appended:
            return
        with self._translated(), self.database.connection() as connection:
            for table, analyzed in connection.execute(
                "SELECT c.relname::text, c.reltuples FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                "WHERE n.nspname = %s AND c.relname = ANY(%s)",
                [self.schema, list(appended)],
            ).fetchall():
                if analyzed < appended[table]:
                    connection.execute(SQL("ANALYZE {}").format(Identifier(self.schema, table)))

    def prepare(self) -> tuple[bool, dict[str, str] | None]:
        """Create the schema if it is missing, and distribute it over the servers of Citus, if the database has it.

        Returns whether the schema was created, and the newly distributed tables (see `citus.distribute`; None without
        Citus).
        """
        new = not self.exists()
        self._make()
        with self._transaction() as raw:
            self._lock(raw, None)
            return new, citus.distribute(raw) if citus.present(raw) else None

    @contextmanager
    def trial(self) -> Iterator[Trial]:
        """The store within one transaction that is rolled back; no other process can write in the meantime."""
        with self._translated(), self.database.connection() as raw, _begun(raw), raw.transaction(force_rollback=True):
            missing = self._version(raw) is None
            if missing:
                self._create(raw)
            self._set_up(raw)
            # Outside of this transaction there is still no store.
            self._ready = not missing
            self._lock(raw, None)
            yield Trial(self, raw)

    @contextmanager
    def llm_lock(self) -> Iterator[None]:
        """Lock the store's use of a language model, so that only one process sends requests."""
        self._make()
        with self._transaction() as raw:
            try:
                raw.execute("SELECT pg_advisory_xact_lock(%s, %s)", [self._key("asking"), 0])
            except psycopg.errors.LockNotAvailable:
                raise Locked(
                    f"another ingest is using a model for this store and did not finish within {self.lock_timeout:g} s",
                    where=self.place,
                    hint="run it again later; answers that are cached by then cost nothing",
                ) from None
            yield

    def size(self) -> int | None:
        """The bytes of the store's tables and indexes on the server."""
        with self._translated(), self.database.connection() as connection:
            rows = connection.execute(
                "SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c "
                "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'r'",
                [self.schema],
            ).fetchall()
            return rows[0][0] if rows else None

    def check_creatable(self) -> None:
        """Nothing: only the server knows, when the tables are created."""

    def rebuild(self) -> None:
        """Free the space of deleted rows. The server's write-ahead log and its backups may still have them."""
        with self._translated(), self.database.connection() as connection:
            for (table,) in connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = %s", [self.schema]
            ).fetchall():
                connection.execute(SQL("VACUUM {}").format(Identifier(self.schema, table)))

    def sql(self, statement: str, *, write: bool = False) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """The columns and rows of a user's own statement."""
        if not statement.strip(" \t\r\n;"):
            raise UsageError("STATEMENT is empty", where="sql", hint='memctl sql "SELECT ..."')
        with self._transaction(write=write) as raw:
            if write:
                self._lock(raw, None)
            try:
                administrator = raw.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchall()
                if not write and administrator == [(True,)]:
                    # An administrator's statement could read files of the server.
                    raw.execute("SET LOCAL ROLE pg_read_all_data")
                # The simple protocol would run several statements, a COMMIT among them.
                checked = raw.pgconn.prepare(b"", statement.encode())
                if checked.status != psycopg.pq.ExecStatus.COMMAND_OK:
                    words = checked.error_message.decode(errors="replace").removeprefix("ERROR:").split("\n")[0].strip()
                    if "multiple commands" in words:
                        raise UsageError("pass exactly one statement", where="sql", hint="run several one by one")
                    raise UsageError(f"the statement failed: {words}", where="sql")
                if not write and not _READS.match(statement):
                    raise UsageError(_CHANGES, where="sql", hint="memctl sql is read-only without --write")
                cursor = any_values(raw.cursor()).execute(statement.encode(), prepare=False)
                if cursor.description is None:
                    # As in a file.
                    return (("Count",), [(cursor.rowcount,)]) if cursor.rowcount >= 0 else ((), [])
                return tuple(column.name for column in cursor.description), cursor.fetchall()
            except psycopg.Error as error:
                raise UsageError(f"the statement failed: {error.diag.message_primary or error}", where="sql") from None

    @contextmanager
    def _transaction(self, *, write: bool = True) -> Iterator[psycopg.Connection[Any]]:
        with self._translated(), self.database.connection() as connection, _begun(connection, write=write):
            self._set_up(connection)
            yield connection

    def _set_up(self, connection: psycopg.Connection[Any]) -> None:
        """Give a transaction the settings that the statements need, and check the store at the first use."""
        if not self._path:
            self._path = schema.search_path(self.schema, schema.outside(connection).extension_schema)
        (process, *_) = connection.execute(
            "SELECT pg_backend_pid(), set_config('search_path', %s, true), set_config('TimeZone', 'UTC', true), "
            "set_config('DateStyle', 'ISO', true), set_config('extra_float_digits', '1', true), "
            "set_config('lock_timeout', %s, true)",
            [self._path, f"{max(1, int(self.lock_timeout * 1000))}ms"],
        ).fetchall()[0]
        # Behind a pooler such as PgBouncer, the next transaction may be in another process of the server, which has not
        # prepared the statements of this one.
        connection.prepare_threshold = _REPEATED if process == connection.info.backend_pid else None
        if not self._ready:
            self._require(self._version(connection))
            ((self.secured,),) = connection.execute("SELECT row_security_active('records')").fetchall()
            self._ready = True

    def _translated(self) -> AbstractContextManager[None]:
        return errors.translated(self.place, _HINTS)

    def _has_vectors(self, connection: psycopg.Connection[Any]) -> bool:
        """Whether the table of vectors was created, which no later command removes."""
        self._vectors = self._vectors or bool(
            connection.execute("SELECT 1 FROM meta WHERE name = 'embedder'").fetchall()
        )
        return self._vectors

    def _version(self, connection: psycopg.Connection[Any]) -> str | None:
        """The version of the store, None if there is none."""
        # Read the catalog tables: to_regclass may not see yet what another process created while this one waited.
        there = connection.execute(
            "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = %s AND c.relname = 'meta'",
            [self.schema],
        ).fetchall()
        if not there:
            return None
        rows = connection.execute(
            SQL("SELECT value FROM {} WHERE name = 'schema_version'").format(Identifier(self.schema, "meta"))
        ).fetchall()
        return str(rows[0][0]) if rows else None

    def _require(self, version: str | None) -> None:
        if version is None:
            raise NotFound("there is no store yet", where=self.place, hint=_CREATE)
        if version.endswith(COPYING) and not (self.copying and version == f"{VERSION}{COPYING}"):
            raise UnfinishedCopy(self.place)
        if version.removesuffix(COPYING) != str(VERSION):
            raise MemctlError(
                f"the store has schema version {version}, this memctl reads {VERSION}",
                where=self.place,
                hint="upgrade memctl",
            )

    def _make(self) -> None:
        """Create the schema and its tables if they are missing, and the index of a store of an older memctl."""
        if self._ready:
            return
        with self._translated(), self.database.connection() as connection, _begun(connection):
            if self._version(connection) is not None:
                self._renew_index(connection)
                return
            connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", [self._key("store"), 0])
            if self._version(connection) is not None:
                return
            self._create(connection)

    def _renew_index(self, connection: psycopg.Connection[Any]) -> None:
        """Replace the index of an older memctl, which includes no other columns. Left to a later command if the account
        lacks the privilege, or if other processes use the table."""
        older = connection.execute(
            "SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = %s AND c.relname = 'records_key' AND i.indnatts = i.indnkeyatts",
            [self.schema],
        ).fetchall()
        if not older:
            return
        with suppress(psycopg.errors.InsufficientPrivilege, psycopg.errors.LockNotAvailable), connection.transaction():
            connection.execute("SET LOCAL lock_timeout = '1s'")
            connection.execute(SQL("DROP INDEX {}").format(Identifier(self.schema, "records_key")))
            connection.execute(SQL(_INDEX).format(Identifier(self.schema, "records")))

    def _create(self, connection: psycopg.Connection[Any]) -> None:
        outside = schema.outside(connection)
        try:
            if outside.pgvector is None:
                connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
                outside = schema.outside(connection)
            connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(self.schema)))
        except psycopg.errors.InsufficientPrivilege:
            missing = "run CREATE EXTENSION vector" if outside.pgvector is None else "grant CREATE on the database"
            raise AuthError(
                "this account may not create the store", where=self.place, hint=f"have an administrator {missing}"
            ) from None
        except (psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedFile):
            raise UsageError(
                "the server has no pgvector", where=self.place, hint="install the extension on the server"
            ) from None
        if connection.info.parameter_status("server_encoding") != "UTF8":
            raise UsageError(
                "the database's encoding is not UTF8",
                where=self.place,
                hint="use a database created with ENCODING 'UTF8'",
            )
        path = schema.search_path(self.schema, outside.extension_schema)
        connection.execute("SELECT set_config('search_path', %s, true)", [path])
        statements = files(__package__).joinpath("store.sql").read_text(encoding="utf-8")
        names = {"{text}": 'text COLLATE "C"', "{collation}": _collation(connection)}
        for name, value in names.items():
            statements = statements.replace(name, value)
        connection.execute(statements.encode())
        connection.execute(SQL(_INDEX).format(Identifier("records")))
        connection.execute("INSERT INTO meta (name, value) VALUES ('schema_version', %s)", [str(VERSION)])

    def _lock(self, connection: psycopg.Connection[Any], users: Sequence[str] | None) -> None:
        """Lock the users, in the same order in all processes, or the whole store."""
        try:
            if users is None:
                connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", [self._key("writers"), 0])
                return
            keys = sorted({_signed(crc32(user.encode())) for user in users})
            connection.execute(
                "SELECT pg_advisory_xact_lock_shared(%s, 0), (SELECT count(pg_advisory_xact_lock(%s, key)) "
                "FROM (SELECT unnest(%s::int[]) AS key ORDER BY 1) k)",
                [self._key("writers"), self._key("users"), keys],
            )
        except psycopg.errors.LockNotAvailable:
            raise Locked(
                f"another process writes about the same users and did not finish within {self.lock_timeout:g} s",
                where=self.place,
                hint="try again, or wait longer with --lock-timeout",
            ) from None

    def _key(self, purpose: str) -> int:
        """The first half of an advisory lock's key."""
        return _signed(crc32(f"memctl {self.schema} {purpose}".encode()))


class _Database(Database):
    """The connections of an engine."""

    def _connect(self) -> psycopg.Connection[Any]:
        connection = super()._connect()
        adapt(connection)
        return connection


def open_engine(address: str, lock_timeout: float) -> PostgresEngine:
    """The engine of a store's address; connects at the first use."""
    return PostgresEngine(address, lock_timeout)


def _begun(connection: psycopg.Connection[Any], *, write: bool = True) -> AbstractContextManager[object]:
    """A transaction. Its characteristics are part of the BEGIN, which saves a round trip."""
    level = psycopg.IsolationLevel.READ_COMMITTED if write else psycopg.IsolationLevel.REPEATABLE_READ
    connection.isolation_level, connection.read_only = level, not write
    return connection.transaction()


def _parts(address: str) -> tuple[str | None, str]:
    """The DSN of an address, None for the embedded server, and the schema."""
    if address.startswith("postgres:") and "://" not in address:
        query = address.partition("?")[2]
        return None, dict(parse_qsl(query)).get("schema", SCHEMA)
    try:
        parts = urlsplit(address)
    except ValueError:
        return address, SCHEMA  # libpq refuses it too
    options = parse_qsl(parts.query, keep_blank_values=True)
    name = next((value for option, value in options if option == "schema"), SCHEMA)
    query = urlencode([option for option in options if option[0] != "schema"])
    return urlunsplit(parts._replace(query=query)), name


def _embedded(address: str) -> Path:
    from memctl_postgres import embedded

    folder = address.partition("?")[0].removeprefix("postgres:")
    return embedded.default_folder() if folder == "embedded" else Path(folder).expanduser()


def _collation(connection: psycopg.Connection[Any]) -> str:
    """A collation that knows the case of every letter: the server's own, or ICU's."""
    rows = connection.execute(
        "SELECT collname::text FROM pg_collation WHERE collname IN ('pg_c_utf8', 'und-x-icu') ORDER BY collname"
    ).fetchall()
    return f'"{rows[0][0]}"' if rows else '"default"'


def _signed(value: int) -> int:
    return value - 2**32 if value >= 2**31 else value
