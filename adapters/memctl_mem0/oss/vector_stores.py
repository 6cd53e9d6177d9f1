"""mem0's vector stores as shelves of payloads: read to the end, looked into by id, written to in batches.

mem0's own `list` takes no cursor and gives no total, and most of its stores stop somewhere without a word, so that each
store is read as itself: PostgreSQL and Qdrant in pages, which are the ones written to as well (`paged_stores`), and
any other at once, when it can be proved that the list is whole. What a payload means, `oss_mapping` knows.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from memctl.core.errors import Fatal, MemctlError, UsageError
from memctl_mem0.oss.config import Library
from memctl_mem0.oss.errors import guarded
from memctl_mem0.oss.existing import explained
from memctl_mem0.oss.paged_stores import PgvectorShelf, QdrantShelf
from memctl_mem0.oss.points import Row, Shelf, is_memory, is_telemetry, name_of

WRITABLE = ("pgvector", "qdrant")
"""The stores that memctl writes to."""


def open_shelf(library: Library) -> Shelf:
    """The shelf of the configured vector store."""
    if library.provider == "pgvector":
        return PgvectorShelf(library)
    if library.provider == "qdrant":
        return QdrantShelf(library)
    # A wrong configuration is an error before what the store can do.
    _ = library.store_options
    _require_total(library.provider, library.place)
    return ListedShelf(library.existing_store(), library.provider, library.place)


_TOTALS: dict[str, Any] = {
    "azure_mysql": lambda store: store.col_info()["count"],
    "chroma": lambda store: store.collection.count(),
    "elasticsearch": lambda store: store.client.count(index=store.collection_name)["count"],
    "faiss": lambda store: len(store.docstore),
    "milvus": lambda store: store.client.query(store.collection_name, filter="", output_fields=["count(*)"])[0][
        "count(*)"
    ],
    "mongodb": lambda store: store.collection.count_documents({}),
    "opensearch": lambda store: store.client.count(index=store.collection_name)["count"],
    "pinecone": lambda store: store.count(),
    "redis": lambda store: int(store.index.info()["num_docs"]),
    "turbopuffer": lambda store: store.count(),
}
"""How many points a store says it holds, by the calls of its own client (mem0ai 2.2.1, mem0/vector_stores)."""

_EXACT = frozenset({"azure_mysql", "neptune", "oracledb", "s3_vectors"})
"""Stores whose list is a query with a limit, which ends before that only when nothing is left, and which let an error
through. The other ones search for neighbours, stop at a limit of the service's, or give an empty list for an error."""


def _require_total(provider: str, place: str) -> None:
    """Raise Fatal for a store whose list cannot be shown to be complete."""
    if provider not in _TOTALS and provider not in _EXACT:
        raise Fatal(
            f"mem0 cannot list all of {provider}: the store neither pages nor says how many it holds",
            where=place,
            hint="take the memories through mem0's REST server, or from the store's own export",
        )


_FIRST_LIMIT = 1000
_LAST_LIMIT = 10_000_000


class ListedShelf:
    """A vector store that has only mem0's own `list`: read once, whole, and held. It is not written to."""

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
        mine = [row for row in self._memories() if name_of(row.payload) == owner and (after is None or row.id > after)]
        return mine[:size], mine[size - 1].id if len(mine) > size else None

    def astray(self) -> Iterator[Row]:
        return (row for row in self._all() if not is_memory(row.payload) and not is_telemetry(row.payload))

    def get(self, ids: Sequence[str]) -> dict[str, Row]:
        wanted = set(ids)
        return {row.id: row for row in self._all() if row.id in wanted}

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
        raise UsageError(
            f"memctl reads mem0's memories from {self._provider} and does not write them there",
            where=self._place,
            hint="write to mem0 on pgvector or Qdrant, or through its REST server (mem0-server)",
        )

    def search(self, query: str, vector: Sequence[float], owner: str | None, k: int) -> list[tuple[Row, float]]:
        filters = {} if owner is None else {"user_id": owner}
        with guarded(self._place):
            found = self._store.search(query=query, vectors=list(vector), top_k=k, filters=filters)
        rows = [(Row(str(point.id), point.payload or {}), float(point.score or 0.0)) for point in found]
        return [(row, score) for row, score in rows if is_memory(row.payload)]

    def words(self, query: str, owner: str | None, k: int) -> dict[str, float]:
        return {}

    def close(self) -> None:
        self._held = None

    def _memories(self) -> Iterator[Row]:
        return (row for row in self._all() if is_memory(row.payload))

    def _all(self) -> list[Row]:
        if self._held is None:
            try:
                with guarded(self._place):
                    self._held = self._listed()
            except MemctlError as error:
                raise explained(error, self._provider, self._place) from None
        return self._held

    def _listed(self) -> list[Row]:
        """The whole collection in the order of ids. Raises Fatal when the list cannot be shown to be whole."""
        _require_total(self._provider, self._place)
        total = _TOTALS[self._provider](self._store) if self._provider in _TOTALS else None
        limit = _FIRST_LIMIT if total is None else total + 1
        rows = self._rows(limit)
        while total is None and len(rows) >= limit:
            if limit > _LAST_LIMIT:
                raise Fatal(f"mem0's list of {self._provider} has no end", where=self._place)
            before, limit = len(rows), limit * 10
            rows = self._rows(limit)
            if len(rows) == before:
                raise self._short(before, f"more than {before}")
        if total is not None and len(rows) != total:
            raise self._short(len(rows), str(total))
        return rows

    def _rows(self, limit: int) -> list[Row]:
        listed = self._store.list(filters=None, top_k=limit)
        while isinstance(listed, list | tuple) and listed and isinstance(listed[0], list | tuple):
            listed = listed[0]
        found = {str(point.id): Row(str(point.id), point.payload or {}) for point in listed or ()}
        return [found[point] for point in sorted(found)]

    def _short(self, given: int, held: str) -> Fatal:
        return Fatal(
            f"{self._provider} holds {held} memories and lists {given} of them",
            where=self._place,
            hint="mem0's list of this store is cut off: use the store's own export",
        )
