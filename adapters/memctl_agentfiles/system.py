"""The layout of an agent's memory folder: the base class of the systems. Each system has its own module."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from typing import ClassVar

from memctl.core.errors import UsageError
from memctl.core.fact import Fact
from memctl_agentfiles.documents import Document

SECTION = "## Kept by memctl"
"""The heading under which memctl adds lines to a file that the agent or a person wrote."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_SLUG = re.compile(r"[^a-z0-9]+")


class System(ABC):
    """A layout of files. `name` is the name of the backend, `title` the name of the program."""

    name: ClassVar[str]
    title: ClassVar[str]
    read_only: ClassVar[str | None] = None
    """Why the folder can only be read; None if it can be written."""
    longest_text: ClassVar[int | None] = None
    index: ClassVar[str | None] = None
    """The file that lists the others."""
    locks: ClassVar[tuple[str, ...]] = ()
    """The files that the agent itself locks while it writes."""
    mode: ClassVar[int] = 0o600

    @abstractmethod
    def wanted(self, path: str) -> bool:
        """Whether the file is read."""

    def into(self, path: str) -> bool:
        """Whether to look for files in this folder."""
        return not path.rpartition("/")[2].startswith(".")

    @abstractmethod
    def parse(self, path: str, text: str, paths: Collection[str]) -> Document:
        """The pieces of a file; `paths` are all files of the folder."""

    def writable(self, path: str) -> str | None:
        """Why the file cannot be changed; None if it can."""
        return None

    def home(self, fact: Fact, documents: Mapping[str, Document]) -> str:
        """The file for a new fact. Raises UsageError if the folder is only read."""
        raise UsageError(self.read_only or f"new facts cannot be written to {self.title}")

    def new(self, path: str, fact: Fact) -> Document:
        """An empty file for a fact."""
        return Document(path)

    def raw(self, fact: Fact, document: Document) -> str:
        """The text that shows a fact in the file; empty if it cannot be shown."""
        text = one_line(fact.text)
        return f"- {text}" if text else ""

    def changed(self, document: Document, fact: Fact) -> None:
        """Update the front matter after the fact in the file has changed."""
        return

    def foreign(self, path: str, text: str) -> str:
        """The text between two pieces, without regenerated parts."""
        return text

    def refusal(self, document: Document, documents: Mapping[str, Document]) -> str | None:
        """The limit that the file exceeds; None if it exceeds none."""
        return None

    def limited(self, path: str) -> bool:
        """Whether `refusal` can refuse this file."""
        return False

    def indexed(self, before: str | None, documents: Mapping[str, Document], touched: Iterable[str]) -> str | None:
        """The text of the index after memctl wrote or removed the files in `touched`; None if there should be no
        index."""
        return before

    def remarks(self, documents: Mapping[str, Document]) -> Iterable[str]:
        """Notes to show before a migration: what is not read, and how much room is left."""
        return ()

    def app(self, folder: str) -> str | None:
        """The project that a folder is about."""
        return None


def one_line(text: str) -> str:
    """The text as one line that is plain text in Markdown."""
    return " ".join(_CONTROL.sub("", text).split())


def printable(text: str) -> str:
    """The text without control characters and surrounding white space, with line feeds as line ends."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def slug(fact: Fact, longest: int = 40) -> str:
    """A file name for the fact: its first words, and the beginning of its id, which makes the name unique."""
    words = _SLUG.sub("-", fact.text[:200].lower()).strip("-")[:longest].rstrip("-")
    return "-".join(filter(None, (words, fact.id.hex[:8])))
