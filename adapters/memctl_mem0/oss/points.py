"""The points of mem0's vector stores, and the interface of a collection of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from memctl_mem0.mapping import owner_of


class Row(NamedTuple):
    """A point of a vector store: its id and its payload."""

    id: str
    payload: Mapping[str, Any]


class Shelf(Protocol):
    """One collection of memories. An owner is called as `mapping.owner_of` calls it."""

    writable: bool

    def exists(self) -> bool:
        """Whether the collection exists."""

    def create(self) -> None:
        """Create the collection as mem0 does."""

    def owners(self) -> Iterator[str]:
        """Every owner of a memory, once."""

    def count(self, owner: str) -> int:
        """How many memories the owner has, by the store's own count."""

    def page(self, owner: str, after: str | None, size: int) -> tuple[list[Row], str | None]:
        """So many of the owner's memories at most, and where to go on after them."""

    def astray(self) -> Iterator[Row]:
        """The points that are not memories: without text, or without an owner. mem0's telemetry marker is left out."""

    def get(self, ids: Sequence[str]) -> dict[str, Row]:
        """Those of the points that are there."""

    def insert(self, rows: Sequence[Row], vectors: Sequence[Sequence[float]]) -> None:
        """Put in points that are not there, all or none."""

    def replace(self, rows: Sequence[Row], vectors: Sequence[Sequence[float]]) -> None:
        """Change points that are there, vector and payload of each at once."""

    def delete(self, ids: Sequence[str]) -> None:
        """Take points out."""

    def has(self, collection: str) -> bool:
        """Whether the store has another collection of this name, or none of it has to be made to look into it."""

    def ids(self) -> Iterator[str]:
        """The id of every point."""

    def compact(self, collections: Sequence[str]) -> list[str]:
        """Rewrite the files that points were deleted from, if possible. Returns lines on what remains to be done."""

    def search(self, query: str, vector: Sequence[float], owner: str | None, k: int) -> list[tuple[Row, float]]:
        """The nearest memories by the cosine of the angle to the vector, nearest first."""

    def words(self, query: str, owner: str | None, k: int) -> dict[str, float]:
        """By id the scores of the store's own search for words; empty where it has none."""

    def close(self) -> None:
        """Close the connections."""


def is_memory(payload: Mapping[str, Any]) -> bool:
    """Whether the payload has a text and an owner."""
    return isinstance(payload.get("data"), str) and name_of(payload) is not None


def is_telemetry(payload: Mapping[str, Any]) -> bool:
    """Whether this is the point by which mem0's telemetry knows a store again."""
    return payload.get("type") == "user_identity" and "data" not in payload


def name_of(payload: Mapping[str, Any]) -> str | None:
    """The owner of a payload; ids that are numbers count as their digits, as mem0 itself takes them."""
    ids = {key: payload.get(key) for key in ("user_id", "agent_id", "app_id", "run_id")}
    return owner_of({key: str(value) if isinstance(value, int) else value for key, value in ids.items()})
