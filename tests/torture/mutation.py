"""Deterministic mutations of files and records in steps, so that failures can be reproduced.

A step is three numbers: the operation, the position, and its argument. Depends on bytes and JSON, not on formats.
"""

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

Step = tuple[int, int, int]

DEEP: Any = []
for _ in range(300):
    DEEP = [DEEP]
HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**63, 1e308, -0.0, "", " ", "\0", "\ud800", "a\udfff\0b", "\u202e\u200e", "\x1b[2J",
    [], {}, [[]], [None], [{}], {"": None}, {"\ud83d": "\0"}, "x" * 5000, "null", "../../etc", "=1+1",
    "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "2026-02-30T25:61:61Z", 1772700000, "1772700000.000100",
    "00000000-0000-0000-0000-000000000000", {"fact": {}, "text": 1}, {"json": "{"}, "é" * 40, 10**400, DEEP,
)  # fmt: skip
TOKENS: tuple[bytes, ...] = (
    b"", b"\0", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"\r", b"\n", b"\n\n",
    b"{", b"}", b"[", b"]", b'"', b",", b":", b"[" * 300, b'{"a":' * 300, b"NaN", b"-", b"1e999", b"null", b"---\n",
    b"PK\x03\x04", b"\x1f\x8b", b"PAR1", b"13/03/2026, 10:14 - ", b"[1/2/26, 9:01:02 PM] ", b"00:00:01.000 --> ",
    b"99:59:59,999", b"WEBVTT\n\n", b"<v ", b"User: ", b"> ", b"```", b" " * 5000, b"9" * 5000, b"\xe2\x80\x8e",
)  # fmt: skip


def steps(chance: Random, most: int = 6) -> list[Step]:
    """Random steps; small numbers of steps are more frequent."""
    number = min(chance.randint(1, most), chance.randint(1, most))
    return [(chance.randrange(2**16), chance.randrange(2**32), chance.randrange(2**32)) for _ in range(number)]


def worse(data: bytes, changes: Sequence[Step], others: Sequence[bytes]) -> bytes:
    """The file after the changes, at most 1 MB; parts of the files `others` may be inserted."""
    for what, where, how in changes:
        changed = _FILES[what % len(_FILES)](data, where, how, others)
        data = changed[: 2**20]
    return data


def worse_value(value: Any, changes: Sequence[Step]) -> Any:
    """The JSON value after the changes."""
    for what, where, how in changes:
        value = _at(value, where, _VALUES[what % len(_VALUES)](how))
    return value


def _overwritten(data: bytes, where: int, how: int, others: Sequence[bytes]) -> bytes:
    at = where % (len(data) + 1)
    return data[:at] + bytes([how % 256]) + data[at + 1 :]


def _without(data: bytes, where: int, how: int, others: Sequence[bytes]) -> bytes:
    at = where % (len(data) + 1)
    return data[:at] + data[at + how % 64 + 1 :]


def _cut_off(data: bytes, where: int, how: int, others: Sequence[bytes]) -> bytes:
    return data[: where % (len(data) + 1)]


def _with_token(data: bytes, where: int, how: int, others: Sequence[bytes]) -> bytes:
    at = where % (len(data) + 1)
    return data[:at] + TOKENS[how % len(TOKENS)] + data[at:]


def _repeated(data: bytes, where: int, how: int, others: Sequence[bytes]) -> bytes:
    at = where % (len(data) + 1)
    piece = data[at : at + how % 512]
    return data[:at] + piece * (2 + how % 3) + data[at:]


def _spliced(data: bytes, where: int, how: int, others: Sequence[bytes]) -> bytes:
    other = others[how % len(others)] if others else b""
    return data[: where % (len(data) + 1)] + other[how % (len(other) + 1) :]


def _other_value(data: bytes, where: int, how: int, others: Sequence[bytes]) -> bytes:
    """Change one value of the JSON, or of one of its lines; files that are not JSON lose a byte."""
    change = (how % len(_VALUES), where, how // len(_VALUES))
    lines = data.split(b"\n")
    number = where % len(lines)
    try:
        return json.dumps(worse_value(json.loads(data), [change])).encode()
    except (ValueError, RecursionError):
        pass
    try:
        lines[number] = json.dumps(worse_value(json.loads(lines[number]), [change])).encode()
    except (ValueError, RecursionError):
        return _without(data, where, 0, others)
    return b"\n".join(lines)


_FILES: tuple[Callable[[bytes, int, int, Sequence[bytes]], bytes], ...] = (
    _other_value, _overwritten, _other_value, _without, _cut_off, _other_value, _with_token, _repeated, _spliced,
)  # fmt: skip
_GONE = object()
_VALUES: tuple[Callable[[int], Callable[[Any], Any]], ...] = (
    lambda how: lambda value: HOSTILE[how % len(HOSTILE)],
    lambda how: lambda value: HOSTILE[how % len(HOSTILE)],
    lambda how: lambda value: [value],
    lambda how: lambda value: {"a": value},
    lambda how: lambda value: _GONE,
    lambda how: lambda value: str(value),
    lambda how: lambda value: value + value if isinstance(value, str | list) else [value, value],
)


def _at(value: Any, where: int, change: Callable[[Any], Any]) -> Any:
    """The value with one change, to itself or to a nested value."""
    number = where % _size(value)
    if number == 0:
        changed = change(value)
        return None if changed is _GONE else changed
    number -= 1
    items = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for index, (key, item) in enumerate(items):
        size = _size(item)
        if number < size:
            changed = change(item) if number == 0 else _at(item, number, change)
            items[index : index + 1] = [] if changed is _GONE else [(key, changed)]
            break
        number -= size
    return dict(items) if isinstance(value, dict) else [item for _, item in items]


def _size(value: Any) -> int:
    """The number of nested values, including the value itself."""
    if isinstance(value, dict):
        return 1 + sum(map(_size, value.values()))
    return 1 + sum(map(_size, value)) if isinstance(value, list) else 1
