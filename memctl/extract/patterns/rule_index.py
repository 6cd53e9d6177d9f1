"""Which of many rules may find something in a text, from one look at its words.

Most texts say nothing that any rule reads. Asking each rule whether its words are in the text would cost more than the
rules that then read it.
"""

from collections.abc import Mapping
from typing import Generic, NamedTuple, TypeVar

from memctl.extract.patterns.keyed_pattern import WARM, KeyedGroup
from memctl.extract.patterns.word_masks import OPENINGS, WORDS
from memctl.extract.patterns.wordlist import Remembered

R = TypeVar("R")


class RuleIndex(Generic[R]):
    """Rules, or their names, each with the patterns of which one matches where the rule finds something."""

    def __init__(self, needs: Mapping[R, KeyedGroup]) -> None:
        self.needs = needs
        self.named = Remembered(self._named)
        self.left = WARM
        self.bits: _Bits | None = None

    def due(self, text: str) -> tuple[R, ...]:
        """The rules that may find something in `text` or in a part of it that is cut between words, in order."""
        bits = self.bits
        if bits is None:
            self.left -= 1
            if self.left <= 0:
                # Assigned when it is complete, because other threads use it from then on.
                self.bits = self._computed()
            return tuple(self.needs)
        anywhere = bits.words and bits.words & WORDS.of[text]
        return self.named[anywhere, bits.openings and bits.openings & OPENINGS.of[text]]

    def _computed(self) -> "_Bits":
        words = openings = 0
        for group in self.needs.values():
            group.add_keys()
            if group.opening:
                openings |= group.bit
            else:
                words |= group.bit
        return _Bits(words, openings)

    def _named(self, masks: tuple[int, int]) -> tuple[R, ...]:
        return tuple(rule for rule, group in self.needs.items() if not group.bit or group.bit & masks[group.opening])


class _Bits(NamedTuple):
    """The bits of the rules that a word anywhere announces, and of those that the first two words announce."""

    words: int
    openings: int
