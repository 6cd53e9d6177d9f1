"""The backend named `claude-code`: the auto memory of Claude Code, as version 2.1 reads and writes it.

Every topic file is a fact, and MEMORY.md lists them. The program loads the first 200 lines and 25,000 characters of
MEMORY.md, lists 200 topics, and shows 4,096 bytes of one: what does not fit is rejected.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import PurePath
from uuid import UUID

from memctl.core.fact import Fact
from memctl_agentfiles import front_matter
from memctl_agentfiles.adapter import FolderAdapter, capabilities
from memctl_agentfiles.documents import Document, lines, parse, whole
from memctl_agentfiles.system import System, one_line, printable, slug

INDEX = "MEMORY.md"
MOST_TOPICS = 200
LARGEST_TOPIC = 4_096
"""Bytes of a topic file."""
MOST_LINES = 200
LONGEST_INDEX = 25_000
"""UTF-16 units of the index, as the program counts its characters."""
_LONGEST_HOOK = 110
"""Characters of the description of a topic."""
_LONGEST_NAME, _LONGEST_LINE = 24, 60
"""Characters of a name and of a description in the index: with these it has room for nearly 200 topics."""
_HEADING = "# Memory\n\n"
_MARK = "\n  memctl: "
_POINTER = re.compile(r"[ \t]*[-*+][ \t]+\[[^\]\n]*\]\((?P<path>[^()\s:]+\.md)\)")


class ClaudeCode(System):
    """MEMORY.md and the topic files. The folder `team/` is shared by all users and is not read."""

    name = "claude-code"
    title = "Claude Code"
    longest_text = 3_780
    index = INDEX

    def wanted(self, path: str) -> bool:
        return path.endswith(".md")

    def into(self, path: str) -> bool:
        return super().into(path) and path != "team"

    def parse(self, path: str, text: str, paths: Collection[str]) -> Document:
        if path == INDEX:
            return parse(path, text, lambda body: lines(body, lambda line: _POINTER.match(line) is not None))
        document = parse(path, text, whole)
        for piece in document.pieces:
            piece.fields = _fields(front_matter.values(document.head))
        return document

    def home(self, fact: Fact, documents: Mapping[str, Document]) -> str:
        name = slug(fact, _LONGEST_NAME)
        return f"{name}.md" if f"{name}.md" not in documents else f"{name}-{fact.id.hex[8:]}.md"

    def new(self, path: str, fact: Fact) -> Document:
        if path == INDEX:
            return Document(path)
        head = [
            "---",
            f"name: {path.rpartition('/')[2].removesuffix('.md')}",
            front_matter.line("description", _hook(fact.text)),
            "metadata:",
            "  node_type: memory",
            f"  type: {'feedback' if fact.kind == 'preference' else 'user'}",
            f"  memctl: {fact.id}",
            "---",
            "",
        ]
        return Document(path, head="\n".join(head))

    def raw(self, fact: Fact, document: Document) -> str:
        if document.path == INDEX:
            return super().raw(fact, document)
        return printable(fact.text)

    def changed(self, document: Document, fact: Fact) -> None:
        if _is_ours(document):
            document.head = front_matter.changed(document.head, "description", _hook(fact.text))

    def foreign(self, path: str, text: str) -> str:
        if path != INDEX:
            return text
        return "".join(line for line in re.split(r"(?<=\n)", text) if not _POINTER.match(line))

    def limited(self, path: str) -> bool:
        return True

    def refusal(self, document: Document, documents: Mapping[str, Document]) -> str | None:
        if document.path != INDEX:
            size = len(document.text.encode())
            if size > LARGEST_TOPIC:
                return f"its topic file would have {size:,} bytes, but Claude Code shows {LARGEST_TOPIC:,}"
            topics = len(documents) - (INDEX in documents)
            if topics > MOST_TOPICS:
                return f"the folder has {MOST_TOPICS} topic files, and Claude Code lists no more than that"
        before = _text(documents) or ""
        return _index_refusal(before, self.indexed(before or None, documents, [document.path]) or "")

    def indexed(self, before: str | None, documents: Mapping[str, Document], touched: Iterable[str]) -> str | None:
        """The index with a line for each topic: an existing line, or a new one. Lines of topics that memctl removed are
        deleted; everything else stays in its place."""
        changed = set(touched)
        removed = {path for path in changed if path not in documents}
        listed: set[str] = set()
        lines: list[str] = []
        last = 0
        text = before if before is not None else _HEADING
        eol = "\r\n" if "\r\n" in text else "\n"
        for line in re.split(r"(?<=\n)", text):
            pointer = _POINTER.match(line)
            path = pointer["path"] if pointer else ""
            if path in removed:
                continue
            if path in documents and path not in listed:
                listed.add(path)
                if path in changed and _is_ours(documents[path]):
                    line = _entry(documents[path]) + line[len(line.rstrip("\r\n")) :]
                last = len(lines) + 1
            lines.append(line)
        new = [_entry(documents[path]) + eol for path in documents if path != INDEX and path not in listed]
        if not new and "".join(lines).strip() in ("", _HEADING.strip()):
            return None
        at = last or len(lines)
        if new and at and lines[at - 1] and not lines[at - 1].endswith("\n"):
            lines[at - 1] += eol
        return "".join([*lines[:at], *new, *lines[at:]])

    def remarks(self, documents: Mapping[str, Document]) -> Iterator[str]:
        topics = len(documents) - (INDEX in documents)
        text = _text(documents) or ""
        room = min(MOST_TOPICS - topics, MOST_LINES - max(_size(text)[0], _HEADING.count("\n")))
        yield f"room for at most {max(room, 0)} more topics of {MOST_TOPICS}, of {LARGEST_TOPIC:,} bytes each"
        pointers = {match["path"] for match in map(_POINTER.match, text.split("\n")) if match}
        if dangling := len(pointers - documents.keys()):
            yield f"{dangling} lines of {INDEX} refer to missing files"

    def app(self, folder: str) -> str | None:
        parts = PurePath(folder).parts
        return parts[-2] if len(parts) > 2 and parts[-1] == "memory" and parts[-3] == "projects" else None


class ClaudeCodeAdapter(FolderAdapter):
    """The memory folder of a project of Claude Code: `~/.claude/projects/PROJECT/memory`."""

    name = "claude-code"
    system = ClaudeCode()
    capabilities = capabilities(system)


def _fields(front: Mapping[str, object]) -> dict[str, object]:
    """The fields of a fact that follow from the front matter of a topic."""
    nested = front.get("metadata")
    metadata = nested if isinstance(nested, dict) else {}
    kind = metadata.get("type", front.get("type"))
    fields: dict[str, object] = {"whole": True, "kind": "preference" if kind == "feedback" else "fact"}
    if isinstance(kind, str) and kind:
        fields["categories"] = (kind,)
    if isinstance(session := metadata.get("originSessionId"), str) and session:
        fields["session_id"] = session
    if at := front_matter.time_of(metadata.get("modified")):
        fields["updated_at"] = at
    with suppress(ValueError, AttributeError, TypeError):
        fields["id"] = UUID(metadata.get("memctl"))
    return fields


def _is_ours(document: Document) -> bool:
    return _MARK in document.head


def _hook(text: str, longest: int = _LONGEST_HOOK) -> str:
    """The first words of a text, on one line."""
    line = one_line(text)
    return line if len(line) <= longest else f"{line[:longest].rsplit(' ', 1)[0]}…"


def _entry(document: Document) -> str:
    """The line of the index for a topic."""
    return _line(document.path, document.head, document.pieces[0].text[:200] if document.pieces else "")


@lru_cache(maxsize=4 * MOST_TOPICS)
def _line(path: str, head: str, text: str) -> str:
    front = front_matter.values(head)
    name, hook = front.get("name"), front.get("description")
    title = one_line(name) if isinstance(name, str) and name.strip() else path.rpartition("/")[2].removesuffix(".md")
    description = hook if isinstance(hook, str) and hook.strip() else text
    title = _hook(description, _LONGEST_NAME).rstrip(".…") if _MARK in head else title.replace("-", " ")[:_LONGEST_LINE]
    return f"- [{title.replace('[', '(').replace(']', ')')}]({path}) — {_hook(description, _LONGEST_LINE)}"


def _text(documents: Mapping[str, Document]) -> str | None:
    return documents[INDEX].text if INDEX in documents else None


def _index_refusal(before: str, after: str) -> str | None:
    """The limit that the index exceeds, if it has grown; None if there is none."""
    (lines_before, units_before), (lines_after, units_after) = map(_size, (before, after))
    if lines_after > max(MOST_LINES, lines_before):
        return f"{INDEX} would have {lines_after} lines, but Claude Code loads {MOST_LINES}"
    if units_after > max(LONGEST_INDEX, units_before):
        return f"{INDEX} would have {units_after:,} characters, but Claude Code loads {LONGEST_INDEX:,}"
    return None


def _size(text: str) -> tuple[int, int]:
    """The lines and UTF-16 units of a file, as Claude Code counts them."""
    trimmed = text.strip()
    return trimmed.count("\n") + 1, len(trimmed.encode("utf-16-le")) // 2
