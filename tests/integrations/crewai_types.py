"""A stand-in for the types of crewai 1.15.30, which cannot be installed next to memctl's extras (it needs mcp<2)."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, Protocol, runtime_checkable
from uuid import uuid4

from pydantic import BaseModel, Field


def now() -> datetime:
    """The time without a zone, as CrewAI writes it."""
    return datetime.now(UTC).replace(tzinfo=None)


class MemoryRecord(BaseModel):
    """`crewai.memory.types.MemoryRecord`."""

    id: str = Field(default_factory=lambda: str(uuid4()))
    content: str
    scope: str = "/"
    categories: list[str] = Field(default_factory=list)
    metadata: dict[str, Any] = Field(default_factory=dict)
    importance: float = Field(default=0.5, ge=0.0, le=1.0)
    created_at: datetime = Field(default_factory=now)
    last_accessed: datetime = Field(default_factory=now)
    embedding: list[float] | None = Field(default=None, exclude=True, repr=False)
    source: str | None = None
    private: bool = False


class ScopeInfo(BaseModel):
    """`crewai.memory.types.ScopeInfo`."""

    path: str
    record_count: int = 0
    categories: list[str] = Field(default_factory=list)
    oldest_record: datetime | None = None
    newest_record: datetime | None = None
    child_scopes: list[str] = Field(default_factory=list)


class EmbeddingDimensionMismatchError(ValueError):
    """`crewai.memory.storage.backend.EmbeddingDimensionMismatchError`."""

    def __init__(self, stored_dim: int, new_dim: int) -> None:
        super().__init__(f"{stored_dim} dimensions are stored, not {new_dim}")


@runtime_checkable
class StorageBackend(Protocol):
    """`crewai.memory.storage.backend.StorageBackend`."""

    def save(self, records: list[MemoryRecord]) -> None: ...
    def search(
        self,
        query_embedding: list[float],
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        metadata_filter: dict[str, Any] | None = None,
        limit: int = 10,
        min_score: float = 0.0,
    ) -> list[tuple[MemoryRecord, float]]: ...
    def delete(
        self,
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        record_ids: list[str] | None = None,
        older_than: datetime | None = None,
        metadata_filter: dict[str, Any] | None = None,
    ) -> int: ...
    def update(self, record: MemoryRecord) -> None: ...
    def get_record(self, record_id: str) -> MemoryRecord | None: ...
    def list_records(
        self, scope_prefix: str | None = None, limit: int = 200, offset: int = 0
    ) -> list[MemoryRecord]: ...
    def get_scope_info(self, scope: str) -> ScopeInfo: ...
    def list_scopes(self, parent: str = "/") -> list[str]: ...
    def list_categories(self, scope_prefix: str | None = None) -> dict[str, int]: ...
    def count(self, scope_prefix: str | None = None) -> int: ...
    def reset(self, scope_prefix: str | None = None) -> None: ...
    async def asave(self, records: list[MemoryRecord]) -> None: ...
    async def asearch(
        self,
        query_embedding: list[float],
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        metadata_filter: dict[str, Any] | None = None,
        limit: int = 10,
        min_score: float = 0.0,
    ) -> list[tuple[MemoryRecord, float]]: ...
    async def adelete(
        self,
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        record_ids: list[str] | None = None,
        older_than: datetime | None = None,
        metadata_filter: dict[str, Any] | None = None,
    ) -> int: ...


@contextmanager
def installed() -> Iterator[None]:
    """Make `crewai.memory` importable in the block."""
    names = ("crewai", "crewai.memory", "crewai.memory.storage", "crewai.memory.storage.backend", "crewai.memory.types")
    modules = {name: ModuleType(name) for name in names}
    vars(modules["crewai.memory.types"]).update(MemoryRecord=MemoryRecord, ScopeInfo=ScopeInfo)
    vars(modules["crewai.memory.storage.backend"]).update(
        EmbeddingDimensionMismatchError=EmbeddingDimensionMismatchError, StorageBackend=StorageBackend
    )
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in (*names, "memctl.integrations.crewai"):
            sys.modules.pop(name, None)
