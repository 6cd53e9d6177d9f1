"""mem0's collections in Chroma: a folder, a server or Chroma Cloud.

A payload is Chroma's metadata: texts, numbers and booleans. Chroma's `update` keeps keys that it does not receive, and
`add` ignores existing ids.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from memctl.core.errors import NotFound
from memctl_mem0.oss.config import Library
from memctl_mem0.oss.errors import guarded
from memctl_mem0.oss.points import Row, scopes_of
from memctl_mem0.oss.scanned import BATCH, ScannedShelf
from memctl_mem0.oss.sqlite_files import opened, rewrite

_FILE = "chroma.sqlite3"
_VECTORS = "vectors of the deleted points may remain in Chroma's index files until it rewrites them"
_REMOTE = "remnants of the deleted points may remain in the files of the Chroma server"


class ChromaShelf(ScannedShelf):
    """A collection, opened by mem0's own class at its first use."""

    scalars = True

    def __init__(self, library: Library) -> None:
        super().__init__()
        self._library = library
        self._place = library.place
        self._options = library.store_options
        self._opened: Any = None

    @property
    def _collection(self) -> Any:
        """The collection. Raises NotFound if there is none."""
        if self._opened is None:
            self._look_at_the_lock()
            self._opened = self._library.existing_store()
        return self._opened.collection

    def exists(self) -> bool:
        return self._collection is not None

    def create(self) -> None:
        if self._opened is None:
            self._look_at_the_lock()
            self._opened = self._library.vector_store()

    @property
    def _folder(self) -> Path | None:
        """The folder of an embedded Chroma; None for a server."""
        path = None if self._options.host or self._options.api_key else self._options.path
        return None if path is None else Path(path)

    def _look_at_the_lock(self) -> None:
        """Raise Locked if another process is writing to the folder, because Chroma would wait for it forever."""
        path = None if self._folder is None else self._folder / _FILE
        if path is not None and path.is_file():
            with opened(path, seconds=1.0) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.rollback()

    def _scan(self, owner: str | None) -> Iterator[Row]:
        conditions = [{key: {"$eq": value}} for key, value in scopes_of(owner)] if owner is not None else []
        where = {"$or": conditions} if len(conditions) > 1 else next(iter(conditions), None)
        first = 0
        while True:
            with guarded(self._place):
                rows = self._collection.get(where=where, limit=BATCH, offset=first, include=["metadatas"])
            yield from map(Row, rows["ids"], (payload or {} for payload in rows["metadatas"]))
            first += BATCH
            if len(rows["ids"]) < BATCH:
                return

    def _load(self, ids: Sequence[str], vectors: bool) -> Iterator[Row]:
        try:
            collection = self._collection
        except NotFound:
            return
        with guarded(self._place):
            rows = collection.get(ids=list(ids), include=["metadatas", *(["embeddings"] if vectors else [])])
        for number, (id_, payload) in enumerate(zip(rows["ids"], rows["metadatas"], strict=True)):
            vector = tuple(map(float, rows["embeddings"][number])) if vectors else None
            yield Row(id_, payload or {}, vector)

    def insert(self, rows: Sequence[Row], vectors: Sequence[Sequence[float]]) -> None:
        self.create()
        with guarded(self._place):
            self._collection.add(
                ids=[row.id for row in rows],
                embeddings=list(map(list, vectors)),
                metadatas=[dict(row.payload) for row in rows],
            )

    def replace(self, rows: Sequence[Row], vectors: Sequence[Sequence[float]]) -> None:
        stored = self.get([row.id for row in rows])
        payloads = []
        for row in rows:
            before = stored[row.id].payload if row.id in stored else {}
            payloads.append({**dict.fromkeys(before), **row.payload})
        with guarded(self._place):
            self._collection.update(
                ids=[row.id for row in rows], embeddings=list(map(list, vectors)), metadatas=payloads
            )

    def delete(self, ids: Sequence[str]) -> None:
        with guarded(self._place):
            for first in range(0, len(ids), BATCH):
                self._collection.delete(ids=list(ids[first : first + BATCH]))

    def has(self, collection: str) -> bool:
        _ = self._collection
        with guarded(self._place):
            return any(one.name == collection for one in self._opened.client.list_collections())

    def compact(self, collections: Sequence[str]) -> list[str]:
        folder = self._folder
        if folder is None:
            return [_REMOTE]
        _ = self._collection
        self.close()
        rewrite(folder / _FILE)
        return [_VECTORS]

    def close(self) -> None:
        if self._opened is not None:
            self._opened.client.close()
            self._opened = None
