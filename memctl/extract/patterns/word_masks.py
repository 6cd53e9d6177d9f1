"""One look at the words of a text answers for all patterns which of them may occur in it.

Each pattern, or group of patterns, is one bit of a number. A word has the bits of the patterns that need it, and a text
the bits of its words: a pattern whose bit is missing cannot occur. It must not import patterns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import reduce
from itertools import count, pairwise
from operator import or_
from threading import RLock

from memctl.extract.patterns.wordlist import first_two_words, words_with_digits

STEM = 3
"""Characters of a word whose continuation is open: "divorc" is looked up as "div-"."""
DIGIT = "0"
"""In place of the words with a digit, for rules that need a number."""
MOST_TEXTS = 2000
MOST_WORDS = 20_000
_DIGITS = re.compile(r"\d")
_LETTERS = re.compile(r"[^\W\d_]+")


def stem(word: str) -> str:
    """The key of all words with the same first letters."""
    return f"{word[:STEM]}-"


class WordMasks:
    """Keys (words, first letters of words, pairs of words), each with the patterns that need it.

    `of` has the mask of a text. A bit must be read before the mask: a text that was looked up before the bit was added
    is looked up again.
    """

    def __init__(self, words: Callable[[str], tuple[str, ...]]) -> None:
        """`words` gives the words of a text that count."""
        self._words_of = words
        self._bits = count()
        self._keys: dict[str, int] = {}
        self._pairs: dict[tuple[str, str], int] = {}
        self._tests: list[tuple[Callable[[str], bool], int]] = []
        self._of_word = _Words(self)
        self._lock = RLock()
        self.of: dict[str, int] = _Texts(words, self._of_word, self._pairs)

    def add(self, keys: Iterable[str], test: Callable[[str], bool] | None = None) -> int:
        """A new bit for a pattern that needs one of `keys`, or a word (letters only) that passes `test`."""
        with self._lock:
            bit = 1 << next(self._bits)
            for key in keys:
                first, pair, second = key.partition(" ")
                if pair:
                    self._pairs[first, second] = self._pairs.get((first, second), 0) | bit
                else:
                    self._keys[first] = self._keys.get(first, 0) | bit
                    self._of_word.add(self._of_word.by_key.get(first, ()), bit)
            if test is not None:
                self._tests.append((test, bit))
                self._of_word.add([word for word in self._of_word if any(map(test, _letters(word)))], bit)
            # What other threads still compute without the new bit goes into the old table.
            self.of = _Texts(self._words_of, self._of_word, self._pairs)
            return bit

    def learn(self, word: str) -> int:
        """The mask of a word that was not looked up before."""
        with self._lock:
            letters = _letters(word)
            keys = {word, stem(word), *letters, *(DIGIT for _ in _DIGITS.findall(word))}
            mask = reduce(or_, [bit for test, bit in self._tests if any(map(test, letters))], 0)
            mask = reduce(or_, [self._keys.get(key, 0) for key in keys], mask)
            self._of_word.remember(word, keys, mask)
            return mask


class _Texts(dict[str, int]):
    """The masks of the texts looked up so far; `of_word` and `of_pair` have those of words and pairs of words."""

    def __init__(
        self, words: Callable[[str], tuple[str, ...]], of_word: dict[str, int], of_pair: dict[tuple[str, str], int]
    ) -> None:
        super().__init__()
        self.words, self.of_word, self.of_pair = words, of_word, of_pair

    def __missing__(self, text: str) -> int:
        if len(self) >= MOST_TEXTS:
            self.clear()
        of_word, words, mask = self.of_word, self.words(text), 0
        for word in words:
            mask |= of_word[word]
        for bits in filter(None, map(self.of_pair.get, pairwise(words))):
            mask |= bits
        self[text] = mask
        return mask


class _Words(dict[str, int]):
    """The masks of the words looked up so far; `by_key` has the words that a key stands for."""

    def __init__(self, masks: WordMasks) -> None:
        super().__init__()
        self.masks = masks
        self.by_key: dict[str, list[str]] = {}

    def __missing__(self, word: str) -> int:
        return self.masks.learn(word)

    def remember(self, word: str, keys: Iterable[str], mask: int) -> None:
        """Add a word; all are forgotten when there are many."""
        if len(self) >= MOST_WORDS:
            self.clear()
            self.by_key.clear()
        self[word] = mask
        for key in keys:
            self.by_key.setdefault(key, []).append(word)

    def add(self, words: Iterable[str], bit: int) -> None:
        """Add the bit of a new pattern to some of the words."""
        for word in words:
            self[word] |= bit


def _letters(word: str) -> list[str]:
    """The parts of a word between digits and "_"."""
    return _LETTERS.findall(word if word.isascii() else f"{word} {word.casefold()}")


WORDS = WordMasks(words_with_digits)
"""The masks of all words of a text."""
OPENINGS = WordMasks(first_two_words)
"""The masks of the first two words of a text."""
