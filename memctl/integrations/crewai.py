"""A storage of CrewAI's memory over any backend: what crews remember is kept as the facts of a user.

storage = MemctlStorage(memctl.open("local"), "alice")
crew = Crew(agents=agents, tasks=tasks, memory=Memory(storage=storage))
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from crewai.memory.storage.backend import EmbeddingDimensionMismatchError
from crewai.memory.types import MemoryRecord, ScopeInfo

from memctl.core.errors import NotFound, Rejected
from memctl.core.fact import Fact, Source, derive_id
from memctl.core.timeline import is_current
from memctl.memory import Memory

SYSTEM = "crewai"
OWN = ("id", "scope", "importance", "last_accessed", "source", "private")
"""The fields of a record that a fact does not have."""


class MemctlStorage:
    """A `StorageBackend` with the current records of one user that CrewAI wrote, and no other facts.

    A scope contains the scopes below it: "/a" contains "/a/b" but not "/ab". Conditions of a call apply together. Times
    are UTC, without a time zone, as CrewAI compares them. Only one thread at a time uses the backend.
    """

    def __init__(self, memory: Memory, user_id: str) -> None:
        self._backend = memory.backend
        self._user = user_id
        self._lock = threading.RLock()

    def save(self, records: list[MemoryRecord]) -> None:
        """Store records; one with a stored id replaces that record.

        Raises EmbeddingDimensionMismatchError for vectors of another length than the stored ones, and Rejected if the
        backend refuses a record.
        """
        with self._lock:
            stored = self._facts()
            size = _size(stored.values())
            for record in records:
                size = _check_size(record.embedding, size)
            facts = [self._fact(record, stored) for record in records]
            for outcome in self._backend.write(facts) if facts else ():
                if outcome.state == "rejected":
                    raise Rejected(outcome.reason or "no reason given", where=self._backend.name)

    def update(self, record: MemoryRecord) -> None:
        """Replace the record with the same id, or store it if there is none."""
        self.save([record])

    def search(
        self,
        query_embedding: list[float],
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        metadata_filter: dict[str, Any] | None = None,
        limit: int = 10,
        min_score: float = 0.0,
    ) -> list[tuple[MemoryRecord, float]]:
        """The records with a vector, best first, each with its cosine similarity in 0..1.

        Raises EmbeddingDimensionMismatchError if the stored vectors have another length.
        """
        with self._lock:
            facts = self._facts()
        _check_size(query_embedding, _size(facts.values()))
        hits = [
            (record, _similarity(query_embedding, record.embedding))
            for record in _matching(facts.values(), scope_prefix, categories, metadata_filter)
            if record.embedding
        ]
        hits = [hit for hit in hits if hit[1] >= min_score]
        return sorted(hits, key=lambda hit: hit[1], reverse=True)[: max(0, limit)]

    def delete(
        self,
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        record_ids: list[str] | None = None,
        older_than: datetime | None = None,
        metadata_filter: dict[str, Any] | None = None,
    ) -> int:
        """Delete the records that meet every condition, all of them without one; returns how many there were."""
        with self._lock:
            ids = [
                self._id(record.id)
                for record in _matching(self._facts().values(), scope_prefix, categories, metadata_filter)
                if (record_ids is None or record.id in record_ids)
                and (older_than is None or record.created_at < _naive(older_than))
            ]
            return self._backend.delete(self._user, ids) if ids else 0

    def get_record(self, record_id: str) -> MemoryRecord | None:
        """The record with this id; None if there is none."""
        with self._lock:
            fact = self._facts().get(self._id(record_id))
        return None if fact is None else _record(fact)

    def list_records(self, scope_prefix: str | None = None, limit: int = 200, offset: int = 0) -> list[MemoryRecord]:
        """The records in a scope, newest first."""
        records = sorted(self._records(scope_prefix), key=lambda record: record.created_at, reverse=True)
        return records[max(0, offset) :][: max(0, limit)]

    def get_scope_info(self, scope: str) -> ScopeInfo:
        """The number, categories and times of the records in a scope, and the scopes directly below it."""
        records = self._records(scope)
        times = [record.created_at for record in records]
        return ScopeInfo(
            path=_path(scope),
            record_count=len(records),
            categories=sorted({name for record in records for name in record.categories}),
            oldest_record=min(times, default=None),
            newest_record=max(times, default=None),
            child_scopes=_children(records, scope),
        )

    def list_scopes(self, parent: str = "/") -> list[str]:
        """The scopes directly below a scope, in order."""
        return _children(self._records(parent), parent)

    def list_categories(self, scope_prefix: str | None = None) -> dict[str, int]:
        """The number of records of each category in a scope."""
        return dict(Counter(name for record in self._records(scope_prefix) for name in record.categories))

    def count(self, scope_prefix: str | None = None) -> int:
        """The number of records in a scope."""
        return len(self._records(scope_prefix))

    def reset(self, scope_prefix: str | None = None) -> None:
        """Delete the records in a scope. Facts that CrewAI did not write stay."""
        self.delete(scope_prefix)

    async def asave(self, records: list[MemoryRecord]) -> None:
        """As `save`, in a thread."""
        await asyncio.to_thread(self.save, records)

    async def asearch(
        self,
        query_embedding: list[float],
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        metadata_filter: dict[str, Any] | None = None,
        limit: int = 10,
        min_score: float = 0.0,
    ) -> list[tuple[MemoryRecord, float]]:
        """As `search`, in a thread."""
        return await asyncio.to_thread(
            self.search, query_embedding, scope_prefix, categories, metadata_filter, limit, min_score
        )

    async def adelete(
        self,
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        record_ids: list[str] | None = None,
        older_than: datetime | None = None,
        metadata_filter: dict[str, Any] | None = None,
    ) -> int:
        """As `delete`, in a thread."""
        return await asyncio.to_thread(self.delete, scope_prefix, categories, record_ids, older_than, metadata_filter)

    def _id(self, record_id: str) -> UUID:
        return derive_id(SYSTEM, self._user, record_id)

    def _facts(self) -> dict[UUID, Fact]:
        now = datetime.now(UTC)
        try:
            pages = list(self._backend.read(self._user))
        except NotFound:
            return {}
        return {
            fact.id: fact for page in pages for fact in page.facts if SYSTEM in fact.native and is_current(fact, now)
        }

    def _records(self, scope: str | None) -> list[MemoryRecord]:
        with self._lock:
            facts = self._facts()
        return _matching(facts.values(), scope)

    def _fact(self, record: MemoryRecord, stored: dict[UUID, Fact]) -> Fact:
        plain = record.model_dump(mode="json")
        vector = None if record.embedding is None else [float(value) for value in record.embedding]
        values: dict[str, Any] = {
            "text": record.content,
            "categories": tuple(record.categories),
            "metadata": plain["metadata"],
            "created_at": _aware(record.created_at),
            "updated_at": datetime.now(UTC),
            "native": {SYSTEM: {name: plain[name] for name in OWN} | {"embedding": vector}},
        }
        id_ = self._id(record.id)
        if id_ in stored:
            return msgspec.structs.replace(stored[id_], **values)
        source = Source(system=SYSTEM, id=record.id)
        return Fact(id=id_, user_id=self._user, kind="fact", source=source, **values)


def _record(fact: Fact) -> MemoryRecord:
    own = fact.native[SYSTEM]
    return MemoryRecord(
        **own | {"last_accessed": _naive(datetime.fromisoformat(own["last_accessed"]))},
        content=fact.text,
        categories=list(fact.categories),
        metadata=fact.metadata,
        created_at=_naive(fact.created_at or datetime.min),
    )


def _matching(
    facts: Iterable[Fact],
    scope: str | None = None,
    categories: list[str] | None = None,
    metadata: dict[str, Any] | None = None,
) -> list[MemoryRecord]:
    """The records in a scope with one of the categories and all of the metadata."""
    return [
        record
        for record in map(_record, facts)
        if (_path(record.scope) + "/").startswith(_path(scope).rstrip("/") + "/")
        and (not categories or not set(categories).isdisjoint(record.categories))
        and all(record.metadata.get(name) == value for name, value in (metadata or {}).items())
    ]


def _path(scope: str | None) -> str:
    return "/" + (scope or "").strip("/")


def _children(records: Iterable[MemoryRecord], scope: str | None) -> list[str]:
    above = _path(scope).rstrip("/") + "/"
    below = (
        _path(record.scope).removeprefix(above).split("/")[0]
        for record in records
        if _path(record.scope) != _path(scope)
    )
    return sorted({above + label for label in below})


def _size(facts: Iterable[Fact]) -> int:
    """The length of the stored vectors; 0 if there are none."""
    return next((len(vector) for fact in facts if (vector := fact.native[SYSTEM]["embedding"])), 0)


def _check_size(vector: Sequence[float] | None, size: int) -> int:
    if vector and size and len(vector) != size:
        raise EmbeddingDimensionMismatchError(size, len(vector))
    return size or len(vector or ())


def _similarity(one: Sequence[float], other: Sequence[float]) -> float:
    lengths = math.hypot(*one) * math.hypot(*other)
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return min(1.0, max(0.0, product / lengths)) if lengths else 0.0


def _aware(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def _naive(at: datetime) -> datetime:
    return _aware(at).astimezone(UTC).replace(tzinfo=None)
