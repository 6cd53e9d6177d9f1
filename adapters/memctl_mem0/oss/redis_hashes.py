"""mem0's hashes in Redis, `mem0:COLLECTION:ID`, through redis-py, because opening mem0's class replaces the index.

All keys are read, because the index ignores the case of owners and splits them at commas.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from memctl_redis.client import Server, escaped

from memctl.backends.contract import need
from memctl.core.errors import MemctlError, NotFound, UsageError
from memctl_mem0.mapping import seconds, time_of
from memctl_mem0.oss.config import Library
from memctl_mem0.oss.points import Row
from memctl_mem0.oss.scanned import BATCH, ScannedShelf

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LISTED_SECONDS = 10.0
"""Seconds for which a list of all points is reused for further owners."""
_SCOPES = ("agent_id", "run_id", "user_id")
_APART = {*_SCOPES, "hash", "data", "created_at", "updated_at"}
"""The keys of a payload that have a separate field; all others are JSON under `metadata`."""
_FIELDS = ("memory_id", "memory", "hash", "created_at", "updated_at", "metadata", *_SCOPES)
_INDEXED = {
    "memory_id": "TAG", "hash": "TAG", "agent_id": "TAG", "run_id": "TAG", "user_id": "TAG",
    "memory": "TEXT", "metadata": "TEXT", "created_at": "NUMERIC", "updated_at": "NUMERIC",
}  # fmt: skip
_BYTES = "remnants of the deleted hashes remain in Redis's snapshots and append-only file until it rewrites them"


class RedisShelf(ScannedShelf):
    """The hashes of a collection, and its index."""

    seconds = True

    def __init__(self, library: Library) -> None:
        super().__init__()
        self._place = library.place
        options = library.store_options
        self._dimensions = int(options.embedding_model_dims)
        self._server = Server(str(options.redis_url))
        self._collection = str(options.collection_name)
        self._prefix = f"mem0:{self._collection}:"
        self._listed: tuple[float, list[Row]] | None = None

    def exists(self) -> bool:
        if self.has(self._collection):
            return True
        raise NotFound(
            f"there are neither an index {self._collection!r} nor keys {self._prefix}*",
            where=self._place,
            hint="check redis_url and collection_name in the mem0 configuration",
        )

    def _index_exists(self, name: str) -> bool:
        try:
            with self._server.client() as client:
                client.execute_command("FT.INFO", name)
        except MemctlError as error:
            words = error.message.lower()
            if any(part in words for part in ("unknown index", "no such index", "not found", "unknown command")):
                return False
            raise
        return True

    def create(self) -> None:
        """Create the index as mem0 does (mem0ai 2.2.1, mem0/vector_stores/redis.py)."""
        fields = [part for name, kind in _INDEXED.items() for part in (name, kind)]
        vector = ["embedding", "VECTOR", "FLAT", "6", "TYPE", "FLOAT32", "DIM", str(self._dimensions)]
        vector += ["DISTANCE_METRIC", "COSINE"]
        command = ["FT.CREATE", self._collection, "ON", "HASH", "PREFIX", "1", f"mem0:{self._collection}"]
        try:
            with self._server.client() as client:
                client.execute_command(*command, "SCORE", "1.0", "SCHEMA", *fields, *vector)
        except MemctlError as error:
            if "unknown command" in error.message.lower():
                raise UsageError(
                    "the Redis server has no search module, which mem0 needs", where=self._place, hint="use Redis 8+"
                ) from None
            raise

    def _keys(self, collection: str) -> Iterator[bytes]:
        with self._server.client() as client:
            yield from client.scan_iter(match=escaped(f"mem0:{collection}:") + b"*", count=1000, _type="hash")

    def _scan(self, owner: str | None) -> Iterator[Row]:
        if self._listed is None or time.monotonic() - self._listed[0] > _LISTED_SECONDS:
            start = len(self._prefix.encode())
            ids = sorted({key[start:].decode(errors="replace") for key in self._keys(self._collection)})
            if not ids:
                self.exists()
            batches = (ids[first : first + BATCH] for first in range(0, len(ids), BATCH))
            self._listed = time.monotonic(), [row for some in batches for row in self._load(some, False)]
        return iter(self._listed[1])

    def _load(self, ids: Sequence[str], vectors: bool) -> Iterator[Row]:
        names = [*_FIELDS, *(["embedding"] if vectors else [])]
        with self._server.client() as client:
            pipeline = client.pipeline(transaction=False)
            for id_ in ids:
                pipeline.hmget(self._prefix + id_, names)
            answers = pipeline.execute()
        for id_, values in zip(ids, answers, strict=True):
            fields = {name: value for name, value in zip(names, values, strict=True) if value is not None}
            # A collection whose name begins with this one's and a colon has longer ids under the same prefix.
            if fields.get("memory_id", b"").decode(errors="replace") == id_:
                yield Row(id_, _payload(fields), _vector(fields) if vectors else None)

    def insert(self, rows: Sequence[Row], vectors: Sequence[Sequence[float]]) -> None:
        self._listed = None
        with self._server.client() as client:
            pipeline = client.pipeline(transaction=True)
            for row, vector in zip(rows, vectors, strict=True):
                key = self._prefix + row.id
                pipeline.delete(key)
                pipeline.hset(key, mapping=_hash(row, vector))
            pipeline.execute()

    replace = insert

    def delete(self, ids: Sequence[str]) -> None:
        self._listed = None
        with self._server.client() as client:
            for first in range(0, len(ids), BATCH):
                client.delete(*[self._prefix + id_ for id_ in ids[first : first + BATCH]])

    def has(self, collection: str) -> bool:
        return self._index_exists(collection) or next(self._keys(collection), None) is not None

    def compact(self, collections: Sequence[str]) -> list[str]:
        return [_BYTES]

    def close(self) -> None:
        self._listed = None
        self._server.close()


def _hash(row: Row, vector: Sequence[float]) -> dict[str, Any]:
    """The fields of a hash as mem0 writes them."""
    numpy: Any = need("numpy", "redis")
    payload = row.payload
    other_fields = json.dumps({key: value for key, value in payload.items() if key not in _APART})
    fields = {
        "memory_id": row.id,
        "hash": payload.get("hash", ""),
        "memory": payload["data"],
        "created_at": _seconds(payload.get("created_at")),
        "embedding": numpy.asarray(vector, dtype=numpy.float32).tobytes(),
        # mem0 would take the text inside a Markdown fence for the whole JSON.
        "metadata": other_fields.replace("```", "\\u0060" * 3),
    }
    if payload.get("updated_at"):
        fields["updated_at"] = _seconds(payload["updated_at"])
    return fields | {name: payload[name] for name in _SCOPES if name in payload}


def _seconds(value: Any) -> int:
    """The time in seconds since 1970; mem0 writes 0 for an unknown one."""
    at = time_of(value)
    return 0 if at is None else seconds(at)


def _payload(fields: Mapping[str, bytes]) -> dict[str, Any]:
    """The payload in a hash, as mem0 returns it: an unknown time is the epoch, see `mapping`."""
    texts = {name: value.decode(errors="replace") for name, value in fields.items() if name != "embedding"}
    try:
        other_fields = json.loads(texts.get("metadata", "{}"))
    except ValueError:
        other_fields = None
    # Metadata that mem0 did not write, and that is not a JSON object, is kept unchanged.
    payload: dict[str, Any] = other_fields if isinstance(other_fields, dict) else {"metadata": texts["metadata"]}
    payload |= {name: texts[name] for name in ("hash", *_SCOPES) if name in texts}
    if "memory" in texts:
        payload["data"] = texts["memory"]
    for name in ("created_at", "updated_at"):
        with suppress(ValueError, OverflowError):
            payload[name] = (_EPOCH + timedelta(seconds=int(texts.get(name, "")))).isoformat()
    return payload


def _vector(fields: Mapping[str, bytes]) -> tuple[float, ...] | None:
    numpy: Any = need("numpy", "redis")
    raw = fields.get("embedding")
    return None if raw is None or len(raw) % 4 else tuple(numpy.frombuffer(raw, dtype=numpy.float32).tolist())
