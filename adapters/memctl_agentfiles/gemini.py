"""The backend named `gemini`: the memory of Gemini CLI 0.61, which is only read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from memctl_agentfiles.adapter import FolderAdapter, capabilities
from memctl_agentfiles.documents import Document, lines, parse
from memctl_agentfiles.system import System

_BULLET = re.compile(r"[ \t]*[-*+][ \t]")
_POINTER = re.compile(r"[ \t]*[-*+][ \t]+\[[^\]\n]*\]\([^()\s:]+\.md\)")
_MEMORY = re.compile(r"(?:tmp/[^/]+/memory/)?[^/]+\.md")


class Gemini(System):
    """GEMINI.md and MEMORY.md, whose bullets are facts, and the files next to MEMORY.md. Proposed patches and skills
    are not read."""

    name = "gemini"
    title = "Gemini CLI"
    read_only = "Gemini CLI has no file for facts of other programs"

    def wanted(self, path: str) -> bool:
        return _MEMORY.fullmatch(path) is not None

    def into(self, path: str) -> bool:
        return path == "tmp" or re.fullmatch(r"tmp/[^/]+(?:/memory)?", path) is not None

    def parse(self, path: str, text: str, paths: Collection[str]) -> Document:
        return parse(path, text, _bullets if path.endswith(("GEMINI.md", "MEMORY.md")) else _all)


class GeminiAdapter(FolderAdapter):
    """`~/.gemini`, or the folder `memory` of one project in it."""

    name = "gemini"
    system = Gemini()
    capabilities = capabilities(system)


def _all(body: str) -> Iterator[tuple[int, int, str]]:
    return lines(body, lambda line: _POINTER.match(line) is not None)


def _bullets(body: str) -> Iterator[tuple[int, int, str]]:
    return (piece for piece in _all(body) if _BULLET.match(body[piece[0] : piece[1]]))
