"""Find the rules that may match in a text by their hints: substrings of which each match has at least one.

Each word of a text is looked up once: which hints it may have is remembered, because a few thousand words make up most
texts. It must not import rules.
"""

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Generic, TypeVar

from memctl.core import late_pattern
from memctl.extract.patterns.wordlist import FREQUENT, Remembered, lowered, words_with_digits

R = TypeVar("R")
WARM = 24
"""Texts after which words are looked up; a single command does not need that."""
_WORD = re.compile(r"\w+")


class HintIndex(Generic[R]):
    """Rules, each with its hints in lower case. `masks` has the rules of each hint, as the bits of a number."""

    def __init__(self, rules: Iterable[tuple[R, Iterable[str]]]) -> None:
        self.rules: list[R] = []
        self.masks: dict[str, int] = {}
        self.left = WARM
        for number, (rule, hints) in enumerate(rules):
            self.rules.append(rule)
            for hint in hints:
                self.masks[hint] = self.masks.get(hint, 0) | 1 << number
        self.of_word = Remembered(self._of_word)

    @cached_property
    def by_part(self) -> dict[str, list[str]]:
        """The hints by a rare part of theirs that is inside one word, with a blank where the word has to end: "call "
        for "call me ", "me" for "me". Hints without any word are under ""."""
        hints: dict[str, list[str]] = {}
        for hint in self.masks:
            parts = (
                f"{' ' * (word.start() > 0)}{word[0]}{' ' * (word.end() < len(hint))}" for word in _WORD.finditer(hint)
            )
            rarest = max(parts, key=lambda part: (part.strip() not in FREQUENT, len(part)), default="")
            hints.setdefault(rarest, []).append(hint)
        return hints

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds the longest part at each place of a word, also where parts overlap."""
        return late_pattern.compiler(f"(?=({prefix_tree(filter(None, self.by_part))}))", 0)

    def _beginning_in(self, word: str) -> list[str]:
        """The hints one of whose parts is in a word."""
        longest = set(self.pattern.findall(f" {word} "))
        parts = longest | {part[:end] for part in longest for end in range(1, len(part))}
        return [hint for part in parts for hint in self.by_part.get(part, ())]

    def announced_by(self, word: str) -> bool:
        """True if a word in lower case may be part of a hint in the text that it is in."""
        return bool(self._beginning_in(word)) or "" in self.by_part

    def _of_word(self, word: str) -> tuple[int, tuple[str, ...]] | None:
        """The rules that have a hint inside a word, and the hints that may be where the word is, but that other words
        or marks belong to. None if there are neither."""
        inside, around = 0, []
        for hint in self._beginning_in(word):
            if hint in word:
                inside |= self.masks[hint]
            else:
                around.append(hint)
        return (inside, tuple(around)) if inside or around else None

    def due(self, text: str) -> list[R]:
        """The rules with a hint in a text, in order; case does not matter."""
        rules, small = 0, lowered(text)
        if self.left:
            self.left = max(self.left - 1, 0)
            near = [*self.masks]
        else:
            near = [*self.by_part.get("", ())]
            for inside, around in filter(None, map(self.of_word.__getitem__, words_with_digits(text))):
                rules |= inside
                near += around
        for hint in near:
            if hint in small:
                rules |= self.masks[hint]
        due: list[R] = []
        while rules:
            lowest = rules & -rules
            due.append(self.rules[lowest.bit_length() - 1])
            rules ^= lowest
        return due


def prefix_tree(words: Iterable[str]) -> str:
    """A pattern that matches the longest of `words`, much faster than an alternation of hundreds; the same one in every
    process."""
    return _tree(sorted(words))


def _tree(words: list[str]) -> str:
    if len(words) == 1:
        return re.escape(words[0])
    endings: dict[str, list[str]] = {}
    for word in words:
        endings.setdefault(word[:1], []).append(word[1:])
    ways = [re.escape(letter) + _tree(rest) for letter, rest in endings.items() if letter]
    whole = "|".join(ways)
    optional = "?" if "" in endings and ways else ""
    return f"(?:{whole}){optional}" if len(ways) > 1 or optional else whole
