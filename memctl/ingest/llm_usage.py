"""What a model was used for in a run, in numbers."""

import msgspec


class Use(msgspec.Struct, kw_only=True):
    """What a model was used for, in numbers.

    `windows` of which `known` were answered before and `asked` were asked now; `failed` by reason, in whose place the
    rules read. `refused` and `corrected` count proposals by reason. Tokens are as billed, or estimated where the server
    does not tell, and for a dry run; `cost` is in dollars, None when the price is not known. `stopped` says why the run
    ended early, `submitted` how many questions went into a batch, `waiting` how many are in one still under way,
    `seconds` how long a dry run expects the work to take. `turns` are those asked about now, and `took` the seconds of
    the requests together.
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
        """Tokens of answer per second of a request; None before the first answer."""
        return self.output_tokens / self.took if self.took > 0 and self.output_tokens else None

    @property
    def per_thousand(self) -> tuple[int, int] | None:
        """Input and output tokens for a thousand turns; None if no turns were asked about."""
        if not self.turns:
            return None
        return round(1000 * self.input_tokens / self.turns), round(1000 * self.output_tokens / self.turns)

    @property
    def line(self) -> str:
        """Tokens and money so far, on a line."""
        money = "" if self.cost is None else f", ${self.cost:.4f}"
        speed = "" if self.speed is None else f", {self.speed:.1f} tokens/s"
        return f"{self.windows} windows, {self.input_tokens:,} + {self.output_tokens:,} tokens{speed}{money}"
