"""Word lists written as running text, and a cheap test for their words."""


def words(text: str) -> tuple[str, ...]:
    """The words of `text`, in order."""
    return tuple(text.split())


def holds(text: str, hints: tuple[str, ...]) -> bool:
    """True if one of `hints` (lower case) occurs anywhere in `text`: a prefilter much cheaper than a pattern."""
    lowered = text.lower()
    return any(map(lowered.__contains__, hints))
