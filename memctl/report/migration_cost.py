"""The cost of moving facts between systems: calls, time, the target's charges, and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

import msgspec

from memctl.core.errors import UsageError
from memctl.report.price_book import Book, Driver, System
from memctl.report.pricing import Models, Quote, cheapest, figures
from memctl.report.workload import blocks, ceiling, stored

MILLION = 1_000_000


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """The facts to move. `sizes` maps bytes of a text to the number of records of that size; `said` names the origin of
    the numbers."""

    users: int
    records: int
    tokens: int
    sizes: dict[int, int]
    said: str


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """The price of a move. `minutes` is the minimum by the target's rate limit; `quote` the cheapest plan for the
    move's charges in one month, None if no plan fits; the drivers are what is charged.

    `assumptions` are the reasons behind unconfirmed figures. Facts are copied unchanged, so no language model is
    called; `embedding` is USD for new vectors if the user makes them, `rederived` USD for letting the target extract
    the facts again, if its user pays for the model.
    """

    source: str
    target: str
    load: Load
    read_calls: int
    write_calls: int
    minutes: Decimal | None
    drivers: dict[Driver, Decimal]
    quote: Quote | None
    embedding: Decimal
    rederived: Decimal | None
    assumptions: tuple[str, ...]

    @property
    def assumed(self) -> bool:
        """Whether any of it is based on an unconfirmed assumption."""
        return bool(self.assumptions)


def move(route: str, book: Book, load: Load, chosen: Models) -> Move:
    """The price of the move `route`, written `source:target` with systems of the book. Raises UsageError for any other
    route."""
    source_key, _, target_key = route.partition(":")
    source, target = (_system(book, key, route) for key in (source_key, target_key))
    drivers = _charged(target, book, load)
    quote = cheapest(target, book, drivers)
    writes = -(-load.records // int(target.moving.write_batch.value)) if load.records else 0
    rate = target.moving.rate
    said = _assumptions(book, source, target, quote)
    return Move(
        source=source_key,
        target=target_key,
        load=load,
        # At least one page per user, and the last one is rarely full.
        read_calls=load.users + load.records // int(source.moving.read_page.value),
        write_calls=writes,
        minutes=writes / rate.value if rate else None,
        drivers=drivers,
        quote=quote,
        embedding=_embedding(target, load, chosen),
        rederived=_rederived(target, load, chosen),
        assumptions=said,
    )


def _assumptions(book: Book, source: System, target: System, quote: Quote | None) -> tuple[str, ...]:
    """The reasons behind the unconfirmed figures of a move, without repetitions."""
    moving = target.moving
    rest = [source.moving.read_page, moving.write_batch, moving.units, moving.rate]
    rest += [figure for plan in target.plans if quote and plan.name == quote.plan for figure in figures(plan, book)]
    unconfirmed = [figure for figure in rest if figure is not None and figure.confidence == "assumption"]
    return tuple(dict.fromkeys(book.said(figure.source) for figure in unconfirmed))


def _system(book: Book, key: str, route: str) -> System:
    if key not in book.systems:
        known = ", ".join(book.systems)
        hint = f"pass FROM:TO, such as mem0:zep; systems: {known}"
        raise UsageError(f"invalid route {route!r}: unknown system {key!r}", where="--migrate", hint=hint)
    return book.systems[key]


def _charged(target: System, book: Book, load: Load) -> dict[Driver, Decimal]:
    """The quantities of the drivers charged for a move into the target."""
    constant = {name: figure.value for name, figure in book.constants.items()}
    filled = blocks(load.sizes, constant["bytes_per_credit"], load.records) if load.records else 0
    mean = _mean(load.sizes)
    units = target.moving.units.value if target.moving.units else Decimal(1)
    quantities: Mapping[Driver, Decimal] = {
        "users": Decimal(load.users),
        "facts_added": Decimal(load.records),
        # Copied facts are separate add requests, because metadata and time apply to a whole request.
        "add_requests": load.records * units,
        "episode_credits": filled * units,
        "active_agents": Decimal(ceiling(load.users * constant["agents_per_user"])),
        **stored(constant, facts=load.records, turns=0, fact_bytes=mean, turn_bytes=mean),
    }
    return {name: quantities[name] for name in target.moving.charged}


def _embedding(target: System, load: Load, chosen: Models) -> Decimal:
    if target.moving.vendor_embeds or chosen.embedding is None:
        return Decimal(0)
    return load.tokens * Decimal(str(chosen.embedding.input or 0)) / MILLION


def _rederived(target: System, load: Load, chosen: Models) -> Decimal | None:
    """USD of extracting the facts again, counting every record as a turn; None if no model is charged."""
    extraction = target.extraction
    if extraction.prompt is None or extraction.repeated is None or extraction.output is None or chosen.llm is None:
        return None
    read = load.tokens * extraction.repeated.value + load.records * extraction.prompt.value
    written = load.records * extraction.output.value
    return (read * Decimal(str(chosen.llm.input or 0)) + written * Decimal(str(chosen.llm.output or 0))) / MILLION


def _mean(sizes: Mapping[int, int]) -> Decimal:
    mean = Fraction(sum(size * number for size, number in sizes.items()), max(1, sum(sizes.values())))
    return Decimal(mean.numerator) / mean.denominator
