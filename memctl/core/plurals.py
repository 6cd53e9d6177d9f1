"""Numbers of things in English."""


def count(number: int, noun: str) -> str:
    """A number of things, whose plural ends in s: "1 fact", "2,000 facts"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
