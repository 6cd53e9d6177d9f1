"""Reading and searching an existing table of another program. It is never written to.

Columns, key and rows (as JSON) come from the database; `table_layouts` maps them to facts.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from memctl.backends.contract import Page
from memctl.core.errors import NotFound, Rejected, UsageError
from memctl.core.fact import Fact
from memctl_postgres import table_layouts
from memctl_postgres.connection import Database
from memctl_postgres.mapping import vector_from
from memctl_postgres.search import STEMS
from memctl_postgres.table_layouts import MEM0_OWNERS, Layout, Path

_COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), c.relkind
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE a.attrelid = %(table)s::text::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_KEY = """
SELECT a.attname FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS part (attnum, place)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = part.attnum
WHERE i.indrelid = %(table)s::text::regclass AND i.indisprimary AND part.place <= i.indnkeyatts ORDER BY part.place
"""
_IDENTITY = "SELECT system_identifier::text FROM pg_control_system()"


class Table(NamedTuple):
    """A table: its layout, the columns and types of its key, its numeric columns with the type to read them as, and its
    vector column with the number of dimensions.

    `account` identifies the table: the server, the database and the name. The facts' ids are derived from it.
    """

    name: Composable
    layout: Layout
    key: tuple[Path, ...]
    key_types: tuple[str, ...]
    numeric: Mapping[str, str]
    vector: str | None
    dimensions: int | None
    account: str

    def column(self, field: str) -> Composable | None:
        """The SQL for the field; None if nothing is mapped to it."""
        for column, mapped in self.layout.columns.items():
            if mapped == field:
                return _value(Path(column))
        for path, mapped in self.layout.paths.items():
            if mapped == field:
                return _value(path)
        values = [
            SQL("t.{} ->> {}").format(Identifier(self.layout.payload or ""), Literal(key))
            for key, mapped in self.layout.payload_keys.items()
            if mapped == field
        ]
        return SQL("coalesce({})").format(SQL(", ").join(values)) if values else None

    def owner(self) -> Composed:
        """The SQL for a row's user, as text."""
        if self.layout.payload is None:
            return SQL("({})::text").format(self.column("user_id") or SQL("NULL"))
        names = [
            SQL("{} || nullif(t.{} ->> {}, '')").format(Literal(kind), Identifier(self.layout.payload), Literal(key))
            for kind, key in MEM0_OWNERS
        ]
        return SQL("coalesce({})").format(SQL(", ").join(names))

    def raw(self) -> Composable:
        """The SQL for a row as JSON text, without its vector. Columns of type numeric are texts, because a number in
        JSON loses digits."""
        row: Composable = SQL("to_jsonb(t)")
        for column, type_ in self.numeric.items():
            row = SQL("{} || jsonb_build_object({}, t.{}::{})").format(
                row, Literal(column), Identifier(column), SQL(type_)
            )
        if self.vector is None:
            return SQL("({})::text, NULL").format(row)
        column_ = Identifier(self.vector)
        return SQL("(({}) - {})::text, vector_send(t.{})").format(row, Literal(self.vector), column_)

    def key_text(self) -> Composable:
        """The SQL for a row's key as one text: a JSON list if the key has several columns."""
        parts = [SQL("({})::text").format(_value(path)) for path in self.key]
        return parts[0] if len(parts) == 1 else SQL("jsonb_build_array({})::text").format(SQL(", ").join(parts))

    def key_order(self) -> Composed:
        """The SQL of the key's columns, for ORDER BY."""
        return SQL(", ").join(map(_value, self.key))

    def key_after(self, cursor: str | None) -> tuple[Composable, dict[str, Any]]:
        """The SQL condition for rows after the cursor, a text from `key_text`, and its parameters."""
        if cursor is None:
            return SQL("TRUE"), {}
        values = [cursor] if len(self.key) == 1 else _cursor(cursor, len(self.key))
        parameters = {f"after{number}": value for number, value in enumerate(values)}
        placeholders = [
            SQL("%({})s::text::{}").format(SQL(name), SQL(type_))
            for name, type_ in zip(parameters, self.key_types, strict=True)
        ]
        return SQL("({}) > ({})").format(self.key_order(), SQL(", ").join(placeholders)), parameters

    def key_found(self) -> Composable:
        """The SQL for the key as search returns it."""
        return _value(self.key[0]) if len(self.key) == 1 else self.key_text()

    def real(self) -> Composable:
        """The SQL condition for rows that are memories; mem0 has other rows in its table, too."""
        if self.layout.payload is None:
            return SQL("TRUE")
        return SQL("({}) IS NOT NULL").format(self.column("text") or SQL("NULL"))

    def time(self, field: str) -> Composed:
        """The SQL for a time of the row, null if it is not a date."""
        return SQL(
            "CASE WHEN ({0})::text ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}' THEN ({0})::text::timestamptz END"
        ).format(self.column(field) or SQL("NULL"))

    def source(self) -> Composed:
        """The table as a source for search."""
        text = self.column("text") or SQL("NULL")
        times = ("valid_at", "invalid_at", "created_at", "expired_at", "expires_at")
        vector = SQL("t.{}").format(Identifier(self.vector)) if self.vector else SQL("NULL::vector")
        return SQL(
            """(
            SELECT {key} AS key, {owner} AS user_id, {kind} AS kind, ({text})::text AS text, {vector} AS embedding,
                   {stems} AS lexemes, FALSE AS replaced, {times}
            FROM {table} t WHERE {real}
            )"""
        ).format(
            key=self.key_found(),
            owner=self.owner(),
            kind=SQL("({})::text").format(self.column("kind") or SQL("'fact'")),
            text=text,
            stems=SQL(STEMS).format(text=SQL("({})::text").format(text)),
            vector=vector,
            times=SQL(", ").join(SQL("{} AS {}").format(self.time(name), Identifier(name)) for name in times),
            table=self.name,
            real=self.real(),
        )


def _value(path: Path) -> Composed:
    """The SQL for the value of a column, or of a key in a JSON column as text."""
    column = SQL("t.{}").format(Identifier(path.column))
    return SQL("({} #>> {}::text[])").format(column, Literal(list(path.keys))) if path.keys else column


def _cursor(cursor: str, parts: int) -> list[str]:
    try:
        values = msgspec.json.decode(cursor, type=list[str])
    except msgspec.MsgspecError:
        values = []
    if len(values) != parts:
        raise UsageError(f"{cursor!r} is not a cursor of this table", hint="read from the start")
    return values


def inspect(connection: Connection[Any], table: str, layout: Layout, place: str) -> Table:
    """Look up the table; `table` is `name` or `schema.name`, as in SQL.

    Raises NotFound if there is no such table, UsageError if it lacks a column of the layout or a key.
    """
    name = _named(table)
    table_row = connection.execute("SELECT to_regclass(%s::text)", [name.as_string(connection)]).fetchone()
    if table_row is None or table_row[0] is None:
        raise NotFound(f"there is no table {table!r}", where=place, hint="pass --table SCHEMA.TABLE")
    parameters = {"table": name.as_string(connection)}
    columns = connection.execute(_COLUMNS, parameters).fetchall()
    types = {column: type_ for column, type_, _ in columns}
    layout = table_layouts.check(layout, types, table)
    primary = tuple(Path(row[0]) for row in connection.execute(_KEY, parameters).fetchall())
    key = layout.key or primary
    if not key:
        raise UsageError(
            "the table has no primary key", where=table, hint="map one with --map COLUMN=id or --map COLUMN+COLUMN=id"
        )
    vectors = [column for column, field in layout.columns.items() if field == "embedding"]
    vector = vectors[0] if vectors and types[vectors[0]].rpartition(".")[2].startswith("vector") else None
    digits = "".join(filter(str.isdigit, types[vector])) if vector else ""
    found_table = Table(
        name=name,
        layout=layout,
        key=key,
        key_types=tuple("text" if path.keys else types[path.column] for path in key),
        numeric={
            column: "text[]" if type_.endswith("[]") else "text"
            for column, type_ in types.items()
            if type_.startswith("numeric") and layout.columns.get(column) != "embedding"
        },
        vector=vector,
        dimensions=int(digits) if digits else None,
        account=_account(connection, parameters["table"], place),
    )
    if set(key) != set(primary):
        _require_unique(connection, found_table, table)
    return found_table


def _require_unique(connection: Connection[Any], layout: Table, table: str) -> None:
    """Raise UsageError unless the mapped id is unique, because two rows would become one fact."""
    null = SQL(" OR ").join(SQL("{} IS NULL").format(_value(path)) for path in layout.key)
    statement = SQL(
        "SELECT count(*), bool_or({}) FROM {} t WHERE {} GROUP BY {} HAVING count(*) > 1 OR bool_or({}) LIMIT 1"
    )
    row = connection.execute(statement.format(null, layout.name, layout.real(), layout.key_order(), null)).fetchone()
    if row is not None:
        columns = "+".join("->>".join((path.column, *path.keys)) for path in layout.key)
        wrong = "is null in some rows" if row[1] else "is not unique: several rows have the same value"
        raise UsageError(
            f"{columns} {wrong}", where=table, hint="map the column, or columns (--map A+B=id), that identify a row"
        )


def _named(table: str) -> Composable:
    if not table.startswith('"'):
        return Identifier(*table.split(".", 1))
    try:
        return Identifier(*msgspec.json.decode("[" + table + "]", type=list[str]))
    except msgspec.MsgspecError:
        raise UsageError("invalid name of a table", where=table, hint='SCHEMA.TABLE or "SCHEMA","TABLE"') from None


def _account(connection: Connection[Any], table: str, place: str) -> str:
    """The identity of the table and its server, independent of the server's address if the server reports an
    identifier."""
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
    """Every user of the table, in alphabetical order; rows without one belong to the default user.

    Raises UsageError if there are such rows and no default user, because they would be lost silently.
    """
    statement = SQL("SELECT {owner}, count(*) FROM {table} t WHERE {real} GROUP BY 1 ORDER BY 1").format(
        owner=table.owner(), table=table.name, real=table.real()
    )
    with database.transaction(own=False) as connection:
        counts = dict(connection.execute(statement).fetchall())
    unowned = counts.pop(None, 0)
    if unowned and default_user is None:
        raise UsageError(
            f"{unowned} rows belong to no user", where=table.account, hint="set their owner with default_user"
        )
    return iter(sorted({*counts, default_user} - {None}) if unowned and default_user else sorted(counts))


def _mine(table: Table, default_user: str | None) -> Composed:
    """The SQL condition for the rows of `%(user)s`."""
    whose: Composable = table.owner()
    if default_user is not None:
        whose = SQL("coalesce({}, {})").format(whose, Literal(default_user))
    return SQL("{} AND {} = %(user)s").format(table.real(), whose)


def count(database: Database, table: Table, user: str, default_user: str | None) -> int:
    """The number of the user's facts in the table."""
    statement = SQL("SELECT count(*) FROM {} t WHERE {} AND ({}) IS NOT NULL").format(
        table.name, _mine(table, default_user), table.column("text") or SQL("NULL")
    )
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
    reject: Callable[[Rejected], None],
) -> Iterator[Page]:
    """The user's rows in the order of the key; the cursor is the last key read. `reject` receives invalid rows."""
    changed = SQL("coalesce({}, {})").format(*(table.time(name) for name in ("updated_at", "created_at")))
    statement = SQL(
        """
        SELECT {raw}, {key} FROM {table} t
        WHERE {mine} AND {after} AND (%(since)s::timestamptz IS NULL OR coalesce({changed} >= %(since)s, TRUE))
        ORDER BY {order} LIMIT %(size)s
        """
    )
    parts = {"raw": table.raw(), "key": table.key_text(), "table": table.name, "order": table.key_order()}
    after = cursor
    while True:
        beyond, values = table.key_after(after)
        page = statement.format(**parts, mine=_mine(table, default_user), after=beyond, changed=changed)
        with database.transaction(own=False) as connection:
            rows = connection.execute(page, {"user": user, "since": since, "size": page_size + 1} | values).fetchall()
        more = len(rows) > page_size
        rows = rows[:page_size]
        after = rows[-1][2] if rows else after
        facts = []
        for row in rows:
            try:
                facts.append(_fact(table, row, user))
            except ValueError as error:
                reject(Rejected(str(error), where=f"row {row[2]} of {table.account}"))
        yield Page(tuple(facts), after if more else None)
        if not more:
            return


def _exact(digits: str) -> float | str:
    """A number of a JSON column; as text if a float would lose digits."""
    number = float(digits)
    return number if Decimal(repr(number)) == Decimal(digits) else digits


_ROW = msgspec.json.Decoder(dict[str, Any], float_hook=_exact)


def _fact(table: Table, row: tuple[Any, ...], user: str) -> Fact:
    raw = _ROW.decode(row[0])
    if table.vector is not None and row[1] is not None:
        raw[table.vector] = list(vector_from(row[1]))
    return table_layouts.to_fact(raw, table.layout, account=table.account, native_id=row[2], user=user)


def facts_by_key(
    connection: Connection[Any], table: Table, keys: list[Any], default_user: str | None
) -> dict[Any, Fact]:
    """The facts with these keys, for search, without those that their program retired."""
    statement = SQL("SELECT {raw}, {text}, {key}, {owner} FROM {table} t WHERE {key} = ANY(%(keys)s)").format(
        raw=table.raw(), text=table.key_text(), key=table.key_found(), owner=table.owner(), table=table.name
    )
    facts: dict[Any, Fact] = {}
    for row in connection.execute(statement, {"keys": keys}).fetchall():
        try:
            facts[row[3]] = _fact(table, row, row[4] if row[4] is not None else default_user or "")
        except ValueError:
            # The row has no text, or it is marked as deleted.
            continue
    return facts
