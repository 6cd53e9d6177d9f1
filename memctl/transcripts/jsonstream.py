"""JSON from untrusted files: streamed, bounded in depth and line length, cleaned of what cannot be stored.

An array of a gigabyte is read element by element, JSONL line by line. This room knows JSON; it knows no
format.
"""

import io
import json
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any, BinaryIO

from memctl.core.errors import BadTranscript
from memctl.runtime.json_limits import MAX_DEPTH, Bounds, long_number, unfit
from memctl.transcripts.discovery import Document
from memctl.transcripts.encoding import clean, text_lines, utf8

_PAIR_BYTES = len(rb"\ud83d\ude00")
_HIGH = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}")
_SURROGATE = re.compile(rb"\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})")
_KEYS_WITHIN = 32 * 2**20


def partial(text: str) -> list[Any]:
    """Return the top-level JSON values that `text` begins with; the last is cut short where the text is.

    What follows a syntax error is left out. Nothing is raised.
    """
    ijson = _ijson()
    root: list[Any] = []
    stack: list[tuple[Any, str | None]] = []
    here: Any = root
    key: str | None = None
    try:
        data = text.encode("utf-8", "replace")
        stream = io.BytesIO(data[: long_number(data)])
        for event, value in ijson.basic_parse(stream, multiple_values=True, buf_size=4096):
            if event == "map_key":
                key = value
                continue
            if event in ("end_map", "end_array"):
                here, key = stack.pop()
                continue
            held = {} if event == "start_map" else [] if event == "start_array" else value
            if isinstance(here, list):
                here.append(held)
            else:
                here[key] = held
            if event in ("start_map", "start_array"):
                if len(stack) > MAX_DEPTH:
                    break
                stack.append((here, key))
                here = held
    except (ijson.JSONError, ValueError, ArithmeticError):
        pass
    return root


def first_keys(document: Document) -> frozenset[str]:
    """Return the keys of the first object in `document`, streamed to its end or for 32 MB, whichever comes
    first.
    """
    ijson = _ijson()
    keys: set[str] = set()
    depth = 0
    level: int | None = None
    with _Guarded(document, limit=_KEYS_WITHIN) as stream:
        try:
            for event, value in ijson.basic_parse(stream, multiple_values=True):
                if event == "start_map" and level is None:
                    level = depth + 1
                depth += event.startswith("start_") - event.startswith("end_")
                if event == "map_key" and depth == level:
                    keys.add(value)
                if level is not None and depth < level:
                    break
        except (ijson.JSONError, ValueError, ArithmeticError):
            pass
    return frozenset(keys)


def elements(document: Document, prefix: str = "item") -> Iterator[tuple[int, Any]]:
    """Yield (index from 0, value) for each JSON value at `prefix` (ijson's notation) of `document`.

    Raises BadTranscript where the JSON ends or breaks, naming the last element that was whole.
    """
    ijson = _ijson()
    index = -1
    with _Guarded(document) as stream:
        try:
            for index, value in enumerate(ijson.items(stream, prefix, multiple_values=True)):
                stream.next_record()
                yield index, value
        except (ijson.JSONError, ArithmeticError) as error:
            raise BadTranscript(
                f"broken JSON after {index + 1} whole records: {_first_line(error)}",
                where=f"{document.uri}: record {index + 2}",
                hint="the file may be cut off; what came before was read",
            ) from error


def json_lines(document: Document) -> Iterator[tuple[int, Any | BadTranscript]]:
    """Yield (line number from 1, value) for each line of JSONL; blank lines are passed over.

    A line that is no JSON comes as BadTranscript, unless it is the last: a session still being written ends
    in half a line, which is yielded as `HALF_LINE` and not as an error.
    """
    import msgspec

    held: tuple[int, BadTranscript] | None = None
    for number, line in text_lines(document.open(), document.uri):
        if held:
            yield held
            held = None
        if isinstance(line, BadTranscript):
            yield number, line
            continue
        if not line.strip():
            continue
        if reason := unfit(line.encode()):
            yield number, BadTranscript(reason, where=f"{document.uri}:line {number}", hint="the other lines are read")
            continue
        try:
            yield number, msgspec.json.decode(line)
        except (ValueError, RecursionError):
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as error:
                held = number, _bad_line(document, number, error)
    if held:
        yield held[0], HALF_LINE if held[0] > 1 and isinstance(held[1].__cause__, ValueError) else held[1]


class _HalfLine:
    """The mark of a last line that is not whole."""


HALF_LINE = _HalfLine()


def text_of(value: object) -> str:
    """Return a JSON string cleaned for storing, "" for anything else."""
    return clean(value) if isinstance(value, str) else ""


def name_of(value: object) -> str | None:
    """Return a JSON string or number as a cleaned name or id, None for anything else and for blanks."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return clean(str(value)).strip() or None


def _bad_line(document: Document, number: int, error: Exception) -> BadTranscript:
    reason = "nested too deeply" if isinstance(error, RecursionError) else f"not JSON: {error}"
    bad = BadTranscript(reason, where=f"{document.uri}:line {number}", hint="the other lines are read")
    bad.__cause__ = error
    return bad


def _ijson() -> Any:
    return import_module("ijson")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


class _Guarded:
    """The bytes of a document as UTF-8 for ijson, which limits no nesting and keeps a path per level."""

    def __init__(self, document: Document, limit: int | None = None) -> None:
        self._stream: BinaryIO = utf8(document.open())
        self._uri = document.uri
        self._left = limit
        self._held = b""
        self._bounds = Bounds()

    def next_record(self) -> None:
        """Measure what follows as a record of its own."""
        self._bounds.values = 0

    def __enter__(self) -> "_Guarded":
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def read(self, size: int = -1) -> bytes:
        if self._left is not None:
            size = self._left if size < 0 else min(size, self._left)
        data = self._stream.read(size)
        if self._left is not None:
            self._left -= len(data)
        self._bounds.take(data)
        if reason := self._bounds.broken():
            raise BadTranscript(reason, where=self._uri, hint="this is no transcript")
        return self._whole_escapes(data)

    def _whole_escapes(self, data: bytes) -> bytes:
        """Return `data` with escaped lone surrogates, which the parser would turn into `?`, as U+FFFD.

        An escape that is cut by the end of the chunk waits for the next one.
        """
        last = not data
        data, self._held = self._held + data, b""
        cut = data.find(b"\\", max(0, len(data) - _PAIR_BYTES + 1))
        if cut > 0 and not last:
            if _HIGH.fullmatch(data[max(0, cut - 6) : cut]):
                cut -= 6
            cut -= len(data[:cut]) - len(data[:cut].rstrip(b"\\"))
            if cut:
                data, self._held = data[:cut], data[cut:]
        return _SURROGATE.sub(lambda found: b"\\ufffd" if found[1] else found[0], data)
