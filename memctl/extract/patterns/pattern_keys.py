"""The words one of which a text must have so that a pattern can occur in it, computed from the pattern."""

import math
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib import import_module
from typing import Any

from memctl.extract.patterns.word_masks import DIGIT, STEM, stem
from memctl.extract.patterns.wordlist import FREQUENT, MOST_FREQUENT

_DIGITS = frozenset("0123456789")
_WORD_CHARACTER = frozenset("abcdefghijklmnopqrstuvwxyz_") | _DIGITS
MOST_PATHS = 500
"""Different words with which a pattern may continue; with more, that place of the pattern is not used."""
MOST_OPENINGS = 4000
"""The same for the start of an `OpeningPattern`, which has no other place."""
TOOFREQUENT = 1000
"""The rank of keys that are met so often that looking for them is not worth it."""
_FREQUENT_STEMS = frozenset(f"{word[:STEM]}-" for word in FREQUENT)

_parser: Any = import_module("re._parser")


def keys_of(pattern: str, flags: int = re.IGNORECASE) -> frozenset[str] | None:
    """The keys one of which is in `keys_in` of every text in which `pattern` occurs; None if there are none."""
    keys = _keys(_parser.parse(pattern, flags).data, False, (), TOOFREQUENT)
    return frozenset(keys) if keys is not None else None


def opening_keys_of(pattern: str, flags: int = re.IGNORECASE) -> frozenset[str] | None:
    """The keys one of which is in the first two words of every text that `pattern` matches at its start."""
    keys = _words((_parser.parse(pattern, flags).data,), math.inf, MOST_OPENINGS)
    return frozenset(keys) if keys is not None else None


def _cost(keys: Iterable[str]) -> int:
    """A rank for how often one of `keys` occurs in texts."""
    return sum(map(_rank, keys))


@lru_cache(maxsize=4096)
def _rank(key: str) -> int:
    if key in FREQUENT or key in _FREQUENT_STEMS or key == DIGIT:
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


def _is_digit(node: tuple[Any, Any]) -> bool:
    """True if a node of one character matches only digits."""
    return node[0].name == "IN" and all(
        (part.name == "RANGE" and set(map(chr, content)) <= _DIGITS) or getattr(content, "name", "") == "CATEGORY_DIGIT"
        for part, content in node[1]
    )


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
            return DIGIT if _is_digit((kind, value)) else _open_end(word)
        paths.extend((word + character, after) for character in characters & _WORD_CHARACTER)
        return _ended(word, after, paths) if characters - _WORD_CHARACTER else ""
    if name == "AT" or (name == "ASSERT" and word and value[0] > 0 and _ends_word(value[1].data)):
        inside = getattr(value, "name", "") == "AT_NON_BOUNDARY"
        return _open_end(word) if inside else _ended(word, after, paths)
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


def _ends_word(nodes: Nodes) -> bool:
    """True if what `nodes` match cannot begin with a word character."""
    nodes = _flat(nodes)
    if not nodes:
        return False
    kind, value = nodes[0][0].name, nodes[0][1]
    if kind == "AT":
        return bool(value.name != "AT_NON_BOUNDARY")
    if kind == "BRANCH":
        return all(_ends_word(way.data) for way in value[1])
    if kind in _REPEATS:
        return _ends_word(value[2].data) and (value[0] > 0 or _ends_word(nodes[1:]))
    characters = _characters(nodes[0])
    return characters is not None and not characters & _WORD_CHARACTER


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
