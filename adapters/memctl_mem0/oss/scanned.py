"""A vector store without an order and without cursors: its points are listed by owner, and loaded by id."""

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from memctl.backends.contract import need
from memctl_mem0.oss.points import Row, Shelf, is_memory, is_telemetry, name_of

BATCH = 500
"""The number of points in one request."""


class ScannedShelf(Shelf):
    """A collection that `_scan` lists to its end."""

    def __init__(self) -> None:
        self._listing: tuple[str, list[str]] | None = None

    @abstractmethod
    def _scan(self, owner: str | None) -> Iterator[Row]:
        """Every point, or at least all of an owner's, without vectors. Raises NotFound if there is no collection."""

    @abstractmethod
    def _load(self, ids: Sequence[str], vectors: bool) -> Iterator[Row]:
        """The existing points among at most BATCH ids, in any order."""

    def owners(self) -> Iterator[str]:
        return iter(self.counts())

    def counts(self) -> Mapping[str, int]:
        return Counter(name for row in self._memories(None) if (name := name_of(row.payload)) is not None)

    def count(self, owner: str) -> int:
        return sum(1 for _ in self._memories(owner))

    def page(self, owner: str, after: str | None, size: int) -> tuple[list[Row], str | None]:
        # All pages use one list of ids, so that changes while reading do not shift memories between pages.
        if after is None or self._listing is None or self._listing[0] != owner:
            self._listing = owner, sorted({row.id for row in self._memories(owner)})
        ids = [id_ for id_ in self._listing[1] if after is None or id_ > after]
        rows = self.get(ids[:size])
        following = ids[size - 1] if len(ids) > size else None
        return [rows[id_] for id_ in ids[:size] if id_ in rows], following

    def astray(self) -> Iterator[Row]:
        return (row for row in self._scan(None) if not is_memory(row.payload) and not is_telemetry(row.payload))

    def get(self, ids: Sequence[str]) -> dict[str, Row]:
        return {row.id: row for some in _batches(ids) for row in self._load(some, self.with_vectors)}

    def ids(self) -> Iterator[str]:
        return (row.id for row in self._scan(None))

    def search(self, query: str, vector: Sequence[float], owner: str | None, k: int) -> list[tuple[Row, float]]:
        """The nearest memories, by comparing all of the owner's: an index would search approximately, and by the
        measure with which the collection was created."""
        numpy: Any = need("numpy", "mem0")
        ids = [row.id for row in self._memories(owner)]
        rows = [row for some in _batches(ids) for row in self._load(some, True) if row.vector is not None]
        wanted = numpy.asarray(vector, dtype=numpy.float64)
        rows = [row for row in rows if row.vector is not None and len(row.vector) == len(wanted)]
        if not rows:
            return []
        matrix = numpy.asarray([row.vector for row in rows], dtype=numpy.float64)
        lengths = numpy.linalg.norm(matrix, axis=1) * numpy.linalg.norm(wanted)
        scores = matrix @ wanted / numpy.where(lengths == 0, 1.0, lengths)
        best = sorted(range(len(rows)), key=lambda number: (-scores[number], rows[number].id))[:k]
        return [(rows[number], float(scores[number])) for number in best]

    def words(self, query: str, owner: str | None, k: int) -> dict[str, float]:
        return {}

    def _memories(self, owner: str | None) -> Iterator[Row]:
        rows = (row for row in self._scan(owner) if is_memory(row.payload))
        return rows if owner is None else (row for row in rows if name_of(row.payload) == owner)


def _batches(ids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(ids[first : first + BATCH]) for first in range(0, len(ids), BATCH))
