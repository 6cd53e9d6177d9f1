"""Open Knowledge Format 0.2 (OKF): a folder, or a .zip of one, of Markdown files with front matter.

Only `type` is required. Other programs keep keys that they do not know, so the whole fact is written under `x_memctl`,
as JSON text.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from memctl.backends.files.interchange.archives import packed, unpacked
from memctl.backends.files.interchange.format import (
    carried,
    carrying,
    foreign,
    mapping,
    restored,
    said,
    texts,
    time_of,
)
from memctl.core.errors import Rejected, not_utf8
from memctl.core.fact import KINDS, Fact, Source

_KEY = "x_memctl"
_RESERVED = frozenset({"index.md", "log.md", "agents.md", "readme.md"})
_LONGEST_TITLE = 60
_LARGEST = 8 * 2**20


class Okf:
    """A folder of notes."""

    key = "okf"
    name = "Open Knowledge Format"
    remarks = ("index.md and log.md of an OKF folder are not facts and are skipped",)
    writes = True
    one_owner = False
    capabilities = carrying("categories", "created_at", "expires_at")

    def recognises(self, path: Path, head: bytes) -> bool:
        if path.is_dir():
            return any(_front(file.read_bytes()[:65_536])[0].get("type") for file in _some(path))
        if not head.startswith(b"PK") or not zipfile.is_zipfile(path):
            return False
        with zipfile.ZipFile(path) as archive:
            notes = [info for info in archive.infolist() if _is_note(info.filename) and info.file_size <= _LARGEST]
            return any(_front(archive.read(info))[0].get("type") for info in notes[:5])

    def records(self, path: Path, default_user: str | None) -> Iterator[Fact | Rejected]:
        with unpacked(path) as folder:
            for file in sorted(folder.rglob("*.md")):
                name = file.relative_to(folder).as_posix()
                if not _is_note(name) or file.is_symlink():
                    continue
                if file.stat().st_size > _LARGEST:
                    yield Rejected(f"the note is larger than {_LARGEST // 2**20} MiB", where=name)
                    continue
                yield _fact(name, file.read_bytes(), default_user)

    def refuses(self, fact: Fact) -> str | None:
        return None

    def write(self, facts: Iterable[Fact], path: Path) -> None:
        with packed(path) as folder:
            links: dict[str, list[str]] = {}
            for fact in facts:
                owner = quote(fact.user_id, safe=" ") or "_"
                (folder / owner).mkdir(exist_ok=True)
                (folder / owner / f"{fact.id}.md").write_bytes(_note(fact))
                links.setdefault(fact.user_id, []).append(f"- [{_title(fact.text)}]({quote(owner)}/{fact.id}.md)")
            sections = [f"## {_title(user)}\n\n" + "\n".join(lines) for user, lines in sorted(links.items())]
            index = '---\nokf_version: "0.2"\n---\n\n# Memory\n\n' + "\n\n".join(sections) + "\n"
            (folder / "index.md").write_text(index, encoding="utf-8")


def _is_note(name: str) -> bool:
    return name.endswith(".md") and name.rpartition("/")[2].lower() not in _RESERVED


def _some(folder: Path) -> list[Path]:
    """A few notes of a folder."""
    notes = (file for file in folder.rglob("*.md") if _is_note(file.name) and file.is_file() and not file.is_symlink())
    return [file for _, file in zip(range(5), notes, strict=False)]


def _front(data: bytes) -> tuple[dict[str, Any], str]:
    """The front matter and the body of a note; an empty front matter if it cannot be read."""
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    first, _, rest = text.partition("\n")
    if first.strip() != "---":
        return {}, text
    head, separator, body = rest.partition("\n---")
    if not separator:
        return {}, text
    try:
        front = yaml.safe_load(head)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}, text
    return (front, body.partition("\n")[2]) if isinstance(front, dict) else ({}, text)


def _fact(name: str, data: bytes, default_user: str | None) -> Fact | Rejected:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return Rejected(not_utf8(error), where=name)
    front, body = _front(data)
    if not isinstance(front.get("type"), str):
        return Rejected("the note has no front matter with a type", where=name)
    text = body.strip()
    if fact := restored(front.get(_KEY), text):
        return fact
    kind = str(front["type"]).lower()
    sources = front.get("sources")
    source = mapping(sources[0] if isinstance(sources, list) and sources else None)
    generated = mapping(front.get("generated"))
    known = {"type", "tags", "generated", "stale_after"}
    return foreign(
        "okf",
        name,
        text or front.get("description") or front.get("title"),
        default_user,
        kind=kind if kind in KINDS else "fact",
        categories=texts(front.get("tags")),
        created_at=time_of(_iso(generated.get("at"))),
        expires_at=time_of(_iso(front.get("stale_after"))),
        metadata={str(key): _plain(value) for key, value in front.items() if key not in known},
        source=Source(system="okf", id=name, uri=str(source["resource"]) if source.get("resource") else None),
    )


def _iso(value: object) -> object:
    """The value as text if YAML has parsed it as a time or date."""
    return value.isoformat() if hasattr(value, "isoformat") else value


def _plain(value: Any) -> Any:
    """A value of YAML as a value of JSON."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _note(fact: Fact) -> bytes:
    front: dict[str, Any] = {"type": fact.kind, "title": _title(fact.text)}
    if fact.categories:
        front["tags"] = list(fact.categories)
    if fact.created_at:
        front["generated"] = {"by": fact.source.system, "at": said(fact.created_at)}
    if fact.expires_at:
        front["stale_after"] = f"{fact.expires_at:%Y-%m-%d}"
    if fact.retired:
        front["status"] = "deprecated"
    # ASCII, because YAML does not allow some characters.
    front[_KEY] = carried(fact)
    head = yaml.safe_dump(front, allow_unicode=False, sort_keys=False, width=10**9)
    return f"---\n{head}---\n\n{fact.text}\n".encode()


def _title(text: str) -> str:
    line = " ".join(text.split()) or "-"
    return line if len(line) <= _LONGEST_TITLE else line[: _LONGEST_TITLE - 1] + "…"
