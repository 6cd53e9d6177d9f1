"""The number of examples of slow property-based tests."""

import os

FACTOR = int(os.environ.get("MEMCTL_EXAMPLES", "1"))
"""The factor for these numbers; `make torture` uses 10."""


def some(full: int) -> int:
    """A third of a number of examples; the full number in `make torture`."""
    return full if FACTOR > 1 else -(-full // 3)
