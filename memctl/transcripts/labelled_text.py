"""Plain text and Markdown with speaker labels: `User:`, `**Alice:**`, `## Assistant`, `[10:14] Bob:`.

Notes contain many lines that look like labels ("Ingredients: …"), so the file is read twice: first for possible labels,
then for turns. The whole file uses one form of label. Lines in code fences and after `>` are never labels, and quotes
keep their mark, because they are not the speaker's own words.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from memctl.core.errors import BadTranscript
from memctl.transcripts.discovery import Document
from memctl.transcripts.encoding import clean, text_lines
from memctl.transcripts.model import ReadOptions, Session, Turn
from memctl.transcripts.peek import Head
from memctl.transcripts.speakers import is_name, role_of, speaker_of
from memctl.transcripts.subtitles import anchor_in_name
from memctl.transcripts.timestamps import time_in, written

NAME = "text"

_ENCLOSED = r"\[[^\[\]\n]{3,40}\]|\(\d[^()\n]{2,40}\)"
_BARE = r"(?:\d{4}-\d\d-\d\d[ T])?\d{1,2}:\d\d(?::\d\d)?Z?(?: ?[AaPp]\.?[Mm]\.?)?(?=[\s\-–])"
# White space is possessive: two adjacent runs would be tried in every division.
_STAMP = rf"(?:(?P<stamp>{_ENCLOSED}|{_BARE})\s*+[-–]?\s*+)?"
_NAME = r"(?P<name>[^:\n*\[\]#>|`]{1,80}?)"
_AFTER = rf"\s*+(?P<after>{_ENCLOSED})?"
_FORMS = {
    "heading": re.compile(rf"#{{1,6}}\s++{_STAMP}{_NAME}{_AFTER}\s*+:?\s*+(?P<text>)\Z"),
    "bold": re.compile(rf"{_STAMP}(?:\*\*|__){_NAME}(?::(?:\*\*|__)|(?:\*\*|__){_AFTER}\s*+:)\s*+(?P<text>.*)\Z"),
    "plain": re.compile(rf"{_STAMP}{_NAME}{_AFTER}\s*+:(?:\s++(?P<text>.*))?\Z"),
}
_FENCE = re.compile(r"\s*(?:```|~~~)")
_FIELD = re.compile(r"(?:\*\*|__)?([A-Za-zÀ-ÿ]{3,20})(?:\*\*|__)?:(?:\*\*|__)?\s*(.*)")
_FIELDS = {
    **dict.fromkeys(("date", "fecha", "data", "datum", "recorded"), "date"),
    **dict.fromkeys(("title", "subject", "meeting", "título", "titel", "topic", "asunto"), "title"),
    **dict.fromkeys(("attendees", "participants", "present", "speakers", "participantes"), "people"),
    **dict.fromkeys(("time", "hora"), "time"),
    **dict.fromkeys(("location", "duration", "source", "language", "created", "exported", "tags"), ""),
}
_KEYS = frozenset({"model", "bot", "tool", "system", "function", "developer"})


class Label(NamedTuple):
    """A line that may be a label: its form, the name, the time as written, and the rest of the line."""

    form: str
    name: str
    stamp: str
    text: str


class Chosen(NamedTuple):
    """The form of label the file uses, and its speakers."""

    form: str
    names: frozenset[str]


def sniff(head: Head) -> bool:
    """Labels that name a role or an attendee, or two people of whom one speaks twice or who have most of the lines."""
    if head.records:
        return False
    numbered = list(enumerate(head.text.splitlines(), 1))
    fields, body = _split_head(numbered)
    labels = [label for _, label in _labels(body)]
    chosen = choose(labels, fields.get("people", ""))
    if not chosen:
        return False
    spoken = [label for label in labels if label.form == chosen.form and label.name in chosen.names]
    named_roles = [label.name for label in spoken if role_of(label.name)]
    if fields.get("people") or any(name.lower() not in _KEYS and not name.islower() for name in named_roles):
        return True
    told = sum(bool(line.strip()) for _, line in body)
    return len(chosen.names) > 1 and (len(spoken) > len(chosen.names) or len(spoken) * 5 >= told * 3)


def choose(labels: Iterable[Label], people: str) -> Chosen | None:
    """The speakers among the possible `labels`, None if there are none; `people` is the head's list of attendees.

    If a label names a role ("User"), only roles and attendees speak; if no role is the user's, so does the most
    frequent name. Else the attendees that occur, else names that recur, else all possible names.
    """
    forms: dict[str, Counter[str]] = {}
    for label in labels:
        forms.setdefault(label.form, Counter())[label.name] += 1
    attending = {part.strip().lower() for part in re.split(r"[,;&]| and | y | e ", people) if part.strip()}
    attending |= {name.split()[0] for name in attending}
    for form, counts in forms.items():
        roles = {name for name in counts if role_of(name)}
        if roles:
            present = {name for name in counts if name.lower() in attending}
            if not present and all(role_of(name) not in ("user", None) for name in roles):
                named = {name: count for name, count in counts.items() if is_name(name) and name not in roles}
                present = {max(named, key=named.__getitem__)} if named else set()
            return Chosen(form, frozenset(roles | present))
    for form, counts in forms.items():
        names = {name: count for name, count in counts.items() if is_name(name)}
        present = {name for name in names if name.lower() in attending}
        again = {name for name, count in names.items() if count > 1}
        if form == "heading" and len(again) < 2:
            continue
        if accepted := present or (again if len(again) > 1 else set(names)):
            return Chosen(form, frozenset(accepted))
    return None


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """The file as one Session. Raises BadTranscript if no line is a label.

    A turn's time is that of its label, else the date in the file's head or name, if any.
    """
    lines: list[tuple[int, str]] = []
    for number, line in text_lines(document.open(), document.uri):
        if isinstance(line, BadTranscript):
            yield line
        else:
            lines.append((number, clean(line)))
    fields, body = _split_head(lines)
    chosen = choose((label for _, label in _labels(body)), fields.get("people", ""))
    if not chosen:
        raise BadTranscript(
            "no speaker labels",
            where=document.uri,
            hint='start each turn with a label, such as "User: "',
        )
    date = written(f"{fields.get('date', '')} {fields.get('time', '')}".strip(), options)
    start = options.started_at or date or anchor_in_name(document.stem, options)
    notes: Counter[str] = Counter()
    turns = list(_turns(body, chosen, _Clock(start, options), notes))
    yield Session(
        source_format=NAME,
        session_id=document.stem,
        title=fields.get("title") or None,
        started_at=start or next((turn.at for turn in turns if turn.at), None),
        turns=tuple(turns),
        notes=dict(notes),
    )


class _Clock:
    """Converts the stamps of labels to times: full ones as they are, clock times on the current date.

    If the first stamp has the form 00:01:23, stamps count from the start of a recording.
    """

    def __init__(self, start: datetime | None, options: ReadOptions) -> None:
        self._start = start
        self._last = start
        self._options = options
        self._offsets: bool | None = None

    def at(self, stamp: str) -> datetime | None:
        """The time of a turn with the label `stamp`; without one, that of the previous turn."""
        stamp = stamp.strip("[]() ")
        if not stamp:
            return self._last
        if full := written(stamp, self._options):
            self._last = full
            return full
        time = time_in(stamp)
        if not time or not self._last or not self._start:
            return self._last
        if self._offsets is None:
            self._offsets = stamp.startswith(("00:0", "0:0")) and stamp.count(":") == 2
        hour, minute, second = time
        try:
            if self._offsets:
                self._last = self._start + timedelta(hours=hour, minutes=minute, seconds=second)
            else:
                at = self._last.replace(hour=hour, minute=minute, second=second)
                midnight = at < self._last - timedelta(hours=12)
                self._last = at + timedelta(days=1) if midnight else at
        except OverflowError:
            return None
        return self._last


def _turns(body: list[tuple[int, str]], chosen: Chosen, clock: _Clock, notes: Counter[str]) -> Iterator[Turn]:
    openings = [
        (place, label) for place, label in _labels(body) if label.form == chosen.form and label.name in chosen.names
    ]
    before = openings[0][0] if openings else 0
    if any(line.strip() for _, line in body[:before]):
        notes["text before the first speaker"] = 1
    ends = [place for place, _ in openings[1:]] + [len(body)]
    for index, ((place, label), end) in enumerate(zip(openings, ends, strict=True)):
        said = "\n".join([label.text, *(line for _, line in body[place + 1 : end])]).strip()
        at = clock.at(label.stamp)
        if not said:
            notes["turn without text"] += 1
            continue
        yield Turn(
            turn_id=str(index),
            role=role_of(label.name) or "user",
            speaker=speaker_of(label.name),
            text=said,
            at=at,
        )


def _labels(body: Iterable[tuple[int, str]]) -> Iterator[tuple[int, Label]]:
    """Index in `body` and label of every possible label outside fences, quotes and code."""
    fenced = False
    for place, (_, line) in enumerate(body):
        if _FENCE.match(line):
            fenced = not fenced
        if fenced or line.lstrip().startswith((">", "- ", "* ")) or line.startswith(("    ", "\t")):
            continue
        for form, pattern in _FORMS.items():
            match = pattern.match(line.strip()) if len(line) < 100_000 else None
            if match and (is_name(match["name"]) or role_of(match["name"])):
                stamp = match["stamp"] or match["after"] or ""
                yield place, Label(form, match["name"].strip(), stamp, match["text"] or "")
                break


def _split_head(lines: list[tuple[int, str]]) -> tuple[dict[str, str], list[tuple[int, str]]]:
    """The head's fields (date, time, title, people) and the lines after it. `---` may enclose the head."""
    fields: dict[str, str] = {}
    for place, (_, line) in enumerate(lines):
        bare = line.strip().lstrip("\ufeff")
        if not bare or set(bare) == {"-"}:
            continue
        match = _FIELD.fullmatch(bare)
        key = _FIELDS.get(match[1].lower()) if match else None
        if match and key is not None:
            if key:
                fields.setdefault(key, match[2].strip().strip("\"'"))
        elif bare.startswith("# ") and not role_of(bare[2:].rstrip(":")) and "title" not in fields:
            fields["title"] = bare[2:].strip()
        else:
            return fields, lines[place:]
    return fields, []
