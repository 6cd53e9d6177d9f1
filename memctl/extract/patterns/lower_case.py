"""Patterns for texts in lower case, which tell much faster that a pattern that ignores case occurs nowhere.

When case is ignored, `re` tries every alternative at every place; otherwise it passes over most of them by their first
letter. The pattern for lower case matches wherever the other one does, and perhaps elsewhere: where the other tells
capitals from small letters, it does not.
"""

import re
from importlib import import_module
from typing import Any

from memctl.extract.patterns.wordlist import lowered

_parser: Any = import_module("re._parser")
_compiler: Any = import_module("re._compiler")
_LIKE_OTHERS = frozenset(import_module("re._casefix")._EXTRA_CASES) - set(map(ord, "isıſ"))
"""Letters that `re` takes for another one that `lowered` leaves as it is: "µ" may be written as two characters. Not
those that `lowered` writes as "i" and "s"."""
LARGEST_RANGE = 2000
"""Characters of a range, such as `[À-ž]`, that are put into lower case."""


class _UnlikeError(Exception):
    """The pattern has no such pattern for lower case."""


def for_lower_case(text: str, flags: int) -> re.Pattern[str] | None:
    """A pattern that is found in `lowered(x)` whenever the pattern `text` is found in x. None if there is none."""
    parsed = parsed_for_lower_case(text, flags)
    pattern: re.Pattern[str] | None = parsed and _compiler.compile(parsed, flags & ~re.IGNORECASE)
    return pattern


def parsed_for_lower_case(text: str, flags: int) -> Any:
    """`for_lower_case`, as `re._parser` returns a pattern."""
    if not flags & re.IGNORECASE:
        return None
    try:
        parsed = _parser.parse(text, flags)
        parsed.data = _sequence(parsed.data, ignored=True)
    except _UnlikeError:
        return None
    parsed.state.flags &= ~re.IGNORECASE
    return parsed


def _sequence(nodes: list[Any], *, ignored: bool) -> list[Any]:
    return [new for node in nodes for new in _node(node[0], node[1], ignored)]


def _node(kind: Any, value: Any, ignored: bool) -> list[Any]:
    """The nodes in place of one; `ignored` says whether case is ignored there."""
    name = kind.name
    if name in ("AT", "ANY", "FAILURE", "GROUPREF"):
        return [(kind, value)]
    if name == "LITERAL":
        return [(kind, _small(value))]
    if name == "NOT_LITERAL" and (ignored or _small(value) == value):
        return [(kind, _small(value))]
    if name == "IN":
        return [(kind, _members(value, ignored))]
    if name == "BRANCH":
        return _branch(value[0], [_within(way, ignored) for way in value[1]])
    if name == "SUBPATTERN":
        group, added, removed, inner = value
        if added & ~re.IGNORECASE:
            raise _UnlikeError
        inside = (ignored or bool(added & re.IGNORECASE)) and not removed & re.IGNORECASE
        return [(kind, (group, 0, removed & ~re.IGNORECASE, _within(inner, inside)))]
    if name in ("MAX_REPEAT", "MIN_REPEAT", "ASSERT"):
        return [(kind, (*value[:-1], _within(value[-1], ignored)))]
    if name == "ASSERT_NOT":
        # What must not stand here can only be told if case does not matter for it.
        return [(kind, (value[0], _within(value[1], ignored)))] if ignored and not _minds_case(value[1].data) else []
    raise _UnlikeError


def _branch(before: Any, ways: list[Any]) -> list[Any]:
    """A branch with the alternatives that open with the same letter in one, so that the others are passed over at once.

    Which of several alternatives matches does not matter here, only whether one does.
    """
    opened: dict[Any, list[Any]] = {}
    for number, way in enumerate(ways):
        literal = len(way.data) > 0 and way.data[0][0] is _parser.LITERAL
        opened.setdefault(way.data[0][1] if literal else -1 - number, []).append(way)
    if len(opened) == len(ways):
        return [(_parser.BRANCH, (before, ways))]
    grouped = []
    for letter, same in opened.items():
        if len(same) > 1:
            rest = [_parser.SubPattern(way.state, way.data[1:]) for way in same]
            inner = _branch(before, rest) if all(one.data for one in rest) else [(_parser.BRANCH, (before, rest))]
            same = [_parser.SubPattern(same[0].state, [(_parser.LITERAL, letter), *inner])]
        grouped += same
    return [(_parser.BRANCH, (before, grouped))] if len(grouped) > 1 else list(grouped[0].data)


def _within(inner: Any, ignored: bool) -> Any:
    return _parser.SubPattern(inner.state, _sequence(inner.data, ignored=ignored))


def _minds_case(nodes: list[Any]) -> bool:
    """True if case is not ignored somewhere in `nodes`."""
    for kind, value in nodes:
        if kind.name == "SUBPATTERN" and (value[2] & re.IGNORECASE or _minds_case(value[3].data)):
            return True
        if kind.name == "BRANCH" and any(_minds_case(way.data) for way in value[1]):
            return True
        if kind.name in ("MAX_REPEAT", "MIN_REPEAT") and _minds_case(value[2].data):
            return True
        if kind.name in ("ASSERT", "ASSERT_NOT") and _minds_case(value[1].data):
            return True
    return False


def _small(code: int) -> int:
    if code in _LIKE_OTHERS:
        raise _UnlikeError
    return ord(lowered(chr(code)))


def _members(parts: list[Any], ignored: bool) -> list[Any]:
    """A set of characters, and what they are in lower case."""
    negated = parts[0][0].name == "NEGATE"
    members: list[Any] = []
    for kind, value in parts:
        members.append((kind, value))
        if kind.name not in ("LITERAL", "RANGE"):
            continue
        first, last = value if kind.name == "RANGE" else (value, value)
        if last - first > LARGEST_RANGE:
            continue
        small = {_small(code) for code in range(first, last + 1)} - set(range(first, last + 1))
        if negated and not ignored and small:
            raise _UnlikeError
        members += [(_parser.LITERAL, code) for code in sorted(small)]
    return members
