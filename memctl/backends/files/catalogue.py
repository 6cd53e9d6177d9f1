"""Where each fact of a file stands, in few bytes a fact, so that a million of them fit beside everything else.

Facts are numbered in the order in which they came. Knows ids, owners and places; what stands at a place is for others.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RECENT = 65_536
"""Ids kept in a dict before they are merged into the sorted array of all ids (24 bytes an id in place of 150)."""
_GONE = -(2**63)


class Ids:
    """Id -> number. The youngest ids are in a dict, the others in one sorted numpy array."""

    def __init__(self) -> None:
        self._recent: dict[bytes, int] = {}
        self._keys: NDArray[np.bytes_] | None = None
        self._numbers: NDArray[np.int64] | None = None

    def find(self, ids: Sequence[UUID]) -> list[int | None]:
        """The number of each id, None for one that is not there."""
        keys = [id_.bytes for id_ in ids]
        if self._keys is None or self._numbers is None:
            return [self._recent.get(key) for key in keys]
        import numpy as np

        # Ids all have 16 bytes, so that numpy's padding of byte strings with zeros makes no two of them equal.
        asked = np.frombuffer(b"".join(keys), dtype="S16")
        at = np.minimum(np.searchsorted(self._keys, asked), len(self._keys) - 1)
        numbers = np.where(self._keys[at] == asked, self._numbers[at], -1).tolist()
        found: list[int | None] = []
        for key, number in zip(keys, numbers, strict=True):
            recent = self._recent.get(key)
            found.append(recent if recent is not None else number if number >= 0 else None)
        return found

    def add(self, id_: UUID, number: int) -> None:
        """Enter an id that is not there, or give one that is another number."""
        self._recent[id_.bytes] = number
        if len(self._recent) >= RECENT:
            self._merge()

    def _merge(self) -> None:
        import numpy as np

        keys = np.frombuffer(b"".join(self._recent), dtype="S16")
        numbers = np.fromiter(self._recent.values(), dtype=np.int64, count=len(self._recent))
        if self._keys is not None and self._numbers is not None:
            keys, numbers = np.concatenate([keys, self._keys]), np.concatenate([numbers, self._numbers])
        # The first of equal keys is the younger one.
        self._keys, first = np.unique(keys, return_index=True)
        self._numbers = numbers[first]
        self._recent = {}


class Catalogue:
    """The facts of a file by number, id and owner. A place is any integer but the smallest of 64 bits."""

    def __init__(self) -> None:
        self.ids = Ids()
        self._places = array("q")
        self._of_user: dict[str, array[int]] = {}
        self._counts: dict[str, int] = {}

    def __len__(self) -> int:
        return sum(self._counts.values())

    def add(self, id_: UUID, user: str, place: int) -> None:
        """Enter a fact that is not there."""
        number = len(self._places)
        self.ids.add(id_, number)
        self._places.append(place)
        self._of_user.setdefault(user, array("q")).append(number)
        self._counts[user] = self._counts.get(user, 0) + 1

    def find(self, ids: Sequence[UUID]) -> list[int | None]:
        """The number of each fact that is there, None for the others."""
        return [None if number is None or self._places[number] == _GONE else number for number in self.ids.find(ids)]

    def place(self, number: int) -> int:
        """Where a fact stands."""
        return self._places[number]

    def move(self, number: int, place: int) -> None:
        """Enter that a fact stands somewhere else now."""
        self._places[number] = place

    def drop(self, number: int, user: str) -> None:
        """Strike a fact of the user."""
        self._places[number] = _GONE
        self._counts[user] -= 1

    def users(self) -> list[str]:
        """Every owner of a fact, in the order in which they came."""
        return [user for user, count in self._counts.items() if count]

    def count(self, user: str) -> int:
        """How many facts the user has."""
        return self._counts.get(user, 0)

    def places(self, user: str | None, after: int | None = None) -> Iterator[int]:
        """The places of the user's facts (None: everyone's) in order, those behind number `after` only."""
        for number in self._numbers(user, after):
            place = self._places[number]
            if place != _GONE:
                yield place

    def _numbers(self, user: str | None, after: int | None) -> Iterator[int]:
        first = -1 if after is None else after
        if user is None:
            yield from range(first + 1, len(self._places))
            return
        from bisect import bisect_right

        numbers = self._of_user.get(user, array("q"))
        for index in range(bisect_right(numbers, first), len(numbers)):
            yield numbers[index]
