"""Facts as CSV (RFC 4180, UTF-8) that spreadsheets can open and that preserves every field.

An empty cell is null; a leading apostrophe is an escape. A lone apostrophe is the empty string, and a text that starts
with = + - @, a tab, a line end or an apostrophe is escaped, because a spreadsheet would run it as a formula (OWASP,
"CSV Injection"). Lists, objects and vectors are JSON text.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from memctl.backends.files.records import LONGEST_LINE, Row, check_columns, convert, decoded
from memctl.core.errors import UsageError
from memctl.core.fact import Fact
from memctl.core.short_hash import short_hash

_SOURCE = ("system", "id", "uri", "session", "turns", "quote")
_EMBEDDING = ("model", "vector")
_NESTED = {"source": _SOURCE, "embedding": _EMBEDDING}
COLUMNS = tuple(
    column
    for field in Fact.__struct_fields__
    for column in ([f"{field}_{part}" for part in _NESTED[field]] if field in _NESTED else [field])
)
"""The header: the fields of a Fact, and those of its source and embedding with a prefix."""
REQUIRED = ("id", "user_id", "kind", "text", "source_system")
_JSON = {"categories", "confidence", "source_turns", "metadata", "native", "embedding_vector"}
_LONGEST_CELL = LONGEST_LINE // 2
"""Characters per cell. The csv module uses four bytes per character, twice while a cell grows."""
_GUARDED = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
_DELIMITERS = (",", ";", "\t")


def guard(text: str) -> str:
    """Quote text so that it reads back as text (not null) and no spreadsheet runs it as a formula."""
    return "'" + text if not text or text.startswith(_GUARDED) else text


def unguard(cell: str) -> str | None:
    """The text that a cell represents, None for null."""
    return cell.removeprefix("'") if cell else None


def write(lines: Iterable[bytes], target: BinaryIO) -> None:
    """Write facts, given as JSON lines, to a CSV file with a header."""
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
    """Every record as a fact, or the reason why it is not one, numbered by its first line.

    Raises UsageError for a header with missing or unknown columns.
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
                f"the first line is not the header of a UTF-8 CSV file: {error}",
                where=str(path),
                hint="save the table as CSV with UTF-8 encoding",
            ) from None
        header = _header(names, path)
        while True:
            number = lines.read + 1
            lines.of_record = hashlib.sha256()
            try:
                cells = next(records)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(number, None, f"the record is not well-formed CSV: {error}", digest=lines.digest())
                if str(error).startswith("field larger"):
                    # The end of the cell is unknown, so every following line would be another bad record.
                    rest = "a cell is too long; the rest of the file was not read"
                    yield Row(lines.read, None, rest, digest=lines.digest())
                    return
                continue
            except UnicodeDecodeError as error:
                reason = f"not valid UTF-8: {error.reason} at byte {error.start + 1} of the line"
                yield Row(number, None, reason, digest=lines.digest())
                continue
            if cells:
                yield _row(number, header, cells)


class _Lines:
    """Counted lines of a file as text, with their line ends."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.read = 0
        self.of_record = hashlib.sha256()
        """Of the lines read since the last record."""

    def digest(self) -> str:
        """A hash of the lines of the record that is being read."""
        return self.of_record.hexdigest()[:32]

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(LONGEST_LINE + 1)
        if not line:
            raise StopIteration
        self.read += 1
        self.of_record.update(line)
        if len(line) > LONGEST_LINE:
            while not line.endswith(b"\n") and (line := self._file.readline(LONGEST_LINE)):
                pass
            raise csv.Error(f"the line is longer than {LONGEST_LINE:,} bytes")
        return line.decode("utf-8-sig" if self.read == 1 else "utf-8")


def _delimiter(file: BinaryIO) -> str:
    """The separator in the header; some spreadsheets write semicolons."""
    header = file.readline().decode("utf-8", "replace")
    file.seek(0)
    return max(_DELIMITERS, key=header.count)


def _header(names: list[str], path: Path) -> list[str]:
    if not names:
        return names
    check_columns(names, COLUMNS, REQUIRED, f"{path}:1")
    return names


def _row(number: int, header: list[str], cells: list[str]) -> Row:
    if len(cells) != len(header):
        return _bad(number, f"the record has {len(cells)} cells, the header {len(header)}", cells)
    try:
        return Row(number, _fact(dict(zip(header, cells, strict=True))))
    except ValueError as error:
        return _bad(number, str(error), cells)


def _bad(number: int, reason: str, cells: list[str]) -> Row:
    return Row(number, None, reason, digest=short_hash(*cells))


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
