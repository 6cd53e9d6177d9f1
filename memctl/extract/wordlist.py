"""Word tables written as running text, and the cheap test of whether a text holds any of them."""


def words(text: str) -> tuple[str, ...]:
    """The words of `text`, in order."""
    return tuple(text.split())


def holds(text: str, hints: tuple[str, ...]) -> bool:
    """True when one of `hints` (lower case) stands anywhere in `text`: a prefilter, far cheaper than a pattern."""
    lowered = text.lower()
    return any(map(lowered.__contains__, hints))
