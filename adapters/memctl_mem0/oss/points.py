"""The points of mem0's vector stores, and the interface of a collection of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from memctl_mem0.mapping import SCOPES, owner_beside_users, owner_of


class Row(NamedTuple):
    """A point of a vector store: its id, its payload, and its vector if that was read."""

    id: str
    payload: Mapping[str, Any]
    vector: Sequence[float] | None = None


class Shelf(Protocol):
    """A collection of memories. Owners are named as by `mapping.owner_of`."""

    writable: bool = True
    scalars: bool = False
    """Whether a payload's values can only be texts, numbers and booleans."""
    seconds: bool = False
    """Whether times are stored to the second."""
    with_vectors: bool = False
    """Whether `page` and `get` return vectors."""

    def exists(self) -> bool:
        """Whether the collection exists."""

    def create(self) -> None:
        """Create the collection as mem0 does."""

    def owners(self) -> Iterator[str]:
        """Every owner of a memory."""

    def count(self, owner: str) -> int:
        """The store's own count of the owner's memories."""

    def counts(self) -> Mapping[str, int]:
        """The number of memories of each owner."""
        return {owner: self.count(owner) for owner in self.owners()}

    def page(self, owner: str, after: str | None, size: int) -> tuple[list[Row], str | None]:
        """At most `size` of the owner's memories, and the id after which the next page starts."""

    def astray(self) -> Iterator[Row]:
        """The points that are not memories: without text, or without an owner. mem0's telemetry marker is left out."""

    def get(self, ids: Sequence[str]) -> dict[str, Row]:
        """The existing points among these ids."""

    def insert(self, rows: Sequence[Row], vectors: Sequence[Sequence[float]]) -> None:
        """Insert new points, all or none."""

    def replace(self, rows: Sequence[Row], vectors: Sequence[Sequence[float]]) -> None:
        """Replace the vector and the payload of existing points."""

    def delete(self, ids: Sequence[str]) -> None:
        """Delete points."""

    def has(self, collection: str) -> bool:
        """Whether the store has another collection with this name, or opening it creates nothing."""

    def ids(self) -> Iterator[str]:
        """The id of every point."""

    def compact(self, collections: Sequence[str]) -> list[str]:
        """Rewrite the files from which points were deleted, if possible. Returns notes on what remains to be done."""

    def search(self, query: str, vector: Sequence[float], owner: str | None, k: int) -> list[tuple[Row, float]]:
        """The nearest memories by cosine similarity, nearest first."""

    def words(self, query: str, owner: str | None, k: int) -> dict[str, float]:
        """The scores of the store's own word search, by id; empty if it has none."""

    def close(self) -> None:
        """Close the connections."""


def is_memory(payload: Mapping[str, Any]) -> bool:
    """Whether the payload has a text and an owner."""
    return isinstance(payload.get("data"), str) and name_of(payload) is not None


def is_telemetry(payload: Mapping[str, Any]) -> bool:
    """Whether this is the point by which mem0's telemetry recognises a store."""
    return payload.get("type") == "user_identity" and "data" not in payload


def name_of(payload: Mapping[str, Any]) -> str | None:
    """The owner of a payload; numeric ids are their digits, as in mem0."""
    ids = {key: payload.get(key) for key in ("user_id", "agent_id", "app_id", "run_id")}
    return owner_of({key: str(value) if isinstance(value, int) else value for key, value in ids.items()})


def entry(before: Row | None, after: Row | None) -> dict[str, Any]:
    """The entry of mem0's history for a change, of which one side may be missing."""
    row = after or before
    assert row is not None
    old, new = ((part.payload.get("data") if part else None) for part in (before, after))
    event = "DELETE" if after is None else "ADD" if before is None else "UPDATE"
    record = {key: row.payload.get(key) for key in ("created_at", "updated_at", "actor_id", "role")}
    record |= {"memory_id": row.id, "old_memory": old, "new_memory": new, "event": event}
    return record | {"is_deleted": int(after is None)}


def scopes_of(owner: str) -> list[tuple[str, str | int]]:
    """Key-value pairs, at least one of which is in every payload of the owner; other payloads may have one too, so
    check with `name_of`."""
    pairs: list[tuple[str, str | int]] = [("user_id", owner)]
    if owner.isdecimal():
        pairs.append(("user_id", int(owner)))
    beside = owner_beside_users(owner)
    return [*pairs, (SCOPES[beside[0]], beside[1])] if beside else pairs
