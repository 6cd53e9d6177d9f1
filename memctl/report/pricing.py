"""What usage costs on a plan: exact, piecewise, in decimals; and the cheapest plan of a system that fits.

Pure functions of a price book and quantities. This room may know nothing of where either comes from.
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
"""In the place of a language model: facts are found by rules, at no token's cost."""
SHIPPED = "static"
"""In the place of an embedding model: the one that ships with memctl."""


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """What one driver of a plan comes to: the quantity, how much the plan includes, and USD for what is beyond."""

    driver: Driver
    quantity: Decimal
    included: Decimal
    usd: Decimal


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A plan for a month. `bound` marks a price that is only claimed not to be passed, `assumed` one that rests on a
    figure nobody confirmed."""

    plan: str
    base: Decimal
    charges: tuple[Charge, ...]
    bound: bool
    assumed: bool

    @property
    def overage(self) -> Decimal:
        """USD beside the base price."""
        return sum((charge.usd for charge in self.charges), Decimal(0))

    @property
    def total(self) -> Decimal:
        """USD of the plan in all."""
        return self.base + self.overage


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """A system's month in USD: its plan (None: no plan fits) and the tokens that the user pays for beside it."""

    system: str
    quote: Quote | None
    llm: Decimal
    embedding: Decimal
    assumed: bool

    @property
    def total(self) -> Decimal | None:
        """USD of plan and tokens; None where no plan fits."""
        return None if self.quote is None else self.quote.total + self.tokens

    @property
    def tokens(self) -> Decimal:
        """USD of tokens, of both models."""
        return self.llm + self.embedding

    @property
    def bound(self) -> bool:
        """Whether the plan's price is only claimed not to be passed."""
        return self.quote is not None and self.quote.bound

    def parts(self) -> dict[str, Decimal]:
        """The total's parts by name; none where no plan fits."""
        if self.quote is None:
            return {}
        return {
            "plan": self.quote.base,
            "usage": self.quote.overage,
            "LLM tokens": self.llm,
            "embedding tokens": self.embedding,
        }


class Models(msgspec.Struct, frozen=True):
    """The models that tokens are priced by; None is none: rules, and the embedding model that ships."""

    llm: ModelPrice | None
    embedding: ModelPrice | None


def models(book: Book, llm: str | None = None, embedding: str | None = None) -> Models:
    """The models by name, `rules` and `static` for none; None takes the book's. UsageError for one not in the book."""
    return Models(
        _model(book, llm or book.default_model, RULES, "--model"),
        _model(book, embedding or book.default_embedding, SHIPPED, "--embedding"),
    )


def _model(book: Book, name: str, free: str, option: str) -> ModelPrice | None:
    if name == free:
        return None
    found = book.model(name)
    if found is None:
        known = ", ".join(sorted([free, *book.models]))
        raise UsageError(f"the price book has no model {name!r}", where=option, hint=f"models: {known}")
    return found


def charge(meter: Meter, quantity: Decimal) -> Charge | None:
    """What a quantity comes to on a meter; None where the plan does not reach so far.

    Graduated: each tier prices the units between the end of the one before it and its own. A `whole` tier bills
    every begun block.
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
    """The plan's price for a month's quantities; None where one of them is more than it takes.

    A driver that is not among `drivers` is not used.
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
    """The plan of the least total that fits, the first listed where several cost the same; None where none fits."""
    quotes = [found for plan in system.plans if (found := quote(plan, book, drivers)) is not None]
    return min(quotes, key=lambda found: found.total, default=None)


def cost(key: str, book: Book, usage: Usage, chosen: Models) -> Cost:
    """A system's month: the cheapest plan that fits, and the tokens of extraction where its user pays for them."""
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
    found = cheapest(system, book, usage.drivers)
    return Cost(
        system=key,
        quote=found,
        llm=llm,
        embedding=embedding,
        assumed=assumed or (found is not None and found.assumed),
    )


def extraction_figures(system: System) -> list[Figure]:
    """The figures behind the tokens of a system's extraction."""
    extraction = system.extraction
    return [figure for figure in (extraction.prompt, extraction.repeated, extraction.output) if figure is not None]


def llm_tokens(system: System, usage: Usage) -> tuple[Decimal, Decimal]:
    """Input and output tokens that finding facts in a month's turns takes; nothing where the vendor pays."""
    extraction = system.extraction
    if extraction.prompt is None or extraction.repeated is None or extraction.output is None:
        return Decimal(0), Decimal(0)
    turns = usage.drivers["turns"]
    return (
        usage.turn_tokens * extraction.repeated.value + turns * extraction.prompt.value,
        turns * extraction.output.value,
    )


def llm_cost(system: System, usage: Usage, model: ModelPrice | None) -> Decimal:
    """USD of those tokens at the model's list price, nothing cached, one call at a time."""
    if model is None:
        return Decimal(0)
    given, written = llm_tokens(system, usage)
    return (given * _usd(model.input) + written * _usd(model.output)) / MILLION


def embedding_cost(usage: Usage, model: ModelPrice | None) -> Decimal:
    """USD of a vector for every turn and fact of a month."""
    if model is None:
        return Decimal(0)
    return (usage.turn_tokens + usage.fact_tokens) * _usd(model.input) / MILLION


def figures(plan: Plan, book: Book) -> Iterator[Figure]:
    """Every figure a plan's price rests on, the constants behind its drivers among them."""
    yield from plan_figures(plan)
    for meter in plan.meters:
        yield from (book.constants[name] for name in CONSTANTS_OF.get(meter.driver, ()))


def plan_figures(plan: Plan) -> Iterator[Figure]:
    """The figures of a plan itself: its price, what it includes and its tiers."""
    yield plan.price
    for meter in plan.meters:
        if meter.included:
            yield meter.included
        for tier in meter.tiers:
            yield from (figure for figure in (tier.price, tier.per, tier.up_to) if figure is not None)


def _usd(price: float | None) -> Decimal:
    """A price per million tokens, exact as written; a kind of token without one is free, as an embedding's output."""
    return Decimal(0) if price is None else Decimal(str(price))
