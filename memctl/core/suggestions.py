"""Suggestions for a mistyped name."""

from __future__ import annotations

from collections.abc import Iterable


def near(name: str, names: Iterable[str]) -> str:
    """The sentence "Did you mean 'x'?" for the nearest of `names`, or "" if none is near."""
    import difflib

    matches = difflib.get_close_matches(name, list(names), 1)
    return f"Did you mean '{matches[0]}'?" if matches else ""
