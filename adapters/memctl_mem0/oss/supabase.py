"""mem0's collections on Supabase: tables of the schema `vecs`, read and written in SQL, without the package vecs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar
from uuid import uuid4

from memctl.backends.contract import need
from memctl_mem0.oss.config import Library
from memctl_mem0.oss.errors import guarded
from memctl_mem0.oss.pgvector import _CONNECT_SECONDS, TableShelf
from memctl_mem0.oss.points import Row

_OPERATORS = {
    "cosine_distance": "vector_cosine_ops",
    "l2_distance": "vector_l2_ops",
    "l1_distance": "vector_l1_ops",
    "max_inner_product": "vector_ip_ops",
}


class SupabaseShelf(TableShelf):
    """A collection of vecs in a PostgreSQL with pgvector, at Supabase or elsewhere."""

    columns: ClassVar[dict[str, str]] = {"payload": "metadata", "vector": "vec", "key": "varchar"}

    def __init__(self, library: Library) -> None:
        super().__init__(library)
        self._options = library.store_options
        self._connection: Any = None

    @property
    def _name(self) -> str:
        return str(self._options.collection_name)

    @property
    def _conninfo(self) -> str | None:
        return str(self._options.connection_string)

    def _quoted(self, name: str) -> str:
        return f"vecs.{super()._quoted(name)}"

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = need("psycopg", "postgres").connect(self._conninfo, connect_timeout=_CONNECT_SECONDS)
            # Supabase's pooler gives each transaction another connection, which has no prepared statements.
            self._connection.prepare_threshold = None
        with self._connection.transaction(), self._connection.cursor() as cursor:
            yield cursor

    def create(self) -> None:
        """Create the table with the indexes that vecs 0.4 and mem0 create."""
        method = str(getattr(self._options.index_method, "value", "auto"))
        operators = _OPERATORS[str(getattr(self._options.index_measure, "value", "cosine_distance"))]
        dimensions = int(self._options.embedding_model_dims)
        made_by = {
            "ivfflat": f"CREATE INDEX ix_{operators}_ivfflat_nl30_{_mark()} ON {{table}} "
            f"USING ivfflat (vec {operators}) WITH (lists = 30)",
            "hnsw": f"CREATE INDEX ix_{operators}_hnsw_m16_efc64_{_mark()} ON {{table}} "
            f"USING hnsw (vec {operators}) WITH (m = 16, ef_construction = 64)",
        }
        statements = [
            "CREATE SCHEMA IF NOT EXISTS vecs",
            "CREATE EXTENSION IF NOT EXISTS vector",
            f"CREATE TABLE {{table}} (id varchar PRIMARY KEY, vec vector({dimensions}) NOT NULL, "
            "metadata jsonb NOT NULL DEFAULT '{}')",
            f"CREATE INDEX ix_meta_{_mark()} ON {{table}} USING gin (metadata jsonb_path_ops)",
            made_by["ivfflat" if method == "ivfflat" else "hnsw"],
        ]
        with guarded(self._place):
            try:
                self._run_all(statements)
            except need("psycopg.errors", "postgres").UniqueViolation:
                # Another process was creating the schema or the extension, which IF NOT EXISTS did not see yet.
                self._run_all(statements)

    def _run_all(self, statements: Sequence[str]) -> None:
        with self._cursor() as cursor:
            for statement in statements:
                cursor.execute(statement.replace("{table}", self._quoted(self._name)))

    def insert(self, rows: Sequence[Row], vectors: Sequence[Sequence[float]]) -> None:
        self._put("INSERT INTO {table} (metadata, vec, id) VALUES (%s, %s::vector, %s)", rows, vectors)

    def replace(self, rows: Sequence[Row], vectors: Sequence[Sequence[float]]) -> None:
        self._put("UPDATE {table} SET metadata = %s, vec = %s::vector WHERE id = %s", rows, vectors)

    def _put(self, statement: str, rows: Sequence[Row], vectors: Sequence[Sequence[float]]) -> None:
        if not self._exists():
            self.create()
        jsonb = need("psycopg.types.json", "postgres").Jsonb
        table = self._quoted(self._name).replace("%", "%%")
        with guarded(self._place), self._cursor() as cursor:
            cursor.executemany(
                statement.replace("{table}", table),
                [
                    (jsonb(dict(row.payload)), str(list(vector)), row.id)
                    for row, vector in zip(rows, vectors, strict=True)
                ],
            )

    def has(self, collection: str) -> bool:
        return self._run("SELECT to_regclass(%s)", self._quoted(collection))[0][0] is not None

    def words(self, query: str, owner: str | None, k: int) -> dict[str, float]:
        return {}

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _mark() -> str:
    """A random suffix that makes the name of an index unique."""
    return uuid4().hex[:7]
