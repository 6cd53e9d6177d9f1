"""The pricing report: one workload on every system of a price book, by month and by number of users.

Combines the other modules and lists the assumptions behind the result. Displays nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import chain

import msgspec

from memctl.report.cost_curves import Curves, curves
from memctl.report.price_book import Book, Confidence, Figure
from memctl.report.pricing import (
    Cost,
    Models,
    cost,
    embedding_cost,
    extraction_figures,
    llm_cost,
    llm_tokens,
    plan_figures,
)
from memctl.report.workload import CONSTANTS_OF, Usage, Workload, months


class ModelCost(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of the last month's tokens by model: in single calls, and in batches if it has a batch price. `of` is
    "extraction" or "embedding"."""

    model: str
    of: str
    usd: Decimal
    batched: Decimal | None
    confidence: Confidence
    source: str


class Assumption(msgspec.Struct, frozen=True, kw_only=True):
    """An unconfirmed assumption: its reasoning, and where it is used."""

    said: str
    places: tuple[str, ...]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The report. `costs` has one cost per system for each month, in the order of `systems` (key: title); `tokens` are
    the last month's input and output tokens of extraction if the user pays for it."""

    edition: str
    as_of: date
    note: str
    systems: dict[str, str]
    charged_by: dict[str, str]
    model: str | None
    embedding: str | None
    workload: Workload
    usage: tuple[Usage, ...]
    costs: tuple[tuple[Cost, ...], ...]
    curves: Curves
    input_tokens: Decimal
    output_tokens: Decimal
    by_model: tuple[ModelCost, ...]
    claim: tuple[Decimal, int]
    claim_source: str
    assumptions: tuple[Assumption, ...]
    gaps: dict[str, tuple[str, ...]]

    @property
    def tokens_per_thousand(self) -> tuple[Decimal, Decimal] | None:
        """Input and output tokens of extraction for a thousand of the last month's turns; None without turns."""
        turns = self.usage[-1].drivers["turns"]
        return (1000 * self.input_tokens / turns, 1000 * self.output_tokens / turns) if turns else None

    def of(self, system: str) -> list[Cost]:
        """A system's costs by month."""
        place = list(self.systems).index(system)
        return [month[place] for month in self.costs]

    def marked(self, system: str) -> str:
        """A system's title, with * if a cost is based on an assumption and ≤ if it is an upper bound."""
        costs = [*self.of(system), *self.curves.costs[system]]
        return (
            ("≤ " if any(one.bound for one in costs) else "")
            + self.systems[system]
            + ("*" if any(one.assumed for one in costs) else "")
        )

    def total(self, system: str) -> Decimal | None:
        """USD of all months; None if a month has no price."""
        totals = [cost.total for cost in self.of(system)]
        known = [total for total in totals if total is not None]
        return sum(known, Decimal(0)) if len(known) == len(totals) else None


def compare(book: Book, load: Workload, chosen: Models) -> Comparison:
    """The cost of the workload on every system of the book, with these models for the tokens."""
    usage = months(load, book)
    costs = tuple(tuple(cost(key, book, month, chosen) for key in book.systems) for month in usage)
    user_pays = [system for system in book.systems.values() if system.extraction.paid_by == "user"]
    read, written = llm_tokens(user_pays[-1], usage[-1]) if user_pays else (Decimal(0), Decimal(0))
    against = curves(load, book, chosen)
    return Comparison(
        edition=book.edition,
        as_of=book.as_of,
        note=book.note,
        systems={key: system.title for key, system in book.systems.items()},
        charged_by={key: system.driver for key, system in book.systems.items()},
        model=chosen.llm.name if chosen.llm else None,
        embedding=chosen.embedding.name if chosen.embedding else None,
        workload=load,
        usage=tuple(usage),
        costs=costs,
        curves=against,
        input_tokens=read,
        output_tokens=written,
        by_model=tuple(_by_model(book, usage[-1])),
        claim=(book.claim.usd.value, int(book.claim.users.value)),
        claim_source=f"{book.claim.usd.confidence}: {book.said(book.claim.usd.source)}",
        assumptions=tuple(_assumptions(book, load, [*chain(*costs), *chain(*against.marks.values())])),
        gaps={key: system.gaps for key, system in book.systems.items()},
    )


def _by_model(book: Book, usage: Usage) -> list[ModelCost]:
    """All models of the book with their uses: models with an output price extract, models without embed."""
    user_pays = [system for system in book.systems.values() if system.extraction.paid_by == "user"]
    rows = []
    for name in book.models:
        price = book.model(name)
        assert price is not None
        if price.output is None:
            of, usd = "embedding", embedding_cost(usage, price)
        elif user_pays:
            of, usd = "extraction", llm_cost(user_pays[-1], usage, price)
        else:
            continue
        batched = usd * Decimal(str(price.batch_factor)) if price.batch_factor is not None else None
        rows.append(
            ModelCost(model=name, of=of, usd=usd, batched=batched, confidence=price.confidence, source=price.source)
        )
    return sorted(rows, key=lambda row: (row.of == "embedding", row.usd, row.model))


def _assumptions(book: Book, load: Workload, costs: list[Cost]) -> list[Assumption]:
    """The assumptions behind the selected plans and the default values, one per source."""
    used: dict[str, dict[str, None]] = {}
    assumed = [(name, book.workload[name]) for name, taken in load.numbers().items() if taken.origin == "assumed"]
    for place, figure in (*assumed, *_resting(book, costs)):
        if figure.confidence == "assumption":
            used.setdefault(book.said(figure.source), {})[place] = None
    return [Assumption(said=said, places=tuple(places)) for said, places in used.items()]


def _resting(book: Book, costs: list[Cost]) -> Iterator[tuple[str, Figure]]:
    """The book's figures behind these costs, each with what it is used for."""
    for key, system in book.systems.items():
        chosen = {cost.quote.plan for cost in costs if cost.system == key and cost.quote}
        for plan in (plan for plan in system.plans if plan.name in chosen):
            constants = {name for meter in plan.meters for name in CONSTANTS_OF.get(meter.driver, ())}
            yield from ((name, book.constants[name]) for name in sorted(constants))
            yield from ((system.title, figure) for figure in plan_figures(plan))
        if any(cost.llm for cost in costs if cost.system == key):
            yield from ((f"{system.title}, tokens", figure) for figure in extraction_figures(system))
