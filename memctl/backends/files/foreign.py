"""Recognising files that are not facts but well-known formats, to name them instead of rejecting each line."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from memctl.backends.files.formats import HEAD, holds_facts
from memctl.core.errors import MemctlError, UsageError

_BOM = b"\xef\xbb\xbf"
_SERVER_MEMORY = "a memory file of the MCP server server-memory"
_RECORDS: tuple[tuple[str, frozenset[str]], ...] = (
    (_SERVER_MEMORY, frozenset({"type", "name", "entityType", "observations"})),
    (_SERVER_MEMORY, frozenset({"type", "from", "to", "relationType"})),
    ("an export of claude.ai's memory", frozenset({"conversations_memory", "account_uuid"})),
    ("an export of claude.ai's memory", frozenset({"conversations_memory", "project_memories"})),
)
"""Formats by the fields of their first record."""
_INTERCHANGE = ("a Portable AI Memory (PAM) file", "a Memory Interchange Format (MIF) file", _SERVER_MEMORY)
"""Formats that are read, and to which facts cannot be added."""
_HEADS: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    (_INTERCHANGE[0], re.compile(rb'\{[^{}]*"schema"\s*:\s*"portable-ai-memory')),
    (_INTERCHANGE[1], re.compile(rb'\{[^{}]*"mif_version"\s*:')),
    ("a Markdown note with front matter, as in OKF or Basic Memory", re.compile(rb"---[ \t]*\r?\n\w+:")),
    ("a SQLite database", re.compile(rb"SQLite format 3\0")),
    ("a DuckDB database, such as a store of memctl", re.compile(rb".{8}DUCK", re.DOTALL)),
)
"""Formats by the beginning of the file."""


def refuse(path: Path, shown: str, *, transcripts: bool = True) -> None:
    """Raise UsageError that names the format of a file that does not have facts; `shown` is its name in messages.
    `transcripts` also recognises those, which takes longer."""
    with path.open("rb") as file:
        head = file.read(HEAD).removeprefix(_BOM)
    if not head.strip() or holds_facts(head):
        return
    if name := _name(head):
        if name in _INTERCHANGE:
            raise UsageError(
                f"this looks like {name}",
                where=shown,
                hint="choose another file; memctl export --format writes a new one",
            )
        raise _unreadable(name, shown)
    if transcripts and (kind := _transcript(path)):
        raise UsageError(
            f"this looks like a transcript ({kind}), not like facts",
            where=shown,
            hint="memctl ingest reads transcripts",
        )


def refuse_folder(path: Path) -> None:
    """Raise UsageError that names the format of a folder, if it is known."""
    manifest = (path / "manifest.json").is_file()
    if manifest and any((path / name).is_file() for name in ("memories.jsonl", "facts.jsonl", "episodes.jsonl")):
        raise _unreadable("an export of cognee (COGX)", str(path))
    if next(path.glob("**/*.md"), None):
        raise UsageError(
            "this looks like a folder of Markdown notes without a type in their front matter",
            where=str(path),
            hint=f"memctl migrate --from notes:{path} reads notes of Basic Memory and Obsidian; "
            "memctl backends lists the coding agents whose folders can be read",
        )


def _unreadable(name: str, shown: str) -> UsageError:
    return UsageError(
        f"this looks like {name}; memctl cannot read it yet", where=shown, hint="memctl backends lists what it reads"
    )


def _name(head: bytes) -> str | None:
    fields = _fields(head)
    start = head.lstrip()
    kinds = [name for name, needed in _RECORDS if needed <= fields]
    kinds += [name for name, pattern in _HEADS if pattern.match(head) or pattern.match(start)]
    return kinds[0] if kinds else None


def _fields(head: bytes) -> frozenset[str]:
    """The fields of the first record: of the object or list in the file, or in its first line."""
    for part in (head, head.lstrip().split(b"\n", 1)[0]):
        try:
            value = msgspec.json.decode(part)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            continue
        first = value[0] if isinstance(value, list) and value else value
        return frozenset(first) if isinstance(first, dict) else frozenset()
    return frozenset()


def _transcript(path: Path) -> str | None:
    """The format of the transcript that the file is."""
    from memctl.transcripts.detect import detect
    from memctl.transcripts.files.discovery import Document

    document = Document(uri=str(path), name=path.name, size=path.stat().st_size, mtime_ns=0, path=path)
    try:
        kind = detect(document)
    except MemctlError:
        return None
    return None if kind == "text" else kind
