"""Which kind of file this is: by its content when it is read, by its name when it is still to be made.

Knows the look of a file and nothing of what stands in it.
"""

from pathlib import Path
from typing import Literal

from memctl.core.errors import UsageError

Kind = Literal["jsonl", "parquet", "csv"]
EXTENSIONS: dict[str, Kind] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".csv": "csv"}
STANDARD = "-"
"""The name that means standard input when read and standard output when written."""

HEAD = 65_536
"""Bytes looked at to tell kinds apart."""
PARQUET_MAGIC = b"PAR1"
_BOM = b"\xef\xbb\xbf"
_OWN_FIELDS = ("id", "user_id", "kind", "text", "source")


def is_file(name: str) -> bool:
    """Whether a backend of this name is a file: `-`, a known ending, or the path of a file that is there."""
    return name == STANDARD or Path(name).suffix.lower() in EXTENSIONS or Path(name).is_file()


def by_name(path: Path) -> Kind:
    """The kind a file of this name is to have. Raises UsageError listing the endings."""
    kind = EXTENSIONS.get(path.suffix.lower())
    if kind is None:
        raise UsageError(
            "the ending of the file's name does not say which kind it is to be",
            where=str(path),
            hint=f"use one of {', '.join(EXTENSIONS)}",
        )
    return kind


def holds_facts(head: bytes) -> bool:
    """Whether a file that begins so is one of memctl's own: Parquet, CSV with our header, or a Fact a line."""
    start = head.removeprefix(_BOM).lstrip()
    if head.startswith(PARQUET_MAGIC) or not start.startswith((b"{", b"[")):
        return head.startswith(PARQUET_MAGIC) or _is_header(start)
    line = start.split(b"\n", 1)[0]
    return all(f'"{field}":'.encode() in line.replace(b'": ', b'":') for field in _OWN_FIELDS)


def _is_header(start: bytes) -> bool:
    header = start.split(b"\n", 1)[0].decode("utf-8", "replace").lower()
    return "user_id" in header and "text" in header


def by_content(path: Path, shown: str) -> Kind:
    """The kind of a file that is there, `shown` being what the user calls it; an empty one goes by its name.

    Raises UsageError for a file that is none of the kinds.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith(PARQUET_MAGIC):
        return "parquet"
    start = head.removeprefix(_BOM).lstrip()
    if not start:
        return "jsonl" if shown == STANDARD else by_name(Path(shown))
    if start.startswith(b"{"):
        return "jsonl"
    if start.startswith(b"["):
        raise UsageError("this is one JSON array", where=shown, hint="give JSONL: one fact a line, as --jsonl prints")
    if _is_header(start):
        return "csv"
    raise UsageError(
        "this is neither JSONL nor Parquet nor CSV with a header of facts",
        where=shown,
        hint="memctl export writes all three; memctl ingest reads transcripts",
    )
