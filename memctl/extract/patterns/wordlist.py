"""Word lists written as running text, and cheap tests for their words."""

import re
from functools import lru_cache

from memctl.core.late_pattern import late

_WORD = late(r"[^\W\d_]+")
_WITH_DIGITS = late(r"\w+")
_ODD_CASE = str.maketrans({"ſ": "s", "İ": "i", "ı": "i"})
"""Letters that a case-insensitive pattern treats as s and i, but `str.lower` does not map to them."""
_ASCII = tuple(map(chr, range(128)))
_LETTERS = str.maketrans({mark: mark.lower() if mark.isalpha() else " " for mark in _ASCII})
_WORD_CHARACTERS = str.maketrans({mark: mark.lower() if mark.isalnum() or mark == "_" else " " for mark in _ASCII})
"""Split ASCII texts into words several times as fast as a pattern does."""


def words(text: str) -> tuple[str, ...]:
    """The words of `text`, in order."""
    return tuple(text.split())


def lowered(text: str) -> str:
    """`text` in lower case, as long as before. A pattern in lower case matches it where a pattern that ignores case
    matches `text`, and is much faster: alternatives are passed over by their first letter."""
    return (text if text.isascii() else text.translate(_ODD_CASE)).lower()


def holds(text: str, hints: tuple[str, ...]) -> bool:
    """True if one of `hints` (lower case) occurs anywhere in `text`: a prefilter much cheaper than a pattern."""
    lowered = text.lower()
    return any(map(lowered.__contains__, hints))


def vocabulary(pattern: str) -> frozenset[str]:
    """The words that the alternatives of a pattern consist of, with their plurals."""
    found = set(_WORD.findall(re.sub(r"\\\w", " ", pattern).casefold()))
    return frozenset(found | {f"{word}s" for word in found} | {f"{word}es" for word in found})


@lru_cache(maxsize=256)
def spoken_words(text: str) -> frozenset[str]:
    """The words of `text` in lower case, cut at apostrophes and hyphens."""
    return frozenset(text.translate(_LETTERS).split() if text.isascii() else _WORD.findall(text.casefold()))


def words_with_digits(text: str) -> list[str]:
    """The words of `text` in lower case, as `lowered` writes them, in order; digits and "_" are parts of words."""
    return text.translate(_WORD_CHARACTERS).split() if text.isascii() else _WITH_DIGITS.findall(lowered(text))
