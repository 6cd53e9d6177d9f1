"""A cache of the rules' compiled patterns, in the user's cache folder.

Compiling the hundred patterns that one sentence needs takes a third of the time of `memctl add`; reading the result
takes a hundredth of that. The file contains only patterns that ship with memctl, and no user data. A file that is
missing, damaged, written by another Python version or owned by another user is ignored and replaced.
"""

import contextlib
import os
import re
import sys
from array import array
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from memctl.core import late_pattern
from memctl.runtime import private_files, settings

MOST = 2000
"""Patterns in the file; beyond that, those that a process did not use are dropped."""


class _Code(msgspec.Struct, frozen=True, array_like=True):
    """The arguments of `_sre.compile` for a pattern and its flags, `code` as bytes, which are not copied."""

    pattern: str
    flags: int
    settled_flags: int
    groups: int
    names: dict[str, int]
    code: memoryview


_parser: Any = import_module("re._parser")
_compiler: Any = import_module("re._compiler")
_sre: Any = import_module("_sre")


def _file(purpose: str = "") -> Path:
    """The cache file of this build of Python: compiled code differs between builds."""
    build = f"{sys.implementation.cache_tag}-{sys.hexversion:x}-{_sre.MAGIC}-{_sre.CODESIZE}-{sys.byteorder}"
    return settings.cache_folder() / f"patterns-{purpose}{build}.msgpack"


class _Patterns:
    """A compiler with a cache; the keys of `stored` and `new` are (pattern, flags)."""

    def __init__(self, codes: list[_Code]) -> None:
        self.stored = {(one.pattern, one.flags): one for one in codes}
        self.used: dict[tuple[str, int], _Code] = {}
        self.new = False

    def compile(self, pattern: str, flags: int) -> re.Pattern[str]:
        """Like `re.compile`."""
        key = pattern, int(flags)
        code = self.stored.get(key)
        if code is not None:
            with contextlib.suppress(Exception):
                compiled = _made(code)
                self.used[key] = code
                return compiled
        self.new = True
        code = self.used[key] = _coded(*key)
        return _made(code)

    def codes(self) -> list[_Code]:
        """The compiled patterns to write to the file."""
        kept = self.stored | self.used
        return list((kept if len(kept) <= MOST else self.used).values())


def _coded(pattern: str, flags: int) -> _Code:
    """The result of `re._compiler.compile`."""
    parsed = _parser.parse(pattern, flags)
    return _Code(
        pattern=pattern,
        flags=flags,
        settled_flags=flags | parsed.state.flags,
        groups=parsed.state.groups - 1,
        names=parsed.state.groupdict,
        code=memoryview(array("I", _compiler._code(parsed, flags)).tobytes()),
    )


def _made(code: _Code) -> re.Pattern[str]:
    """The pattern of compiled code. Raises RuntimeError if the code is invalid."""
    names: list[str | None] = [None] * (code.groups + 1)
    for name, group in code.names.items():
        names[group] = name
    numbers = array("I")
    numbers.frombytes(code.code)
    pattern: re.Pattern[str] = _sre.compile(
        code.pattern, code.settled_flags, numbers.tolist(), code.groups, code.names, tuple(names)
    )
    return pattern


@contextlib.contextmanager
def remembered(purpose: str = "") -> Iterator[None]:
    """Read the patterns that are first used in the block from the cache file, and add missing ones to it."""
    if sys.implementation.name != "cpython" or array("I").itemsize != _sre.CODESIZE:
        yield
        return
    file = _file(purpose)
    patterns = _Patterns(_read(file))
    late_pattern.compiler = patterns.compile
    try:
        yield
    finally:
        late_pattern.compiler = re.compile
    if patterns.new:
        # Without a folder to write to, every command compiles its own.
        with contextlib.suppress(OSError):
            private_files.make_folder(file.parent)
            private_files.replace(file, msgspec.msgpack.encode(patterns.codes()))


_first = iter((True,))


@contextlib.contextmanager
def remembered_at_first() -> Iterator[None]:
    """`remembered` for the first block of a process that reads many turns.

    It uses most patterns. They are in a file of their own, so that the file of a short command stays small.
    """
    with remembered("all-") if next(_first, False) else contextlib.nullcontext():
        yield


def _read(path: Path) -> list[_Code]:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            # Anyone who can write this file could change what the rules find.
            if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
                return []
            return msgspec.msgpack.decode(file.read(), type=list[_Code])
    except (OSError, msgspec.DecodeError):
        return []
