"""Usage costs of plans, exact, piecewise, in decimals; and the cheapest plan of a system that fits.

Pure functions of a price book and quantities.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_CEILING, Decimal

import msgspec

from memctl.core.errors import UsageError
from memctl.report.price_book import Book, Driver, Figure, Meter, ModelPrice, Plan, System
from memctl.report.workload import CONSTANTS_OF, Usage

MILLION = 1_000_000
RULES = "rules"
"""Instead of a language model: facts are extracted by rules, without tokens."""
SHIPPED = "static"
"""Instead of an embedding model: the built-in one."""


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of one driver of a plan: its quantity, the included part, and USD for the rest."""

    driver: Driver
    quantity: Decimal
    included: Decimal
    usd: Decimal


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A plan for a month. `bound` marks a price that is only an upper bound, `assumed` one based on an unconfirmed
    assumption."""

    plan: str
    base: Decimal
    charges: tuple[Charge, ...]
    bound: bool
    assumed: bool

    @property
    def overage(self) -> Decimal:
        """USD in addition to the base price."""
        return sum((charge.usd for charge in self.charges), Decimal(0))

    @property
    def total(self) -> Decimal:
        """USD of the plan in total."""
        return self.base + self.overage


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """A system's month in USD: its plan (None: no plan fits) and the tokens that the user pays for separately."""

    system: str
    quote: Quote | None
    llm: Decimal
    embedding: Decimal
    assumed: bool

    @property
    def total(self) -> Decimal | None:
        """USD of plan and tokens; None if no plan fits."""
        return None if self.quote is None else self.quote.total + self.tokens

    @property
    def tokens(self) -> Decimal:
        """USD of the tokens of both models."""
        return self.llm + self.embedding

    @property
    def bound(self) -> bool:
        """Whether the plan's price is only an upper bound."""
        return self.quote is not None and self.quote.bound

    def parts(self) -> dict[str, Decimal]:
        """The parts of the total by name; empty if no plan fits."""
        if self.quote is None:
            return {}
        return {
            "plan": self.quote.base,
            "usage": self.quote.overage,
            "LLM tokens": self.llm,
            "embedding tokens": self.embedding,
        }


class Models(msgspec.Struct, frozen=True):
    """The models used for token prices; None means rules, and the built-in embedding model."""

    llm: ModelPrice | None
    embedding: ModelPrice | None


def models(book: Book, llm: str | None = None, embedding: str | None = None) -> Models:
    """The models by name, `rules` and `static` for none; None uses the book's default. Raises UsageError for unknown
    ones."""
    return Models(
        _model(book, llm or book.default_model, RULES, "--model"),
        _model(book, embedding or book.default_embedding, SHIPPED, "--embedding"),
    )


def _model(book: Book, name: str, free: str, option: str) -> ModelPrice | None:
    if name == free:
        return None
    price = book.model(name)
    if price is None:
        known = ", ".join(sorted([free, *book.models]))
        raise UsageError(f"unknown model {name!r} in the price book", where=option, hint=f"models: {known}")
    return price


def charge(meter: Meter, quantity: Decimal) -> Charge | None:
    """The charge for a quantity on a meter; None if the plan does not cover it.

    Graduated: each tier prices the units between the end of the previous tier and its own. A `whole` tier bills every
    started block.
    """
    included = meter.included.value if meter.included else Decimal(0)
    usd, reached = Decimal(0), included
    for tier in meter.tiers:
        upto = quantity if tier.up_to is None else min(quantity, tier.up_to.value)
        units = max(upto - reached, Decimal(0)) / (tier.per.value if tier.per else 1)
        usd += tier.price.value * (units.to_integral_value(ROUND_CEILING) if tier.whole else units)
        reached = max(reached, upto)
    if quantity > reached:
        return None
    return Charge(driver=meter.driver, quantity=quantity, included=included, usd=usd)


def quote(plan: Plan, book: Book, drivers: Mapping[Driver, Decimal]) -> Quote | None:
    """The plan's price for a month's quantities; None if one exceeds its limit.

    Drivers that are not in `drivers` are not used.
    """
    charges = []
    for meter in plan.meters:
        charged = charge(meter, drivers.get(meter.driver, Decimal(0)))
        if charged is None:
            return None
        charges.append(charged)
    assumed = any(figure.confidence == "assumption" for figure in figures(plan, book))
    return Quote(plan=plan.name, base=plan.price.value, charges=tuple(charges), bound=plan.bound, assumed=assumed)


def cheapest(system: System, book: Book, drivers: Mapping[Driver, Decimal]) -> Quote | None:
    """The cheapest plan that fits, the first listed of equal ones; None if none fits."""
    quotes = [quoted for plan in system.plans if (quoted := quote(plan, book, drivers)) is not None]
    return min(quotes, key=lambda quoted: quoted.total, default=None)


def cost(key: str, book: Book, usage: Usage, chosen: Models) -> Cost:
    """A system's month: the cheapest plan that fits, and the tokens of extraction if the user pays for them."""
    system = book.systems[key]
    llm, embedding = Decimal(0), Decimal(0)
    assumed = False
    if system.extraction.paid_by == "user":
        llm = llm_cost(system, usage, chosen.llm)
        assumed = chosen.llm is not None and any(
            figure.confidence == "assumption" for figure in extraction_figures(system)
        )
        if not system.moving.vendor_embeds:
            embedding = embedding_cost(usage, chosen.embedding)
    best = cheapest(system, book, usage.drivers)
    return Cost(
        system=key,
        quote=best,
        llm=llm,
        embedding=embedding,
        assumed=assumed or (best is not None and best.assumed),
    )


def extraction_figures(system: System) -> list[Figure]:
    """The figures behind the extraction tokens of a system."""
    extraction = system.extraction
    return [figure for figure in (extraction.prompt, extraction.repeated, extraction.output) if figure is not None]


def llm_tokens(system: System, usage: Usage) -> tuple[Decimal, Decimal]:
    """Input and output tokens of extraction from a month's turns; zero if the vendor pays."""
    extraction = system.extraction
    if extraction.prompt is None or extraction.repeated is None or extraction.output is None:
        return Decimal(0), Decimal(0)
    turns = usage.drivers["turns"]
    return (
        usage.turn_tokens * extraction.repeated.value + turns * extraction.prompt.value,
        turns * extraction.output.value,
    )


def llm_cost(system: System, usage: Usage, model: ModelPrice | None) -> Decimal:
    """USD of those tokens at the model's list price, without caching and batches."""
    if model is None:
        return Decimal(0)
    read, written = llm_tokens(system, usage)
    return (read * _usd(model.input) + written * _usd(model.output)) / MILLION


def embedding_cost(usage: Usage, model: ModelPrice | None) -> Decimal:
    """USD of a vector for every turn and fact of a month."""
    if model is None:
        return Decimal(0)
    return (usage.turn_tokens + usage.fact_tokens) * _usd(model.input) / MILLION


def figures(plan: Plan, book: Book) -> Iterator[Figure]:
    """Every figure behind a plan's price, including the constants of its drivers."""
    yield from plan_figures(plan)
    for meter in plan.meters:
        yield from (book.constants[name] for name in CONSTANTS_OF.get(meter.driver, ()))


def plan_figures(plan: Plan) -> Iterator[Figure]:
    """The figures of a plan: its price, what it includes and its tiers."""
    yield plan.price
    for meter in plan.meters:
        if meter.included:
            yield meter.included
        for tier in meter.tiers:
            yield from (figure for figure in (tier.price, tier.per, tier.up_to) if figure is not None)


def _usd(price: float | None) -> Decimal:
    """The exact price per million tokens; a missing price is zero, as for an embedding model's output."""
    return Decimal(0) if price is None else Decimal(str(price))
