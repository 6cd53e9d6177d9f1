"""Cost against users: the curve of every system, where it ends, where two of them cross, and how steep they are.

Plans are step functions, so nothing is solved for: the curves are evaluated, and a change found between two points
is narrowed to the user it happens at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import cache, partial
from itertools import pairwise

import msgspec

from memctl.report.price_book import Book, Claim
from memctl.report.pricing import Cost, Models, cost
from memctl.report.workload import Usage, Workload, steady

POINTS_PER_DECADE = 20
MARKS = (100, 1_000, 10_000, 100_000)
"""The numbers of users that tables show."""

LINEAR = 1.05
"""An exponent up to which a curve passes for linear: a hundred times the users, a quarter more for each."""

CostOf = Callable[[str, int], Cost]
"""A system's cost with so many users."""


class Crossing(msgspec.Struct, frozen=True, kw_only=True):
    """From `users` on `cheaper`, then at `usd`, costs less than `dearer`, with which it was the other way round below.
    `assumed` when either cost rests on a figure nobody confirmed."""

    users: int
    cheaper: str
    dearer: str
    usd: Decimal
    assumed: bool


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a system makes of the book's claim.

    `at` is its cost with the users claimed, None where it has no price for them; `under` whether that is below the
    claimed sum, which a price that is itself but that bound is not, once tokens come to it.
    `exponent` tells how cost grows with users over the next two decades: 1 is linear, more than LINEAR is
    called super-linear.
    """

    system: str
    at: Decimal | None
    under: bool | None
    exponent: float | None
    superlinear: bool | None
    bound: bool
    assumed: bool


class Curves(msgspec.Struct, frozen=True, kw_only=True):
    """`costs` has each system's cost at every number of `users`; `marks` the same at MARKS. `ends` is the most users
    a system has a price for, None where no end was met."""

    users: tuple[int, ...]
    costs: dict[str, tuple[Cost, ...]]
    marks: dict[int, tuple[Cost, ...]]
    ends: dict[str, int | None]
    crossings: tuple[Crossing, ...]
    verdicts: tuple[Verdict, ...]


def curves(load: Workload, book: Book, chosen: Models) -> Curves:
    """The curves of the workload's last month, had there been that many users all the time."""

    @cache
    def at(system: str, users: int) -> Cost:
        return cost(system, book, usage(users), chosen)

    @cache
    def usage(users: int) -> Usage:
        return steady(load, book, users)

    points = _points(max(MARKS[-1], 10 * int(load.users.value)))
    points = tuple(sorted({*points, *(users for key in book.systems for users in _changes(key, points, at))}))
    return Curves(
        users=points,
        costs={key: tuple(at(key, users) for users in points) for key in book.systems},
        marks={users: tuple(at(key, users) for key in book.systems) for users in MARKS},
        ends={key: _end(key, points, at) for key in book.systems},
        crossings=tuple(_crossings(list(book.systems), points, at)),
        verdicts=tuple(_verdict(key, book.claim, at) for key in book.systems),
    )


def _points(highest: int) -> tuple[int, ...]:
    decades = len(str(highest))
    steps = range(decades * POINTS_PER_DECADE + 1)
    found = {round(10 ** (step / POINTS_PER_DECADE)) for step in steps} | set(MARKS)
    return tuple(sorted(users for users in found if users <= highest))


def _changes(key: str, points: Sequence[int], at: CostOf) -> Iterator[int]:
    """The users from which another plan is taken than one point earlier: where a curve jumps."""

    def another(than: str | None, users: int) -> bool:
        return _plan(at(key, users)) != than

    for below, users in pairwise(points):
        before = _plan(at(key, below))
        if another(before, users):
            yield (turn := first(below, users, partial(another, before)))
            yield turn - 1


def _plan(found: Cost) -> str | None:
    return found.quote.plan if found.quote else None


def first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The least number above `low` that `holds` is true of, given that it is true of `high` and not of `low`."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _end(key: str, points: Sequence[int], at: CostOf) -> int | None:
    """Costs end once: quantities only rise with users, so a plan that no longer fits never fits again."""
    below = 0
    for users in points:
        if at(key, users).total is None:
            return first(below, users, lambda number: at(key, number).total is None) - 1
        below = users
    return None


def _crossings(keys: Sequence[str], points: Sequence[int], at: CostOf) -> list[Crossing]:
    found = []
    for place, one in enumerate(keys):
        for other in keys[place + 1 :]:
            found += _crossings_of(one, other, points, at)
    return sorted(found, key=lambda crossing: (crossing.users, crossing.cheaper))


def _crossings_of(one: str, other: str, points: Sequence[int], at: CostOf) -> list[Crossing]:
    """Where the sign of the difference turns; users at which both cost the same turn nothing, nor does a bound."""

    def sign(users: int) -> int:
        left, right = at(one, users), at(other, users)
        if left.total is None or right.total is None or left.bound or right.bound:
            return 0
        return (left.total > right.total) - (left.total < right.total)

    def turns_to(wanted: int, users: int) -> bool:
        return sign(users) == wanted

    found = []
    last, below = 0, 0
    for users in points:
        now = sign(users)
        if now and last and now != last:
            turned = first(below, users, partial(turns_to, now))
            cheaper, dearer = (other, one) if now > 0 else (one, other)
            low, high = at(cheaper, turned), at(dearer, turned)
            assert low.total is not None
            assumed = low.assumed or high.assumed
            found.append(Crossing(users=turned, cheaper=cheaper, dearer=dearer, usd=low.total, assumed=assumed))
        if now:
            last = now
        below = users
    return found


def _verdict(key: str, claim: Claim, at: CostOf) -> Verdict:
    users = int(claim.users.value)
    here, far = at(key, users), at(key, 100 * users)
    exponent = None
    if here.total and far.total:
        exponent = float((far.total / here.total).log10()) / 2
    return Verdict(
        system=key,
        at=here.total,
        under=None if here.total is None else here.total < claim.usd.value or (here.bound and not here.tokens),
        exponent=exponent,
        superlinear=None if exponent is None else exponent > LINEAR,
        bound=here.bound,
        assumed=here.assumed,
    )
