"""How many examples the slow tests of properties try."""

import os

FACTOR = int(os.environ.get("MEMCTL_EXAMPLES", "1"))
"""Multiplies their numbers; `make torture` takes 10."""
