"""What a long operation reports while it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from memctl.runtime.retry import Announce, Halt

Progress = Callable[[int, int | None, str], None]
"""Called with the number of facts done, the total if it is known, and the current step."""


class Monitor:
    """Receives the reports of an operation, and ignores them all; subclass it to show or log them."""

    def warn(self, text: str) -> None:
        """A warning that does not stop the operation."""

    def begin(self, source: str, target: str, remarks: Sequence[str]) -> None:
        """Called before the first write with the identities of source and target, and what to know about them."""

    def step(self, verb: str) -> AbstractContextManager[tuple[Progress | None, Announce | None]]:
        """A context for a long step, such as "planning", with the callbacks for progress and for waits."""
        return nullcontext((None, None))

    def interruptible(self, halt: Halt) -> AbstractContextManager[None]:
        """A context entered once the backends are open; `halt.stop("interrupted")` ends the operation after a batch."""
        return nullcontext()


SILENT = Monitor()
