"""What moving facts from one system to another takes: calls, time, what the target's plan charges, and tokens."""

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
    """What is to be moved. `sizes` maps bytes of a text to how many records have it; `said` tells where it is from."""

    users: int
    records: int
    tokens: int
    sizes: dict[int, int]
    said: str


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A move priced. `minutes` is the least the target's rate allows; `quote` the cheapest plan for what the move
    itself is charged in one month, None where no plan takes it at once; the drivers say what it is charged by.

    `assumptions` are the reasons behind figures that nobody confirmed.
    Facts go over verbatim, so no language model is called; `embedding` is USD for new vectors where the user makes
    them, `rederived` USD when the target is to find the facts anew and its user pays for the model.
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
        """Whether anything of it rests on a figure nobody confirmed."""
        return bool(self.assumptions)


def move(route: str, book: Book, load: Load, chosen: Models) -> Move:
    """Price the move `route`, written `source:target` with systems of the book. UsageError for any other route."""
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
        # A page per user at the least, and the last one is nearly always begun.
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
    """The reasons behind the unconfirmed figures of a move, each once."""
    moving = target.moving
    rest = [source.moving.read_page, moving.write_batch, moving.units, moving.rate]
    rest += [figure for plan in target.plans if quote and plan.name == quote.plan for figure in figures(plan, book)]
    unconfirmed = [figure for figure in rest if figure is not None and figure.confidence == "assumption"]
    return tuple(dict.fromkeys(book.said(figure.source) for figure in unconfirmed))


def _system(book: Book, key: str, route: str) -> System:
    if key not in book.systems:
        known = ", ".join(book.systems)
        hint = f"write it source:target, as in mem0:zep; systems of the price book: {known}"
        raise UsageError(f"{route!r} is no route: there is no system {key!r}", where="--migrate", hint=hint)
    return book.systems[key]


def _charged(target: System, book: Book, load: Load) -> dict[Driver, Decimal]:
    """The quantities of the drivers that a move into the target is charged by."""
    constant = {name: figure.value for name, figure in book.constants.items()}
    filled = blocks(load.sizes, constant["bytes_per_credit"], load.records) if load.records else 0
    mean = _mean(load.sizes)
    units = target.moving.units.value if target.moving.units else Decimal(1)
    quantities: Mapping[Driver, Decimal] = {
        "users": Decimal(load.users),
        "facts_added": Decimal(load.records),
        # Verbatim, each fact is an add of its own: its metadata and time are of the whole request.
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
    """USD of finding facts anew in what is moved, every record taken for a turn; None where no model is paid for."""
    extraction = target.extraction
    if extraction.prompt is None or extraction.repeated is None or extraction.output is None or chosen.llm is None:
        return None
    given = load.tokens * extraction.repeated.value + load.records * extraction.prompt.value
    written = load.records * extraction.output.value
    return (given * Decimal(str(chosen.llm.input or 0)) + written * Decimal(str(chosen.llm.output or 0))) / MILLION


def _mean(sizes: Mapping[int, int]) -> Decimal:
    mean = Fraction(sum(size * number for size, number in sizes.items()), max(1, sum(sizes.values())))
    return Decimal(mean.numerator) / mean.denominator
