"""A model as an ingest is told to use it: which one, where, for how much money, at what pace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from memctl.core.errors import UsageError
from memctl.extract.llm.client import TIMEOUT, ChatModel, self_hosted, server_of
from memctl.extract.llm.windows import FEW_TURNS, MOST_TURNS
from memctl.ingest.llm_batch_api import BatchSource
from memctl.ingest.llm_costs import Prices
from memctl.ingest.llm_requests import Asker, LiveSource, PlanSource
from memctl.ingest.llm_usage import Use
from memctl.store.base import Store

JOBS = 4
"""Requests under way at a time."""


class ModelOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`timeout` is in seconds, `max_cost` in dollars, `rate` in requests a second over all `jobs`.

    `prices` None means that nobody knows them. With `plan`, nothing is asked and only reckoned; with `batch`, questions
    go to the server's batch service, to be collected later together with `command`, which says what was asked for.
    """

    name: str
    base_url: str | None = None
    timeout: float = TIMEOUT
    prices: Prices | None = None
    max_cost: float | None = None
    rate: float | None = None
    jobs: int = JOBS
    batch: bool = False
    command: dict[str, Any] = {}
    plan: bool = False


def open_asker(
    options: ModelOptions,
    store: Store,
    *,
    announce: Callable[[str, float], None] | None = None,
    tick: Callable[[Use], object] | None = None,
) -> Asker:
    """Whoever answers the questions of an ingest.

    Raises UsageError for a limit of money without prices, and what opening the model raises.
    """
    if options.max_cost is not None and options.prices is None and not options.plan:
        raise UsageError(
            f"the price of {options.name} is not known, so --max-cost cannot be kept",
            where="--max-cost",
            hint="give --price-per-million INPUT,OUTPUT",
        )
    use = Use(model=options.name)
    turns = FEW_TURNS if self_hosted(server_of(options.base_url)) else MOST_TURNS
    if options.plan:
        return Asker(store, PlanSource(use, options.prices, options.jobs, batch=options.batch), use, turns)
    model = ChatModel(options.name, base_url=options.base_url, timeout=options.timeout)
    if options.batch:
        batch = BatchSource(store, model, use, options.command, prices=options.prices, max_cost=options.max_cost)
        return Asker(store, batch, use, turns)
    source = LiveSource(
        store,
        model,
        use,
        prices=options.prices,
        max_cost=options.max_cost,
        jobs=options.jobs,
        rate=options.rate,
        announce=announce,
        tick=(lambda: tick(use)) if tick else None,
    )
    return Asker(store, source, use, turns)
