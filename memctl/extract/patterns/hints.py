"""Find the rules that may match in a text by their hints: substrings of which each match has at least one.

All hints are looked for in one pass, with a pattern in which common beginnings are written once. It must not import
rules.
"""

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Generic, TypeVar

from memctl.core import late_pattern

R = TypeVar("R")
WARM = 24
"""Texts after which the pattern is made; a single command does not need it."""


class HintIndex(Generic[R]):
    """Rules, each with its hints in lower case."""

    def __init__(self, rules: Iterable[tuple[R, Iterable[str]]]) -> None:
        self.rules: list[R] = []
        self.numbers: dict[str, list[int]] = {}
        self.left = WARM
        for number, (rule, hints) in enumerate(rules):
            self.rules.append(rule)
            for hint in hints:
                self.numbers.setdefault(hint, []).append(number)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds the longest hint at each place of a text, also where hints overlap."""
        return late_pattern.compiler(f"(?=({prefix_tree(self.numbers)}))", 0)

    def hints(self, lowered: str) -> set[str]:
        """The hints that occur in a text in lower case."""
        if self.left:
            self.left -= 1
            return set(filter(lowered.__contains__, self.numbers))
        longest = set(self.pattern.findall(lowered))
        return longest | {hint[:end] for hint in longest for end in range(1, len(hint)) if hint[:end] in self.numbers}

    def due(self, lowered: str, hints: Iterable[str] | None = None) -> list[R]:
        """The rules with a hint in a text in lower case, in order; `hints` are those of a text that contains it."""
        occurring = self.hints(lowered) if hints is None else filter(lowered.__contains__, hints)
        return [self.rules[number] for number in sorted(set().union(*map(self.numbers.__getitem__, occurring)))]


def prefix_tree(words: Iterable[str]) -> str:
    """A pattern that matches the longest of `words`, much faster than an alternation of hundreds."""
    endings: dict[str, list[str]] = {}
    for word in words:
        endings.setdefault(word[:1], []).append(word[1:])
    ways = [re.escape(letter) + prefix_tree(rest) for letter, rest in endings.items() if letter]
    whole = "|".join(ways)
    optional = "?" if "" in endings and ways else ""
    return f"(?:{whole}){optional}" if len(ways) > 1 or optional else whole
