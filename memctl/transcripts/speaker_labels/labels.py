"""Lines that look like the label of a turn, in any form: `Ann:`, `**Ann:**`, `## Ann`, `[10:14] Ann:`, `<ann> …`.

Says what a line looks like. Who speaks is decided in `memctl.transcripts.formats.labelled_text`, which knows the whole
file.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from memctl.transcripts.speaker_labels.speakers import is_label, is_name, plain_label, role_of

Family = Literal["inline", "heading", "above", "angle", "stamp"]

_LONGEST = 400
_DATE = r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})"
_TIME = r"\d{1,3}[:.]\d\d(?:[:.]\d\d)?(?:[.,]\d{1,6})?Z?(?:\s?[AaPp]\.?\s?[Mm]\b\.?)?(?:[+-]\d\d:?\d\d(?!\d))?"
_ENCLOSED = r"(?:\[(?=[^\[\]\n]*\d[:./h-]\d)[^\[\]\n]{3,40}\]|\((?=[^()\n]*\d[:./h-]\d)[^()\n]{3,40}\))"
_BARE = rf"(?:{_DATE}(?:,? |T))?{_TIME}(?=[\s\-–—|,:)*_]|\Z)"
_STAMP = rf"(?:(?P<stamp>{_ENCLOSED}|{_BARE})\s*+[-–—|,]?\s*+)?"
_AFTER = rf"(?:\s*+[,|·•–—-]?\s*+(?P<after>{_ENCLOSED}|{_BARE}))?"
_EMPHASIS = r"(?:\*{1,3}|_{1,3}|`)?+"
_NAME = r"(?P<name>[^:：\n*\[\]<>#`]{1,80}?)"
_MARK = re.compile(r"\s*(?:>\s?|[-*+•]\s+|(?:\d{1,3}[.)]|\(?(?:[a-z]|\d{1,3})\)|[a-z]\.)\s+)+")
_INLINE = re.compile(
    rf"(?P<open>{_EMPHASIS}){_STAMP}{_EMPHASIS}[\[<]?{_NAME}[\]>]?{_EMPHASIS}{_AFTER}\s*+{_EMPHASIS}[:：]{_EMPHASIS}"
)
_NOTED = re.compile(
    rf"{_EMPHASIS}{_STAMP}{_EMPHASIS}(?P<name>[^:：\n*\[\]<>()#`]{{1,80}}?){_EMPHASIS}{_AFTER}\s*+"
    rf"(?:[(\[][^()\[\]\n]{{1,60}}[)\]]\s*+){{1,3}}{_EMPHASIS}[:：]{_EMPHASIS}(?=\s|\Z)"
)
"""A name with a remark in brackets before the colon: `Ben (to Ann privately):`, `Ann (10:16) [edited]:`."""
_HEADING = re.compile(rf"(?P<level>#{{1,6}})\s++{_EMPHASIS}{_STAMP}{_NAME}{_AFTER}\s*+:?{_EMPHASIS}\s*+\Z")
_DAY = r"(?:(?:[Tt]oday|[Yy]esterday)(?: at|,)? )?"
_ABOVE = re.compile(
    rf"{_EMPHASIS}\[?{_NAME}\]?{_EMPHASIS}(?P<between>\s*+[,|·•–—-]\s*+|\s++)(?P<after>{_DAY}(?:{_ENCLOSED}|{_BARE}))"
    r"\s*+:?\s*+\Z"
)
_ABOVE_REVERSED = re.compile(rf"(?P<stamp>{_ENCLOSED}|{_BARE})\s*+[-–—|,]?\s*+{_EMPHASIS}{_NAME}{_EMPHASIS}\s*+\Z")
_ANGLE = re.compile(rf"{_STAMP}<[@+%&~ ]?(?P<name>[^<>\n]{{1,40}})>\s+")
_STAMPED = re.compile(rf"(?P<stamp>{_ENCLOSED}|{_BARE})(?=\s)")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_SPEECH_AFTER_COLON = re.compile(r"[^\W\d_]|[\"'“«¿¡]")


class Label(NamedTuple):
    """A line that may be a label: its form, the name, the time as written, and the rest of the line.

    `mark` is the sign of a quote or of a list before it, `spaced` whether white space or nothing follows the colon.
    A line of the family "stamp" begins with a time and has no name.
    """

    family: Family
    name: str
    stamp: str = ""
    text: str = ""
    bold: bool = False
    level: int = 0
    spaced: bool = True
    mark: str = ""


def labels_of(lines: Sequence[str]) -> list[tuple[int, Label]]:
    """Index and label of every possible label outside fences and indented code.

    If all of them are marked as quotes or list items, the marks are those of the whole file and are dropped. A name
    that is written in small and in capital letters has its most frequent spelling everywhere.
    """
    labels = list(_labels(lines))
    counts = Counter(label.name for _, label in labels)
    spelling: dict[str, str] = {}
    for name, _ in counts.most_common():
        spelling.setdefault(name.casefold(), name)
    if len(spelling) < len(counts):
        labels = [(place, label._replace(name=spelling[label.name.casefold()])) for place, label in labels]
    named = [label for _, label in labels if label.family != "stamp"]
    if len(named) > 1 and all(label.mark for label in named):
        return [(place, label._replace(mark="")) for place, label in labels]
    return labels


def in_family(labels: Iterable[Label], family: Family) -> list[Label]:
    """The labels of one family that no quote or list encloses."""
    return [label for label in labels if label.family == family and not label.mark]


def _labels(lines: Sequence[str]) -> Iterator[tuple[int, Label]]:
    """The possible labels. One with a remark counts only if another label has the same name without a remark."""
    found: list[tuple[int, Label, bool]] = []
    fenced = False
    for place, line in enumerate(lines):
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and not line.startswith(("    ", "\t")):
            label = label_in(line)
            noted = _noted(line) if label is None or label.family == "stamp" else None
            found += [(place, each, each is noted) for each in (noted, label) if each]
    names = {label.name for _, label, remark in found if not remark and label.family == "inline"}
    taken = -1
    for place, possible, remark in found:
        if place != taken and (not remark or possible.name in names):
            taken = place
            yield place, possible


def label_in(line: str) -> Label | None:
    """The label at the beginning of `line`, None if it does not look like one."""
    marked = _MARK.match(line)
    mark = marked[0].strip() if marked else ""
    rest = line[marked.end() :] if marked else line.strip()
    head = rest[:_LONGEST]
    label = _heading(head) or _angle(head, rest) or _inline(head, rest) or (_above(rest) if len(rest) <= 120 else None)
    if label is None and (stamped := _STAMPED.match(head)):
        label = Label("stamp", "", stamped["stamp"])
    return label._replace(mark=mark) if label else None


def _noted(line: str) -> Label | None:
    """The label of a line with a remark in brackets between the name and the colon."""
    marked = _MARK.match(line)
    rest = line[marked.end() :] if marked else line.strip()
    match = _NOTED.match(rest[:_LONGEST]) if "(" in rest or "[" in rest else None
    if not match or not _may_speak(match["name"]):
        return None
    stamp = match["stamp"] or match["after"] or ""
    mark = marked[0].strip() if marked else ""
    return Label("inline", plain_label(match["name"]), stamp, rest[match.end() :].strip(), mark=mark)


def _heading(head: str) -> Label | None:
    match = _HEADING.match(head)
    if not match or not _may_speak(match["name"]):
        return None
    return Label(
        "heading", plain_label(match["name"]), match["stamp"] or match["after"] or "", level=len(match["level"])
    )


def _angle(head: str, rest: str) -> Label | None:
    match = _ANGLE.match(head)
    if not match or not _may_speak(match["name"]):
        return None
    return Label("angle", plain_label(match["name"]), match["stamp"] or "", rest[match.end() :])


def _inline(head: str, rest: str) -> Label | None:
    match = _INLINE.match(head)
    if not match:
        return None
    text = rest[match.end() :]
    spaced = not text or text[0].isspace()
    if not spaced and (match["name"][-1:].isspace() or len(text) < 3 or not _SPEECH_AFTER_COLON.match(text)):
        return None  # a URL, a time, a smiley
    stamp = match["stamp"] or match["after"] or ""
    if not _may_speak(match["name"]):
        return None
    bold = match["open"] in ("**", "__", "***", "___")
    return Label("inline", plain_label(match["name"]), stamp, text.strip(), bold=bold, spaced=spaced)


def _above(rest: str) -> Label | None:
    match = _ABOVE.match(rest) or _ABOVE_REVERSED.match(rest)
    if not match or not _may_speak(match["name"]):
        return None
    name = plain_label(match["name"])
    groups = match.groupdict()
    if not role_of(name) and not is_name(name) and not name.startswith("@") and "—" not in groups.get("between", ""):
        return None
    stamp = groups.get("after") or groups.get("stamp") or ""
    return Label("above", name, stamp)


def _may_speak(name: str) -> bool:
    return bool(role_of(name)) or is_label(name)
