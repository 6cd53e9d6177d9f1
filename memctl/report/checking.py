"""What the types of a price book cannot say: names that point nowhere, what is missing, tiers out of order."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from memctl.report.price_book import CONSTANTS, WORKLOAD, Book, Plan, System


def problems(book: Book) -> Iterator[str]:
    """Each thing wrong with the book, in words that name its place."""
    yield from _sources(book)
    yield from _names(book)
    for key, system in book.systems.items():
        yield from _system(f"systems.{key}", system)


def _sources(book: Book) -> Iterator[str]:
    named = [(place, figure.source) for place, figure in book.figures()]
    named += [(f"models.{name}", model.source) for name, model in book.models.items()]
    for place, source in named:
        if source not in book.sources:
            yield f"{place} names the source {source!r}, which is not listed under `sources`"


def _names(book: Book) -> Iterator[str]:
    for group, given, names in (
        ("constants", book.constants, CONSTANTS),
        ("workload", book.workload, WORKLOAD),
    ):
        for name in names:
            if name not in given:
                yield f"{group}.{name} is missing"
        for name in given:
            if name not in names:
                yield f"{group}.{name} means nothing; {group}: {', '.join(names)}"
    for role in ("default_model", "default_embedding"):
        if getattr(book, role) not in book.models:
            yield f"{role} {getattr(book, role)!r} is not among `models`"


def _system(place: str, system: System) -> Iterator[str]:
    extraction = system.extraction
    if extraction.paid_by == "user" and None in (extraction.prompt, extraction.repeated, extraction.output):
        yield f"{place}.extraction needs prompt, repeated and output where the user pays"
    if not system.moving.read_page.value or not system.moving.write_batch.value:
        yield f"{place}.moving has pages or batches of 0 facts"
    names = [plan.name for plan in system.plans]
    if not names or len(names) != len(set(names)):
        yield f"{place} has no plan, or two of one name"
    for plan in system.plans:
        yield from _plan(f"{place}.plans.{plan.name}", plan)


def _plan(place: str, plan: Plan) -> Iterator[str]:
    drivers = [meter.driver for meter in plan.meters]
    if len(drivers) != len(set(drivers)):
        yield f"{place} meters a driver twice"
    for meter in plan.meters:
        reached = meter.included.value if meter.included else Decimal(0)
        for number, tier in enumerate(meter.tiers):
            if tier.per is not None and not tier.per.value:
                yield f"{place}.{meter.driver} has a tier of 0 units"
            if tier.up_to is None and number < len(meter.tiers) - 1:
                yield f"{place}.{meter.driver} has a tier behind one without end"
            if tier.up_to is not None:
                if tier.up_to.value <= reached:
                    yield f"{place}.{meter.driver} has a tier that ends at {tier.up_to.value}, before it begins"
                reached = tier.up_to.value
