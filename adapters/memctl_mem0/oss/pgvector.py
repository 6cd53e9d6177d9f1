"""mem0's tables in PostgreSQL with pgvector: read in pages, and written to.

`TableShelf` is the base class of the two stores in PostgreSQL, which use different names for the same columns.
"""

import json
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from memctl.backends.contract import need
from memctl.core.errors import NotFound
from memctl_mem0.oss.config import Library
from memctl_mem0.oss.errors import guarded
from memctl_mem0.oss.points import Row, Shelf, is_telemetry

_CONNECT_SECONDS = 10

_BYTES = (
    "remnants of the deleted rows may remain in the free space of PostgreSQL's files, in its WAL and in backups; "
    "VACUUM FULL rewrites the table, and locks it while it runs"
)

# The same as mapping.owner_of, in SQL.
_OWNER = (
    "coalesce(nullif({payload}->>'user_id', ''), 'agent:' || nullif({payload}->>'agent_id', ''), "
    "'app:' || nullif({payload}->>'app_id', ''), 'run:' || nullif({payload}->>'run_id', ''))"
)
_MEMORY = "jsonb_typeof({payload}->'data') = 'string' AND {owner} IS NOT NULL"


class TableShelf(Shelf):
    """A table with an id, a payload and a vector in each row. Reading one that does not exist raises NotFound."""

    columns: ClassVar[dict[str, str]]
    """The names of the columns `payload` and `vector`, and `key`, the type of the ids."""

    def __init__(self, library: Library) -> None:
        self._place = library.place
        self._made: bool | None = None

    @property
    @abstractmethod
    def _name(self) -> str:
        """The table's name, without its schema."""

    @property
    @abstractmethod
    def _conninfo(self) -> str | None:
        """The connection string, if there is one."""

    @abstractmethod
    def _cursor(self) -> AbstractContextManager[Any]:
        """A cursor in a transaction that the end of the block commits."""

    def _quoted(self, name: str) -> str:
        """A table's name in SQL."""
        return '"' + name.replace('"', '""') + '"'

    def exists(self) -> bool:
        return self._exists()

    def owners(self) -> Iterator[str]:
        return (row[0] for row in self._select("SELECT DISTINCT {owner} FROM {table} WHERE {memory} ORDER BY 1"))

    def count(self, owner: str) -> int:
        rows = self._select("SELECT count(*) FROM {table} WHERE {memory} AND {owner} = %s", _held(owner))
        return int(rows[0][0]) if rows else 0

    def page(self, owner: str, after: str | None, size: int) -> tuple[list[Row], str | None]:
        rows = self._rows(
            "{memory} AND {owner} = %s AND (%s::{key} IS NULL OR id > %s::{key}) ORDER BY id LIMIT %s",
            _held(owner),
            after,
            after,
            size + 1,
        )
        return rows[:size], rows[size - 1].id if len(rows) > size else None

    def astray(self) -> Iterator[Row]:
        rows = self._rows("({memory}) IS NOT TRUE ORDER BY id")
        return (row for row in rows if not is_telemetry(row.payload))

    def get(self, ids: Sequence[str]) -> dict[str, Row]:
        return {row.id: row for row in self._rows("id = ANY(%s::{key}[])", list(ids))} if self._exists() else {}

    def delete(self, ids: Sequence[str]) -> None:
        self._select("DELETE FROM {table} WHERE id = ANY(%s::{key}[]) RETURNING id", list(ids))

    def ids(self) -> Iterator[str]:
        return (str(row[0]) for row in self._select("SELECT id FROM {table}"))

    def compact(self, collections: Sequence[str]) -> list[str]:
        if self._conninfo is None:
            return [_BYTES]
        psycopg = need("psycopg", "postgres")
        with guarded(self._place), psycopg.connect(self._conninfo, autocommit=True) as connection:
            for quoted in map(self._quoted, collections):
                if connection.execute("SELECT to_regclass(%s)", [quoted]).fetchone()[0] is not None:
                    connection.execute(f"VACUUM {quoted}")
        return [_BYTES]

    def search(self, query: str, vector: Sequence[float], owner: str | None, k: int) -> list[tuple[Row, float]]:
        # All memories of an owner are compared: a generic plan would use the index first and filter by owner
        # afterwards, and miss an owner who has no memory among the nearest ones of all owners.
        rows = self._select(
            "WITH mine AS MATERIALIZED (SELECT id, {payload} AS payload, {vector} AS vector FROM {table} "
            "WHERE {memory} AND (%s::text IS NULL OR {owner} = %s)) "
            "SELECT id, payload, 1 - (vector <=> %s::vector) AS nearness FROM mine ORDER BY nearness DESC, id LIMIT %s",
            _held(owner),
            _held(owner),
            str(list(vector)),
            k,
        )
        return [(Row(str(row[0]), row[1]), float(row[2])) for row in rows]

    def _rows(self, condition: str, *values: Any) -> list[Row]:
        vector = "{vector}::text" if self.with_vectors else "NULL"
        rows = self._select(f"SELECT id, {{payload}}, {vector} FROM {{table}} WHERE {condition}", *values)  # noqa: S608
        return [Row(str(row[0]), row[1] or {}, None if row[2] is None else tuple(json.loads(row[2]))) for row in rows]

    def _select(self, statement: str, *values: Any) -> list[Any]:
        """The rows of a statement with `{table}`, `{owner}`, `{memory}` and the columns filled in. Raises NotFound if
        there is no table."""
        if not self._exists():
            raise NotFound(
                f"there is no table {self._name!r}",
                where=self._place,
                hint="check collection_name and dbname in the mem0 configuration",
            )
        return self._run(statement, *values)

    def _exists(self) -> bool:
        if not self._made:
            self._made = self._run("SELECT to_regclass(%s)", self._quoted(self._name))[0][0] is not None
        return self._made

    def _run(self, statement: str, *values: Any) -> list[Any]:
        names = {"memory": _MEMORY, "owner": _OWNER, "table": self._quoted(self._name).replace("%", "%%")}
        for name, value in {**names, **self.columns}.items():
            statement = statement.replace(f"{{{name}}}", value)
        with guarded(self._place), self._cursor() as cursor:
            # Makes it an error if a policy hides rows; otherwise a part of the table would look like all of it.
            cursor.execute("SET LOCAL row_security = off")
            cursor.execute(statement, values)
            return list(cursor.fetchall()) if cursor.description else []


class PgvectorShelf(TableShelf):
    """A table of mem0's own store for PostgreSQL, used with its connection pool and its row format."""

    columns: ClassVar[dict[str, str]] = {"payload": "payload", "vector": "vector", "key": "uuid"}

    def __init__(self, library: Library) -> None:
        super().__init__(library)
        with guarded(self._place):
            self._store = library.vector_store()
            try:
                self._reach()
            except BaseException:
                self.close()
                raise

    def _reach(self) -> None:
        # The pool retries for half a minute and then fails without the reason.
        if self._conninfo is not None:
            need("psycopg", "postgres").connect(self._conninfo, connect_timeout=_CONNECT_SECONDS).close()

    @property
    def _name(self) -> str:
        return str(self._store.collection_name)

    @property
    def _conninfo(self) -> str | None:
        conninfo = getattr(self._store.connection_pool, "conninfo", None)
        return conninfo if isinstance(conninfo, str) else None

    def _cursor(self) -> AbstractContextManager[Any]:
        cursor: AbstractContextManager[Any] = self._store._get_cursor(commit=True)
        return cursor

    def create(self) -> None:
        with guarded(self._place):
            self._store._ensure_collection()

    def insert(self, rows: Sequence[Row], vectors: Sequence[Sequence[float]]) -> None:
        with guarded(self._place):
            self._store.insert(
                vectors=list(map(list, vectors)), payloads=[row.payload for row in rows], ids=[row.id for row in rows]
            )
            self._made = True

    def replace(self, rows: Sequence[Row], vectors: Sequence[Sequence[float]]) -> None:
        with guarded(self._place):
            for row, vector in zip(rows, vectors, strict=True):
                self._store.update(vector_id=row.id, vector=list(vector), payload=row.payload)

    def has(self, collection: str) -> bool:
        return True

    def words(self, query: str, owner: str | None, k: int) -> dict[str, float]:
        if not self._exists():
            return {}
        filters = {} if owner is None else {"user_id": _held(owner)}
        with guarded(self._place):
            points = self._store.keyword_search(query=query.replace("\0", " "), top_k=k, filters=filters)
        return {str(point.id): float(point.score or 0.0) for point in points or ()}

    def close(self) -> None:
        self._store.connection_pool.close()


def _held(owner: Any) -> Any:
    """An owner as a parameter for PostgreSQL, whose text cannot contain NUL."""
    return owner.replace("\0", "\ufffd") if isinstance(owner, str) else owner
