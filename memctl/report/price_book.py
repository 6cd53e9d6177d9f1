"""The price book: dated editions of plans, model prices and the quantities they are charged by, read from YAML.

No price stands in code. A figure names where it was read and how far it may be trusted; the books that ship lie in
`prices/`, one file an edition, and a book of the user's own takes the same form. This room may know nothing of
workloads or of what becomes of its figures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from memctl.core.errors import UsageError

Confidence = Literal["official", "measured", "reported", "assumption"]
"""The vendor's own page; a measurement of memctl's; a third party's word; nobody's, only reasoned."""

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
"""What a plan can be charged by, a month; `memctl.report.workload` says how each is counted."""
DRIVERS: tuple[str, ...] = get_args(Driver)

_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where figures were read: what it is, its address when it has one, and the day it was read or published."""

    text: str
    url: str | None = None
    read: date | None = None


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number, the key of its source in the book, and how far it may be trusted."""

    value: Decimal
    source: str
    confidence: Confidence

    def __post_init__(self) -> None:
        if not self.value.is_finite() or self.value < 0:
            raise ValueError(f"a figure is a number from 0 up, got {self.value}")


class Tier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The price of units beyond those included: `price` USD for `per` units, up to the `up_to`-th unit in all.

    `whole` bills every begun `per` units as a block; otherwise units are billed to the fraction.
    """

    price: Figure
    per: Figure | None = None
    up_to: Figure | None = None
    whole: bool = False


class Meter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One driver of a plan: units included in its price, then tiers in rising order. Past the last tier's end, or
    past what is included where there is no tier, the plan does not fit."""

    driver: Driver
    included: Figure | None = None
    tiers: tuple[Tier, ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan: USD a month and what is metered beside it. `bound` marks a price only claimed not to be passed."""

    name: str
    price: Figure
    meters: tuple[Meter, ...] = ()
    bound: bool = False


class Extraction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who pays for the language model that finds facts in turns, and how many tokens it takes.

    `vendor` means the plan's price covers it. Otherwise input tokens a turn are its own tokens `repeated` times plus
    `prompt`, the turn's share of instructions and context; `output` tokens a turn come back.
    """

    paid_by: Literal["vendor", "user"]
    prompt: Figure | None = None
    repeated: Figure | None = None
    output: Figure | None = None


class Moving(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What reading out of a system and writing into it takes: facts a call, and the drivers that a move is charged by.

    `charged` names those drivers, and `units` says how many add requests or blocks of credits one written fact is taken
    for (None: one); `rate` is the most write calls a minute. `vendor_embeds` tells that the vectors are
    made by the target at its own cost.
    """

    read_page: Figure
    write_batch: Figure
    charged: tuple[Driver, ...] = ()
    units: Figure | None = None
    rate: Figure | None = None
    vendor_embeds: bool = False


class System(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A memory system: its plans, cheapest entry first, and `gaps`, what its price list leaves open."""

    title: str
    driver: str
    plans: tuple[Plan, ...]
    extraction: Extraction
    moving: Moving
    gaps: tuple[str, ...] = ()


class ModelPrice(msgspec.Struct, frozen=True):
    """USD per million tokens of a model; None is unknown. `batch_factor` is what a batch costs against one call."""

    name: str
    input: float | None
    cached_input: float | None
    output: float | None
    batch_factor: float | None
    source: str
    confidence: Confidence


class Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something said of all systems: under `usd` a month up to `users` users, and super-linear above."""

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
    """One edition. `constants` turn a workload into drivers, `workload` stands in for what nobody measured or gave."""

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
        """The price of a model by its name, a dated snapshot by the name before the date; None for one not listed."""
        found = self.models.get(name) or self.models.get(_DATED.sub("", name))
        if found is None:
            return None
        return ModelPrice(
            name=name,
            input=_float(found.input),
            cached_input=_float(found.cached_input),
            output=_float(found.output),
            batch_factor=_float(found.batch_factor),
            source=self.said(found.source),
            confidence=found.confidence,
        )

    def said(self, source: str) -> str:
        """A source in one line: what it is, its address and its day."""
        found = self.sources[source]
        return ", ".join(str(part) for part in (found.text, found.url, found.read) if part is not None)

    def figures(self) -> Iterator[tuple[str, Figure]]:
        """Every figure with its place in the book, such as `systems.zep.plans.Flex.price`."""
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
    """The editions that ship, oldest first."""
    return sorted(path.name.removesuffix(".yaml") for path in _shelf().iterdir() if path.name.endswith(".yaml"))


def text(edition: str | None = None) -> str:
    """The YAML of an edition that ships, to be edited and given back as `path`; None is the newest."""
    known = editions()
    chosen = edition or known[-1]
    if chosen not in known:
        raise UsageError(f"there is no edition {chosen!r} of the price book", hint=f"editions: {', '.join(known)}")
    written: str = _shelf().joinpath(f"{chosen}.yaml").read_text(encoding="utf-8")
    return written


def load(edition: str | None = None, path: Path | None = None) -> Book:
    """The book in a file of the user's own, or an edition that ships; None is the newest.

    Raises UsageError listing the editions for an unknown one, and naming the file and the field that is wrong.
    """
    if path is not None and edition is not None:
        raise UsageError("a book of your own has its edition in it", where="--edition", hint="leave one of the two out")
    if path is None:
        return _shipped(edition or editions()[-1])
    try:
        written = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise UsageError(f"the price book cannot be read: {reason}", where=str(path)) from None
    return parse(written, str(path))


@cache
def _shipped(edition: str) -> Book:
    return parse(text(edition), f"{edition}.yaml")


def parse(written: str, where: str) -> Book:
    """The book in a YAML document; UsageError with `where` and the field for one that is none."""
    import yaml

    try:
        document: Any = yaml.load(written, Loader=_loader())  # noqa: S506 - a SafeLoader with fewer types
    except yaml.YAMLError as error:
        raise UsageError(f"the price book is no YAML: {_one_line(error)}", where=where) from None
    except RecursionError:
        raise UsageError("the price book is nested too deeply", where=where, hint=_HINT) from None
    try:
        book = msgspec.convert(document, Book)
    except msgspec.ValidationError as error:
        raise UsageError(f"the price book is wrong: {error}", where=where, hint=_HINT) from None
    from memctl.report.checking import problems

    for problem in problems(book):
        raise UsageError(f"the price book is wrong: {problem}", where=where, hint=_HINT)
    return book


_HINT = "memctl report prices prints a book that is right"


def _loader() -> Any:
    """YAML's safe types, with numbers as exact decimals and dates left as text: a price of 0.1 must stay 0.1."""
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
