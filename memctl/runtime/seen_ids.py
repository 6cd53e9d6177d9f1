"""Which of many ids came before, and whose they were, in 12 bytes of memory per id; a dictionary takes 150."""

from __future__ import annotations

import tempfile
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import UUID

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]
    Places = NDArray[np.uint32]
else:
    Hashes = Places = Any

RECENT = 1 << 14
"""How many ids are kept as they are; numpy is not needed, nor imported, for fewer."""
_BYTES = 16
_MULTIPLIER = 0x9E3779B97F4A7C15
"""An odd number, so that ids that differ in one half only have different hashes."""


class SeenIds:
    """Ids with their owners.

    The last ones are in a dictionary. The others are in an unnamed file, in the order they came, and found by sorted
    lists of 64-bit hashes, each at least twice as long as the next (P. O'Neil et al., "The log-structured merge-tree",
    1996). Ids with equal hashes are compared, so hashes decide nothing.
    """

    def __init__(self) -> None:
        self._recent: dict[bytes, str] = {}
        self._file: BinaryIO | None = None
        self._number = 0
        self._runs: list[tuple[Hashes, Places]] = []
        self._starts: list[int] = []
        self._owners: list[str] = []
        """Of ids in the file: the places where another owner begins, and these owners."""

    def add(self, ids: Sequence[UUID], owners: Sequence[str]) -> list[str | None]:
        """Add ids; returns for each the owner with which it was added before, None if it is new."""
        keys = [id_.bytes for id_ in ids]
        earlier = self._earlier(keys)
        new = dict(zip(keys, owners, strict=True))
        if not earlier and len(new) == len(keys) and self._recent.keys().isdisjoint(new):
            self._recent |= new
            before: list[str | None] = [None] * len(keys)
        else:
            before = list(self._add_each(keys, owners, earlier))
        if len(self._recent) >= RECENT:
            self._flush()
        return before

    def _add_each(
        self, keys: Sequence[bytes], owners: Sequence[str], earlier: dict[bytes, str]
    ) -> Iterator[str | None]:
        for key, owner in zip(keys, owners, strict=True):
            before = earlier.get(key, self._recent.get(key))
            if before is None:
                self._recent[key] = owner
            yield before

    def missing(self, ids: Sequence[UUID]) -> list[UUID]:
        """The subset of these ids that were not added."""
        keys = [id_.bytes for id_ in ids]
        earlier = self._earlier(keys)
        return [id_ for id_, key in zip(ids, keys, strict=True) if key not in earlier and key not in self._recent]

    def close(self) -> None:
        """Delete the file."""
        if self._file is not None:
            self._file.close()

    def _earlier(self, keys: Sequence[bytes]) -> dict[bytes, str]:
        """The owners of those of the ids that are in the file."""
        if not (self._runs and keys):
            return {}
        import numpy as np

        hashes = _hashes(b"".join(keys))
        owners = {}
        for sorted_hashes, places in self._runs:
            first = np.searchsorted(sorted_hashes, hashes)
            equal = sorted_hashes[np.minimum(first, len(sorted_hashes) - 1)] == hashes
            for number in map(int, np.flatnonzero(equal)):
                start = int(first[number])
                stop = int(np.searchsorted(sorted_hashes, hashes[number], side="right"))
                for place in map(int, places[start:stop]):
                    if self._at(place) == keys[number]:
                        owners[keys[number]] = self._owners[bisect_right(self._starts, place) - 1]
        return owners

    def _at(self, place: int) -> bytes:
        assert self._file is not None
        self._file.seek(place * _BYTES)
        return self._file.read(_BYTES)

    def _flush(self) -> None:
        """Move the recent ids to the file."""
        import numpy as np

        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="memctl-")  # noqa: SIM115 - kept until close
        packed = b"".join(self._recent)
        self._file.seek(self._number * _BYTES)
        self._file.write(packed)
        for place, owner in enumerate(self._recent.values(), self._number):
            if not self._owners or owner != self._owners[-1]:
                self._starts.append(place)
                self._owners.append(owner)
        hashes = _hashes(packed)
        places = np.arange(self._number, self._number + len(self._recent), dtype=np.uint32)
        while self._runs and len(self._runs[-1][0]) < 2 * len(hashes):
            more, theirs = self._runs.pop()
            hashes, places = np.concatenate([more, hashes]), np.concatenate([theirs, places])
        order = np.argsort(hashes, kind="stable")
        self._runs.append((hashes[order], places[order]))
        self._number += len(self._recent)
        self._recent.clear()


def _hashes(packed: bytes) -> Hashes:
    """A number for each id."""
    import numpy as np

    halves = np.frombuffer(packed, dtype="<u8").reshape(-1, 2)
    return np.asarray(halves[:, 0] ^ (halves[:, 1] * np.uint64(_MULTIPLIER)))
