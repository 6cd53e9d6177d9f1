"""mem0's vector stores as collections of payloads: read completely, by id, and written in batches.

mem0's own `list` has no cursor and no total, and most of its stores truncate it silently. A store with a module of its
own is therefore read through its driver, and also written to; any other one is read at once, if the list can be shown
to be complete. `mapping` interprets the payloads.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from memctl.core.errors import Fatal, UsageError
from memctl_mem0.oss.chroma import ChromaShelf
from memctl_mem0.oss.config import Library
from memctl_mem0.oss.errors import guarded
from memctl_mem0.oss.milvus import MilvusShelf
from memctl_mem0.oss.pgvector import PgvectorShelf
from memctl_mem0.oss.points import Row, Shelf, is_memory, is_telemetry, name_of
from memctl_mem0.oss.qdrant import QdrantShelf
from memctl_mem0.oss.redis_hashes import RedisShelf
from memctl_mem0.oss.supabase import SupabaseShelf

WRITABLE: Mapping[str, Callable[[Library], Shelf]] = {
    "chroma": ChromaShelf,
    "milvus": MilvusShelf,
    "pgvector": PgvectorShelf,
    "qdrant": QdrantShelf,
    "redis": RedisShelf,
    "supabase": SupabaseShelf,
}
"""The stores that memctl writes to."""
WRITE_HINT = (
    "write to mem0 on Chroma, Milvus, pgvector, Qdrant, Redis or Supabase, or through its REST server (mem0-server)"
)


def open_shelf(library: Library) -> Shelf:
    """The collection in the configured vector store."""
    if library.provider in WRITABLE:
        return WRITABLE[library.provider](library)
    # An invalid configuration is reported before the limits of the store.
    _ = library.store_options
    _require_total(library.provider, library.place)
    return ListedShelf(library.existing_store(), library.provider, library.place)


_NEVER_WRITTEN = {"faiss": "after a removal, mem0 gives the place of one memory to another"}
"""Stores that mem0 itself cannot write reliably, and why."""
_TOTALS: dict[str, Any] = {
    "azure_mysql": lambda store: store.col_info()["count"],
    "elasticsearch": lambda store: store.client.count(index=store.collection_name)["count"],
    "faiss": lambda store: len(store.docstore),
    "mongodb": lambda store: store.collection.count_documents({}),
    "opensearch": lambda store: store.client.count(index=store.collection_name)["count"],
    "pinecone": lambda store: store.count(),
    "turbopuffer": lambda store: store.count(),
}
"""The number of points that a store reports through its own client (mem0ai 2.2.1, mem0/vector_stores)."""

_APPROXIMATE = {"turbopuffer": " by its approximate count"}
"""The words with which messages mark totals that are not exact."""

_EXACT = frozenset({"azure_mysql", "neptune", "oracledb", "s3_vectors"})
"""Stores whose list is a query with a limit, so that a shorter result is the complete list, and which report errors.
Other stores search for neighbours, stop at a limit of the service, or return an empty list after an error."""


def _require_total(provider: str, place: str) -> None:
    """Raise Fatal for a store whose list cannot be shown to be complete."""
    if provider not in _TOTALS and provider not in _EXACT:
        raise Fatal(
            f"mem0 cannot list all of {provider}: the store has neither pages nor a total",
            where=place,
            hint="use mem0's REST server, or the store's own export",
        )


_FIRST_LIMIT = 1000
_LAST_LIMIT = 10_000_000


class ListedShelf(Shelf):
    """A vector store with only mem0's own `list`: read once and cached. It is not written to."""

    writable = False

    def __init__(self, store: Any, provider: str, place: str) -> None:
        self._store = store
        self._provider = provider
        self._place = place
        self._held: list[Row] | None = None

    def exists(self) -> bool:
        return True

    def create(self) -> None:
        self._refuse()

    def owners(self) -> Iterator[str]:
        yield from dict.fromkeys(name for row in self._memories() if (name := name_of(row.payload)) is not None)

    def count(self, owner: str) -> int:
        return sum(name_of(row.payload) == owner for row in self._memories())

    def page(self, owner: str, after: str | None, size: int) -> tuple[list[Row], str | None]:
        rows = [row for row in self._memories() if name_of(row.payload) == owner and (after is None or row.id > after)]
        return rows[:size], rows[size - 1].id if len(rows) > size else None

    def astray(self) -> Iterator[Row]:
        return (row for row in self._all() if not is_memory(row.payload) and not is_telemetry(row.payload))

    def get(self, ids: Sequence[str]) -> dict[str, Row]:
        ids_wanted = set(ids)
        return {row.id: row for row in self._all() if row.id in ids_wanted}

    def insert(self, rows: Sequence[Row], vectors: Sequence[Sequence[float]]) -> None:
        self._refuse()

    def replace(self, rows: Sequence[Row], vectors: Sequence[Sequence[float]]) -> None:
        self._refuse()

    def delete(self, ids: Sequence[str]) -> None:
        self._refuse()

    def has(self, collection: str) -> bool:
        return False

    def ids(self) -> Iterator[str]:
        return (row.id for row in self._all())

    def compact(self, collections: Sequence[str]) -> list[str]:
        return []

    def _refuse(self) -> None:
        reason = f": {_NEVER_WRITTEN[self._provider]}" if self._provider in _NEVER_WRITTEN else ""
        raise UsageError(
            f"mem0 on {self._provider} is read-only for memctl{reason}",
            where=self._place,
            hint=WRITE_HINT,
        )

    def search(self, query: str, vector: Sequence[float], owner: str | None, k: int) -> list[tuple[Row, float]]:
        filters = {} if owner is None else {"user_id": owner}
        with guarded(self._place):
            points = self._store.search(query=query, vectors=list(vector), top_k=k, filters=filters)
        rows = [(Row(str(point.id), point.payload or {}), float(point.score or 0.0)) for point in points]
        return [(row, score) for row, score in rows if is_memory(row.payload)]

    def words(self, query: str, owner: str | None, k: int) -> dict[str, float]:
        return {}

    def close(self) -> None:
        self._held = None

    def _memories(self) -> Iterator[Row]:
        return (row for row in self._all() if is_memory(row.payload))

    def _all(self) -> list[Row]:
        if self._held is None:
            with guarded(self._place):
                self._held = self._listed()
        return self._held

    def _listed(self) -> list[Row]:
        """The whole collection by id. Raises Fatal if the list cannot be shown to be complete."""
        _require_total(self._provider, self._place)
        total = _TOTALS[self._provider](self._store) if self._provider in _TOTALS else None
        limit = _FIRST_LIMIT if total is None else total + 1
        rows = self._rows(limit)
        while total is None and len(rows) >= limit:
            if limit > _LAST_LIMIT:
                raise Fatal(f"mem0's list of memories in {self._provider} does not end", where=self._place)
            before, limit = len(rows), limit * 10
            rows = self._rows(limit)
            if len(rows) == before:
                raise self._short(before, f"more than {before}")
        if total is not None and len(rows) != total:
            raise self._short(len(rows), str(total))
        return rows

    def _rows(self, limit: int) -> list[Row]:
        points = self._store.list(filters=None, top_k=limit)
        while isinstance(points, list | tuple) and points and isinstance(points[0], list | tuple):
            points = points[0]
        rows = {str(point.id): Row(str(point.id), point.payload or {}) for point in points or ()}
        return [rows[point] for point in sorted(rows)]

    def _short(self, listed: int, total: str) -> Fatal:
        return Fatal(
            f"{self._provider} has {total} memories{_APPROXIMATE.get(self._provider, '')}, but lists {listed} of them",
            where=self._place,
            hint="mem0's list of this store is truncated: use the store's own export",
        )
