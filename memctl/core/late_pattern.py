"""Regular expressions that are compiled when they are first used: compiling all of memctl's takes longer than a search,
and one command needs few of them.

A process that reads a single sentence also takes what an earlier one compiled; see
`memctl.extract.patterns.compiled_patterns`.
"""

import re
from collections.abc import Callable
from typing import Any, cast

_METHODS = ("search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split", "groupindex")

compiler: Callable[[str, int], re.Pattern[str]] = re.compile
"""What compiles the patterns of this process."""


class _LatePattern:
    """What `re.compile` returns, for patterns that are used through their own methods."""

    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        if name not in _METHODS:
            raise AttributeError(name)
        # The methods become attributes, so that a call costs no more than one of a compiled pattern.
        compiled = compiler(self.pattern, self._flags)
        vars(self).update({method: getattr(compiled, method) for method in _METHODS})
        return vars(self)[name]


def late(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """The pattern, compiled when one of its methods is first used. Not for `re.search(pattern, text)`.

    `pattern` is a text of memctl's own: what is compiled may be kept in the user's cache folder.
    """
    return cast("re.Pattern[str]", _LatePattern(pattern, flags))
