"""memctl: a memory toolkit and migration utility for AI agents' memory.

import memctl

memory = memctl.open("local")
memory.add("alice", [{"role": "user", "content": "I prefer express shipping."}])
memory.search("alice", "shipping", k=5)
memory.facts("alice")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from memctl.memory import Memory

__version__ = "0.1.0"


def open(name: str = "local", **options: Any) -> Memory:  # noqa: A001 - the public name
    """The memory of a backend; see `memctl.memory.open_memory`."""
    from memctl.memory import open_memory

    return open_memory(name, **options)
