"""The price book: dated editions of plans, model prices and the quantities they are charged by, read from YAML.

The code contains no prices. Every figure has a source and a confidence; built-in editions are in `prices/`, one file
each, and a user's own book has the same form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import msgspec

from memctl.core.errors import UsageError, unreadable

Confidence = Literal["official", "measured", "reported", "assumption"]
"""The vendor's page; our own measurement; a third party's statement; unverified, with reasoning."""

Driver = Literal[
    "users",
    "turns",
    "searches",
    "facts_added",
    "facts_stored",
    "records_stored",
    "add_requests",
    "episode_credits",
    "sessions",
    "active_agents",
    "tool_seconds",
    "storage_gb",
    "memory_gb",
    "peak_searches",
]
"""What a plan can charge for, per month; `memctl.report.workload` defines how each is counted."""

_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The source of figures: a description, its address if any, and the day it was read or published."""

    text: str
    url: str | None = None
    read: date | None = None


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number, the key of its source in the book, and its confidence."""

    value: Decimal
    source: str
    confidence: Confidence

    def __post_init__(self) -> None:
        if not self.value.is_finite() or self.value < 0:
            raise ValueError(f"a figure must be 0 or more, got {self.value}")


class Tier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The price of units beyond those included: `price` USD per `per` units, up to the `up_to`-th unit in total.

    `whole` bills every started block of `per` units; otherwise fractions are billed.
    """

    price: Figure
    per: Figure | None = None
    up_to: Figure | None = None
    whole: bool = False


class Meter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A driver of a plan: units included in its price, then tiers in ascending order. Beyond the last tier, or without
    tiers beyond the included units, the plan does not fit."""

    driver: Driver
    included: Figure | None = None
    tiers: tuple[Tier, ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan: USD per month and metered drivers. `bound` marks a price that is only a claimed upper bound."""

    name: str
    price: Figure
    meters: tuple[Meter, ...] = ()
    bound: bool = False


class Extraction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who pays for the language model that extracts facts, and its tokens.

    `vendor`: included in the plan. Otherwise a turn's input tokens are its own tokens `repeated` times plus `prompt`,
    its share of instructions and context; `output` tokens are generated per turn.
    """

    paid_by: Literal["vendor", "user"]
    prompt: Figure | None = None
    repeated: Figure | None = None
    output: Figure | None = None


class Moving(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The calls for reading and writing facts, and the drivers charged for a move.

    `charged` names those drivers, and `units` how many add requests or blocks of credits one written fact counts as
    (None: one); `rate` is the maximum of write calls per minute. `vendor_embeds`: the target makes the vectors at its
    own cost.
    """

    read_page: Figure
    write_batch: Figure
    charged: tuple[Driver, ...] = ()
    units: Figure | None = None
    rate: Figure | None = None
    vendor_embeds: bool = False


class System(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A memory system: its plans, cheapest entry price first, and `gaps` in its price list."""

    title: str
    driver: str
    plans: tuple[Plan, ...]
    extraction: Extraction
    moving: Moving
    gaps: tuple[str, ...] = ()


class ModelPrice(msgspec.Struct, frozen=True):
    """USD per million tokens of a model; None is unknown. `batch_factor` is the price of a batch relative to single
    calls."""

    name: str
    input: float | None
    cached_input: float | None
    output: float | None
    batch_factor: float | None
    source: str
    confidence: Confidence


class Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A claim about all systems: below `usd` per month up to `users` users, and super-linear above."""

    usd: Figure
    users: Figure


class _Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    input: Decimal
    cached_input: Decimal | None = None
    output: Decimal | None = None
    batch_factor: Decimal | None = None
    source: str
    confidence: Confidence


class Book(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One edition. `constants` convert a workload to drivers, `workload` are default values."""

    edition: str
    as_of: date
    note: str
    sources: dict[str, Source]
    systems: dict[str, System]
    models: dict[str, _Model]
    default_model: str
    default_embedding: str
    claim: Claim
    constants: dict[str, Figure]
    workload: dict[str, Figure]

    def model(self, name: str) -> ModelPrice | None:
        """The price of a model by name; a dated snapshot has the price of the name without the date. None if not
        listed."""
        price = self.models.get(name) or self.models.get(_DATED.sub("", name))
        if price is None:
            return None
        return ModelPrice(
            name=name,
            input=_float(price.input),
            cached_input=_float(price.cached_input),
            output=_float(price.output),
            batch_factor=_float(price.batch_factor),
            source=self.said(price.source),
            confidence=price.confidence,
        )

    def said(self, source: str) -> str:
        """A source in one line: description, address and day."""
        named = self.sources[source]
        return ", ".join(str(part) for part in (named.text, named.url, named.read) if part is not None)

    def figures(self) -> Iterator[tuple[str, Figure]]:
        """Every figure with its path in the book, such as `systems.zep.plans.Flex.price`."""
        for group in ("constants", "workload"):
            for name, figure in getattr(self, group).items():
                yield f"{group}.{name}", figure
        yield from _within("claim", self.claim)
        for key, system in self.systems.items():
            yield from _within(f"systems.{key}", system)


CONSTANTS = (
    "turns_per_add",
    "bytes_per_credit",
    "turns_per_session",
    "agents_per_user",
    "tool_seconds_per_turn",
    "vector_dimensions",
    "bytes_per_dimension",
    "index_factor",
    "row_bytes",
    "hours_per_month",
    "peak_factor",
)
WORKLOAD = (
    "users",
    "turns_per_user_month",
    "facts_per_turn",
    "searches_per_turn",
    "growth",
    "months",
    "bytes_per_turn",
    "bytes_per_fact",
    "tokens_per_turn",
    "tokens_per_fact",
)


def editions() -> list[str]:
    """The built-in editions, oldest first."""
    return sorted(path.name.removesuffix(".yaml") for path in _shelf().iterdir() if path.name.endswith(".yaml"))


def text(edition: str | None = None) -> str:
    """The YAML of a built-in edition, for editing; None is the newest."""
    known = editions()
    chosen = edition or known[-1]
    if chosen not in known:
        raise UsageError(f"unknown price book edition {chosen!r}", hint=f"editions: {', '.join(known)}")
    written: str = _shelf().joinpath(f"{chosen}.yaml").read_text(encoding="utf-8")
    return written


def load(edition: str | None = None, path: Path | None = None) -> Book:
    """The book in a user's file, or a built-in edition; None is the newest.

    Raises UsageError listing the editions, or naming the invalid file and field.
    """
    if path is not None and edition is not None:
        raise UsageError("a price book file contains its own edition", where="--edition", hint="omit one of the two")
    if path is None:
        return _shipped(edition or editions()[-1])
    try:
        written = path.read_text(encoding="utf-8")
    except OSError as error:
        raise unreadable("the price book", error, path) from None
    except UnicodeDecodeError:
        raise UsageError("cannot read the price book: not valid UTF-8", where=str(path)) from None
    return parse(written, str(path))


@cache
def _shipped(edition: str) -> Book:
    return parse(text(edition), f"{edition}.yaml")


def parse(written: str, where: str) -> Book:
    """The book in a YAML document. Raises UsageError with `where` and the invalid field."""
    import yaml

    try:
        document: Any = yaml.load(written, Loader=_loader())  # noqa: S506 - a SafeLoader with fewer types
    except yaml.YAMLError as error:
        raise UsageError(f"the price book is not valid YAML: {_one_line(error)}", where=where) from None
    except RecursionError:
        raise UsageError("the price book is nested too deeply", where=where, hint=_HINT) from None
    try:
        book = msgspec.convert(document, Book)
    except msgspec.ValidationError as error:
        raise UsageError(f"invalid price book: {error}", where=where, hint=_HINT) from None
    for problem in _problems(book):
        raise UsageError(f"invalid price book: {problem}", where=where, hint=_HINT)
    return book


_HINT = "for a valid one see memctl report prices"


def _problems(book: Book) -> Iterator[str]:
    """Errors that the types do not exclude, each with its path: dangling names, missing values, unordered tiers."""
    yield from _source_problems(book)
    yield from _name_problems(book)
    for key, system in book.systems.items():
        yield from _system_problems(f"systems.{key}", system)


def _source_problems(book: Book) -> Iterator[str]:
    named = [(place, figure.source) for place, figure in book.figures()]
    named += [(f"models.{name}", model.source) for name, model in book.models.items()]
    for place, source in named:
        if source not in book.sources:
            yield f"{place} has the source {source!r}, which is not in `sources`"


def _name_problems(book: Book) -> Iterator[str]:
    for group, figures, names in (("constants", book.constants, CONSTANTS), ("workload", book.workload, WORKLOAD)):
        yield from (f"{group}.{name} is missing" for name in names if name not in figures)
        yield from (f"unknown {group}.{name}; {group}: {', '.join(names)}" for name in figures if name not in names)
    for role in ("default_model", "default_embedding"):
        if getattr(book, role) not in book.models:
            yield f"{role} {getattr(book, role)!r} is not in `models`"


def _system_problems(place: str, system: System) -> Iterator[str]:
    extraction = system.extraction
    if extraction.paid_by == "user" and None in (extraction.prompt, extraction.repeated, extraction.output):
        yield f"{place}.extraction needs prompt, repeated and output if the user pays"
    if not system.moving.read_page.value or not system.moving.write_batch.value:
        yield f"{place}.moving has pages or batches of 0 facts"
    names = [plan.name for plan in system.plans]
    if not names or len(names) != len(set(names)):
        yield f"{place} has no plans, or two with the same name"
    for plan in system.plans:
        yield from _plan_problems(f"{place}.plans.{plan.name}", plan)


def _plan_problems(place: str, plan: Plan) -> Iterator[str]:
    drivers = [meter.driver for meter in plan.meters]
    if len(drivers) != len(set(drivers)):
        yield f"{place} has two meters for one driver"
    for meter in plan.meters:
        reached = meter.included.value if meter.included else Decimal(0)
        for number, tier in enumerate(meter.tiers):
            if tier.per is not None and not tier.per.value:
                yield f"{place}.{meter.driver} has a tier of 0 units"
            if tier.up_to is None and number < len(meter.tiers) - 1:
                yield f"{place}.{meter.driver} has a tier after one without end"
            if tier.up_to is not None:
                if tier.up_to.value <= reached:
                    yield f"{place}.{meter.driver} has a tier that ends at {tier.up_to.value}, before it begins"
                reached = tier.up_to.value


def _loader() -> Any:
    """YAML's safe types, with numbers as exact decimals and dates as text, so that a price of 0.1 stays 0.1."""
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(("timestamp", "float", "int"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver("!number", re.compile(r"^-?\d[\d_]*(?:\.\d+)?$"), list("-0123456789"))
    Loader.add_constructor("!number", _decimal)
    return Loader


def _decimal(_: object, node: Any) -> Decimal:
    return Decimal(node.value)


def _within(place: str, value: Any) -> Iterator[tuple[str, Figure]]:
    if isinstance(value, Figure):
        yield place, value
    elif isinstance(value, tuple):
        for number, inner in enumerate(value):
            name = getattr(inner, "name", None) or getattr(inner, "driver", None) or number
            yield from _within(f"{place}.{name}", inner)
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from _within(f"{place}.{field}", getattr(value, field))


def _shelf() -> Any:
    return files("memctl.report").joinpath("prices")


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
