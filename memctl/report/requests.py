"""The entry points of the report commands: which backend is measured, and parsing of numbers."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memctl.backends import registry
from memctl.core.errors import NotFound, UsageError
from memctl.report import price_book as books
from memctl.report import tokens
from memctl.report.comparison import Comparison, compare
from memctl.report.migration_cost import Load, Move, move
from memctl.report.price_book import Book
from memctl.report.pricing import RULES, SHIPPED, Models, models
from memctl.report.volume import TOP, Volume, measure
from memctl.report.workload import Workload, ceiling, workload
from memctl.store.local_store import LocalStore
from memctl.store.model import ModelsUsed

if TYPE_CHECKING:
    from collections.abc import Callable

    from memctl.report.periods import By

_GROWTH = re.compile(r"(-?\d+(?:\.\d+)?)\s*(%?)(?:/month)?", re.ASCII)

Options = Mapping[str, Mapping[str, Any]]
"""Options of backends by name, for `registry.open_backend`."""


def volume(
    backend: str,
    options: Options,
    *,
    now: datetime,
    by: By = "month",
    user: str | None = None,
    top: int = TOP,
    tokenizer: Path | None = None,
    progress: Callable[[int, int, str], None] | None = None,
    warn: Callable[[str], None] | None = None,
) -> Volume:
    """The volume of a backend; see `memctl.report.volume.measure`."""
    counter = tokens.counter(tokenizer)
    with contextlib.closing(registry.open_backend(backend, **options.get(backend, {}))) as adapter:
        return measure(adapter, now=now, by=by, user=user, top=top, counter=counter, progress=progress, warn=warn)


def volume_if_any(backend: str | None, options: Options, *, now: datetime) -> Volume | None:
    """The volume of a backend, by default of the local store; None if that does not exist or is empty."""
    try:
        measured = volume(backend or registry.LOCAL, options, now=now)
    except NotFound:
        if backend is not None:
            raise
        return None
    return measured if measured.records or backend is not None else None


def models_used(backend: str | None, options: Options) -> ModelsUsed | None:
    """What a store used; None for another backend, whose models are unknown, or without a store."""
    with contextlib.closing(
        registry.open_backend(backend or registry.LOCAL, **options.get(backend or registry.LOCAL, {}))
    ) as adapter:
        if not isinstance(adapter, LocalStore):
            return None
        try:
            return adapter.store.models()
        except NotFound:
            return None


def pricing(
    measured: Volume | None,
    numbers: Mapping[str, Decimal | None],
    *,
    edition: str | None = None,
    prices: Path | None = None,
    model: str | None = None,
    embedding: str | None = None,
    used: ModelsUsed | None = None,
) -> Comparison:
    """The cost of the workload; see `memctl.report.workload.workload` for the origin of its numbers."""
    book = books.load(edition, prices)
    return compare(book, workload(book, measured, numbers), _models(book, used, model, embedding))


def migration(
    route: str,
    measured: Volume | None,
    numbers: Mapping[str, Decimal | None],
    *,
    facts: int | None = None,
    edition: str | None = None,
    prices: Path | None = None,
    model: str | None = None,
    embedding: str | None = None,
    used: ModelsUsed | None = None,
) -> Move:
    """The cost of moving everything measured, or `facts` facts of the workload's mean size.

    Raises UsageError if neither is known.
    """
    book = books.load(edition, prices)
    load = workload(book, measured, numbers)
    chosen = _models(book, used, model, embedding)
    if facts is None and measured is None:
        raise UsageError("nothing to move", hint="pass --from BACKEND or --facts N")
    return move(route, book, _given(load, facts) if facts is not None else _held(measured), chosen)


def _models(book: Book, used: ModelsUsed | None, model: str | None, embedding: str | None) -> Models:
    """The models by name; those that are not given are the ones that the measured store used, if the book has them."""
    if used is not None:
        names = sorted(name.removeprefix("llm:").rpartition("@")[0] for name in used.extractors if "llm:" in name)
        model = model or next((name for name in names if name in book.models), None if names else RULES)
        kind, _, name = (used.embedder or SHIPPED).partition(":")
        # A model on this machine costs nothing per token.
        embedding = embedding or (SHIPPED if kind != "openai" else name if name in book.models else None)
    return models(book, model, embedding)


def _given(load: Workload, facts: int) -> Load:
    size = ceiling(load.bytes_per_fact.value)
    return Load(
        users=int(load.users.value),
        records=facts,
        tokens=ceiling(facts * load.tokens_per_fact.value),
        sizes={size: facts} if facts else {},
        said=f"--facts {facts}, each of {size} bytes ({load.bytes_per_fact.said})",
    )


def _held(measured: Volume | None) -> Load:
    assert measured is not None
    sizes = dict(measured.activity.fact_sizes)
    for size, number in measured.activity.turn_sizes.items():
        sizes[size] = sizes.get(size, 0) + number
    return Load(
        users=measured.users,
        records=measured.records,
        tokens=measured.tokens.facts + measured.tokens.turns,
        sizes=sizes,
        said=f"everything in {measured.backend} on {measured.now.date().isoformat()}",
    )


def growth(text: str | None) -> Decimal | None:
    """Monthly growth as a share: 8%, 8%/month or 0.08. Raises UsageError for anything else."""
    if text is None:
        return None
    match = _GROWTH.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"invalid growth {text!r}", where="--growth", hint="use 8%, 8%/month or 0.08")
    return Decimal(match[1]) / (100 if match[2] else 1)
