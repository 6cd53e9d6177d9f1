"""File formats, detected by content, or by extension for new files."""

from pathlib import Path
from typing import Literal

from memctl.core.errors import UsageError

Format = Literal["jsonl", "parquet", "csv"]
EXTENSIONS: dict[str, Format] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".csv": "csv"}
STANDARD = "-"
"""Standard input when read, standard output when written."""

HEAD = 65_536
"""Bytes read to detect the format."""
PARQUET_MAGIC = b"PAR1"
_BOM = b"\xef\xbb\xbf"
_OWN_FIELDS = ("id", "user_id", "kind", "text", "source")


def is_file(name: str) -> bool:
    """Whether a backend of this name is a file: `-`, a known extension, an existing file, or a folder in an interchange
    format."""
    path = Path(name)
    if name == STANDARD or path.suffix.lower() in EXTENSIONS or path.is_file():
        return True
    if not path.is_dir():
        return False
    from memctl.backends.files import interchange

    return interchange.recognise(path, b"") is not None


def by_name(path: Path) -> Format:
    """The format for a file name. Raises UsageError for an unknown extension."""
    kind = EXTENSIONS.get(path.suffix.lower())
    if kind is None:
        raise UsageError(
            "unknown file extension",
            where=str(path),
            hint=f"use one of {', '.join(EXTENSIONS)}",
        )
    return kind


def holds_facts(head: bytes) -> bool:
    """Whether a file with this head is one of memctl's own: Parquet, CSV with our header, or JSON lines of facts."""
    start = head.removeprefix(_BOM).lstrip()
    if head.startswith(PARQUET_MAGIC) or not start.startswith((b"{", b"[")):
        return head.startswith(PARQUET_MAGIC) or _is_header(start)
    line = start.split(b"\n", 1)[0]
    return all(f'"{field}":'.encode() in line.replace(b'": ', b'":') for field in _OWN_FIELDS)


def _is_header(start: bytes) -> bool:
    header = start.split(b"\n", 1)[0].decode("utf-8", "replace").lower()
    return "user_id" in header and "text" in header


def by_content(path: Path, shown: str) -> Format:
    """The format of an existing file, called `shown` in messages; an empty file is judged by its extension.

    Raises UsageError for an unknown format.
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
        raise UsageError(
            "the file is a JSON array", where=shown, hint="expected JSONL: one fact per line, as printed by --jsonl"
        )
    if _is_header(start):
        return "csv"
    raise UsageError(
        "not a facts file: expected JSONL, Parquet or CSV",
        where=shown,
        hint="memctl export writes all three; for transcripts use memctl ingest",
    )
