"""The backend named `openclaw`: the workspace of OpenClaw 2026.9, in which bullets and paragraphs are facts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from memctl.core.fact import Fact
from memctl_agentfiles.adapter import FolderAdapter, capabilities
from memctl_agentfiles.documents import Document, lines, parse
from memctl_agentfiles.system import SECTION, System

MEMORY, USER = "MEMORY.md", "USER.md"
LONGEST_USER = 4_000
"""The largest number of characters of USER.md. OpenClaw does not load a longer file."""
_DAY = re.compile(r"memory/(\d{4}-\d{2}-\d{2})(?:-[^/]*)?\.md")


class OpenClaw(System):
    """MEMORY.md, USER.md and the daily notes. Imports, dreams and the profiles of other people are not read."""

    name = "openclaw"
    title = "OpenClaw"

    def wanted(self, path: str) -> bool:
        return path in (MEMORY, USER) or _DAY.fullmatch(path) is not None

    def into(self, path: str) -> bool:
        return path == "memory" or self.wanted(path)

    def parse(self, path: str, text: str, paths: Collection[str]) -> Document:
        document = parse(path, text, lines)
        fields: dict[str, Any] = {"kind": "preference" if path == USER else "fact"}
        day = _DAY.fullmatch(path)
        with suppress(ValueError):
            fields |= {"created_at": datetime.fromisoformat(day[1]).replace(tzinfo=UTC)} if day else {}
        for piece in document.pieces:
            piece.fields = fields
        return document

    def home(self, fact: Fact, documents: Mapping[str, Document]) -> str:
        used = len(documents[USER].text) if USER in documents else 0
        fits = used + len(SECTION) + len(self.raw(fact, Document(USER))) + 8 <= LONGEST_USER
        return USER if fact.kind == "preference" and fits else MEMORY

    def limited(self, path: str) -> bool:
        return path == USER

    def refusal(self, document: Document, documents: Mapping[str, Document]) -> str | None:
        size = len(document.text)
        if size <= LONGEST_USER:
            return None
        return f"{USER} would have {size:,} characters, but OpenClaw loads it only up to {LONGEST_USER:,}"

    def remarks(self, documents: Mapping[str, Document]) -> Iterator[str]:
        if any(_DAY.fullmatch(path) for path in documents):
            yield "daily notes are dated midnight UTC, because the names of their files have no time"


class OpenClawAdapter(FolderAdapter):
    """A workspace: `~/.openclaw/workspace`."""

    name = "openclaw"
    system = OpenClaw()
    capabilities = capabilities(system)
