"""The use of a model in a run, in numbers."""

import msgspec


class Use(msgspec.Struct, kw_only=True):
    """The use of a model, in numbers. Of the `windows`, `known` had cached answers and `asked` were sent now; `failed`
    counts by reason those that only the rules read. `refused` and `corrected` count proposed facts by reason.

    Tokens are as billed, or estimated if the server does not report them, and in a dry run; `cost` is in dollars, None
    if the price is unknown. `stopped` is why the run ended early, `submitted` the number of requests in new batches,
    `waiting` the number in open batches, `seconds` the estimated time of a dry run. `turns` are those sent now, and
    `took` the seconds of all requests together.
    """

    model: str
    windows: int = 0
    known: int = 0
    asked: int = 0
    submitted: int = 0
    waiting: int = 0
    failed: dict[str, int] = {}
    refused: dict[str, int] = {}
    corrected: dict[str, int] = {}
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    stopped: str | None = None
    seconds: float | None = None
    turns: int = 0
    took: float = 0.0

    @property
    def speed(self) -> float | None:
        """Output tokens per second of a request; None before the first answer."""
        return self.output_tokens / self.took if self.took > 0 and self.output_tokens else None

    @property
    def per_thousand(self) -> tuple[int, int] | None:
        """Input and output tokens for a thousand turns; None if no turns were sent."""
        if not self.turns:
            return None
        return round(1000 * self.input_tokens / self.turns), round(1000 * self.output_tokens / self.turns)

    @property
    def line(self) -> str:
        """Tokens and cost so far, in one line."""
        money = "" if self.cost is None else f", ${self.cost:.4f}"
        speed = "" if self.speed is None else f", {self.speed:.1f} tokens/s"
        return f"{self.windows} windows, {self.input_tokens:,} + {self.output_tokens:,} tokens{speed}{money}"
