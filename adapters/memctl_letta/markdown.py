"""The Markdown of a MemFS folder: which files are memory, their front matter, and the path of a label.

There are two layouts, distinguished as in Letta Code 0.34.12. With a MEMORY.md at the root it is v2: every Markdown
file at the root is in the agent's context, and a folder is memory if it and all its parents have a MEMORY.md. Without
one it is v1, where `system/` is in the context. Front matter has exactly `name` and `description` in v2, and MEMORY.md
has none; in v1 it has `description`, and optionally `limit` and `read_only`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

from memctl.core.errors import UsageError

Layout = Literal["v1", "v2"]
LAYOUTS: tuple[Layout, ...] = ("v1", "v2")
INDEX = "MEMORY.md"
FOLDER = "memctl"
"""The folder for memctl's own files."""
SHOWN_IN: Mapping[Layout, str] = {"v1": f"reference/{FOLDER}", "v2": FOLDER}
"""The folder in which facts are shown to the agent."""

LONGEST_FILE = 20_000
"""The maximum number of characters per file in v2 that Letta's hook accepts by default, including front matter."""
LARGEST_CORE = 65_536
"""The maximum number of characters of all files at the root together, in v2."""
DEEPEST = 2
"""The deepest level of folders in v2."""

_FENCE = "---"
_PART = re.compile(r"[\w][\w .@+-]*", re.ASCII)
_RESERVED = {"memory", "skills", FOLDER}
_CONTEXT = "system/"


class Document(NamedTuple):
    """A memory file: its front matter verbatim with fences, the fields in it, and the body."""

    head: str
    fields: Mapping[str, str]
    body: str

    @property
    def text(self) -> str:
        """The whole file."""
        return self.head + self.body

    @property
    def limit(self) -> int | None:
        """The maximum number of characters in the body, if the file states it (v1)."""
        value = self.fields.get("limit", "")
        return int(value) if value.isascii() and value.isdigit() else None

    @property
    def read_only(self) -> bool:
        """Whether Letta's hook refuses every change of the file (v1)."""
        return self.fields.get("read_only") == "true"


def parse(text: str) -> Document:
    """The parts of a memory file; without closed front matter all of it is body. `parse(text).text` is `text`."""
    lines = text.split("\n")
    if lines[0].removeprefix("\ufeff").rstrip("\r") != _FENCE:
        return Document("", {}, text)
    for number, line in enumerate(lines[1:], 1):
        if line.rstrip("\r") == _FENCE:
            fields = (entry.partition(":") for entry in lines[1:number] if ":" in entry and not entry[0].isspace())
            body = "\n".join(lines[number + 1 :])
            length = len(text) - len(body)
            return Document(text[:length], {key.strip(): value.strip() for key, _, value in fields}, body)
    return Document("", {}, text)


def head(layout: Layout, name: str, description: str, limit: int | None = None) -> str:
    """Front matter for a new file, without `read_only`, which only Letta sets."""
    fields = {"name": _flat(name), "description": _flat(description)}
    if layout == "v1":
        del fields["name"]
        if limit is not None:
            fields["limit"] = str(limit)
    lines = [_FENCE, *(f"{key}: {value}" for key, value in fields.items()), _FENCE, ""]
    return "\n".join(lines)


def _flat(value: str) -> str:
    """The value on one line, so that it neither ends the front matter nor starts a YAML block."""
    flat = " ".join(value.split())
    return f"Text {flat}" if flat in ("", '""', "''") or flat[0] in "|>" else flat


def name_of(path: str) -> str:
    """The title of a file, formed as Letta does: `shipping_rules.md` is "Shipping Rules"."""
    words = re.split(r"[-_\s]+", path.rpartition("/")[2].removesuffix(".md"))
    return " ".join(word[0].upper() + word[1:] for word in words if word) or "Memory"


def layout_of(paths: Collection[str]) -> Layout:
    """The layout of a folder with these files."""
    return "v2" if INDEX in paths else "v1"


def is_memory(path: str, paths: Collection[str], layout: Layout) -> bool:
    """Whether lines of the file are the agent's memory of its user: not skills, indexes or the persona."""
    parts = path.split("/")
    if not path.endswith(".md") or parts[0] == "skills" or parts[-1] == INDEX or is_persona(path):
        return False
    if layout == "v1":
        return True
    return all("/".join([*parts[:depth], INDEX]) in paths for depth in range(1, len(parts)))


def is_persona(path: str) -> bool:
    """Whether the file describes the agent: `persona.md`, or a file in `persona/`."""
    parts = path.removesuffix(".md").removeprefix(_CONTEXT).lower().split("/")
    return parts[0] == "persona"


def in_context(path: str, layout: Layout) -> bool:
    """Whether the agent always sees the file."""
    return "/" not in path if layout == "v2" else path.startswith(_CONTEXT)


def label_of(path: str) -> str:
    """The label of the file's block: `human` for `human.md` and for `system/human.md`."""
    return path.removesuffix(".md").removeprefix(_CONTEXT)


def path_of(label: str, layout: Layout) -> str | None:
    """The file for a block with this label; None if there may be no such file, as for the agent's persona."""
    parts = label.removeprefix(_CONTEXT).split("/")
    allowed = all(_PART.fullmatch(part) and not part.endswith((".", " ")) for part in parts)
    if not allowed or len(label) > 150 or parts[0].lower() in _RESERVED or parts[-1].lower() == "memory":
        return None
    if layout == "v2":
        shortened = parts[: DEEPEST + 1]
        path = (
            "/".join([*shortened[:DEEPEST], "_".join(parts[DEEPEST:])] if len(parts) > DEEPEST else shortened) + ".md"
        )
    else:
        path = "/".join(parts) + ".md"
        path = path if parts[0] == "reference" and len(parts) > 1 else _CONTEXT + path
    return None if is_persona(path) else path


def chosen(layout: str | None) -> Layout | None:
    """The layout that a user named. Raises UsageError for an unknown one."""
    for known in LAYOUTS:
        if layout == known:
            return known
    if layout is None:
        return None
    raise UsageError(f"there is no MemFS layout {layout!r}", hint=f"layouts: {', '.join(LAYOUTS)}")
