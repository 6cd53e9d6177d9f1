"""The backend named `codex`: the memories of Codex CLI 0.171.

Codex regenerates MEMORY.md, so its bullets are only read. New facts are written as notes to `extensions/ad_hoc/notes`,
which Codex reads when it regenerates its memory.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime

from memctl.core.fact import Fact
from memctl_agentfiles.adapter import FolderAdapter, capabilities
from memctl_agentfiles.documents import Document, lines, parse, whole
from memctl_agentfiles.system import System, printable, slug

MEMORY, SUMMARY = "MEMORY.md", "memory_summary.md"
NOTES = "extensions/ad_hoc/notes"
_HEADING = re.compile(r"^#{1,6}[ \t]+(.*?)[ \t\r]*$", re.MULTILINE)
_BULLET = re.compile(r"[ \t]*[-*+][ \t]")
_SECTIONS = ("user preferences", "reusable knowledge", "failures")


class Codex(System):
    """The bullets about the user and about what Codex learned, and the notes."""

    name = "codex"
    title = "Codex"

    def wanted(self, path: str) -> bool:
        return path in (MEMORY, SUMMARY) or (path.startswith(f"{NOTES}/") and path.endswith(".md"))

    def into(self, path: str) -> bool:
        return f"{NOTES}/".startswith(f"{path}/") or self.wanted(path)

    def parse(self, path: str, text: str, paths: Collection[str]) -> Document:
        if path.startswith(NOTES):
            document = parse(path, text, whole, has_front=False)
            for piece in document.pieces:
                piece.fields = {"whole": True}
            return document
        # The summary repeats MEMORY.md, unless Codex writes only the summary.
        if path == SUMMARY and MEMORY in paths:
            return parse(path, text, lambda _: iter(()), has_front=False)
        document = parse(path, text, _learned if path == MEMORY else _bullets, has_front=False)
        at = len(document.head)
        body = document.text
        for piece in document.pieces:
            at = body.index(piece.raw, at)
            section = _section(body, at)
            piece.fields = {"kind": "preference" if section.startswith(_SECTIONS[0]) else "fact"}
            at += len(piece.raw)
        return document

    def writable(self, path: str) -> str | None:
        if path.startswith(NOTES):
            return None
        return f"Codex regenerates {path}; ask Codex to forget or correct it"

    def home(self, fact: Fact, documents: Mapping[str, Document]) -> str:
        # The name contains the time of the note, by default now.
        at = fact.created_at or datetime.now(UTC)
        return f"{NOTES}/{at:%Y-%m-%dT%H-%M-%S}-{slug(fact)}.md"

    def raw(self, fact: Fact, document: Document) -> str:
        return printable(fact.text)

    def remarks(self, documents: Mapping[str, Document]) -> Iterator[str]:
        yield f"facts are written to {NOTES}, from which Codex learns; its own files are only read"


class CodexAdapter(FolderAdapter):
    """The folder `~/.codex/memories`."""

    name = "codex"
    system = Codex()
    capabilities = capabilities(system)


def _bullets(body: str) -> Iterator[tuple[int, int, str]]:
    return (piece for piece in lines(body) if _BULLET.match(body[piece[0] : piece[1]]))


def _learned(body: str) -> Iterator[tuple[int, int, str]]:
    """The bullets below the headings of preferences, knowledge and failures."""
    return (piece for piece in _bullets(body) if _section(body, piece[0]).startswith(_SECTIONS))


def _section(body: str, at: int) -> str:
    """The last heading before a position, in lower case."""
    headings = [match[1] for match in _HEADING.finditer(body, 0, at)]
    return headings[-1].lower() if headings else ""
