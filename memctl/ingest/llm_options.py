"""The options of an ingest for its model: name, server, cost limit and rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from memctl.core.errors import UsageError
from memctl.extract.llm.client import TIMEOUT, ChatModel, self_hosted, server_of
from memctl.extract.llm.windows import FEW_TURNS, MOST_TURNS
from memctl.ingest.llm_batch_api import BatchSource
from memctl.ingest.llm_costs import Prices
from memctl.ingest.llm_live_source import LiveSource
from memctl.ingest.llm_requests import Asker, PlanSource
from memctl.ingest.llm_usage import Use
from memctl.store.base import Store

JOBS = 4
"""Parallel requests."""


class ModelOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`timeout` is in seconds, `max_cost` in dollars, `rate` in requests per second over all `jobs`. `prices` None
    means that the prices are unknown.

    With `plan`, nothing is sent and the cost is only estimated; with `batch`, requests go to the server's Batch API.
    `command` is the ingest to run when its results are collected.
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
    """The object that answers the requests of an ingest. Raises UsageError for a cost limit without prices, and the
    errors of opening the model."""
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
