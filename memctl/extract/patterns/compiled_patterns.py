"""A cache of the rules' compiled patterns and of what is computed from them, in the user's cache folder.

Compiling the hundred patterns that one sentence needs takes a third of the time of `memctl add`; reading the result
takes a hundredth of that. Of a process that reads some hundred turns, two thirds of the time would go into the words
that matches must have. The file contains only patterns that ship with memctl, and no user data. A file that is
missing, damaged, written by another Python version or owned by another user is ignored and replaced.
"""

import contextlib
import os
import re
import sys
import zlib
from array import array
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import msgspec

from memctl.core import late_pattern
from memctl.extract.patterns import derived, lower_case, pattern_keys, word_masks, wordlist
from memctl.runtime import private_files, settings

MOST = 3000
"""Patterns in the file; beyond that, those that a process did not use are dropped."""
BLOCKS = 32
"""Blocks of a process that reads many turns in which it uses the file; almost all patterns have been used by then."""


class _Code(msgspec.Struct, frozen=True, array_like=True):
    """The arguments of `_sre.compile` for a pattern and its flags, `code` as bytes, which are not copied."""

    pattern: str
    flags: int
    settled_flags: int
    groups: int
    names: dict[str, int]
    code: memoryview


_Key = tuple[str, int]
"""A pattern and its flags."""
_parser: Any = import_module("re._parser")
_compiler: Any = import_module("re._compiler")
_sre: Any = import_module("_sre")


def _file(purpose: str = "") -> Path:
    """The cache file of this build of Python: compiled code differs between builds."""
    build = f"{sys.implementation.cache_tag}-{sys.hexversion:x}-{_sre.MAGIC}-{_sre.CODESIZE}-{sys.byteorder}"
    return settings.cache_folder() / f"patterns-{purpose}{build}.msgpack"


class _File(msgspec.Struct, array_like=True):
    """The content of the cache file, each by the pattern and its flags.

    `codes` has compiled patterns, `small` the patterns for lower case, and `words` and `openings` the keys, joined by
    line breaks; None if there are none. `made_by` tells which version of memctl's modules computed these three.
    """

    made_by: int | None = None
    codes: dict[_Key, _Code | None] = {}
    small: dict[_Key, _Code | None] = {}
    words: dict[_Key, str | None] = {}
    openings: dict[_Key, str | None] = {}


class _Patterns(derived.Derived):
    """A compiler with a cache. `stored` is what was read from the file, `used` what this process used, `new` whether
    something of that is not stored."""

    def __init__(self, stored: _File) -> None:
        self.stored, self.used = stored, _File()
        if stored.words and (stored.made_by is None or stored.made_by != _version()):
            self.stored = _File(codes=stored.codes)
        self.new = False
        self.blocks, self.next_writing = 0, 1

    def compile(self, pattern: str, flags: int) -> re.Pattern[str]:
        """Like `re.compile`."""
        return cast("re.Pattern[str]", self._made((pattern, int(flags)), self.stored.codes, self.used.codes, _coded))

    def in_lower_case(self, pattern: str, flags: int) -> re.Pattern[str] | None:
        """As `lower_case.for_lower_case`."""
        return self._made((pattern, int(flags)), self.stored.small, self.used.small, _coded_in_lower_case)

    def _made(
        self,
        key: _Key,
        stored: dict[_Key, _Code | None],
        used: dict[_Key, _Code | None],
        code_of: Callable[..., _Code | None],
    ) -> re.Pattern[str] | None:
        """The pattern of stored code, or of new code if there is none or if it is invalid."""
        if key in stored:
            with contextlib.suppress(Exception):
                pattern = _made(stored[key])
                used[key] = stored[key]
                return pattern
        self.new = True
        used[key] = code_of(*key)
        return _made(used[key])

    def keys(self, pattern: str, flags: int) -> frozenset[str] | None:
        """As `pattern_keys.keys_of`."""
        return self._known((pattern, int(flags)), self.stored.words, self.used.words, _words)

    def opening_keys(self, pattern: str, flags: int) -> frozenset[str] | None:
        """As `pattern_keys.opening_keys_of`."""
        return self._known((pattern, int(flags)), self.stored.openings, self.used.openings, _openings)

    def _known(
        self,
        key: _Key,
        stored: dict[_Key, str | None],
        used: dict[_Key, str | None],
        compute: Callable[..., str | None],
    ) -> frozenset[str] | None:
        """The words that are stored, or computed."""
        if key not in stored:
            self.new = True
        words = used[key] = stored[key] if key in stored else compute(*key)
        return None if words is None else frozenset(filter(None, words.split("\n")))

    def content(self) -> _File:
        """What to write to the file."""
        kept = self.stored if len(self.stored.codes | self.used.codes) <= MOST else _File()
        return _File(
            made_by=_version(),
            codes=kept.codes | self.used.codes,
            small=kept.small | self.used.small,
            words=kept.words | self.used.words,
            openings=kept.openings | self.used.openings,
        )


def _version() -> int | None:
    """A number that changes with the modules that compute keys and patterns for lower case; None without sources."""
    version = 0
    for module in (lower_case, pattern_keys, word_masks, wordlist):
        try:
            version = zlib.crc32(Path(str(module.__file__)).read_bytes(), version)
        except OSError:
            return None
    return version


def _words(pattern: str, flags: int) -> str | None:
    words = pattern_keys.keys_of(pattern, flags)
    return None if words is None else "\n".join(sorted(words))


def _openings(pattern: str, flags: int) -> str | None:
    words = pattern_keys.opening_keys_of(pattern, flags)
    return None if words is None else "\n".join(sorted(words))


def _coded(pattern: str, flags: int) -> _Code:
    """The result of `re._compiler.compile`."""
    return _code_of(_parser.parse(pattern, flags), pattern, flags)


def _coded_in_lower_case(pattern: str, flags: int) -> _Code | None:
    """The same for the pattern for lower case."""
    parsed = lower_case.parsed_for_lower_case(pattern, flags)
    return parsed and _code_of(parsed, pattern, flags & ~re.IGNORECASE)


def _code_of(parsed: Any, pattern: str, flags: int) -> _Code:
    return _Code(
        pattern=pattern,
        flags=flags,
        settled_flags=flags | parsed.state.flags,
        groups=parsed.state.groups - 1,
        names=parsed.state.groupdict,
        code=memoryview(array("I", _compiler._code(parsed, flags)).tobytes()),
    )


def _made(code: _Code | None) -> re.Pattern[str] | None:
    """The pattern of compiled code, None without code. Raises RuntimeError if the code is invalid."""
    if code is None:
        return None
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
    if not _is_known_python():
        yield
        return
    patterns = _Patterns(_read(_file(purpose)))
    with _in_use(patterns):
        yield
    if patterns.new:
        _write(patterns, purpose)


def _is_known_python() -> bool:
    return sys.implementation.name == "cpython" and array("I").itemsize == _sre.CODESIZE


@contextlib.contextmanager
def _in_use(patterns: _Patterns) -> Iterator[None]:
    late_pattern.compiler, derived.current = patterns.compile, patterns
    try:
        yield
    finally:
        late_pattern.compiler, derived.current = re.compile, derived.Derived()


def _write(patterns: _Patterns, purpose: str) -> None:
    # Without a folder to write to, every command compiles its own.
    with contextlib.suppress(OSError):
        file = _file(purpose)
        private_files.make_folder(file.parent)
        private_files.replace(file, msgspec.msgpack.encode(patterns.content()))
        patterns.new = False


_of_process: list[_Patterns | None] = []


@contextlib.contextmanager
def remembered_at_first() -> Iterator[None]:
    """`remembered` for the first blocks of a process that reads many turns.

    It uses most patterns. They are in a file of their own, so that the file of a short command stays small. The file
    is read once, and written ever less often if there is something new.
    """
    if not _of_process:
        remove_unfinished()
        _of_process.append(_Patterns(_read(_file("all-"))) if _is_known_python() else None)
    patterns = _of_process[0]
    if patterns is None:
        yield
        return
    with _in_use(patterns):
        yield
    patterns.blocks += 1
    if patterns.new and patterns.blocks >= patterns.next_writing:
        _write(patterns, "all-")
        patterns.next_writing = 2 * patterns.blocks
    if patterns.blocks == BLOCKS:
        _of_process[0] = None


def remove_unfinished() -> None:
    """Remove what a process left that was killed while it wrote; the next one may have nothing to read or to write."""
    private_files.remove_leftovers(_file().parent)


def _read(path: Path) -> _File:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            # Anyone who can write this file could change what the rules find.
            if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
                return _File()
            return msgspec.msgpack.decode(file.read(), type=_File)
    except (OSError, msgspec.DecodeError):
        return _File()
