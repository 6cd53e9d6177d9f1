"""The backend named `notes`: a folder of Markdown notes, as Basic Memory 0.24 and Obsidian write them.

Each observation and relation in Basic Memory's grammar is a fact. A note without any is one fact.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from memctl.core.fact import Fact
from memctl_agentfiles import front_matter
from memctl_agentfiles.adapter import FolderAdapter, capabilities
from memctl_agentfiles.documents import Document, lines, parse, whole
from memctl_agentfiles.system import System, one_line, printable

HOME = "memctl.md"
"""The note for facts that have no note of their own."""
_FRONT = "---\ntitle: Facts kept by memctl\ntype: note\npermalink: memctl\ntags:\n- memctl\n---\n\n"
_BULLET = re.compile(r"[-*+][ \t]+")
# The mark of a task ([ ], [x], [-]), a single letter, or a time of day is not a category.
_CATEGORY = re.compile(r"\[(?!\d{1,2}:\d{2})([^\[\]()\n]{2,})\](?!\()[ \t]+")
_TAG = re.compile(r"(?:^|(?<=\s))#([^\s#.,;:!?()\[\]]+)")
_RELATION = re.compile(r"(?P<type>[^\[\]\n]{1,100}?)[ \t]+\[\[(?P<target>[^\[\]\n]+)\]\](?:[ \t]+\([^()\n]*\))?")
_EFFECTIVE = re.compile(r"@effective\[(?P<start>[^,\])]*),(?P<end>[^\])]*)[\])][ \t]*")
_ON = re.compile(r"@(?P<start>\d{4}-\d{2}-\d{2})(?:[ \t]+|\Z)")


class Notes(System):
    """Every Markdown file that is not hidden."""

    name = "notes"
    title = "notes (Basic Memory, Obsidian)"

    def wanted(self, path: str) -> bool:
        return path.endswith(".md") and not path.rpartition("/")[2].startswith(".")

    def parse(self, path: str, text: str, paths: Collection[str]) -> Document:
        document = parse(path, text, _statements)
        title = _title(document)
        for piece in document.pieces:
            piece.fields = _fields(piece.raw, title)
            if triple := piece.fields.get("predicate"):
                piece.text = f"{title} {triple} {piece.fields['object']}"
        if not document.pieces:
            document = parse(path, text, whole)
            for piece in document.pieces:
                piece.fields = {"whole": True}
        return document

    def home(self, fact: Fact, documents: Mapping[str, Document]) -> str:
        return HOME

    def new(self, path: str, fact: Fact) -> Document:
        return Document(path, head=_FRONT if path == HOME else "")

    def raw(self, fact: Fact, document: Document) -> str:
        if any(piece.fields.get("whole") for piece in document.pieces):
            return printable(fact.text)
        text = one_line(fact.text)
        category = next((one for one in fact.categories if _CATEGORY.fullmatch(f"[{one}] ")), fact.kind)
        return f"- [{category}] {text}" if text else ""


class NotesAdapter(FolderAdapter):
    """A project of Basic Memory, or a vault of Obsidian."""

    name = "notes"
    system = Notes()
    capabilities = capabilities(system)


def _statements(body: str) -> Iterator[tuple[int, int, str]]:
    """The bullets that are observations or relations, with their statements."""
    for start, stop, _ in lines(body):
        raw = body[start:stop]
        line = _BULLET.sub("", raw, count=1) if _BULLET.match(raw) else ""
        category = _CATEGORY.match(line)
        if line and (category or _TAG.search(line) or _RELATION.fullmatch(line) or _EFFECTIVE.match(line)):
            content = line[category.end() :] if category else line
            span = _EFFECTIVE.match(content) or _ON.match(content)
            yield start, stop, content[span.end() :] if span else content


def _fields(raw: str, title: str) -> dict[str, Any]:
    """The fields of a fact that follow from an observation or a relation."""
    line = _BULLET.sub("", raw, count=1)
    relation = _RELATION.fullmatch(line)
    if relation and not _CATEGORY.match(line):
        target = relation["target"].partition("|")[0].strip()
        return {"subject": title, "predicate": relation["type"].strip(), "object": target}
    category = _CATEGORY.match(line)
    content = line[category.end() :] if category else line
    fields: dict[str, Any] = {"categories": ((category[1],) if category else ()) + tuple(_TAG.findall(content))}
    if category and category[1] == "preference":
        fields["kind"] = "preference"
    if span := _EFFECTIVE.match(content) or _ON.match(content):
        ends = span.groupdict()
        fields["valid_at"], fields["invalid_at"] = _day(ends["start"]), _day(ends.get("end") or "")
    return fields


def _day(text: str) -> datetime | None:
    """The time in a text, or the start of the day; None for a month or year without a day."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip()):
        text = f"{text.strip()}T00:00:00+00:00"
    at = front_matter.time_of(text.strip())
    return at.astimezone(UTC) if at else None


def _title(document: Document) -> str:
    title = front_matter.values(document.head).get("title")
    stem = document.path.rpartition("/")[2].removesuffix(".md")
    return one_line(title) if isinstance(title, str) and title.strip() else stem
