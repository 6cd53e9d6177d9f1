"""mem0's collections in Qdrant, a folder or a server: read in pages, and written to.

Uses the store as opened by mem0, with mem0's configuration and row format. The driver is called only for operations
that mem0's class lacks: pages, counts, and rows by id.
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
from memctl_mem0.oss.points import Row, Shelf, is_memory, is_telemetry, name_of
from memctl_mem0.oss.sqlite_files import rewrite

_UNSENT = 256
"""The number of points in one request."""
_SCAN = 1000
_SEGMENTS = "remnants of the deleted points remain in the Qdrant server's segments until its optimizer rewrites them"


class QdrantShelf(Shelf):
    """A collection of mem0 in Qdrant: a folder, which one process at a time can open, or a server."""

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
                self._name,
                scroll_filter=self._filter(owner),
                limit=size,
                offset=after,
                with_payload=True,
                with_vectors=self._vectors(),
            )
        return list(map(self._row, points)), None if following is None else str(following)

    def astray(self) -> Iterator[Row]:
        return (row for row in self._scan(None) if not is_memory(row.payload) and not is_telemetry(row.payload))

    def get(self, ids: Sequence[str]) -> dict[str, Row]:
        try:
            client = self._read()
        except NotFound:
            return {}
        with guarded(self._place):
            points = client.retrieve(self._name, ids=list(ids), with_payload=True, with_vectors=self._vectors())
        return {str(point.id): self._row(point) for point in points}

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

    def _vectors(self) -> bool | list[str]:
        """The vectors to read: mem0 gives a point an unnamed one, and a sparse one for word search."""
        return [""] if self.with_vectors else False

    def _row(self, point: Any) -> Row:
        vector = point.vector.get("") if isinstance(point.vector, dict) else point.vector
        return Row(str(point.id), point.payload or {}, None if vector is None else tuple(map(float, vector)))

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
                "another process has opened the Qdrant folder",
                where=str(path.parent),
                hint="stop that process, or run a server",
            ) from None
        portalocker.unlock(file)


def _is(models: Any, key: str, value: str | int) -> Any:
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))
