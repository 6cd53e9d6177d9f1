"""The cost of requests to a model, before and after they are sent, and its limit.

Prices come from outside; this module only calculates with them. Money is in US dollars, prices per million tokens.
"""

from __future__ import annotations

import threading

import msgspec

from memctl.core.errors import UsageError
from memctl.extract.llm import prompt
from memctl.extract.llm.windows import Window, tokens

OUTPUT_PER_TURN = 30
"""Tokens of answer a turn brings, about: a turn of a chat holds one fact, and a fact takes some 30."""
SECONDS_PER_REQUEST, TOKENS_PER_SECOND = 1.0, 80.0
"""How long a request takes, about, and how fast an answer comes."""
LEAST_ANSWER, MOST_ANSWER = 300, 4_000
"""Tokens an answer may have at least and at most."""
THOUGHTS = 4_000
"""Tokens more for models that think before they answer."""


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """The prices of a model. `cached_input` None means the price of `input`; `batch_factor` is the price of a batch
    relative to single requests."""

    input: float
    output: float
    cached_input: float | None = None
    batch_factor: float | None = None
    source: str | None = None

    def of(self, input_tokens: int, cached: int, output: int, *, batch: bool = False) -> float:
        """The cost of these numbers of tokens; `cached` ones are part of the input."""
        cached_price = self.input if self.cached_input is None else self.cached_input
        whole = (input_tokens - cached) * self.input + cached * cached_price + output * self.output
        return whole / 1e6 * ((self.batch_factor or 1.0) if batch else 1.0)


def prices_of(model: str, per_million: str | None = None) -> Prices | None:
    """The prices given as "INPUT,OUTPUT", else those of the price book; None if neither has the model.

    Raises UsageError for prices that cannot be read.
    """
    if per_million is not None:
        try:
            stated = [float(part) for part in per_million.split(",")]
            if len(stated) != 2 or not all(0 <= price < float("inf") for price in stated):
                raise ValueError
        except ValueError:
            raise UsageError(
                f"cannot read {per_million!r} as prices",
                where="--price-per-million",
                hint="give dollars for a million input and output tokens, such as 0.25,2.00",
            ) from None
        return Prices(input=stated[0], output=stated[1], batch_factor=0.5, source="--price-per-million")
    return _from_book(model)


def _from_book(model: str) -> Prices | None:
    from importlib import import_module
    from importlib.util import find_spec

    if find_spec("memctl.report") is None or find_spec("memctl.report.price_book") is None:
        return None
    price = import_module("memctl.report.price_book").load().model(model)
    if price is None or price.input is None or price.output is None:
        return None
    return Prices(
        input=price.input,
        output=price.output,
        cached_input=price.cached_input,
        batch_factor=price.batch_factor,
        source=price.source,
    )


def input_tokens(message: str) -> int:
    """The estimated number of tokens billed for a request with this message."""
    return _FIXED + tokens(message)


_FIXED = tokens(prompt.SYSTEM) + tokens(prompt.SCHEMA_TEXT) + 10


def output_tokens(window: Window) -> int:
    """The estimated number of tokens of the answer to a window."""
    return OUTPUT_PER_TURN * len(window.asked)


def most_output(window: Window, *, thinks: bool = False) -> int:
    """The maximum number of tokens of the answer to a window: enough for many facts, and low enough to limit the
    cost."""
    size = max(90 * len(window.asked), sum(tokens(line.text) for line in window.asked))
    return min(max(LEAST_ANSWER, 100 + size), MOST_ANSWER) + (THOUGHTS if thinks else 0)


class SpentError(Exception):
    """The next request could exceed the cost limit of the run."""


class Budget:
    """The money spent, and reserved for requests in progress, against a limit; shared by threads.

    A request starts only if its highest possible cost still fits, so that the limit is never exceeded.
    """

    def __init__(self, limit: float | None) -> None:
        self.limit = limit
        self.spent = 0.0
        self._promised = 0.0
        self._changed = threading.Condition()

    def promise(self, most: float) -> None:
        """Reserve `most`, after waiting for requests in progress if they could free enough. Raises SpentError."""
        with self._changed:
            while self.limit is not None and self.spent + self._promised + most > self.limit:
                if self._promised <= 0:
                    raise SpentError
                self._changed.wait()
            self._promised += most

    def settle(self, most: float, cost: float) -> None:
        """Replace the reserved amount by the actual cost."""
        with self._changed:
            self._promised = max(0.0, self._promised - most)
            if self._promised < 1e-12:
                self._promised = 0.0
            self.spent += cost
            self._changed.notify_all()
