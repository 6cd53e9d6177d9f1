"""A connection to PostgreSQL for the store's SQL: implements `memctl.store.connection.Connection`.

The statements have `?` or `$name` where PostgreSQL has `$1`. A text with NUL, which PostgreSQL cannot store, is encoded
with `mapping.stored_text`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from struct import pack
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.types import datetime
from psycopg.types.string import StrDumperUnknown, TextLoader

from memctl_postgres import citus
from memctl_postgres.mapping import loaded_text, stored_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]
    Halves = NDArray[np.uint64]
else:
    Matrix = Halves = Any

Parameters = Sequence[Any] | Mapping[str, Any]

_PLACEHOLDER = re.compile(r"'(?:[^']|'')*'|\?|\$(\w+)")
_USER = "_user"
"""The name of the parameter that is the only user of the transaction, so that a statement has the same text, and can be
prepared, whoever it is about."""
_FEW = 20
"""How many rows one INSERT adds at most."""
_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)


class _Text(StrDumperUnknown):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(stored_text(obj))


class _Loaded(TextLoader):
    def load(self, data: Buffer) -> str | bytes:
        text = super().load(data)
        return loaded_text(text) if isinstance(text, str) else text


def adapt(connection: psycopg.Connection[Any]) -> None:
    """Set up the connection so that texts are read exactly as they were written, and JSON is read as text."""
    connection.adapters.register_dumper(str, _Text)
    for type_ in ("text", "varchar", "json", "jsonb"):
        connection.adapters.register_loader(type_, _Loaded)


def any_values(cursor: psycopg.Cursor[Any]) -> psycopg.Cursor[Any]:
    """A cursor that reads as text what Python has no value for, such as the date `infinity` and years before Christ."""
    for type_, loader in _TIMES.items():
        cursor.adapters.register_loader(type_, loader)
    return cursor


def _lenient(loader: type[Loader]) -> type[Loader]:
    class Lenient(loader):  # type: ignore[valid-type, misc]  # the base is a parameter
        def load(self, data: Buffer) -> Any:
            text = bytes(data).decode()
            try:
                # psycopg reads an infinite interval as 0.
                return text if text.endswith("infinity") else super().load(data)
            except psycopg.DataError:
                return text

    return Lenient


_TIMES = {
    "date": _lenient(datetime.DateLoader),
    "time": _lenient(datetime.TimeLoader),
    "timetz": _lenient(datetime.TimetzLoader),
    "timestamp": _lenient(datetime.TimestampLoader),
    "timestamptz": _lenient(datetime.TimestamptzLoader),
    "interval": _lenient(datetime.IntervalLoader),
}


@lru_cache(maxsize=512)
def numbered(statement: str) -> tuple[bytes, tuple[str | None, ...]]:
    """A statement with PostgreSQL's placeholders, and the name of each parameter, None for the next one in order."""
    names: list[str | None] = []

    def placeholder(match: re.Match[str]) -> str:
        if match[0].startswith("'"):
            return match[0]
        name = match[1]
        if name is None or name not in names:
            names.append(name)
        return f"${len(names) if name is None else names.index(name) + 1}"

    return _PLACEHOLDER.sub(placeholder, statement).encode(), tuple(names)


class PostgresConnection:
    """A connection inside a transaction about `users`, or about everybody if that is None.

    With `secured`, row-level security applies to the account, so that PostgreSQL refuses COPY.
    """

    def __init__(
        self, raw: psycopg.Connection[Any], users: Sequence[str] | None = None, *, secured: bool = False
    ) -> None:
        self.raw = raw
        self._secured = secured
        self.appended: Counter[str] = Counter()
        """The number of rows that were added to each table with COPY."""
        self.users = users
        self._kept: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
        if users is None or len(users) == 1:
            self._mine = f"user_id = ${_USER}"
        else:
            self._mine = f"user_id IN ({', '.join(map(_quoted, users)) or 'NULL'})"

    def mine(self, table: str = "") -> str:
        """The condition that a row is of a user of this transaction."""
        if self.users is None:
            return "TRUE"
        return f"{table}.{self._mine}" if table else self._mine

    def in_list(self, type_: str) -> str:
        """The condition that a value is in a list; a join with the list would take the planner twice as long."""
        return f"= ANY(?::{type_}[])"

    def execute(self, statement: str, parameters: Parameters = (), /) -> psycopg.Cursor[Any]:
        """The result of a statement."""
        if " meta " in statement and not statement.startswith("SELECT"):
            self._kept.clear()
        return self._execute(statement, parameters)

    def _execute(self, statement: str, parameters: Parameters, *, prepare: bool | None = None) -> psycopg.Cursor[Any]:
        text, names = numbered(statement)
        named = parameters if isinstance(parameters, Mapping) else {}
        if self.users and _USER in names:
            named = {**named, _USER: self.users[0]}
        in_order = iter(() if isinstance(parameters, Mapping) else parameters)
        values = [next(in_order) if name is None else named[name] for name in names]
        return psycopg.RawCursor(self.raw).execute(text, values, prepare=prepare)

    def once(self, statement: str, parameters: Sequence[Any] = (), /) -> list[tuple[Any, ...]]:
        """The rows of a statement about `meta`, which no other process changes until the transaction ends."""
        asked = (statement, *parameters)
        if asked not in self._kept:
            self._kept[asked] = self.execute(statement, parameters).fetchall()
        return self._kept[asked]

    def remembered(self, name: str, make: Callable[[], object]) -> None:
        """None, because other processes may write between two transactions."""

    def stream(self, statement: str, size: int, /) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a result, at most `size` at a time, from a cursor on the server."""
        with psycopg.RawServerCursor(self.raw, "stream") as cursor:
            text, names = numbered(statement)
            cursor.execute(text, self.users if names else None)
            while batch := cursor.fetchmany(size):
                yield batch

    def change(self, statement: str, parameters: Parameters = (), /) -> int:
        """Execute an INSERT, UPDATE or DELETE; returns the number of rows."""
        return self.execute(statement, parameters).rowcount

    def append(self, table: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows: few with INSERT, which takes one round trip, and many with COPY."""
        if self._secured or len(rows) <= _FEW:
            self._insert(table, columns, rows)
            return
        with self.raw.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row(row)
        self.appended[table] += len(rows)

    def _insert(self, table: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
        for few in (rows[first : first + _FEW] for first in range(0, len(rows), _FEW)):
            row = f"({', '.join(['%s'] * len(few[0]))})"
            statement = f"INSERT INTO {table} ({columns}) VALUES {', '.join([row] * len(few))}"  # noqa: S608
            self.raw.execute(statement.encode(), [value for row in few for value in row])

    def append_vectors(
        self, table: str, units: Sequence[int], users: Sequence[str], vectors: Matrix | Sequence[Any]
    ) -> None:
        """Add one vector for each of these units, which belong to `users` and have none."""
        if self._secured or len(units) <= _FEW:
            rows = zip(units, users, map(self.vector, vectors), strict=True)
            self._insert(table, "unit, user_id, embedding", list(rows))
            return
        import numpy as np

        matrix = np.asarray(vectors, dtype=np.float32)
        dim = matrix.shape[1]
        # pgvector's binary form: the number of dimensions, an unused field, and the values, all in network order.
        head = pack(">ihh", 4 + 4 * dim, dim, 0)
        command = f"COPY {table} (unit, user_id, embedding) FROM STDIN (FORMAT binary)".encode()
        with self.raw.cursor() as cursor, cursor.copy(command) as copy:
            copy.write(_COPY_HEADER)
            for unit, owner, values in zip(units, users, matrix.astype(">f4"), strict=True):
                user = stored_text(owner).encode()
                copy.write(pack(">hiqi", 3, 8, unit, len(user)) + user + head + values.tobytes())
            copy.write(pack(">h", -1))
        self.appended[table] += len(units)

    def halves(self, statement: str, parameters: Parameters = (), /) -> Halves:
        """The only column of a result, of the function `half`."""
        import numpy as np

        rows = self.execute(statement, parameters).fetchall()
        return np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows)).view(np.uint64)

    def vectors(self, statement: str, parameters: Parameters = (), /) -> tuple[list[tuple[Any, ...]], Matrix]:
        """The rows of a result without their last column, and the vectors in that."""
        import numpy as np

        # The type of the vectors changes when another process changes the embedder, which a prepared statement refuses.
        rows = self._execute(statement, parameters, prepare=False).fetchall()
        vectors = [np.fromstring(row[-1][1:-1], dtype=np.float32, sep=",") for row in rows]
        return [row[:-1] for row in rows], np.stack(vectors) if vectors else np.empty((0, 0), dtype=np.float32)

    def vector(self, values: Sequence[float]) -> str:
        """A vector as a parameter."""
        return f"[{','.join(map(repr, map(float, values)))}]"

    def vector_type(self, dim: int) -> str:
        """The type of a column of vectors with `dim` dimensions."""
        return f"vector({dim})"

    def contains(self, array: str, value: str) -> str:
        """The condition that an array has a value."""
        return f"{value} = ANY({array})"

    def near(self, query: Sequence[float], always: str | None) -> tuple[str, dict[str, Any]]:
        """A SELECT of the record and the cosine of every vector."""
        return (
            "SELECT u.record AS key, similarity(v.embedding, $near::vector) AS cosine "
            "FROM vectors v JOIN units u ON u.key = v.unit AND u.user_id = v.user_id"
        ), {"near": self.vector(query)}

    def lock(self, names: Iterable[str]) -> None:
        """Lock these names until the transaction ends."""
        self.execute(
            "SELECT pg_advisory_xact_lock(hashtext(current_schema()), key) "
            "FROM (SELECT DISTINCT hashtext(unnest(?::TEXT[])) AS key ORDER BY 1) named",
            [list(names)],
        )

    def keys(self, **numbers: int) -> list[Sequence[int]]:
        """Reserve that many unused row keys of each table."""
        reserved = " UNION ALL ".join(
            f"SELECT {place}, nextval('{table}_keys') FROM generate_series(1, ?::BIGINT)"  # noqa: S608
            for place, table in enumerate(numbers)
        )
        keys: list[Sequence[int]] = [[] for _ in numbers]
        for place, key in self.execute(reserved, list(numbers.values())).fetchall():
            keys[place].append(key)
        return keys

    def skip_keys(self, table: str, last: int) -> None:
        """Reserve all row keys of a table up to `last`, so that new rows get higher ones."""
        if last:
            self.execute(f"SELECT setval('{table}_keys', greatest(?::BIGINT, nextval('{table}_keys')))", [last])

    def made(self, table: str) -> None:
        """Index a table of vectors that was just created, and distribute it if the others are.

        Short vectors are stored in the row itself. The view `facts` shows each account only what it may read in the
        view's tables.
        """
        if table == "facts":
            self.execute("ALTER VIEW facts SET (security_invoker = true)")
            return
        self.execute(f"ALTER TABLE {table} SET (toast_tuple_target = 8160)")
        self.execute(f'ALTER TABLE {table} ALTER user_id TYPE text COLLATE "C"')
        self.execute(f"CREATE INDEX ON {table} (unit)")
        self.execute(f"CREATE INDEX ON {table} (user_id)")
        if citus.is_distributed(self.raw):
            citus.distribute_table(self.raw, table)

    def filled(self, table: str) -> None:
        """Does nothing, because a table of vectors has no further columns."""

    def sort(self, table: str, columns: str) -> None:
        """Does nothing, because the indexes find a user's rows in any order."""

    def tables(self) -> list[str]:
        """The names of the store's tables."""
        rows = self.execute(
            "SELECT tablename::TEXT FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
        ).fetchall()
        return [row[0] for row in rows]


def _quoted(text: str) -> str:
    return "'" + stored_text(text).replace("'", "''") + "'"
