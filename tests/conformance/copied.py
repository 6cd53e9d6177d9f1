"""Run another process's actions in a fork of this process, because importing an SDK takes seconds of CPU time."""

import contextlib
import os
import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from memctl.backends.testing import Harness
from memctl.core.fact import Fact


class Copied(Harness):
    """Loses the response of a write in a copy of this process. The place must not be open."""

    def lose_the_answer(self, place: Any, facts: Sequence[Fact]) -> None:
        copy = _copy(lambda: self.open(place).write(facts))
        assert os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]) == 9


@contextlib.contextmanager
def held_by_a_copy(hold: Callable[[], object]) -> Iterator[None]:
    """A copy of this process that calls `hold` and keeps the result until the end of the block."""
    reading, writing = os.pipe()
    copies = []

    def keep() -> None:
        copies.append(hold())
        os.write(writing, b"held")
        signal.pause()

    copy = _copy(keep)
    os.close(writing)
    try:
        assert os.read(reading, 4) == b"held"
        yield
    finally:
        os.close(reading)
        os.kill(copy, signal.SIGKILL)
        os.waitpid(copy, 0)


def _copy(work: Callable[[], object]) -> int:
    """Start a copy of this process that exits with 9 after `work`, or with 1 if it fails; returns its process id."""
    with warnings.catch_warnings(action="ignore"):  # only this thread uses what it copies
        child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 9
        finally:
            os._exit(code)
    return child
