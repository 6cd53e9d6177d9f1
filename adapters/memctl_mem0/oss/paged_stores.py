"""The two vector stores that memctl reads in pages and writes to: PostgreSQL with pgvector, and Qdrant.

Both use the store that mem0 opened, with its configuration, its connections and its form of a row. The driver is used
only for what mem0's class cannot do: a page, a count, rows by id.
"""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from memctl.backends.contract import need
from memctl.core.errors import Locked, NotFound
from memctl_mem0.mapping import SCOPES
from memctl_mem0.oss.config import Library
from memctl_mem0.oss.errors import guarded
from memctl_mem0.oss.points import Row, is_memory, is_telemetry, name_of
from memctl_mem0.oss.sqlite_files import rewrite

_UNSENT = 256
"""The number of points in one request to Qdrant."""
_SCAN = 1000
_CONNECT_SECONDS = 10

_BYTES = (
    "remnants of the deleted rows may remain in the free space of PostgreSQL's files, in its WAL and in backups; "
    "VACUUM FULL rewrites the table, and locks it while it runs"
)
_SEGMENTS = "remnants of the deleted points remain in the Qdrant server's segments until its optimizer rewrites them"

# mapping.owner_of in SQL.
_OWNER = (
    "coalesce(nullif(payload->>'user_id', ''), 'agent:' || nullif(payload->>'agent_id', ''), "
    "'app:' || nullif(payload->>'app_id', ''), 'run:' || nullif(payload->>'run_id', ''))"
)
_MEMORY = "jsonb_typeof(payload->'data') = 'string' AND {owner} IS NOT NULL"


class PgvectorShelf:
    """A table of mem0 in PostgreSQL. Reading a table that does not exist raises NotFound."""

    writable = True

    def __init__(self, library: Library) -> None:
        self._place = library.place
        with guarded(self._place):
            self._store = library.vector_store()
            try:
                self._reach()
            except BaseException:
                self.close()
                raise
        self._made: bool | None = None

    def _reach(self) -> None:
        # The pool retries for half a minute and then fails without the reason.
        conninfo = getattr(self._store.connection_pool, "conninfo", None)
        if isinstance(conninfo, str):
            need("psycopg", "postgres").connect(conninfo, connect_timeout=_CONNECT_SECONDS).close()

    def exists(self) -> bool:
        return self._exists()

    def create(self) -> None:
        with guarded(self._place):
            self._store._ensure_collection()

    def owners(self) -> Iterator[str]:
        return (row[0] for row in self._select("SELECT DISTINCT {owner} FROM {table} WHERE {memory} ORDER BY 1"))

    def count(self, owner: str) -> int:
        rows = self._select("SELECT count(*) FROM {table} WHERE {memory} AND {owner} = %s", _held(owner))
        return int(rows[0][0]) if rows else 0

    def page(self, owner: str, after: str | None, size: int) -> tuple[list[Row], str | None]:
        rows = self._rows(
            "SELECT id, payload FROM {table} WHERE {memory} AND {owner} = %s AND (%s::uuid IS NULL OR id > %s::uuid) "
            "ORDER BY id LIMIT %s",
            _held(owner),
            after,
            after,
            size + 1,
        )
        return rows[:size], rows[size - 1].id if len(rows) > size else None

    def astray(self) -> Iterator[Row]:
        rows = self._rows("SELECT id, payload FROM {table} WHERE ({memory}) IS NOT TRUE ORDER BY id")
        return (row for row in rows if not is_telemetry(row.payload))

    def get(self, ids: Sequence[str]) -> dict[str, Row]:
        if not self._exists():
            return {}
        return {
            row.id: row for row in self._rows("SELECT id, payload FROM {table} WHERE id = ANY(%s::uuid[])", list(ids))
        }

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

    def delete(self, ids: Sequence[str]) -> None:
        self._select("DELETE FROM {table} WHERE id = ANY(%s::uuid[]) RETURNING id", list(ids))

    def has(self, collection: str) -> bool:
        return True

    def ids(self) -> Iterator[str]:
        return (str(row[0]) for row in self._select("SELECT id FROM {table}"))

    def compact(self, collections: Sequence[str]) -> list[str]:
        conninfo = getattr(self._store.connection_pool, "conninfo", None)
        if not isinstance(conninfo, str):
            return [_BYTES]
        psycopg = need("psycopg", "postgres")
        with guarded(self._place), psycopg.connect(conninfo, autocommit=True) as connection:
            for name in collections:
                quoted = '"' + name.replace('"', '""') + '"'
                if connection.execute("SELECT to_regclass(%s)", [quoted]).fetchone()[0] is not None:
                    connection.execute(f"VACUUM {quoted}")
        return [_BYTES]

    def search(self, query: str, vector: Sequence[float], owner: str | None, k: int) -> list[tuple[Row, float]]:
        # All memories of an owner are compared: a generic plan would use the index first and filter by owner
        # afterwards, and miss an owner who has no memory among the nearest ones of all owners.
        rows = self._select(
            "WITH mine AS MATERIALIZED (SELECT id, payload, vector FROM {table} WHERE {memory} "
            "AND (%s::text IS NULL OR {owner} = %s)) "
            "SELECT id, payload, 1 - (vector <=> %s::vector) AS nearness FROM mine ORDER BY nearness DESC, id LIMIT %s",
            _held(owner),
            _held(owner),
            str(list(vector)),
            k,
        )
        return [(Row(str(row[0]), row[1]), float(row[2])) for row in rows]

    def words(self, query: str, owner: str | None, k: int) -> dict[str, float]:
        if not self._exists():
            return {}
        filters = {} if owner is None else {"user_id": _held(owner)}
        with guarded(self._place):
            points = self._store.keyword_search(query=query.replace("\0", " "), top_k=k, filters=filters)
        return {str(point.id): float(point.score or 0.0) for point in points or ()}

    def close(self) -> None:
        self._store.connection_pool.close()

    def _rows(self, statement: str, *values: Any) -> list[Row]:
        return [Row(str(row[0]), row[1] or {}) for row in self._select(statement, *values)]

    def _select(self, statement: str, *values: Any) -> list[Any]:
        """The rows of a statement with `{table}`, `{owner}` and `{memory}` filled in. Raises NotFound if there is no
        table."""
        if not self._exists():
            raise NotFound(
                f"there is no table {self._store.collection_name!r}",
                where=self._place,
                hint="check collection_name and dbname in the mem0 configuration",
            )
        return self._run(statement, *values)

    def _exists(self) -> bool:
        if not self._made:
            self._made = self._run("SELECT to_regclass(%s)", f'"{self._quoted()}"')[0][0] is not None
        return self._made

    def _quoted(self) -> str:
        return str(self._store.collection_name).replace('"', '""')

    def _run(self, statement: str, *values: Any) -> list[Any]:
        names = (("{memory}", _MEMORY), ("{owner}", _OWNER), ("{table}", f'"{self._quoted()}"'.replace("%", "%%")))
        for name, value in names:
            statement = statement.replace(name, value)
        with guarded(self._place), self._store._get_cursor(commit=True) as cursor:
            # A policy that hides rows is then an error: a part of the table would look like all of it.
            cursor.execute("SET LOCAL row_security = off")
            cursor.execute(statement, values)
            return list(cursor.fetchall())


def _held(owner: Any) -> Any:
    """An owner as a parameter for PostgreSQL, whose text cannot contain NUL."""
    return owner.replace("\0", "\ufffd") if isinstance(owner, str) else owner


class QdrantShelf:
    """A collection of mem0 in Qdrant: a folder, which one process at a time can open, or a server."""

    writable = True

    def __init__(self, library: Library) -> None:
        self._place = library.place
        self._library = library
        self._opened: Any = None

    @property
    def _store(self) -> Any:
        if self._opened is None:
            with guarded(self._place):
                folder = self._folder()
                self._opened = self._library.vector_store(_folder_client(folder) if folder else None)
        return self._opened

    def _read(self) -> Any:
        """The client of a store that exists. Raises NotFound if there is no such folder or collection."""
        if self._opened is None:
            folder = self._folder()
            if folder and not Path(folder).exists():
                raise NotFound(
                    "there is no Qdrant store yet", where=self._place, hint="check path in the mem0 configuration"
                )
            with guarded(self._place):
                client = _folder_client(folder) if folder else None
                try:
                    self._opened = self._library.existing_store(client)
                except BaseException:
                    if client is not None:
                        client.close()
                    raise
        return self._opened.client

    def _folder(self) -> str | None:
        """The folder of an embedded Qdrant; None for a server."""
        options = self._library.store_options
        remote = options.client or options.url or options.api_key or (options.host and options.port)
        return None if remote or options.https is not None else str(options.path)

    def exists(self) -> bool:
        return self._read() is not None

    def create(self) -> None:
        # mem0's class creates it when it is opened.
        _ = self._store

    def owners(self) -> Iterator[str]:
        names = dict.fromkeys(name_of(row.payload) for row in self._scan(None) if is_memory(row.payload))
        return (name for name in names if name is not None)

    def count(self, owner: str) -> int:
        with guarded(self._place):
            return int(self._read().count(self._name, count_filter=self._filter(owner), exact=True).count)

    def page(self, owner: str, after: str | None, size: int) -> tuple[list[Row], str | None]:
        with guarded(self._place):
            points, following = self._read().scroll(
                self._name, scroll_filter=self._filter(owner), limit=size, offset=after, with_payload=True
            )
        return [Row(str(point.id), point.payload or {}) for point in points], None if following is None else str(
            following
        )

    def astray(self) -> Iterator[Row]:
        return (row for row in self._scan(None) if not is_memory(row.payload) and not is_telemetry(row.payload))

    def get(self, ids: Sequence[str]) -> dict[str, Row]:
        try:
            client = self._read()
        except NotFound:
            return {}
        with guarded(self._place):
            points = client.retrieve(self._name, ids=list(ids), with_payload=True)
        return {str(point.id): Row(str(point.id), point.payload or {}) for point in points}

    def insert(self, rows: Sequence[Row], vectors: Sequence[Sequence[float]]) -> None:
        with guarded(self._place):
            for first in range(0, len(rows), _UNSENT):
                some = rows[first : first + _UNSENT]
                self._store.insert(
                    vectors=list(map(list, vectors[first : first + _UNSENT])),
                    payloads=[dict(row.payload) for row in some],
                    ids=[row.id for row in some],
                )

    # An upsert replaces the vector and the payload of a point.
    replace = insert

    def delete(self, ids: Sequence[str]) -> None:
        models = need("qdrant_client.models", "mem0")
        with guarded(self._place):
            self._read().delete(self._name, points_selector=models.PointIdsList(points=list(ids)))

    def has(self, collection: str) -> bool:
        with guarded(self._place):
            return bool(self._read().collection_exists(collection))

    def ids(self) -> Iterator[str]:
        return (row.id for row in self._scan(None))

    def compact(self, collections: Sequence[str]) -> list[str]:
        folder = self._folder()
        if folder is None:
            return [_SEGMENTS]
        self._read()
        self.close()
        for name in collections:
            for path in sorted((Path(folder) / "collection" / name).glob("*.sqlite")):
                rewrite(path)
        return []

    def search(self, query: str, vector: Sequence[float], owner: str | None, k: int) -> list[tuple[Row, float]]:
        with guarded(self._place):
            answer = self._read().query_points(
                self._name, query=list(vector), query_filter=self._filter(owner), limit=k, with_payload=True
            )
        return [(Row(str(point.id), point.payload or {}), float(point.score)) for point in answer.points]

    def words(self, query: str, owner: str | None, k: int) -> dict[str, float]:
        filters = {} if owner is None else {"user_id": owner}
        with guarded(self._place):
            points = self._store.keyword_search(query=query, top_k=k, filters=filters)
        return {str(point.id): float(point.score or 0.0) for point in points or ()}

    def close(self) -> None:
        if self._opened is not None:
            self._opened.client.close()
            self._opened = None

    @property
    def _name(self) -> str:
        return str(self._store.collection_name)

    def _scan(self, owner: str | None) -> Iterator[Row]:
        after: Any = None
        while True:
            with guarded(self._place):
                points, after = self._read().scroll(
                    self._name, scroll_filter=self._filter(owner), limit=_SCAN, offset=after, with_payload=True
                )
            yield from (Row(str(point.id), point.payload or {}) for point in points)
            if after is None:
                return

    def _filter(self, owner: str | None) -> Any:
        """A filter for points of the owner: a user, or an agent, app or run without a user."""
        models = need("qdrant_client.models", "mem0")
        if owner is None:
            return None
        conditions = [_is(models, "user_id", owner)]
        for kind, key in SCOPES.items():
            if kind != "user" and owner.startswith(f"{kind}:"):
                before = [SCOPES[other] for other in list(SCOPES)[: list(SCOPES).index(kind)]]
                empty = [models.IsEmptyCondition(is_empty=models.PayloadField(key=other)) for other in before]
                conditions.append(models.Filter(must=[_is(models, key, owner.partition(":")[2]), *empty]))
        if owner.isdecimal():
            conditions.append(_is(models, "user_id", int(owner)))
        without_text = models.IsEmptyCondition(is_empty=models.PayloadField(key="data"))
        return models.Filter(should=conditions, must_not=[without_text])


def _folder_client(folder: str) -> Any:
    """A client of a folder that can be used by any thread, one at a time."""
    for message in ("Local mode is not recommended", "Payload indexes have no effect"):
        warnings.filterwarnings("ignore", message=message)
    _look_at_the_lock(Path(folder) / ".lock")
    return need("qdrant_client", "mem0").QdrantClient(path=folder, force_disable_check_same_thread=True)


def _look_at_the_lock(path: Path) -> None:
    """Raise Locked if another process has the folder open. Qdrant's client does this too, but leaves the file open."""
    if not path.exists():
        return
    portalocker = need("portalocker", "mem0")
    with path.open("r+") as file:
        try:
            portalocker.lock(file, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
        except portalocker.exceptions.LockException:
            raise Locked(
                "another process has the Qdrant folder open", where=str(path.parent), hint="stop it, or run a server"
            ) from None
        portalocker.unlock(file)


def _is(models: Any, key: str, value: str | int) -> Any:
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))
