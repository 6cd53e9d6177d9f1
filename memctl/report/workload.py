"""A monthly workload, and the quantities that plans charge for.

A workload's numbers are passed, measured or the price book's defaults, and each is labelled. Prices are in
`memctl.report.pricing`.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import msgspec

from memctl.core.errors import UsageError
from memctl.report import growth
from memctl.report.price_book import WORKLOAD, Book, Driver

if TYPE_CHECKING:
    from collections.abc import Mapping

    from memctl.report.volume import Volume

Origin = Literal["given", "measured", "assumed"]
GIGA = 1_000_000_000

CONSTANTS_OF: dict[Driver, tuple[str, ...]] = {
    "add_requests": ("turns_per_add",),
    "episode_credits": ("bytes_per_credit",),
    "sessions": ("turns_per_session",),
    "active_agents": ("agents_per_user",),
    "tool_seconds": ("tool_seconds_per_turn",),
    "storage_gb": ("vector_dimensions", "bytes_per_dimension", "index_factor", "row_bytes"),
    "memory_gb": ("vector_dimensions", "bytes_per_dimension", "index_factor"),
    "peak_searches": ("peak_factor", "hours_per_month"),
}
"""The book's constants behind each driver; other drivers depend on the workload only."""


WORDS: dict[Driver, str] = {
    "searches": "searches (retrieval requests)",
    "memory_gb": "GB of vectors in memory",
    "storage_gb": "GB stored",
    "peak_searches": "searches per second in the busiest hour",
}
"""Drivers in words, if their names with spaces are not enough."""


def words(driver: Driver) -> str:
    """A driver's name for display."""
    return WORDS.get(driver, driver.replace("_", " "))


class Taken(msgspec.Struct, frozen=True):
    """A number of the workload and its origin: `said` is the option, the measurement, or the book's source."""

    value: Decimal
    origin: Origin
    said: str


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """Users, their messages and searches per month, and the records at the beginning.

    `growth` is the users' monthly growth (0.08: 8 %). `turn_sizes` maps bytes to the number of measured turns; if
    empty, every turn has `bytes_per_turn`. Bytes and tokens are means.
    """

    users: Taken
    turns_per_user_month: Taken
    facts_per_turn: Taken
    searches_per_turn: Taken
    growth: Taken
    months: Taken
    bytes_per_turn: Taken
    bytes_per_fact: Taken
    tokens_per_turn: Taken
    tokens_per_fact: Taken
    turn_sizes: dict[int, int] = {}
    held_facts: int = 0
    held_turns: int = 0

    def numbers(self) -> dict[str, Taken]:
        """The numbers by name, in order."""
        return {name: getattr(self, name) for name in WORKLOAD}


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """One month: the quantity of every driver, and the tokens of its turns and facts."""

    month: int
    users: int
    drivers: dict[Driver, Decimal]
    turn_tokens: Decimal
    fact_tokens: Decimal


def workload(book: Book, volume: Volume | None, given: Mapping[str, Decimal | None]) -> Workload:
    """The workload: numbers in `given` (named as in WORKLOAD), else measured ones, else the book's.

    Records at the beginning count only if the users are measured. Raises UsageError for invalid numbers, such as 0
    months.
    """
    measured = _measured(volume, book) if volume else {}
    numbers = {name: _taken(name, given.get(name), measured, book) for name in WORKLOAD}
    _check(numbers)
    same_people = volume is not None and numbers["users"].origin == "measured"
    same_turns = numbers["bytes_per_turn"].origin == "measured"
    return Workload(
        **numbers,
        turn_sizes=volume.activity.turn_sizes if volume and same_turns else {},
        held_facts=volume.facts if volume and same_people else 0,
        held_turns=volume.episodes if volume and same_people else 0,
    )


def _taken(name: str, given: Decimal | None, measured: Mapping[str, Taken], book: Book) -> Taken:
    if given is not None:
        return Taken(given, "given", f"--{name.replace('_', '-')}")
    if name in measured:
        return measured[name]
    figure = book.workload[name]
    return Taken(figure.value, "assumed", f"{figure.confidence}: {book.said(figure.source)}")


def _check(numbers: Mapping[str, Taken]) -> None:
    for name, taken in numbers.items():
        least = Decimal(-1) if name == "growth" else Decimal(0)
        whole = name in ("users", "months")
        if not taken.value.is_finite() or taken.value < least or (whole and taken.value != int(taken.value)):
            hint = f"use a {'whole ' if whole else ''}number, {least} or more"
            raise UsageError(f"invalid number {taken.value}", where=f"--{name.replace('_', '-')}", hint=hint)
    if not 1 <= numbers["months"].value <= 120:
        raise UsageError(f"invalid number {numbers['months'].value}", where="--months", hint="use 1 to 120")


def _measured(volume: Volume, book: Book) -> dict[str, Taken]:
    values: dict[str, Decimal] = {}
    if volume.users:
        values["users"] = Decimal(volume.users)
    if volume.episodes:
        values["facts_per_turn"] = _ratio(volume.facts, volume.episodes)
        values["bytes_per_turn"] = _mean(volume.activity.turn_sizes)
        values["tokens_per_turn"] = _ratio(volume.tokens.turns, volume.episodes)
    if volume.facts:
        values["bytes_per_fact"] = _mean(volume.activity.fact_sizes)
        values["tokens_per_fact"] = _ratio(volume.tokens.facts, volume.facts)
    if volume.activity.user_months:
        # For a backend without turns, months with facts are counted.
        turns = volume.episodes or volume.facts / book.workload["facts_per_turn"].value
        values["turns_per_user_month"] = _ratio(turns, volume.activity.user_months)
    arrivals = {date.fromisoformat(f"{month}-01"): users for month, users in volume.activity.arrivals.items()}
    rate = growth.rate(arrivals, volume.now.date(), volume.users - sum(arrivals.values()))
    if rate is not None:
        values["growth"] = Decimal(f"{rate:.4f}")
    said = f"measured in {volume.backend} on {volume.now.date().isoformat()}"
    return {name: Taken(value, "measured", said) for name, value in values.items()}


def _ratio(amount: int | Decimal, of: int) -> Decimal:
    return (Decimal(amount) / of).quantize(Decimal("0.0001"))


def _mean(sizes: Mapping[int, int]) -> Decimal:
    return _ratio(sum(size * number for size, number in sizes.items()), sum(sizes.values()))


def months(load: Workload, book: Book) -> list[Usage]:
    """All months of the workload, the first with the initial users."""
    usages: list[Usage] = []
    turns, facts = load.held_turns, load.held_facts
    for number in range(int(load.months.value)):
        grown = load.users.value * (1 + load.growth.value) ** number
        users = int(grown.to_integral_value(ROUND_HALF_UP))
        month = usage(load, book, users, turns, facts, number + 1)
        turns += int(month.drivers["turns"])
        facts += int(month.drivers["facts_added"])
        usages.append(month)
    return usages


def steady(load: Workload, book: Book, users: int) -> Usage:
    """The last month of the workload with a constant number of users, and nothing stored before."""
    before = int(load.months.value) - 1
    turns = ceiling(users * load.turns_per_user_month.value)
    facts = ceiling(turns * load.facts_per_turn.value)
    return usage(load, book, users, before * turns, before * facts, before + 1)


def usage(load: Workload, book: Book, users: int, turns_before: int, facts_before: int, month: int) -> Usage:
    """One month of `users` users, after so many stored turns and facts."""
    constant = {name: figure.value for name, figure in book.constants.items()}
    turns = ceiling(users * load.turns_per_user_month.value)
    searches = ceiling(turns * load.searches_per_turn.value)
    facts = ceiling(turns * load.facts_per_turn.value)
    drivers: dict[Driver, Decimal] = {
        "users": Decimal(users),
        "turns": Decimal(turns),
        "searches": Decimal(searches),
        "facts_added": Decimal(facts),
        "add_requests": Decimal(ceiling(turns / constant["turns_per_add"])),
        "episode_credits": Decimal(credits(load, constant["bytes_per_credit"], turns)),
        "sessions": Decimal(ceiling(turns / constant["turns_per_session"])),
        "active_agents": Decimal(ceiling(users * constant["agents_per_user"])),
        "tool_seconds": turns * constant["tool_seconds_per_turn"],
        "peak_searches": searches * constant["peak_factor"] / (constant["hours_per_month"] * 3600),
        **stored(
            constant,
            facts=facts_before + facts,
            turns=turns_before + turns,
            fact_bytes=load.bytes_per_fact.value,
            turn_bytes=load.bytes_per_turn.value,
        ),
    }
    return Usage(
        month=month,
        users=users,
        drivers=drivers,
        turn_tokens=turns * load.tokens_per_turn.value,
        fact_tokens=facts * load.tokens_per_fact.value,
    )


def stored(
    constant: Mapping[str, Decimal], *, facts: int, turns: int, fact_bytes: Decimal, turn_bytes: Decimal
) -> dict[Driver, Decimal]:
    """The storage drivers: facts and turns, each with a vector and an index entry. The bytes are means."""
    records = facts + turns
    vectors = records * constant["vector_dimensions"] * constant["bytes_per_dimension"] * (1 + constant["index_factor"])
    texts = facts * fact_bytes + turns * turn_bytes
    return {
        "facts_stored": Decimal(facts),
        "records_stored": Decimal(records),
        "memory_gb": vectors / GIGA,
        "storage_gb": (vectors + texts + records * constant["row_bytes"]) / GIGA,
    }


def credits(load: Workload, block: Decimal, turns: int) -> int:  # noqa: A001 - the vendor's term
    """Blocks of `block` bytes for a number of turns, each turn rounded up, at least one."""
    sizes = load.turn_sizes or {int(load.bytes_per_turn.value.to_integral_value(ROUND_CEILING)): 1}
    return blocks(sizes, block, turns)


def blocks(sizes: Mapping[int, int], block: Decimal, texts: int) -> int:
    """Blocks for a number of texts with the size distribution `sizes` (bytes to number of texts)."""
    filled = sum(max(1, ceiling(Decimal(size) / block)) * number for size, number in sizes.items())
    mean = Fraction(filled, sum(sizes.values()))
    return -(-texts * mean.numerator // mean.denominator)


def ceiling(amount: Decimal) -> int:
    """The next whole number."""
    return int(amount.to_integral_value(ROUND_CEILING))
