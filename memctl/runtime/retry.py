"""When to try again, how long to wait, and when to stop: the engine's patience with a backend.

Retrying belongs to the engine, not to SDKs, because only the engine knows that a write whose answer was lost must be
looked for before it is sent again, and because every wait must end at once when the user or a deadline asks for it.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Literal, TypeVar

from memctl.core.errors import Fatal, MemctlError, Retryable

T = TypeVar("T")
Reason = Literal["interrupted", "max-duration", "failed"]
Announce = Callable[[str, float], None]
"""Called about once a second of a wait with what is waited for and the seconds left."""

FIRST_WAIT = 0.5
LONGEST_WAIT = 60.0


class Halted(Exception):
    """The run was asked to end while something was still under way."""


class Halt:
    """Whether a run has to end early, and why. `max_duration` is in seconds from now; None means no limit."""

    def __init__(self, max_duration: float | None = None) -> None:
        self._event = threading.Event()
        self._deadline = None if max_duration is None else time.monotonic() + max_duration
        self._reason: Reason | None = None

    def stop(self, reason: Reason) -> None:
        """Ask the run to end after the batch in flight; the first reason given stands."""
        if self._reason is None:
            self._reason = reason
        self._event.set()

    @property
    def reason(self) -> Reason | None:
        """Why the run has to end, None while it may go on."""
        if self._reason is None and self._deadline is not None and time.monotonic() >= self._deadline:
            self.stop("max-duration")
        return self._reason

    def wait(self, seconds: float, tick: Callable[[float], None] | None = None) -> None:
        """Sleep, telling `tick` the seconds left each second. Raises Halted when the run has to end meanwhile, and at
        once when the deadline lies before the end of the wait."""
        end = time.monotonic() + seconds
        if self._deadline is not None and end >= self._deadline:
            self.stop("max-duration")
        while True:
            if self.reason is not None:
                raise Halted
            left = end - time.monotonic()
            if left <= 0:
                return
            if tick:
                tick(left)
            self._event.wait(min(left, 1.0))


class Pace:
    """Spaces calls so that at most `rate` of them a second are made, over all threads; None means no spacing."""

    def __init__(self, rate: float | None, halt: Halt) -> None:
        self._step = 1.0 / rate if rate else 0.0
        self._halt = halt
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Wait for this call's turn. Raises Halted when the run has to end first."""
        if not self._step:
            return
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._step
        self._halt.wait(turn - now)


class Retry:
    """How often and how patiently a passing failure is tried again.

    The n-th wait is drawn evenly from 0 to min(60 s, 0.5 s * 2^n), "full jitter" (M. Brooker, "Exponential Backoff
    And Jitter", AWS Architecture Blog, 2015). A wait the backend asked for is a floor under that and never shortened.
    """

    def __init__(self, halt: Halt, *, attempts: int = 8, announce: Announce | None = None) -> None:
        self.halt = halt
        self.attempts = attempts
        self._announce = announce

    def pause(self, failed: int, error: Retryable) -> None:
        """Wait after the `failed`-th failure in a row. Raises `error` when there were enough, Halted when stopped."""
        if failed >= self.attempts:
            raise error
        jitter = random.uniform(0.0, min(LONGEST_WAIT, FIRST_WAIT * 2.0**failed))
        seconds = jitter if error.after is None else error.after + min(jitter, 1.0)
        why = f"{error.message}; trying again"
        announce = self._announce
        self.halt.wait(seconds, (lambda left: announce(why, left)) if announce else None)

    def call(self, function: Callable[[], T]) -> T:
        """What `function` returns, once it does without a passing failure. Only for what may safely be repeated."""
        failed = 0
        while True:
            try:
                return guarded(function)
            except Retryable as error:
                failed += 1
                self.pause(failed, error)


def guarded(function: Callable[[], T]) -> T:
    """Call into an adapter and let nothing but a MemctlError or Halted come out.

    A dropped connection or a time-out the adapter did not translate counts as passing; any other exception is the
    adapter's fault and Fatal.
    """
    try:
        return function()
    except (MemctlError, Halted):
        raise
    except (ConnectionError, TimeoutError) as error:
        raise Retryable(f"the connection failed: {str(error) or type(error).__name__}") from error
    except Exception as error:
        raise Fatal(f"the backend's adapter failed with {type(error).__name__}: {error}") from error
