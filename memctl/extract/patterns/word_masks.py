"""One look at the words of a text answers for all patterns which of them may occur in it.

Each pattern, or group of patterns, is one bit of a number. A word has the bits of the patterns that need it, and a text
the bits of its words: a pattern whose bit is missing cannot occur. It must not import patterns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import reduce
from itertools import pairwise
from operator import or_
from threading import Lock

from memctl.extract.patterns.wordlist import Remembered, first_two_words, words_with_digits

STEM = 3
"""Characters of a word whose continuation is open: "divorc" is looked up as "div-"."""
DIGIT = "0"
"""In place of the words with a digit, for rules that need a number."""
_DIGITS = re.compile(r"\d")
_LETTERS = re.compile(r"[^\W\d_]+")
_bits = iter(range(1_000_000_000))


def stem(word: str) -> str:
    """The key of all words with the same first letters."""
    return f"{word[:STEM]}-"


class WordMasks:
    """Keys (words, first letters of words, pairs of words), each with the patterns that need it.

    `of` has the mask of a text. A bit must be read before the mask: a text that was looked up before the bit was added
    is looked up again.
    """

    def __init__(self, words: Callable[[str], list[str]]) -> None:
        """`words` gives the words of a text that count."""
        self._words_of = words
        self._words: dict[str, int] = {}
        self._pairs: dict[tuple[str, str], int] = {}
        self._tests: list[tuple[Callable[[str], bool], int]] = []
        self._lock = Lock()
        self._forget()

    def add(self, keys: Iterable[str], test: Callable[[str], bool] | None = None) -> int:
        """A new bit for a pattern that needs one of `keys`, or a word (letters only) that passes `test`."""
        with self._lock:
            bit = 1 << next(_bits)
            for key in keys:
                first, pair, second = key.partition(" ")
                if pair:
                    self._pairs[first, second] = self._pairs.get((first, second), 0) | bit
                else:
                    self._words[first] = self._words.get(first, 0) | bit
            if test is not None:
                self._tests.append((Remembered(test).__getitem__, bit))
            self._forget()
            return bit

    def _forget(self) -> None:
        """Look up everything again. What other threads still compute without the new bit goes into the old tables."""
        of_word = Remembered(self._of_word).__getitem__

        def of_text(text: str) -> int:
            words = self._words_of(text)
            mask = reduce(or_, map(of_word, words), 0)
            return reduce(or_, filter(None, map(self._pairs.get, pairwise(words))), mask)

        self.of: dict[str, int] = Remembered(of_text, most=2000)

    def _of_word(self, word: str) -> int:
        letters = _LETTERS.findall(word if word.isascii() else f"{word} {word.casefold()}")
        keys = {word, stem(word), *letters, *(DIGIT for _ in _DIGITS.findall(word))}
        mask = reduce(or_, [self._words.get(key, 0) for key in keys])
        return reduce(or_, [bit for test, bit in self._tests if any(map(test, letters))], mask)


WORDS = WordMasks(words_with_digits)
"""The masks of all words of a text."""
OPENINGS = WordMasks(first_two_words)
"""The masks of the first two words of a text."""
