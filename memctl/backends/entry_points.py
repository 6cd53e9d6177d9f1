"""The adapters and dump readers that installed packages register."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


def of_group(group: str) -> dict[str, EntryPoint]:
    """The entry points of a group by name, sorted."""
    # One command asks up to ten times, and each search of the installed packages takes 15 ms.
    return _of_group(group, tuple(sys.path))


@cache
def _of_group(group: str, _path: tuple[str, ...]) -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {point.name: point for point in sorted(entry_points(group=group), key=lambda point: point.name)}
