"""How many examples the slow tests of properties try."""

import os

FACTOR = int(os.environ.get("MEMCTL_EXAMPLES", "1"))
"""Multiplies their numbers; `make torture` takes 10."""


def some(full: int) -> int:
    """A third of a number of examples, and all of them in `make torture`."""
    return full if FACTOR > 1 else -(-full // 3)
