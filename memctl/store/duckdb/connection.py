"""`memctl.store.connection.Connection` over a connection of DuckDB."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import msgspec

from memctl.store.duckdb import signs

if TYPE_CHECKING:
    import numpy as np
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]
    Halves = NDArray[np.uint64]
else:
    Matrix = Halves = Any

T = TypeVar("T")
Parameters = Sequence[Any] | Mapping[str, Any]

_FEW = 512
"""How many rows are added one by one, and vectors as objects, at most."""
_STATEMENTS, _REMEMBERED = 256, 16
"""How many parsed statements a process keeps, and how many results of `remembered` a connection."""
_UNDOABLE = ("records", "units", "files")
"""The tables with row keys whose rows an undo may bring back."""
_parsed: dict[str, Any] = {}
"""Statements as DuckDB parsed them, by their texts; parsing takes a fifth of the time of a short statement."""


class DuckConnection:
    """A connection inside a transaction about these `users` (None: everybody); `raw` is DuckDB's own. One that
    `stays_open` serves several of them: nobody can write to the file in the meantime."""

    def __init__(
        self, raw: DuckDBPyConnection, users: Collection[str] | None = None, *, stays_open: bool = False
    ) -> None:
        self.raw = raw
        self.stays_open = stays_open
        self._user = next(iter(users)) if users is not None and len(users) == 1 else None
        self._unused: dict[str, int] = {}
        """The lowest unused row key of the tables that were given some."""
        self._remembered: dict[str, tuple[Any] | None] = {}
        """What `remembered` was asked for, None until it is made; the last used is at the end."""
        self._once: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}

    def mine(self, table: str = "") -> str:
        """The condition for a single user, by which DuckDB skips most rows; TRUE for several, which it does not."""
        if self._user is None or not self._user.isprintable():
            return "TRUE"
        quoted = self._user.replace("'", "''")
        return f"{table}.user_id = '{quoted}'" if table else f"user_id = '{quoted}'"

    def in_list(self, type_: str) -> str:
        """The condition that a value is in a list, as a join: `= ANY` would compare each row with each value."""
        return f"IN (SELECT unnest(?::{type_}[]))"

    def execute(self, statement: str, parameters: Parameters = (), /) -> DuckDBPyConnection:
        """The result of a statement."""
        if " meta " in statement and not statement.startswith("SELECT"):
            self._once.clear()
        return self.raw.execute(self._statement(statement), plain(parameters))

    def once(self, statement: str, parameters: Sequence[Any] = (), /) -> list[tuple[Any, ...]]:
        """The rows of a statement about `meta`, which no other process changes while the file is open here."""
        asked = (statement, *parameters)
        if asked not in self._once:
            self._once[asked] = self.execute(statement, parameters).fetchall()
        return self._once[asked]

    def _statement(self, text: str) -> Any:
        """A statement as it was parsed before; the text of several statements as it is."""
        parsed = _parsed.get(text)
        if parsed is None:
            statements = self.raw.extract_statements(text)
            parsed = statements[0] if len(statements) == 1 else text
            if len(_parsed) >= _STATEMENTS:
                _parsed.clear()
            _parsed[text] = parsed
        return parsed

    def remembered(self, name: str, make: Callable[[], T]) -> T | None:
        """What `make` returned the second time that it was asked for; None the first time, or if nothing is kept."""
        if not self.stays_open:
            return None
        made: tuple[T] | None = None
        if name in self._remembered:
            made = self._remembered.pop(name) or (make(),)
        self._remembered[name] = made
        if len(self._remembered) > _REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        return made[0] if made else None

    def stream(self, statement: str, size: int, /) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a result, at most `size` at a time."""
        rows = self.execute(statement)
        while batch := rows.fetchmany(size):
            yield batch

    def change(self, statement: str, parameters: Parameters = (), /) -> int:
        """Execute an INSERT, UPDATE or DELETE; returns the number of rows."""
        return int(self.execute(statement, parameters).fetchall()[0][0])

    def append(self, table: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows. DuckDB's appender takes each value by itself, which costs three times as much for many rows, and
        starting it costs twice as much as inserting one row."""
        names = columns.split(", ")
        if len(rows) > _FEW:
            self._append_columns(table, names, list(zip(*rows, strict=True)))
        elif len(rows) == 1:
            self.execute(f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(names))})", rows[0])  # noqa: S608
        elif rows:
            with self.raw.appender(table, columns=names) as appender:
                appender.append_rows(rows)

    def _append_columns(self, table: str, names: Sequence[str], values: Sequence[Sequence[Any]]) -> None:
        """Add the rows that consist of these columns; one with a single value is a parameter."""
        columns: dict[str, Any] = {}
        parameters: list[Any] = []
        expressions: list[str] = []
        for name, column in zip(names, values, strict=True):
            if columns and _constant(column):
                parameters.append(column[0])
                expressions.append("?")
            else:
                columns[name], expression = _column_array(column)
                expressions.append(expression.format(name))
        # Take objects as text, without looking at some of them for the type of all.
        self.raw.execute("SET pandas_analyze_sample = 0")
        try:
            self.raw.execute(
                f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(expressions)} FROM columns",  # noqa: S608
                parameters,
            )
        finally:
            self.raw.execute("RESET pandas_analyze_sample")

    def append_vectors(
        self, table: str, units: Sequence[int], users: Sequence[str], vectors: Matrix | Sequence[Any]
    ) -> None:
        """Add one vector for each of these units, which belong to `users` and have none."""
        dim = len(vectors[0])
        names = signs.names(dim)
        statement = (
            f"INSERT INTO {table} (unit, user_id, embedding, {', '.join(names)}) "  # noqa: S608
            f"SELECT unit, user_id, {{vector}}::FLOAT[{dim}], {', '.join(names)} FROM {{columns}}"
        )
        if isinstance(vectors[0], list):
            words = "".join(f", unnest(?::UBIGINT[]) AS {name}" for name in names)
            rows = "SELECT unnest(?::BIGINT[]) AS unit, unnest(?::TEXT[]) AS user_id, unnest(?::FLOAT[][]) AS vector"
            values = [list(units), list(users), list(vectors), *signs.of_lists(vectors)]
            self.execute(statement.format(vector="vector", columns=f"({rows}{words})"), values)
            return
        import numpy as np

        # DuckDB finds the local `columns` by name. dim flat columns are the fastest way for many vectors that needs no
        # Arrow, but take a dozen milliseconds to plan; few vectors go in as objects.
        matrix = np.asarray(vectors)
        columns: dict[str, Any] = {
            "unit": np.asarray(units, dtype=np.int64),
            "user_id": np.fromiter(users, dtype=object, count=len(users)),
            **dict(zip(names, signs.of_array(matrix), strict=True)),
        }
        if len(units) <= _FEW:
            columns["vector"] = np.fromiter(vectors, dtype=object, count=len(vectors))
            array = "vector"
        else:
            columns |= {f"c{i}": matrix[:, i] for i in range(dim)}
            array = f"[{', '.join(f'c{i}' for i in range(dim))}]"
        self.raw.execute(statement.format(vector=array, columns="columns"))
        del columns

    def halves(self, statement: str, parameters: Parameters = (), /) -> Halves:
        """The only column of a result, of the macro `half`."""
        (values,) = self.execute(statement, parameters).fetchnumpy().values()
        return values

    def vectors(self, statement: str, parameters: Parameters = (), /) -> tuple[list[tuple[Any, ...]], Matrix]:
        """The rows of a result without their last column, and the vectors in that."""
        import numpy as np

        columns = list(self.execute(statement, parameters).fetchnumpy().values())
        vectors = np.stack(list(columns[-1])) if len(columns[-1]) else np.empty((0, 0), dtype=np.float32)
        return list(zip(*(column.tolist() for column in columns[:-1]), strict=True)), vectors

    def vector(self, values: Sequence[float]) -> list[float]:
        """A vector as a parameter."""
        return list(values)

    def vector_type(self, dim: int) -> str:
        """The type of a column of vectors with `dim` dimensions."""
        return f"FLOAT[{dim}]"

    def contains(self, array: str, value: str) -> str:
        """The condition that a list has a value; `array_position` takes 1.4 times as long, `= ANY` far longer."""
        return f"list_contains({array}, {value})"

    def near(self, query: Sequence[float], always: str | None) -> tuple[str, dict[str, Any]]:
        """A SELECT of the record and the estimated cosine of the nearest vectors, from their signs."""
        return signs.near(query, always, lambda statement, parameters: self.execute(statement, parameters).fetchall())

    def lock(self, names: Iterable[str]) -> None:
        """Nothing: a file has one writer at a time."""

    def keys(self, **numbers: int) -> list[Sequence[int]]:
        """That many unused row keys of each table; safe because a file has one writer at a time. A key that an undo
        would bring back is in use. They are looked up once: DuckDB reads all keys of a table with new rows for that."""
        unknown = [table for table in numbers if table not in self._unused]
        if unknown:
            highest = (
                f"greatest((SELECT max(key) FROM {table}), (SELECT max(key) FROM undo_{table}))"  # noqa: S608
                if table in _UNDOABLE
                else f"(SELECT max(key) FROM {table})"  # noqa: S608
                for table in unknown
            )
            rows = self.execute("SELECT " + ", ".join(f"coalesce({key}, 0) + 1" for key in highest)).fetchall()
            self._unused |= zip(unknown, rows[0], strict=True)
        first = {table: self._unused[table] for table in numbers}
        self._unused |= {table: first[table] + number for table, number in numbers.items()}
        return [range(first[table], first[table] + number) for table, number in numbers.items()]

    def skip_keys(self, table: str, last: int) -> None:
        """Give no row key up to `last` to new rows of a table."""
        if table in self._unused:
            self._unused[table] = max(self._unused[table], last + 1)

    def made(self, table: str) -> None:
        """Add the columns of the signs to a table of vectors. A file needs no index."""
        if table != "facts":
            self.filled(table)

    def filled(self, table: str) -> None:
        """Add the signs of vectors that have none."""
        signs.complete(self.raw, table)

    def sort(self, table: str, columns: str) -> None:
        """Lay the rows of a table out in the order of these columns: a filter on the first skips most of them."""
        self.raw.execute(f"CREATE TEMP TABLE sorted AS SELECT * FROM {table} ORDER BY {columns}")  # noqa: S608
        self.raw.execute(f"TRUNCATE {table}")
        self.raw.execute(f"INSERT INTO {table} SELECT * FROM sorted")  # noqa: S608
        self.raw.execute("DROP TABLE sorted")

    def tables(self) -> list[str]:
        """The names of the store's tables."""
        rows = self.execute(
            "SELECT table_name FROM duckdb_tables() "
            "WHERE NOT internal AND database_name = current_database() AND schema_name = 'main' ORDER BY table_name"
        ).fetchall()
        return [row[0] for row in rows]


def transposed(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """The columns of rows, as parameters."""
    return [list(column) for column in zip(*rows, strict=True)]


def plain(parameters: Parameters) -> Parameters:
    """Parameters with lists of ids as texts, which DuckDB takes in half the time."""
    if isinstance(parameters, Mapping):
        return {name: _ids_as_texts(value) for name, value in parameters.items()}
    return [_ids_as_texts(value) for value in parameters]


def _ids_as_texts(value: Any) -> Any:
    if isinstance(value, list) and value and isinstance(value[0], UUID):
        return [id_ and id_.hex for id_ in value]
    return value


def _constant(column: Sequence[Any]) -> bool:
    """Whether all values are equal; most columns show at their ends that they are not."""
    return bool(column[0] == column[-1] == column[len(column) // 2]) and column.count(column[0]) == len(column)


def _column_array(values: Sequence[Any]) -> tuple[Any, str]:
    """The values of a column as an array that DuckDB reads, and the expression for a value, given the column's name."""
    import numpy as np

    types = set(map(type, values)) - {type(None)}
    if types == {datetime}:
        return np.array(values, dtype="datetime64[us]"), "{}"
    if types == {float} and None not in values:
        return np.array(values), "{}"
    with contextlib.suppress(OverflowError, TypeError):
        if types == {int}:
            return np.array(values, dtype=np.int64), "{}"
    expression = "{}"
    if types == {UUID}:
        values = [value and f"{value.int:032x}" for value in values]
    elif types == {bytes}:
        values, expression = [value and value.hex() for value in values], "unhex({})"
    elif types == {list}:
        values, expression = [msgspec.json.encode(value).decode() for value in values], "{}::JSON::VARCHAR[]"
    return np.fromiter(values, dtype=object, count=len(values)), expression
