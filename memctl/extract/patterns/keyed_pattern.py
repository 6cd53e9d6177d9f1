"""Patterns that are tried only on texts with one of the words that every match contains.

Trying a pattern at each character of a sentence is most of the cost of the rules, and nearly all attempts fail. The
words that a match must contain are computed from the pattern itself, so that skipping it cannot lose a match.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from threading import RLock

from memctl.core import late_pattern
from memctl.extract.patterns import derived
from memctl.extract.patterns.word_masks import OPENINGS, WORDS
from memctl.extract.patterns.wordlist import lowered

WARM = 24
"""Texts after which the keys of a pattern are computed; a single command does not need them."""
_ADDING = RLock()
"""Held while a bit is added: one that another thread replaced would make a `RuleIndex` lose its rule."""


class KeyedPattern:
    """A compiled pattern with the methods of `re.Pattern` that the rules use.

    `text` is compiled on first use. Its keys are computed once it has been tried on `WARM` texts, and the same pattern
    for texts in lower case once `WARM` of them had a key. `bit` is the pattern's in the masks of texts, 0 as long as
    the pattern has to be tried on every text.
    """

    masks = WORDS

    def __init__(self, text: str, flags: int = re.IGNORECASE) -> None:
        self.text, self.flags = text, flags
        self.pattern: re.Pattern[str] | None = None
        self.bit = 0
        self.in_lower_case: re.Pattern[str] | None = None
        self.left = self.left_with_key = WARM

    def compiled(self) -> re.Pattern[str]:
        """The pattern itself."""
        if self.pattern is None:
            self.pattern = late_pattern.compiler(self.text, self.flags)
        return self.pattern

    def possible(self, text: str) -> bool:
        """False if the pattern occurs neither in `text` nor in a part of it that is cut between words."""
        if self.left:
            self.warm()
        return not self.bit or self.bit & self.masks.of[text] != 0

    def search(self, text: str) -> re.Match[str] | None:
        """The first match in `text`."""
        if self.bit and not self.bit & self.masks.of[text]:
            return None
        if self.left or self.left_with_key or self.in_lower_case is None:
            return self.compiled().search(text) if self.may_occur(text) else None
        return self.first_as(self.in_lower_case, text)

    def first_as(self, in_lower_case: re.Pattern[str], text: str) -> re.Match[str] | None:
        """The first match in `text`, which is tried only where the pattern for lower case matches."""
        small = lowered(text)
        place = in_lower_case.search(small)
        while place is not None:
            match = self.compiled().match(text, place.start())
            if match is not None:
                return match
            place = in_lower_case.search(small, place.start() + 1)
        return None

    def match(self, text: str) -> re.Match[str] | None:
        """The match at the start of `text`."""
        if self.bit and not self.bit & self.masks.of[text]:
            return None
        if self.left:
            self.warm()
        return self.compiled().match(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """All matches in `text`."""
        if self.bit and not self.bit & self.masks.of[text]:
            return iter(())
        return self.compiled().finditer(text) if self.may_occur(text) else iter(())

    def sub(self, replacement: str | Callable[[re.Match[str]], str], text: str) -> str:
        """`text` with every match replaced."""
        if self.bit and not self.bit & self.masks.of[text]:
            return text
        return self.compiled().sub(replacement, text) if self.may_occur(text) else text

    def may_occur(self, text: str) -> bool:
        """False if the pattern does not occur in a text with one of its keys."""
        if self.left:
            self.warm()
        elif self.left_with_key:
            self.left_with_key = max(self.left_with_key - 1, 0)
            if not self.left_with_key:
                self.in_lower_case = derived.current.in_lower_case(self.text, self.flags)
        return self.in_lower_case is None or self.in_lower_case.search(lowered(text)) is not None

    def warm(self) -> None:
        """Count a text on which the pattern is tried before its keys are known."""
        self.left = max(self.left - 1, 0)
        if not self.left:
            self.add_keys()

    def add_keys(self) -> None:
        """Compute the keys, and skip the texts without them from now on."""
        with _ADDING:
            self.left = 0
            if self.keys is not None and not self.bit:
                self.bit = self.masks.add(self.keys)

    @cached_property
    def keys(self) -> frozenset[str] | None:
        """The keys, from the text of the pattern: every text in which it occurs has one of them. None if there are
        none."""
        return derived.current.keys(self.text, self.flags)


class OpeningPattern(KeyedPattern):
    """A pattern that is only matched at the start of a text, by the word or two with which it may open."""

    masks = OPENINGS

    @cached_property
    def keys(self) -> frozenset[str] | None:
        """The words with which the pattern may open."""
        return derived.current.opening_keys(self.text, self.flags)


class KeyedGroup:
    """Patterns that are tried in turn: most texts have no word of any, which one look at all their keys tells.

    A group of `OpeningPattern`s looks at the first two words only, unless a part of the text may start `anywhere`.
    `words`, or a function that returns them, are needed by rules without such patterns; a word that passes `test` is
    one of them too.
    """

    def __init__(
        self,
        *patterns: KeyedPattern,
        anywhere: bool = False,
        words: Iterable[str] | Callable[[], Iterable[str]] = (),
        test: Callable[[str], bool] | None = None,
    ) -> None:
        self.patterns = patterns
        self.opening = bool(patterns) and not anywhere and all(isinstance(one, OpeningPattern) for one in patterns)
        self.opening = self.opening and not words and test is None
        self.masks = OPENINGS if self.opening else WORDS
        self.words, self.test = words, test
        self.bit = 0
        self.left = WARM

    def possible(self, text: str) -> bool:
        """False if no pattern of the group matches in `text` or in a part of it that is cut between words."""
        if self.bit:
            return self.bit & self.masks.of[text] != 0
        if self.left:
            self.left = max(self.left - 1, 0)
            if not self.left:
                self.add_keys()
        return True

    def add_keys(self) -> None:
        """Compute the keys of all patterns, and skip the texts without them from now on."""
        with _ADDING:
            if self.bit:
                return
            keys = self.keys()
            self.left = 0
            if len(self.patterns) == 1 and self.masks is self.patterns[0].masks and not self.words and not self.test:
                self.bit = self.patterns[0].bit
            elif keys is not None:
                self.bit = self.masks.add(keys, self.test)

    def keys(self) -> frozenset[str] | None:
        """The keys of all patterns, and the words."""
        for pattern in self.patterns:
            pattern.add_keys()
        keys = [pattern.keys for pattern in self.patterns]
        words = self.words() if callable(self.words) else self.words
        return frozenset(words).union(*filter(None, keys)) if all(keys) else None

    def search(self, text: str) -> re.Match[str] | None:
        """The first match of the first pattern that occurs in `text`."""
        if not self.possible(text):
            return None
        return next(filter(None, (pattern.search(text) for pattern in self.patterns)), None)
