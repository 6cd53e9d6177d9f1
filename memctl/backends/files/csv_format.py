"""Facts as CSV (RFC 4180, UTF-8), such that a spreadsheet can open the file and every field comes back exactly.

A cell that is empty is null. A cell that begins with an apostrophe stands for what follows it: so the empty string is
a lone apostrophe, and a text that begins with one of = + - @, a tab, a line end or an apostrophe gets one in front,
because a spreadsheet would run it as a formula (OWASP, "CSV Injection"). Lists, objects and vectors are JSON text.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from memctl.backends.files.records import LONGEST_LINE, Row, convert, decoded
from memctl.core.errors import UsageError
from memctl.core.fact import Fact

_SOURCE = ("system", "id", "uri", "session", "turns", "quote")
_EMBEDDING = ("model", "vector")
_NESTED = {"source": _SOURCE, "embedding": _EMBEDDING}
COLUMNS = tuple(
    column
    for field in Fact.__struct_fields__
    for column in ([f"{field}_{part}" for part in _NESTED[field]] if field in _NESTED else [field])
)
"""The header: the fields of a Fact, those of its source and its embedding with a prefix."""
REQUIRED = ("id", "user_id", "kind", "text", "source_system")
_JSON = {"categories", "confidence", "source_turns", "metadata", "native", "embedding_vector"}
_LONGEST_CELL = LONGEST_LINE // 2
"""Characters of a cell. The csv module holds one in four bytes a character, twice while it grows."""
_GUARDED = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
_DELIMITERS = (",", ";", "\t")


def guard(text: str) -> str:
    """A text as a cell that is neither null nor a formula."""
    return "'" + text if not text or text.startswith(_GUARDED) else text


def unguard(cell: str) -> str | None:
    """What a cell stands for."""
    return cell.removeprefix("'") if cell else None


def write(lines: Iterable[bytes], target: BinaryIO) -> None:
    """Put facts, given as lines of JSON, into a CSV file with its header."""
    text = io.TextIOWrapper(target, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow(_cells(msgspec.json.decode(line)))
    text.flush()
    text.detach()


def _cells(record: dict[str, Any]) -> list[str]:
    flat = _flat(record)
    return [_cell(column, flat.get(column)) for column in COLUMNS]


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    for field in _NESTED:
        for part, value in (record.pop(field) or {}).items():
            record[f"{field}_{part}"] = value
    return record


def _cell(column: str, value: Any) -> str:
    if value is None:
        return ""
    return msgspec.json.encode(value).decode() if column in _JSON else guard(value)


def rows(path: Path) -> Iterator[Row]:
    """Every record as a fact, or with the reason why it is none; it bears the number of its first line.

    Raises UsageError for a header that lacks a required column or has one that no fact has.
    """
    csv.field_size_limit(_LONGEST_CELL)
    with path.open("rb") as file:
        lines = _Lines(file)
        delimiter = _delimiter(file)
        records = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            names = [cell.strip() for cell in next(records, [])]
        except (csv.Error, UnicodeDecodeError) as error:
            raise UsageError(
                f"its first line is no header of a CSV file in UTF-8: {error}",
                where=str(path),
                hint="save the table as CSV with UTF-8 encoding",
            ) from None
        header = _header(names, path)
        while True:
            number = lines.read + 1
            try:
                cells = next(records)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(number, None, f"the record is not well-formed CSV: {error}")
                if str(error).startswith("field larger"):
                    # Where the cell ends is not known: of what follows every line would be another bad record.
                    yield Row(lines.read, None, "a cell is too long; the file is read up to here only")
                    return
                continue
            except UnicodeDecodeError as error:
                yield Row(number, None, f"the text is not UTF-8: {error.reason} at byte {error.start + 1} of the line")
                continue
            if cells:
                yield _row(number, header, cells)


class _Lines:
    """The lines of a file as text with the ends they have, counted."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.read = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(LONGEST_LINE + 1)
        if not line:
            raise StopIteration
        self.read += 1
        if len(line) > LONGEST_LINE:
            while not line.endswith(b"\n") and (line := self._file.readline(LONGEST_LINE)):
                pass
            raise csv.Error(f"the line is longer than {LONGEST_LINE:,} bytes")
        return line.decode("utf-8-sig" if self.read == 1 else "utf-8")


def _delimiter(file: BinaryIO) -> str:
    """What stands between the names of the header; some spreadsheets write semicolons."""
    header = file.readline().decode("utf-8", "replace")
    file.seek(0)
    return max(_DELIMITERS, key=header.count)


def _header(names: list[str], path: Path) -> list[str]:
    if not names:
        return names
    unknown = [name for name in names if name not in COLUMNS]
    lacking = [name for name in REQUIRED if name not in names]
    twice = sorted({name for name in names if names.count(name) > 1})
    for wrong, what in ((unknown, "columns no fact has"), (lacking, "no column for"), (twice, "columns twice")):
        if wrong:
            raise UsageError(
                f"the header has {what}: {', '.join(repr(name) for name in wrong)}",
                where=f"{path}:1",
                hint=f"columns: {', '.join(COLUMNS)}; what has no place belongs into metadata, as JSON",
            )
    return names


def _row(number: int, header: list[str], cells: list[str]) -> Row:
    if len(cells) != len(header):
        return Row(number, None, f"the record has {len(cells)} cells, the header {len(header)}")
    try:
        return Row(number, _fact(dict(zip(header, cells, strict=True))))
    except ValueError as error:
        return Row(number, None, str(error))


def _fact(cells: dict[str, str]) -> Fact:
    record: dict[str, Any] = {}
    parts: dict[str, dict[str, Any]] = {field: {} for field in _NESTED}
    for column, cell in cells.items():
        value = _value(column, cell)
        if value is None:
            continue
        field = column.split("_", 1)[0]
        if field in _NESTED:
            parts[field][column.removeprefix(f"{field}_")] = value
        else:
            record[column] = value
    record["source"] = parts["source"]
    if parts["embedding"]:
        record["embedding"] = parts["embedding"]
    return convert(record)


def _value(column: str, cell: str) -> Any:
    if column not in _JSON or not cell:
        return unguard(cell)
    return decoded(column, cell)
