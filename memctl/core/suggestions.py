"""Suggestions for a mistyped name."""

from __future__ import annotations

from collections.abc import Iterable


def near(name: str, names: Iterable[str], count: int = 1) -> str:
    """The sentence "Did you mean 'x'?" for up to `count` of the nearest of `names`, or "" if none is near.

    Case does not count.
    """
    import difflib

    by_folded: dict[str, list[str]] = {}
    for each in names:
        by_folded.setdefault(each.casefold(), []).append(each)
    folded = difflib.get_close_matches(name.casefold(), list(by_folded), count)
    matches = [f"'{each}'" for match in folded for each in by_folded[match]][:count]
    return f"Did you mean {' or '.join(matches)}?" if matches else ""


def near_users(user: str, users: Iterable[str]) -> str:
    """The nearest of these users, and the first five: "Did you mean 'alice'? users: alice, bruno"; "" without users."""
    names = sorted(set(users))
    listed = f"users: {', '.join(names[:5])}{', …' if len(names) > 5 else ''}"
    return f"{near(user, names)} {listed}".lstrip() if names else ""
