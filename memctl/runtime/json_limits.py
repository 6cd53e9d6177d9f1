"""Limits on the depth, length and number of values of JSON text, checked before it is parsed.

A parser's memory and time depend on the content and not on the length: three bytes may become a list of 56, a bracket a
level of recursion. Knows JSON's brackets, strings and numbers only.
"""

import re
from collections.abc import Iterator
from itertools import accumulate

MAX_DEPTH = 200
MOST_VALUES = 2_000_000
"""Values per record; as Python objects they take about 250 MB."""
LONGEST_NUMBER = 4_000
"""Digits per number: Python refuses integers of more than 4,300 digits (CVE-2020-10735), which crashes ijson's C code.
"""
_LONG_NUMBER = re.compile(rb"[0-9]{%d}" % LONGEST_NUMBER)
_SHORT = min(MOST_VALUES, LONGEST_NUMBER)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def long_number(data: bytes) -> int | None:
    """Where the first number that is too long begins, None if there is none."""
    match = _LONG_NUMBER.search(data)
    return match.start() if match else None


def unfit(line: bytes) -> str | None:
    """The reason why a JSON document must not be parsed, None if it may be."""
    # Most lines are too short to exceed a limit and have too few brackets, even with those in strings.
    if len(line) < _SHORT and line.count(b"[") + line.count(b"{") <= MAX_DEPTH:
        return None
    bounds = Bounds()
    bounds.take(line)
    return bounds.broken()


class Bounds:
    """Measures a JSON text chunk by chunk; string contents are ignored.

    `deepest` is the deepest level of the last chunk, `values` counts since it was last set to 0.
    """

    def __init__(self) -> None:
        self.deepest = 0
        self.values = 0
        self.long_number = False
        self._depth = 0
        self._before = 0
        self._brackets = b""
        self._in_string = 0
        self._escape = b""
        self._digits = b""

    def take(self, data: bytes) -> None:
        """Measure the next chunk."""
        data = self._escape + data
        trailing = len(data) - len(data.rstrip(b"\\"))
        self._escape = data[len(data) - trailing % 2 :]
        data = data[: len(data) - trailing % 2].replace(b"\\\\", b"").replace(b'\\"', b"")
        segments = data.split(b'"')
        # Keep the separation of two numbers by a string.
        unquoted = b'"'.join(segments[self._in_string :: 2])
        self._in_string = (self._in_string + len(segments) - 1) % 2
        self._follow_digits(unquoted)
        self._brackets = unquoted.translate(None, _NOT_BRACKETS)
        opened = self._brackets.count(b"[") + self._brackets.count(b"{")
        self.values += opened + unquoted.count(b",")
        self._before, self._depth = self._depth, self._depth + 2 * opened - len(self._brackets)
        self.deepest = self._before + opened
        if self.deepest > MAX_DEPTH:
            self.deepest = max(self._levels())

    def shallowest(self) -> int:
        """The shallowest level of the last chunk."""
        closed = self._brackets.count(b"]") + self._brackets.count(b"}")
        return min(self._levels()) if closed else self._before

    def _levels(self) -> Iterator[int]:
        return accumulate((1 if bracket in b"[{" else -1 for bracket in self._brackets), initial=self._before)

    def broken(self) -> str | None:
        """The limit that is exceeded, None if there is none."""
        if self.deepest > MAX_DEPTH:
            return f"the JSON is nested more than {MAX_DEPTH} levels deep"
        if self.long_number:
            return f"the JSON has a number of more than {LONGEST_NUMBER:,} digits"
        if self.values > MOST_VALUES:
            return f"one record of the JSON has more than {MOST_VALUES:,} values"
        return None

    def _follow_digits(self, unquoted: bytes) -> None:
        unquoted = self._digits + unquoted
        self.long_number = self.long_number or _LONG_NUMBER.search(unquoted) is not None
        self._digits = unquoted[len(unquoted.rstrip(b"0123456789")) :]
