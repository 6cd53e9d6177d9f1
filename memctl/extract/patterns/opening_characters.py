"""Patterns whose search passes over all characters with which no match opens.

`re` does so by itself if a pattern opens with a set of characters. If it opens with an optional part, or alternatives,
`re` tries it at every place of a text. Here the set is computed from the pattern, and compiled into it.
"""

import re
from importlib import import_module
from typing import Any

_parser: Any = import_module("re._parser")
_compiler: Any = import_module("re._compiler")
_sre: Any = import_module("_sre")
_FLAGS, _WIDTHS = 2, slice(3, 5)
"""Where the block of code that tells `re` how a match opens has its flags, and the least and the greatest length."""


def compiled(parsed: Any, flags: int) -> re.Pattern[str]:
    """The compiled pattern of a parsed one, in which case is not ignored."""
    names: list[str | None] = [None] * parsed.state.groups
    for name, group in parsed.state.groupdict.items():
        names[group] = name
    code, groups = code_of(parsed, flags), parsed.state.groups - 1
    pattern: re.Pattern[str] = _sre.compile(
        None, flags | parsed.state.flags, code, groups, parsed.state.groupdict, tuple(names)
    )
    return pattern


def code_of(parsed: Any, flags: int) -> list[int]:
    """The code of a parsed pattern, as `re._compiler` gives it, with the characters with which a match opens."""
    code: list[int] = _compiler._code(parsed, flags)
    opening = _opening(parsed.data)
    if opening is not None and opening[1] and not code[_FLAGS]:
        like_set = _compiler._code(_parser.SubPattern(parsed.state, [(_parser.IN, opening[0])]), flags)
        like_set[_WIDTHS] = code[_WIDTHS]
        code = _first_block(like_set) + code[len(_first_block(code)) :]
    return code


def _first_block(code: list[int]) -> list[int]:
    """The block of code that tells `re` how a match opens; its second number is the length of the rest."""
    return code[: code[1] + 1]


def _opening(nodes: Any) -> tuple[list[Any], bool] | None:
    """The members of the set of characters with which what `nodes` match may open, and whether it cannot be empty; None
    if that may be nearly any character."""
    members: list[Any] = []
    for kind, value in nodes:
        name = kind.name
        if name in ("AT", "ASSERT", "ASSERT_NOT"):
            continue
        if name == "LITERAL":
            return [*members, (kind, value)], True
        if name == "IN" and value[0][0].name != "NEGATE":
            return [*members, *value], True
        if name == "BRANCH":
            ways = [_opening(way.data) for way in value[1]]
        elif name in ("SUBPATTERN", "MAX_REPEAT", "MIN_REPEAT"):
            ways = [_opening(value[-1].data)]
        else:
            return None
        for way in ways:
            if way is None:
                return None
            members += way[0]
        never_empty = all(way[1] for way in ways if way)
        if never_empty and not (name.endswith("REPEAT") and value[0] == 0):
            return members, True
    return members, False
