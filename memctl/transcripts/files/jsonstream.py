"""JSON from untrusted files: streamed, limited in depth and line length, and cleaned.

A gigabyte array is read element by element, JSONL line by line.
"""

import io
import json
import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any, BinaryIO

from memctl.core.errors import BadTranscript
from memctl.core.plurals import count
from memctl.runtime.json_limits import MAX_DEPTH, Bounds, long_number, unfit
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.encoding import clean, raw_lines, utf8

_PAIR_BYTES = len(rb"\ud83d\ude00")
_HIGH = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}")
_SURROGATE = re.compile(rb"\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})")
_KEYS_WITHIN = 32 * 2**20
_PLAIN = ("string", "number", "boolean", "null")


def partial(text: str) -> list[Any]:
    """The top-level JSON values at the beginning of `text`; the last may be truncated.

    Stops at a syntax error; raises nothing.
    """
    values, rest = _whole_lines(text)
    return values + _streamed(rest)


def _whole_lines(text: str) -> tuple[list[Any], str]:
    """The values of the first lines, as far as each line is one JSON value, and the text after them."""
    import msgspec

    values: list[Any] = []
    begin = 0
    while (end := text.find("\n", begin)) >= 0:
        line = text[begin:end].encode("utf-8", "replace")
        if line.strip():
            if unfit(line):
                break
            try:
                values.append(msgspec.json.decode(line))
            except (ValueError, RecursionError):
                break
        begin = end + 1
    return values, text[begin:]


def _streamed(text: str) -> list[Any]:
    """The values at the beginning of `text`, parsed token by token."""
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
    """The keys of the first object in `document`, streamed to its end but at most 32 MB."""
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
    """Index (from 0) and value of each JSON value at `prefix` (ijson's notation) of `document`.

    Raises BadTranscript where the JSON ends early or is invalid, with the number of complete elements.
    """
    ijson = _ijson()
    index = -1
    with _Guarded(document) as stream:
        try:
            for index, value in enumerate(ijson.items(stream, prefix, multiple_values=True)):
                stream.next_record()
                yield index, value
        except (ijson.JSONError, ArithmeticError) as error:
            raise _broken(document, index + 1, error) from error


def list_items(document: Document, places: Sequence[str], key: str) -> Iterator[tuple[int, str, Any]]:
    """(number, name, value) of each plain field of the objects at `places`, and of each element of their lists `key`.

    `places` are prefixes in ijson's notation, "" is the top. Lists are streamed. `number` counts the objects. Raises
    BadTranscript as `elements` does.
    """
    ijson = _ijson()
    inside = {f"{place}.{key}.item".lstrip(".") for place in places}
    open_objects: list[int] = []
    objects = complete = level = 0
    field: str | None = None
    builder: Any = None
    with _Guarded(document) as stream:
        try:
            for prefix, event, value in ijson.parse(stream, multiple_values=True):
                if builder is None and prefix in inside and event not in ("map_key", "end_array"):
                    builder, level = ijson.ObjectBuilder(), 0
                if builder is not None:
                    builder.event(event, value)
                    level += event.startswith("start_") - event.startswith("end_")
                    if level == 0:
                        complete += 1
                        stream.next_record()
                        yield open_objects[-1], key, builder.value
                        builder = None
                elif prefix in places and event == "start_map":
                    open_objects.append(objects)
                    objects += 1
                elif prefix in places and event == "end_map":
                    open_objects.pop()
                elif prefix in places and event == "map_key":
                    field = value
                    continue
                elif field and field != key and event in _PLAIN:
                    yield open_objects[-1], field, value
                field = None
        except (ijson.JSONError, ArithmeticError) as error:
            raise _broken(document, complete, error) from error


def json_lines(document: Document) -> Iterator[tuple[int, Any | BadTranscript]]:
    """Number (from 1) and value of each non-blank line of JSONL.

    An invalid line is a BadTranscript, except the last one: a session being written ends with an incomplete line, which
    is `HALF_LINE`.
    """
    import msgspec

    held: tuple[int, BadTranscript] | None = None
    for number, line in raw_lines(document.open(), document.uri):
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
    """The mark of an incomplete last line."""


HALF_LINE = _HalfLine()


def text_of(value: object) -> str:
    """A JSON string, cleaned, or "" for any other value."""
    return clean(value) if isinstance(value, str) else ""


def name_of(value: object) -> str | None:
    """A JSON string or number as a cleaned name or id, None for other values and blanks."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return clean(str(value)).strip() or None


def _broken(document: Document, complete: int, error: Exception) -> BadTranscript:
    return BadTranscript(
        f"invalid JSON after {count(complete, 'complete record')}: {_first_line(error)}",
        where=f"{document.uri}: record {complete + 1}",
        hint="the file may be truncated; earlier records were read",
    )


def _bad_line(document: Document, number: int, error: Exception) -> BadTranscript:
    reason = "nested too deeply" if isinstance(error, RecursionError) else f"not JSON: {error}"
    if isinstance(error, json.JSONDecodeError):
        # Its own words name a line and a column of this one line.
        what = f"{error.msg[0].lower()}{error.msg[1:]}".removesuffix(" at")
        reason = f"not JSON: {what} at character {error.colno}"
    bad = BadTranscript(reason, where=f"{document.uri}:line {number}", hint="the other lines are read")
    bad.__cause__ = error
    return bad


def _ijson() -> Any:
    return import_module("ijson")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


class _Guarded:
    """A document's bytes as UTF-8 for ijson, with limits that ijson lacks (it keeps a path per level)."""

    def __init__(self, document: Document, limit: int | None = None) -> None:
        self._stream: BinaryIO = utf8(document.open())
        self._uri = document.uri
        self._left = limit
        self._held = b""
        self._bounds = Bounds()

    def next_record(self) -> None:
        """Begin to measure the next record."""
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
            raise BadTranscript(reason, where=self._uri, hint="not a transcript")
        return self._whole_escapes(data)

    def _whole_escapes(self, data: bytes) -> bytes:
        """`data` with U+FFFD for escaped lone surrogates, which the parser would turn into `?`.

        An escape at the end of the chunk is kept for the next one.
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
