"""Vector stores of mem0 without pages: a list is accepted only if it can be proved complete."""

from collections.abc import Iterator
from typing import Any

import pytest
from memctl_mem0.oss.errors import failure
from memctl_mem0.oss.points import Row
from memctl_mem0.oss.vector_stores import ListedShelf

from memctl.core.errors import AuthError, Fatal, MemctlError, Rejected, Retryable, UsageError


class Point:
    """A point as mem0's stores return it."""

    def __init__(self, id_: str, payload: dict[str, Any]) -> None:
        self.id = id_
        self.payload = payload
        self.score = 0.5


class Store:
    """A mem0 store with `points`. It lists at most `most` of them, and counts them if `counts` is set."""

    def __init__(self, points: list[Point], most: int | None = None, fails: bool = False) -> None:
        self.points = points
        self.most = most
        self.fails = fails
        self.docstore = {point.id: point.payload for point in points}

    def list(self, filters: Any = None, top_k: int = 100) -> Any:
        # Several of mem0's stores return an error in this way.
        return [[]] if self.fails else [self.points[: min(top_k, self.most or top_k)]]

    def search(self, query: str, vectors: Any, top_k: int, filters: Any) -> Any:
        return [point for point in self.points if point.payload.get("user_id") == filters["user_id"]][:top_k]


def points(count: int, user: str = "alice") -> list[Point]:
    return [Point(f"{user}-{n:05}", {"data": f"Fact {n}.", "user_id": user}) for n in range(count)]


def read(shelf: ListedShelf, user: str) -> Iterator[Row]:
    after: str | None = None
    while True:
        rows, after = shelf.page(user, after, 100)
        yield from rows
        if after is None:
            return


def test_a_store_that_reports_its_total_is_read_completely() -> None:
    shelf = ListedShelf(Store([*points(2_345), *points(3, "bob")]), "faiss", "here")
    assert len(list(read(shelf, "alice"))) == shelf.count("alice") == 2_345
    assert sorted(shelf.owners()) == ["alice", "bob"]


@pytest.mark.parametrize("store", [Store(points(350), most=20), Store(points(5), fails=True)])
def test_a_list_shorter_than_the_stores_own_total_is_an_error(store: Store) -> None:
    with pytest.raises(Fatal, match="lists"):
        ListedShelf(store, "faiss", "here").count("alice")


def test_an_approximate_total_is_reported_as_approximate() -> None:
    store = Store(points(5))
    store.count = lambda: 7  # type: ignore[attr-defined]
    with pytest.raises(Fatal, match="has 7 memories by its approximate count, but lists 5"):
        ListedShelf(store, "turbopuffer", "here").count("alice")


def test_a_list_shorter_than_the_requested_limit_is_complete() -> None:
    shelf = ListedShelf(Store(points(12_345)), "oracledb", "here")
    assert shelf.count("alice") == 12_345


def test_a_list_that_does_not_grow_with_the_limit_is_an_error() -> None:
    with pytest.raises(Fatal, match="more than 1000"):
        ListedShelf(Store(points(2_000), most=1_000), "oracledb", "here").count("alice")


@pytest.mark.parametrize("provider", ["supabase", "databricks", "vertex_ai_vector_search", "valkey", "cassandra"])
def test_a_store_without_any_total_is_refused(provider: str) -> None:
    with pytest.raises(Fatal, match=provider) as told:
        ListedShelf(Store(points(5)), provider, "here").count("alice")
    assert told.value.hint


def test_writes_to_other_stores_are_refused() -> None:
    shelf = ListedShelf(Store([]), "faiss", "here")
    with pytest.raises(UsageError, match="faiss"):
        shelf.insert([Row("a", {})], [[0.1]])
    with pytest.raises(UsageError):
        shelf.delete(["a"])


def test_points_without_an_owner_are_listed_separately() -> None:
    strays = [Point("x", {"data": "Whose?"}), Point("y", {"type": "user_identity", "user_id": "anonymous"})]
    shelf = ListedShelf(Store([*points(2), *strays]), "faiss", "here")
    assert [row.id for row in shelf.astray()] == ["x"]
    assert list(shelf.owners()) == ["alice"]


class Answered(Exception):
    """An exception with the attributes of drivers' exceptions."""

    def __init__(self, words: str, **carried: Any) -> None:
        super().__init__(words)
        for name, value in carried.items():
            setattr(self, name, value)


class PoolTimeout(Exception):
    """Has the name of psycopg's exception."""


class LLMError(Exception):
    """Has the name of mem0's exception."""


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Answered("no password", sqlstate="28P01"), AuthError),
        (Answered("permission denied", sqlstate="42501"), AuthError),
        (Answered("deadlock", sqlstate="40P01"), Retryable),
        (Answered("shutting down", sqlstate="57P01"), Retryable),
        (Answered("no such escape", sqlstate="22P05"), Rejected),
        (Answered("duplicate key", sqlstate="23505"), Retryable),
        (Answered("column vanished", sqlstate="42703"), Fatal),
        (Answered("bad key", status_code=401), AuthError),
        (Answered("slow down", status_code=429), Retryable),
        (Answered("out of order", status_code=503), Retryable),
        (Answered("too long", status_code=400), Rejected),
        (PoolTimeout("no connection in 30 s"), Retryable),
        (ConnectionRefusedError("refused"), Retryable),
        (ImportError("Neither 'psycopg' nor 'psycopg2' library is available."), UsageError),
        (RuntimeError("broken"), Fatal),
    ],
)
def test_a_drivers_exception_becomes_the_matching_memctl_error(error: Exception, expected: type[MemctlError]) -> None:
    told = failure(error, "here")
    assert type(told) is expected
    assert str(told).startswith("here: ")
    assert "\n" not in str(told)


def test_mem0s_own_exceptions_are_classified_by_their_cause() -> None:
    wrapped = LLMError("LLM extraction failed")
    wrapped.__cause__ = Answered("slow down", status_code=429)
    assert isinstance(failure(wrapped, "here"), Retryable)
