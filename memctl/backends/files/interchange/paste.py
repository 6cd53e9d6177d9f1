"""Memories as people paste them from one assistant into another: lines such as "[2026-03-01] - Lives in Ghent".

The import pages of Claude and Gemini ask for this form. A line has a date, or [unknown], and a text. A Markdown heading
is the kind or a category of the lines below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from memctl.backends.contract import Capabilities, FieldSupport
from memctl.backends.files.interchange.format import foreign
from memctl.core.errors import Rejected
from memctl.core.fact import KINDS, Fact, Source
from memctl.core.short_hash import short_hash

_DATE = r"unknown|\d{4}(?:-\d\d(?:-\d\d(?:[T ][\d:.+Z-]+)?)?)?|[A-Z][a-z]{2,8} \d{1,2}, \d{4}"
_DATED = re.compile(
    rf"^\s*(?:[-*•]\s+|\d{{1,4}}[.)]\s+)?\[(?P<date>{_DATE})\]\s*(?:[-–—:]\s*)?(?P<text>\S.*)$", re.IGNORECASE
)
_HEADING = re.compile(r"^\s*#{1,6}\s+(?P<name>.+?)\s*#*\s*$")
_SURROGATE = re.compile("[\udc80-\udcff]")
_FEWEST = 2
_DROPPED = FieldSupport("dropped", "a pasted line only has a text and a date")
_FORMS = ("%Y-%m-%d", "%Y-%m", "%Y", "%b %d, %Y", "%B %d, %Y")


class Paste:
    """Lines of text."""

    key = "paste"
    name = "pasted memories"
    remarks = ("pasted memories name no user: they belong to the user of --user or default_user",)
    writes = True
    one_owner = True
    capabilities = Capabilities(
        fields={
            **{name: _DROPPED for name in Fact.__struct_fields__ if name not in ("text", "kind", "created_at")},
            "created_at": FieldSupport("coarsened", "a pasted line only has the day"),
        },
        time_precision=86_400,
        ids_survive=False,
    )

    def recognises(self, path: Path, head: bytes) -> bool:
        """Whether most lines that are not headings begin with a date in brackets."""
        if path.is_dir() or b"\0" in head:
            return False
        lines = [line for line in head.decode("utf-8", "replace").splitlines()[:-1] or [""] if line.strip()]
        lines = lines or head.decode("utf-8", "replace").splitlines()
        dated = sum(bool(_DATED.match(line)) for line in lines)
        others = sum(not _HEADING.match(line) and not line.startswith(("```", " ", "\t")) for line in lines) - dated
        return dated >= min(_FEWEST, len(lines)) and dated > 0 and dated > others

    def records(self, path: Path, default_user: str | None) -> Iterator[Fact | Rejected]:
        heading: str | None = None
        entry: tuple[int, str | None, str, str | None] | None = None
        # Bytes that are not UTF-8 become surrogates, so that only the lines with such bytes are rejected.
        text = path.read_text(encoding="utf-8-sig", errors="surrogateescape")
        for number, line in enumerate([*text.splitlines(), "#"], 1):
            if _SURROGATE.search(line):
                yield _unread("the line is not UTF-8 text; save the file as UTF-8", number, line)
                continue
            match, title = _DATED.match(line), _HEADING.match(line)
            if entry and not match and not title and line[:1].isspace() and line.strip():
                entry = (*entry[:2], f"{entry[2]}\n{line.strip()}", entry[3])
                continue
            if entry:
                yield _fact(path.name, entry, default_user)
                entry = None
            if title:
                heading = title["name"]
            elif match:
                entry = (number, match["date"], match["text"].rstrip(), heading)
            elif line.strip() and line != "#" and not line.startswith("```"):
                yield _unread("the line does not begin with a date in brackets", number, line)

    def refuses(self, fact: Fact) -> str | None:
        return None if fact.text.strip() else "a pasted line needs a text"

    def write(self, facts: Iterable[Fact], path: Path) -> None:
        by_kind: dict[str, list[Fact]] = {}
        for fact in facts:
            by_kind.setdefault(fact.kind, []).append(fact)
        sections = [f"## {kind}\n\n" + "\n".join(map(_line, by_kind[kind])) + "\n" for kind in KINDS if kind in by_kind]
        path.write_text("\n".join(sections), encoding="utf-8")


def _unread(reason: str, number: int, line: str) -> Rejected:
    return Rejected(reason, where=f"line {number}", digest=short_hash(line))


def _fact(name: str, entry: tuple[int, str | None, str, str | None], owner: str | None) -> Fact | Rejected:
    number, date, text, heading = entry
    kind = (heading or "").casefold()
    return foreign(
        "paste",
        f"{date} {text}",
        text,
        owner,
        kind=kind if kind in KINDS else "fact",
        created_at=_day(date),
        categories=(heading,) if heading and kind not in KINDS else (),
        source=Source(system="paste", id=f"line {number}", uri=name, quote=text),
    )


def _day(text: str | None) -> datetime | None:
    """The start of the day, month or year; None if it is unknown."""
    if text is None or text.casefold() == "unknown":
        return None
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    except ValueError:
        pass
    for form in _FORMS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _line(fact: Fact) -> str:
    date = f"{fact.created_at:%Y-%m-%d}" if fact.created_at else "unknown"
    first, *rest = [line.strip() for line in fact.text.splitlines() if line.strip()]
    return "\n".join([f"[{date}] - {first}", *(f"  {line}" for line in rest)])
