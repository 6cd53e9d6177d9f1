"""Reading and searching a table that memctl did not make. It is never written to.

Asks the database for the table's columns and key, and for rows as JSON; what they mean is `layouts`' business.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from memctl.backends.contract import Page
from memctl.core.errors import UsageError
from memctl.core.fact import Fact
from memctl_postgres import table_layouts
from memctl_postgres.connection import Database
from memctl_postgres.mapping import vector_from
from memctl_postgres.search import STEMS
from memctl_postgres.table_layouts import Layout

_COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), c.relkind
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE a.attrelid = %(table)s::text::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_KEY = """
SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
WHERE i.indrelid = %(table)s::text::regclass AND i.indisprimary AND i.indnkeyatts = 1
"""
_IDENTITY = "SELECT system_identifier::text FROM pg_control_system()"


class Table(NamedTuple):
    """A table as it was found: its layout, key column and type, vector column and dimensions, and which table it is.

    `account` tells one table from every other: the server, the database and the name. It goes into the facts' ids.
    """

    name: Composable
    layout: Layout
    key: str
    key_type: str
    vector: str | None
    dimensions: int | None
    account: str

    def column(self, field: str) -> Composable | None:
        """The SQL that yields the field, or None when nothing is mapped to it."""
        for column, mapped in self.layout.columns.items():
            if mapped == field:
                return SQL("t.{}").format(Identifier(column))
        found = [
            SQL("t.{} ->> {}").format(Identifier(self.layout.payload or ""), Literal(key))
            for key, mapped in self.layout.payload_keys.items()
            if mapped == field
        ]
        return SQL("coalesce({})").format(SQL(", ").join(found)) if found else None

    def owner(self) -> Composed:
        """The SQL that yields a row's user, as text."""
        return SQL("({})::text").format(self.column("user_id") or SQL("NULL"))

    def raw(self) -> Composable:
        """The SQL that yields a row as JSON text, its vector apart."""
        if self.vector is None:
            return SQL("to_jsonb(t)::text, NULL")
        column = Identifier(self.vector)
        return SQL("(to_jsonb(t) - {})::text, vector_send(t.{})").format(Literal(self.vector), column)

    def real(self) -> Composable:
        """The SQL condition for rows that hold a memory: mem0 keeps other things in its table, too."""
        if self.layout.payload is None:
            return SQL("TRUE")
        return SQL("({}) IS NOT NULL").format(self.column("text") or SQL("NULL"))

    def time(self, field: str) -> Composed:
        """The SQL that yields a time of the row, null where it is no date."""
        return SQL(
            "CASE WHEN ({0})::text ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}' THEN ({0})::text::timestamptz END"
        ).format(self.column(field) or SQL("NULL"))

    def source(self) -> Composed:
        """The table as search takes it."""
        text = self.column("text") or SQL("NULL")
        times = ("valid_at", "invalid_at", "created_at", "expired_at", "expires_at")
        vector = SQL("t.{}").format(Identifier(self.vector)) if self.vector else SQL("NULL::vector")
        return SQL(
            """(
            SELECT t.{key} AS key, {owner} AS user_id, {kind} AS kind, ({text})::text AS text, {vector} AS embedding,
                   {stems} AS lexemes, {times}
            FROM {table} t WHERE {real}
            )"""
        ).format(
            key=Identifier(self.key),
            owner=self.owner(),
            kind=SQL("({})::text").format(self.column("kind") or SQL("'fact'")),
            text=text,
            stems=SQL(STEMS).format(text=SQL("({})::text").format(text)),
            vector=vector,
            times=SQL(", ").join(SQL("{} AS {}").format(self.time(name), Identifier(name)) for name in times),
            table=self.name,
            real=self.real(),
        )


def inspect(connection: Connection[Any], table: str, layout: Layout, place: str) -> Table:
    """Look the table up; `table` may be `name` or `schema.name`, as SQL writes them.

    Raises UsageError when it is not there, lacks a column of the layout, or has no single column to go by.
    """
    name = _named(table)
    there = connection.execute("SELECT to_regclass(%s::text)", [name.as_string(connection)]).fetchone()
    if there is None or there[0] is None:
        raise UsageError(f"there is no table {table!r}", where=place, hint="name it as SCHEMA.TABLE with --table")
    asked = {"table": name.as_string(connection)}
    found = connection.execute(_COLUMNS, asked).fetchall()
    types = {column: type_ for column, type_, _ in found}
    layout = table_layouts.check(layout, list(types), table)
    mapped = [column for column, field in layout.columns.items() if field == "id"]
    key = mapped[0] if mapped else next((row[0] for row in connection.execute(_KEY, asked).fetchall()), None)
    if key is None:
        raise UsageError("the table has no primary key", where=table, hint="map one with --map COLUMN=id")
    vectors = [column for column, field in layout.columns.items() if field == "embedding"]
    vector = vectors[0] if vectors and types[vectors[0]].rpartition(".")[2].startswith("vector") else None
    digits = "".join(filter(str.isdigit, types[vector])) if vector else ""
    return Table(
        name=name,
        layout=layout,
        key=key,
        key_type=types[key],
        vector=vector,
        dimensions=int(digits) if digits else None,
        account=_account(connection, asked["table"], place),
    )


def _named(table: str) -> Composable:
    if not table.startswith('"'):
        return Identifier(*table.split(".", 1))
    try:
        return Identifier(*msgspec.json.decode("[" + table + "]", type=list[str]))
    except msgspec.MsgspecError:
        raise UsageError(
            "the table's name cannot be read", where=table, hint='SCHEMA.TABLE or "SCHEMA","TABLE"'
        ) from None


def _account(connection: Connection[Any], table: str, place: str) -> str:
    """Which table of which server this is, whatever address it was reached by, where the server tells."""
    row = connection.execute(
        "SELECT current_database(), n.nspname, c.relname, "
        "has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = %s::text::regclass",
        [table],
    ).fetchone()
    assert row is not None
    database, schema, name, allowed = row
    identity = connection.execute(_IDENTITY).fetchone() if allowed else None
    return f"postgres:{identity[0] if identity else place}/{database}/{schema}.{name}"


def users(database: Database, table: Table, default_user: str | None) -> Iterator[str]:
    """Every user of the table, in alphabetical order; rows without one are the default user's.

    Raises UsageError when there are such rows and no default user: they would be lost without a word.
    """
    statement = SQL("SELECT {owner}, count(*) FROM {table} t WHERE {real} GROUP BY 1 ORDER BY 1").format(
        owner=table.owner(), table=table.name, real=table.real()
    )
    with database.transaction(own=False) as connection:
        found = dict(connection.execute(statement).fetchall())
    nobodys = found.pop(None, 0)
    if nobodys and default_user is None:
        raise UsageError(
            f"{nobodys} rows belong to no user", where=table.account, hint="say whose they are with default_user"
        )
    return iter(sorted({*found, default_user} - {None}) if nobodys and default_user else sorted(found))


def _mine(table: Table, default_user: str | None) -> Composed:
    """The SQL condition for the rows of `%(user)s`."""
    whose: Composable = table.owner()
    if default_user is not None:
        whose = SQL("coalesce({}, {})").format(whose, Literal(default_user))
    return SQL("{} AND {} = %(user)s").format(table.real(), whose)


def count(database: Database, table: Table, user: str, default_user: str | None) -> int:
    """How many facts the user has in the table."""
    statement = SQL("SELECT count(*) FROM {} t WHERE {}").format(table.name, _mine(table, default_user))
    with database.transaction(own=False) as connection:
        row = connection.execute(statement, {"user": user}).fetchone()
    return int(row[0]) if row else 0


def read(
    database: Database,
    table: Table,
    user: str,
    since: datetime | None,
    cursor: str | None,
    *,
    page_size: int,
    default_user: str | None,
) -> Iterator[Page]:
    """The user's rows in the order of the key; the cursor is the last key read."""
    changed = SQL("coalesce({}, {})").format(*(table.time(name) for name in ("updated_at", "created_at")))
    statement = SQL(
        """
        SELECT {raw}, t.{key}::text FROM {table} t
        WHERE {mine} AND (%(after)s::text IS NULL OR t.{key} > %(after)s::{type})
              AND (%(since)s::timestamptz IS NULL OR coalesce({changed} >= %(since)s, TRUE))
        ORDER BY t.{key} LIMIT %(size)s
        """
    ).format(
        raw=table.raw(),
        key=Identifier(table.key),
        table=table.name,
        mine=_mine(table, default_user),
        type=SQL(table.key_type),
        changed=changed,
    )
    after = cursor
    while True:
        with database.transaction(own=False) as connection:
            rows = connection.execute(
                statement, {"user": user, "after": after, "since": since, "size": page_size + 1}
            ).fetchall()
        more = len(rows) > page_size
        rows = rows[:page_size]
        after = rows[-1][2] if rows else after
        yield Page(tuple(_fact(table, row, user) for row in rows), after if more else None)
        if not more:
            return


def _fact(table: Table, row: tuple[Any, ...], user: str) -> Fact:
    raw: dict[str, Any] = msgspec.json.decode(row[0])
    if table.vector is not None and row[1] is not None:
        raw[table.vector] = list(vector_from(row[1]))
    return table_layouts.to_fact(raw, table.layout, account=table.account, native_id=row[2], user=user)


def facts_by_key(
    connection: Connection[Any], table: Table, keys: list[Any], default_user: str | None
) -> dict[Any, Fact]:
    """The facts of those keys, for search."""
    statement = SQL(
        "SELECT {raw}, t.{key}::text, t.{key}, {owner} FROM {table} t WHERE t.{key} = ANY(%(keys)s)"
    ).format(raw=table.raw(), key=Identifier(table.key), owner=table.owner(), table=table.name)
    rows = connection.execute(statement, {"keys": keys}).fetchall()
    return {row[3]: _fact(table, row, row[4] if row[4] is not None else default_user or "") for row in rows}
