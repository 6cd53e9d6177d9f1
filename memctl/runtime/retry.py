"""Retries, rate limits and stopping.

memctl retries itself rather than in SDKs: only it knows that a write without a response must be looked for before it is
sent again, and every wait must end immediately when the user or a deadline requires it.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Literal, TypeVar

from memctl.core.errors import Fatal, Halted, MemctlError, Retryable

T = TypeVar("T")
Reason = Literal["interrupted", "max-duration", "failed"]
Announce = Callable[[str, float], None]
"""Called about once per second during a wait, with its reason and the seconds left."""

FIRST_WAIT = 0.5
LONGEST_WAIT = 60.0


class Halt:
    """Whether a run has to end early, and why. `max_duration` is in seconds from now; None is no limit."""

    def __init__(self, max_duration: float | None = None) -> None:
        self._event = threading.Event()
        self._deadline = None if max_duration is None else time.monotonic() + max_duration
        self._reason: Reason | None = None

    def stop(self, reason: Reason) -> None:
        """Ask the run to end after the current batch; the first reason counts."""
        if self._reason is None:
            self._reason = reason
        self._event.set()

    @property
    def reason(self) -> Reason | None:
        """Why the run has to end; None if it can continue."""
        if self._reason is None and self._deadline is not None and time.monotonic() >= self._deadline:
            self.stop("max-duration")
        return self._reason

    def check(self) -> None:
        """Raises Halted when the run has to end."""
        if self.reason is not None:
            raise Halted

    def wait(self, seconds: float, tick: Callable[[float], None] | None = None) -> None:
        """Sleep, and call `tick` with the seconds left each second. Raises Halted when the run has to end, and
        immediately if the deadline is before the end of the wait."""
        end = time.monotonic() + seconds
        if self._deadline is not None and end >= self._deadline:
            self.stop("max-duration")
        while True:
            self.check()
            left = end - time.monotonic()
            if left <= 0:
                return
            if tick:
                tick(left)
            self._event.wait(min(left, 1.0))


class Pace:
    """A limit of `rate` calls per second over all threads; None is no limit."""

    def __init__(self, rate: float | None, halt: Halt) -> None:
        self._step = 1.0 / rate if rate else 0.0
        self._halt = halt
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Wait until the next call is allowed. Raises Halted if the run has to end first."""
        if not self._step:
            return
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._step
        self._halt.wait(turn - now)


class Retry:
    """Retries after temporary failures: `attempts` calls at most, with exponential backoff.

    The n-th wait is drawn evenly from 0 to min(60 s, 0.5 s * 2^n), "full jitter" (M. Brooker, "Exponential Backoff
    And Jitter", AWS Architecture Blog, 2015). A wait that the backend asked for is never shortened.
    """

    def __init__(self, halt: Halt, *, attempts: int = 8, announce: Announce | None = None) -> None:
        self.halt = halt
        self.attempts = attempts
        self._announce = announce

    def pause(self, failed: int, error: Retryable) -> None:
        """Wait after the `failed`-th successive failure. Raises `error` after the last attempt, Halted if stopped."""
        if failed >= self.attempts:
            raise error
        jitter = random.uniform(0.0, min(LONGEST_WAIT, FIRST_WAIT * 2.0**failed))
        seconds = jitter if error.after is None else error.after + min(jitter, 1.0)
        why = f"{error.message}; retrying"
        announce = self._announce
        self.halt.wait(seconds, (lambda left: announce(why, left)) if announce else None)

    def call(self, function: Callable[[], T]) -> T:
        """The result of `function`, retried after temporary failures. Only for safely repeatable functions."""
        failed = 0
        while True:
            try:
                return guarded(function)
            except Retryable as error:
                failed += 1
                self.pause(failed, error)


def guarded(function: Callable[[], T]) -> T:
    """Call an adapter; any exception becomes a MemctlError, except Halted.

    A connection error or timeout that the adapter did not translate is Retryable; any other exception is a bug in the
    adapter, and Fatal.
    """
    try:
        return function()
    except (MemctlError, Halted):
        raise
    except (ConnectionError, TimeoutError) as error:
        raise Retryable(f"connection failed: {str(error) or type(error).__name__}") from error
    except Exception as error:
        raise Fatal(f"the adapter failed with {type(error).__name__}: {error}") from error
