"""Patterns that are tried only on texts with one of the words that every match contains.

Trying a pattern at each character of a sentence is most of the cost of the rules, and nearly all attempts fail. The
words that a match must contain are computed from the pattern itself, so that skipping it cannot lose a match.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, lru_cache
from importlib import import_module
from threading import RLock
from typing import Any

from memctl.core import late_pattern
from memctl.extract.patterns.lower_case import for_lower_case
from memctl.extract.patterns.word_masks import OPENINGS, STEM, WORDS, stem
from memctl.extract.patterns.wordlist import FREQUENT, MOST_FREQUENT, lowered

_WORD_CHARACTER = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
WARM = 24
"""Texts after which the keys of a pattern are computed; a single command does not need them."""
MOST_PATHS = 500
"""Different words with which a pattern may continue; with more, that place of the pattern is not used."""
MOST_OPENINGS = 4000
"""The same for the start of an `OpeningPattern`, which has no other place."""
TOOFREQUENT = 1000
"""The rank of keys that are met so often that looking for them is not worth it."""
_FREQUENT_STEMS = frozenset(f"{word[:STEM]}-" for word in FREQUENT)

_ADDING = RLock()
"""Held while a bit is added: one that another thread replaced would make a `RuleIndex` lose its rule."""

_parser: Any = import_module("re._parser")


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
                self.in_lower_case = for_lower_case(self.text, self.flags)
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
        return keys_of(self.text, self.flags)


class OpeningPattern(KeyedPattern):
    """A pattern that is only matched at the start of a text, by the word or two with which it may open."""

    masks = OPENINGS

    @cached_property
    def keys(self) -> frozenset[str] | None:
        """The words with which the pattern may open."""
        keys = _words((_parser.parse(self.text, self.flags).data,), math.inf, MOST_OPENINGS)
        return frozenset(keys) if keys is not None else None


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


def keys_of(pattern: str, flags: int = re.IGNORECASE) -> frozenset[str] | None:
    """The keys one of which is in `keys_in` of every text in which `pattern` occurs; None if there are none."""
    keys = _keys(_parser.parse(pattern, flags).data, False, (), TOOFREQUENT)
    return frozenset(keys) if keys is not None else None


def _cost(keys: Iterable[str]) -> int:
    """A rank for how often one of `keys` occurs in texts."""
    return sum(map(_rank, keys))


@lru_cache(maxsize=4096)
def _rank(key: str) -> int:
    if key in FREQUENT or key in _FREQUENT_STEMS:
        return 200 if key in MOST_FREQUENT else 40
    if " " in key:
        return 60 if MOST_FREQUENT.issuperset(key.split()) else 8 if FREQUENT.issuperset(key.split()) else 1
    return 3 if key.endswith("-") else 1


Nodes = list[tuple[Any, Any]]


def _keys(nodes: Nodes, bounded: bool, after: tuple[Nodes, ...], limit: float) -> set[str] | None:
    """The best keys of a sequence, `bounded` if no word continues into it, with the sequences `after` it; None if none
    cost less than `limit`."""
    nodes = _flat(nodes)
    best: set[str] | None = None
    for at, (kind, value) in enumerate(nodes):
        rest = (nodes[at + 1 :], *after)
        choices = [_words((nodes[at:], *after), limit) if bounded else None]
        if kind.name == "BRANCH":
            choices.append(_of_all_ways(value[1], bounded, rest, limit))
        elif kind.name in _REPEATS and value[0] >= 1:
            choices.append(_keys(value[2].data, bounded, rest if value[1] == 1 else (), limit))
        for keys in choices:
            if keys is not None and _cost(keys) < limit:
                best, limit = keys, _cost(keys)
        bounded = _bounded((kind, value), bounded)
    return best


def _of_all_ways(ways: list[Any], bounded: bool, rest: tuple[Nodes, ...], limit: float) -> set[str] | None:
    """The keys of every alternative of a branch; None if one has none."""
    keys: set[str] = set()
    for way in ways:
        keys_of_way = _keys(way.data, bounded, rest, limit)
        if keys_of_way is None:
            return None
        keys |= keys_of_way
    return keys


_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})


def _flat(nodes: Nodes) -> Nodes:
    """The nodes, with each group replaced by its content."""
    flat: Nodes = []
    for kind, value in nodes:
        if kind.name == "SUBPATTERN":
            flat += _flat(value[3].data)
        elif kind.name == "ATOMIC_GROUP":
            flat += _flat(value.data)
        else:
            flat.append((kind, value))
    return flat


def _bounded(node: tuple[Any, Any], before: bool) -> bool:
    """True if no word continues after `node`; `before` says the same for the position before it."""
    kind, value = node[0].name, node[1]
    if kind == "AT":
        return value.name != "AT_NON_BOUNDARY" or before
    if kind in ("ASSERT", "ASSERT_NOT", "FAILURE"):
        return before
    if kind in ("LITERAL", "IN"):
        characters = _characters(node)
        return characters is not None and not characters & _WORD_CHARACTER
    if kind == "BRANCH":
        return all(_end(way.data, before) for way in value[1])
    if kind in _REPEATS:
        inner = _end(value[2].data, before and value[1] == 1)
        return inner and (before or value[0] > 0)
    return False


def _end(nodes: Nodes, bounded: bool) -> bool:
    for node in _flat(nodes):
        bounded = _bounded(node, bounded)
    return bounded


_SPACE = frozenset(" \t\n")


def _characters(node: tuple[Any, Any]) -> frozenset[str] | None:
    """The ASCII characters that a node of one character matches, in lower case; None if it matches others."""
    kind, value = node[0].name, node[1]
    if kind == "LITERAL":
        return frozenset(chr(value).lower()) if value < 128 else None
    if kind != "IN":
        return None
    characters: set[str] = set()
    for part, content in value:
        if part.name == "LITERAL" and (content < 128 or chr(content) in "–—’‘“”…£€•·¿¡«»"):
            characters.add(chr(content).lower())
        elif part.name == "RANGE" and content[1] < 128:
            characters |= {chr(code).lower() for code in range(content[0], content[1] + 1)}
        elif part.name == "CATEGORY" and content.name in ("CATEGORY_SPACE", "CATEGORY_NOT_WORD"):
            characters |= _SPACE
        else:
            return None
    return frozenset(characters)


def _words(sequences: tuple[Nodes, ...], limit: float, most: int = MOST_PATHS) -> set[str] | None:
    """The keys of the words with which `sequences` may open; None if they may open with anything, or if the keys cost
    `limit` or more."""
    keys: set[str] = set()
    cost = 0
    paths: list[tuple[str, tuple[Nodes, ...]]] = [("", sequences)]
    steps = 0
    while paths:
        word, rest = paths.pop()
        steps += 1
        if steps > most * 5 or len(keys) > most:
            return None
        key = _step(word, rest, paths)
        if key is None:
            return None
        if key and key not in keys:
            keys.add(key)
            cost += _cost((key,))
            if cost >= limit:
                return None
    return keys


def _spelt(word: str, rest: tuple[Nodes, ...]) -> tuple[str, tuple[Nodes, ...]]:
    """`word` with the letters that must follow it, and the nodes after them."""
    while rest:
        nodes, at = rest[0], 0
        while at < len(nodes) and (letter := _letter(nodes[at])):
            word += letter
            at += 1
        if at < len(nodes):
            return word, (nodes[at:], *rest[1:])
        rest = rest[1:]
    return word, rest


def _letter(node: tuple[Any, Any]) -> str:
    """The letter or digit that a node stands for, in lower case; "" if it matches anything else."""
    return _LETTER.get(node[1], "") if node[0] is _parser.LITERAL else ""


_LETTER = {ord(form): one for one in _WORD_CHARACTER for form in (one, one.upper())}


def _step(word: str, rest: tuple[Nodes, ...], paths: list[tuple[str, tuple[Nodes, ...]]]) -> str | None:
    """Follow one node of `rest` after `word`: add the paths it opens, and return a finished key, "" or None if the
    words are unknown. A word that has ended is followed by a blank."""
    word, rest = _spelt(word, rest)
    if not rest:
        return _open_end(word)
    (kind, value), after = rest[0][0], (rest[0][1:], *rest[1:])
    name = kind.name
    if name in ("LITERAL", "IN"):
        characters = _characters((kind, value))
        if characters is None or len(characters & _WORD_CHARACTER) > 8:
            return _open_end(word)
        paths.extend((word + character, after) for character in characters & _WORD_CHARACTER)
        return _ended(word, after, paths) if characters - _WORD_CHARACTER else ""
    if name == "AT":
        return _open_end(word) if value.name == "AT_NON_BOUNDARY" else _ended(word, after, paths)
    if name in _REPEATS:
        if value[0] == 0:
            paths.append((word, after))
        inner = value[2].data
        characters = _characters(inner[0]) if len(inner) == 1 else None
        blank = characters is not None and not characters & _WORD_CHARACTER
        if value[0] <= 1 or blank:
            paths.append((word, (inner, *after)))
        if value[1] > 1 and not blank:
            paths.append((word, (inner, inner)))
        return ""
    ways: dict[str, Callable[[], list[tuple[Nodes, ...]]]] = {
        "ASSERT": lambda: [after],
        "ASSERT_NOT": lambda: [after],
        "SUBPATTERN": lambda: [(value[3].data, *after)],
        "ATOMIC_GROUP": lambda: [(value.data, *after)],
        "BRANCH": lambda: [(way.data, *after) for way in value[1]],
        "FAILURE": list,
    }
    if name not in ways:
        return _open_end(word)
    paths.extend((word, way) for way in ways[name]())
    return ""


def _open_end(word: str) -> str | None:
    """The key of a path after whose `word` anything may follow."""
    first, pair, _ = word.partition(" ")
    return first if pair else stem(word) if len(word) >= STEM else None


def _ended(word: str, after: tuple[Nodes, ...], paths: list[tuple[str, tuple[Nodes, ...]]]) -> str:
    """The key of a path whose word has ended, "" if it continues: frequent words are paired with the next one."""
    first, pair, second = word.partition(" ")
    if second or (first and not pair and first not in FREQUENT):
        return word
    paths.append((f"{first} " if first else "", after))
    return ""
