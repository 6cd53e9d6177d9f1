"""One owner's memories on the platform, page by page to the end, while others may add, change and delete some.

mem0's pages are counted from the top of a list that moves: what is deleted or changed meanwhile pushes other memories
over the edge of a page. So a list is read again when it was seen to shrink, or gave fewer memories than it counts, and
what was handed out is not handed out twice.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from memctl.core.errors import UsageError
from memctl_mem0.platform.client import Filter, Platform

ROUNDS = 3
"""How often a list is read at most."""


class Part(msgspec.Struct, frozen=True):
    """Some memories, and the cursor after them: None when these are the last."""

    rows: list[dict[str, Any]]
    cursor: str | None


class _Place(msgspec.Struct):
    """Where reading stands: the next page, the rows before it, and how often the list was read before."""

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
    """The memories that meet the filters, in pages of `size`, from the cursor on. `what` is the list in an error.

    Raises Fatal when the list stays shorter than its own total, UsageError for what is no cursor.
    """
    place = _Place() if cursor is None else _parsed(cursor)
    # Of what came before a cursor only the number is known.
    whole = cursor is None
    given: set[str] = set()
    last_count, shrank = 0, False
    while True:
        page = platform.page(filters, place.page, size)
        shrank, last_count = shrank or page.count < last_count, page.count
        place = _Place(place.page + 1, place.seen + len(page.rows), place.rounds)
        fresh = [row for row in page.rows if str(row.get("id")) not in given]
        given.update(str(row.get("id")) for row in fresh)
        found = len(given) if whole and not page.more else place.seen
        if not page.more and (shrank or found < page.count) and place.rounds + 1 < ROUNDS:
            place, last_count, shrank = _Place(rounds=place.rounds + 1), 0, False
            yield Part(fresh, str(place))
            continue
        platform.hold(found, page, what)
        yield Part(fresh, str(place) if page.more else None)
        if not page.more:
            return
