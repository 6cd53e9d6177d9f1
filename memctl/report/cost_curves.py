"""Cost by number of users: every system's curve, where it ends, break-even points, and slopes.

Plans are step functions, so the curves are evaluated, and a change between two points is narrowed down to one user.
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
"""The numbers of users in tables."""

LINEAR = 1.05
"""The largest exponent that is called linear: a quarter more per user at a hundred times the users."""

CostOf = Callable[[str, int], Cost]
"""A system's cost for a number of users."""


class Crossing(msgspec.Struct, frozen=True, kw_only=True):
    """From `users` on `cheaper`, then at `usd`, costs less than `dearer`; below it is the other way round. `assumed` if
    either cost is based on an unconfirmed assumption."""

    users: int
    cheaper: str
    dearer: str
    usd: Decimal
    assumed: bool


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The book's claim, checked for one system.

    `at` is its cost for the claimed number of users, None if it has no price for them; `under` whether that is below
    the claimed sum. An upper bound equal to that sum is not below it once tokens are added. `exponent` is how cost
    grows with users over the next two decades: 1 is linear, more than LINEAR is super-linear.
    """

    system: str
    at: Decimal | None
    under: bool | None
    exponent: float | None
    superlinear: bool | None
    bound: bool
    assumed: bool


class Curves(msgspec.Struct, frozen=True, kw_only=True):
    """`costs` are each system's costs at every number in `users`; `marks` those at MARKS. `ends` is the highest number
    of users with a price, None if it was not reached."""

    users: tuple[int, ...]
    costs: dict[str, tuple[Cost, ...]]
    marks: dict[int, tuple[Cost, ...]]
    ends: dict[str, int | None]
    crossings: tuple[Crossing, ...]
    verdicts: tuple[Verdict, ...]


def curves(load: Workload, book: Book, chosen: Models) -> Curves:
    """The curves for the workload's last month, assuming a constant number of users."""

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
    points = {round(10 ** (step / POINTS_PER_DECADE)) for step in steps} | set(MARKS)
    return tuple(sorted(users for users in points if users <= highest))


def _changes(key: str, points: Sequence[int], at: CostOf) -> Iterator[int]:
    """The users at which the plan changes: where a curve jumps."""

    def another(than: str | None, users: int) -> bool:
        return _plan(at(key, users)) != than

    for below, users in pairwise(points):
        before = _plan(at(key, below))
        if another(before, users):
            yield (turn := first(below, users, partial(another, before)))
            yield turn - 1


def _plan(cost: Cost) -> str | None:
    return cost.quote.plan if cost.quote else None


def first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The least number above `low` for which `holds` is true, given that it is true for `high` and not for `low`."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _end(key: str, points: Sequence[int], at: CostOf) -> int | None:
    """A curve ends once: quantities only rise with users, so a plan that no longer fits never fits again."""
    below = 0
    for users in points:
        if at(key, users).total is None:
            return first(below, users, lambda number: at(key, number).total is None) - 1
        below = users
    return None


def _crossings(keys: Sequence[str], points: Sequence[int], at: CostOf) -> list[Crossing]:
    crossings = []
    for place, one in enumerate(keys):
        for other in keys[place + 1 :]:
            crossings += _crossings_of(one, other, points, at)
    return sorted(crossings, key=lambda crossing: (crossing.users, crossing.cheaper))


def _crossings_of(one: str, other: str, points: Sequence[int], at: CostOf) -> list[Crossing]:
    """Where the sign of the difference changes; equal costs and upper bounds are not a change."""

    def sign(users: int) -> int:
        left, right = at(one, users), at(other, users)
        if left.total is None or right.total is None or left.bound or right.bound:
            return 0
        return (left.total > right.total) - (left.total < right.total)

    def turns_to(wanted: int, users: int) -> bool:
        return sign(users) == wanted

    crossings = []
    last, below = 0, 0
    for users in points:
        now = sign(users)
        if now and last and now != last:
            turned = first(below, users, partial(turns_to, now))
            cheaper, dearer = (other, one) if now > 0 else (one, other)
            low, high = at(cheaper, turned), at(dearer, turned)
            assert low.total is not None
            assumed = low.assumed or high.assumed
            crossings.append(Crossing(users=turned, cheaper=cheaper, dearer=dearer, usd=low.total, assumed=assumed))
        if now:
            last = now
        below = users
    return crossings


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
