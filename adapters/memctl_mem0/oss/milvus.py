"""mem0's collections in Milvus: a file of Milvus Lite, which one process at a time can open, or a server."""

import fcntl
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from memctl.backends.contract import need
from memctl.core.errors import Locked, NotFound
from memctl_mem0.oss.config import Library
from memctl_mem0.oss.errors import guarded
from memctl_mem0.oss.points import Row, scopes_of
from memctl_mem0.oss.scanned import BATCH, ScannedShelf

_LONGEST_TEXT = 65_535
"""The maximum bytes of the field for Milvus's word search, which memctl never reads."""
_FRESH = "Strong"
"""The consistency that includes every write that ended before."""
_LOGGERS = ("pymilvus", "milvus_lite", "grpc")
"""Loggers that report errors that are also raised."""
_SEGMENTS = "remnants of the deleted points remain in Milvus's files until it compacts them"


class MilvusShelf(ScannedShelf):
    """A collection, opened by mem0's own class at its first use."""

    def __init__(self, library: Library) -> None:
        super().__init__()
        for name in _LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        self._library = library
        self._place = library.place
        url = str(library.store_options.url)
        self._file = None if "://" in url else Path(url)
        self._opened: Any = None
        self._starts = False

    @property
    def _store(self) -> Any:
        """mem0's store. Raises NotFound if there is no file or collection."""
        if self._opened is None:
            self._start()
            self._opened = self._library.existing_store()
        return self._opened

    def _start(self) -> None:
        """Record whether this process already serves the file. Raises Locked if another process does, because Milvus
        Lite's own error does not name this cause."""
        if self._file is None:
            return
        servers = need("milvus_lite.server_manager", "mem0-milvus").server_manager_instance
        self._starts = str(self._file.absolute()) not in servers._servers
        path = self._file / "LOCK"
        if not self._starts or not path.is_file():
            return
        with path.open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Locked(
                    "another process has opened the Milvus file",
                    where=str(self._file),
                    hint="stop that process, or run a server",
                ) from None

    def exists(self) -> bool:
        return self._store is not None

    def create(self) -> None:
        if self._opened is None:
            self._start()
            self._opened = self._library.vector_store()

    def _scan(self, owner: str | None) -> Iterator[Row]:
        pairs = [] if owner is None or not owner.isprintable() else scopes_of(owner)
        condition = " or ".join(f'metadata["{key}"] == {json.dumps(value, ensure_ascii=False)}' for key, value in pairs)
        name = self._store.collection_name
        with guarded(self._place):
            rows = self._store.client.query_iterator(
                name,
                filter=condition,
                output_fields=["id", "metadata"],
                batch_size=BATCH,
                consistency_level=_FRESH,
            )
        try:
            while True:
                with guarded(self._place):
                    some = rows.next()
                if not some:
                    return
                yield from (Row(str(row["id"]), row["metadata"] or {}) for row in some)
        finally:
            rows.close()

    def _load(self, ids: Sequence[str], vectors: bool) -> Iterator[Row]:
        try:
            store = self._store
        except NotFound:
            return
        fields = ["id", "metadata", *(["vectors"] if vectors else [])]
        with guarded(self._place):
            rows = store.client.get(
                store.collection_name, ids=list(ids), output_fields=fields, consistency_level=_FRESH
            )
        for row in rows:
            vector = tuple(map(float, row["vectors"])) if vectors else None
            yield Row(str(row["id"]), row["metadata"] or {}, vector)

    def insert(self, rows: Sequence[Row], vectors: Sequence[Sequence[float]]) -> None:
        self.create()
        # An upsert replaces all fields of a point, and is one call for new and existing ones.
        with guarded(self._place):
            self._store.client.upsert(self._store.collection_name, data=list(map(self._record, rows, vectors)))

    replace = insert

    def _record(self, row: Row, vector: Sequence[float]) -> dict[str, Any]:
        record = {"id": row.id, "vectors": list(vector), "metadata": dict(row.payload)}
        if self._store._has_bm25_schema:
            text = str(row.payload.get("text_lemmatized") or row.payload.get("data", ""))
            record["text"] = text.encode()[:_LONGEST_TEXT].decode(errors="ignore")
        return record

    def delete(self, ids: Sequence[str]) -> None:
        with guarded(self._place):
            for first in range(0, len(ids), BATCH):
                self._store.client.delete(self._store.collection_name, ids=list(ids[first : first + BATCH]))

    def has(self, collection: str) -> bool:
        with guarded(self._place):
            return bool(self._store.client.has_collection(collection))

    def compact(self, collections: Sequence[str]) -> list[str]:
        return [_SEGMENTS]

    def words(self, query: str, owner: str | None, k: int) -> dict[str, float]:
        filters = {} if owner is None else {"user_id": owner}
        with guarded(self._place):
            points = self._store.keyword_search(query=query, top_k=k, filters=filters)
        return {str(point.id): abs(float(point.score or 0.0)) for point in points or ()}

    def close(self) -> None:
        if self._opened is not None:
            self._opened.client.close()
            self._opened = None
        if self._starts:
            # The server of Milvus Lite would keep the file from other processes until this one ends.
            need("milvus_lite.server_manager", "mem0-milvus").server_manager_instance.release_server(str(self._file))
            self._starts = False
