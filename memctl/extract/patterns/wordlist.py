"""Word lists written as running text, and cheap tests for their words."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from memctl.core.late_pattern import late

K = TypeVar("K")
V = TypeVar("V")

_WORD = late(r"[^\W\d_]+")
_WITH_DIGITS = late(r"\w+")
_ODD_CASE = str.maketrans({"ſ": "s", "İ": "i", "ı": "i"})
"""Letters that a case-insensitive pattern treats as s and i, but `str.lower` does not map to them."""
_ASCII = tuple(chr(code).lower() for code in range(128))
_LETTERS = "".join(mark if mark.isalpha() else " " for mark in _ASCII).encode().ljust(256)
_WORD_CHARACTERS = "".join(mark if mark.isalnum() or mark == "_" else " " for mark in _ASCII).encode().ljust(256)
"""Tables for the bytes of ASCII texts, which are split into words several times as fast as by a pattern."""


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
    return frozenset(_parts(text, _LETTERS) if text.isascii() else _WORD.findall(text.casefold()))


MOST_FREQUENT = frozenset(words("a and for i in is it m my of s so t that the this to was with you your"))
"""Words that are in a tenth of all sentences or more."""
FREQUENT = MOST_FREQUENT | frozenset(
    words(
        "about all am an any are as at be been but by can could did do does don from get go going good got great had "
        "has have he her here his how if just know let like ll look love made make me more new no not now oh on one or "
        "our out re really right say see she should some sure t than thanks their them then there they thing things "
        "think time too up ve want way we well were what when which who will would wow yeah yes"
    )
)
"""Words that are in so many sentences that they announce little."""


class Remembered(dict[K, V]):
    """The results of a function, which are forgotten when there are many; faster than a cache that knows their age."""

    def __init__(self, function: Callable[[K], V], most: int = 20_000) -> None:
        super().__init__()
        self.function, self.most = function, most

    def __missing__(self, key: K) -> V:
        if len(self) >= self.most:
            self.clear()
        value = self[key] = self.function(key)
        return value


def _split(text: str) -> tuple[str, ...]:
    return tuple(_parts(text, _WORD_CHARACTERS) if text.isascii() else _WITH_DIGITS.findall(lowered(text)))


def _parts(text: str, characters: bytes) -> list[str]:
    return text.encode().translate(characters).decode().split()


_split_texts = Remembered(_split, most=2000)
"""The same sentence is asked for its words by several rules."""


def words_with_digits(text: str) -> tuple[str, ...]:
    """The words of `text` in lower case, as `lowered` writes them, in order; digits and "_" are parts of words."""
    return _split_texts[text]


def first_two_words(text: str) -> tuple[str, ...]:
    """The first two words of `words_with_digits`."""
    return _split_texts[text][:2]
