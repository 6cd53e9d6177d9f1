"""The backend named `hermes`: the memories of Hermes Agent 0.19, entries in MEMORY.md and USER.md between lines `§`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from memctl.core.fact import Fact
from memctl_agentfiles.adapter import FolderAdapter, capabilities
from memctl_agentfiles.documents import Document, entries, parse
from memctl_agentfiles.system import System, printable

_LIMITS = {"MEMORY.md": 2_200, "USER.md": 1_375}
"""The largest number of characters of all entries of a file. Hermes refuses to write a file with more."""
_SEPARATOR = "\n§\n"
_ALONE = re.compile(r"^[ \t]*§[ \t]*$", re.MULTILINE)


class Hermes(System):
    """Two files; USER.md is about the user, and its entries are preferences."""

    name = "hermes"
    title = "Hermes"
    longest_text = _LIMITS["MEMORY.md"]
    locks = ("MEMORY.md.lock", "USER.md.lock")

    def wanted(self, path: str) -> bool:
        return path in _LIMITS

    def into(self, path: str) -> bool:
        return path in _LIMITS

    def parse(self, path: str, text: str, paths: Collection[str]) -> Document:
        document = parse(path, text, entries, separator=_SEPARATOR, has_front=False)
        for piece in document.pieces:
            piece.fields = {"kind": _kind(path)}
        return document

    def home(self, fact: Fact, documents: Mapping[str, Document]) -> str:
        return "USER.md" if fact.kind == "preference" else "MEMORY.md"

    def new(self, path: str, fact: Fact) -> Document:
        return Document(path, separator=_SEPARATOR)

    def raw(self, fact: Fact, document: Document) -> str:
        return _ALONE.sub("(§)", printable(fact.text)).replace("\n", document.eol)

    def limited(self, path: str) -> bool:
        return True

    def refusal(self, document: Document, documents: Mapping[str, Document]) -> str | None:
        size, limit = _size(document), _LIMITS[document.path]
        if size <= limit:
            return None
        return f"{document.path} would have {size:,} characters, but Hermes allows {limit:,}"

    def remarks(self, documents: Mapping[str, Document]) -> Iterator[str]:
        for path, limit in _LIMITS.items():
            used = _size(documents[path]) if path in documents else 0
            yield f"room for {max(limit - used, 0):,} more characters of {limit:,} in {path}"


class HermesAdapter(FolderAdapter):
    """The folder `memories` of `~/.hermes`, or of HERMES_HOME."""

    name = "hermes"
    system = Hermes()
    capabilities = capabilities(system)


def _kind(path: str) -> str:
    return "preference" if path == "USER.md" else "fact"


def _size(document: Document) -> int:
    """The number of characters of the entries as Hermes joins them: without duplicates, with line feeds."""
    return len(_SEPARATOR.join(dict.fromkeys(piece.raw.replace("\r\n", "\n") for piece in document.pieces)))
