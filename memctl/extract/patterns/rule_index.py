"""Which of many rules may find something in a text, from one look at its words.

Most texts say nothing that any rule reads. Asking each rule whether its words are in the text would cost more than the
rules that then read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import reduce
from itertools import pairwise
from operator import or_
from typing import Generic, NamedTuple, TypeVar

from memctl.extract.patterns.keyed_pattern import WARM, KeyedGroup, stem
from memctl.extract.patterns.wordlist import Remembered, words_with_digits

R = TypeVar("R")
DIGIT = "0"
"""In place of the words with a digit, for rules that need a number."""
_DIGITS = re.compile(r"\d")
_LETTERS = re.compile(r"[^\W\d_]+")


class RuleIndex(Generic[R]):
    """Rules, or their names, each with the patterns of which one matches where the rule finds something."""

    def __init__(self, needs: Mapping[R, KeyedGroup]) -> None:
        self.needs = needs
        self.named = Remembered(self._named)
        self.left = WARM
        self.keyed: _Keyed | None = None

    def due(self, text: str) -> tuple[R, ...]:
        """The rules that may find something in `text` or in a part of it that is cut between words, in order."""
        keyed = self.keyed
        if keyed is None:
            self.left -= 1
            if self.left <= 0:
                # Assigned when it is complete, because other threads use it from then on.
                self.keyed = self._computed()
            return tuple(self.needs)
        words = words_with_digits(text)
        return self.named[keyed.always | keyed.anywhere.rules(words) | keyed.opening.rules(words[:2])]

    def _computed(self) -> _Keyed:
        always, anywhere, opening = 0, _Keys(), _Keys()
        for number, group in enumerate(self.needs.values()):
            keys = group.computed()
            if keys is None:
                always |= 1 << number
            else:
                (opening if group.opening else anywhere).add(keys, 1 << number)
        return _Keyed(always, anywhere, opening)

    def _named(self, rules: int) -> tuple[R, ...]:
        return tuple(rule for number, rule in enumerate(self.needs) if rules & 1 << number)


class _Keyed(NamedTuple):
    """The rules that are due in every text, and the keys of the others, which are in the whole text or open it."""

    always: int
    anywhere: _Keys
    opening: _Keys


class _Keys:
    """Keys, each with the rules that need it, as the bits of a number."""

    def __init__(self) -> None:
        self.words: dict[str, int] = {}
        self.pairs: dict[str, dict[str, int]] = {}
        self.of_word = Remembered(self._of_word)

    def add(self, keys: Iterable[str], rule: int) -> None:
        """Add the keys of a rule."""
        for key in keys:
            first, pair, second = key.partition(" ")
            table, word = (self.pairs.setdefault(first, {}), second) if pair else (self.words, first)
            table[word] = table.get(word, 0) | rule

    def rules(self, words: list[str]) -> int:
        """The rules one of whose keys is in these words."""
        rules = 0
        for word in words:
            rules |= self.of_word[word]
        for first, second in pairwise(words):
            if first in self.pairs:
                rules |= self.pairs[first].get(second, 0)
        return rules

    def _of_word(self, word: str) -> int:
        keys = (word, stem(word), DIGIT, *_LETTERS.findall(word)) if _DIGITS.search(word) else (word, stem(word))
        return reduce(or_, [self.words.get(key, 0) for key in keys])
