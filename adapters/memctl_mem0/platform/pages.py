"""An owner's memories on the platform, read completely while other programs may add, change and delete some.

mem0's pages are offsets in a changing list: a deletion or a change during the reading moves other memories across the
border of a page. A list is therefore read again if it has shrunk or is shorter than its total, and no memory is
returned twice.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from memctl.core.errors import UsageError
from memctl_mem0.platform.client import Filter, Platform

ROUNDS = 3
"""The maximum number of times that a list is read."""


class Part(msgspec.Struct, frozen=True):
    """Some memories, and the cursor after them; None if they are the last."""

    rows: list[dict[str, Any]]
    cursor: str | None


class _Place(msgspec.Struct):
    """The state of the reading: the next page, the number of rows before it, and how often the list was read before."""

    page: int = 1
    seen: int = 0
    rounds: int = 0

    def __str__(self) -> str:
        return f"{self.page}:{self.seen}:{self.rounds}"


def _parsed(cursor: str) -> _Place:
    numbers = cursor.split(":")
    if len(numbers) != 3 or not all(number.isdecimal() for number in numbers):
        raise UsageError(f"{cursor!r} is not a cursor of this backend", hint="read from the start")
    return _Place(*map(int, numbers))


def parts(platform: Platform, filters: Filter, what: str, cursor: str | None, size: int) -> Iterator[Part]:
    """The memories that match the filters, in pages of `size`, from the cursor on. `what` names the list in errors.

    Raises Fatal if the list remains shorter than its own total, UsageError for an invalid cursor.
    """
    place = _Place() if cursor is None else _parsed(cursor)
    # With a cursor, the earlier memories are unknown, only their number.
    from_start = cursor is None
    ids: set[str] = set()
    last_count, shrank = 0, False
    while True:
        page = platform.page(filters, place.page, size)
        shrank, last_count = shrank or page.count < last_count, page.count
        place = _Place(place.page + 1, place.seen + len(page.rows), place.rounds)
        rows = [row for row in page.rows if str(row.get("id")) not in ids]
        ids.update(str(row.get("id")) for row in rows)
        number = len(ids) if from_start and not page.more else place.seen
        if not page.more and (shrank or number < page.count) and place.rounds + 1 < ROUNDS:
            place, last_count, shrank = _Place(rounds=place.rounds + 1), 0, False
            yield Part(rows, str(place))
            continue
        platform.hold(number, page, what)
        yield Part(rows, str(place) if page.more else None)
        if not page.more:
            return
