"""Plain text and Markdown with speaker labels: `User:`, `**Alice:**`, `## Assistant`, `[10:14] Bob:`.

Notes contain many lines that look like labels ("Ingredients: …"), so the file is read twice: first for possible labels,
then for turns. A line that looks like a label and names nobody who is known to speak ends the turn before it, and what
follows belongs to nobody, until the next known speaker. Lines in code fences are never labels.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.encoding import clean, text_lines
from memctl.transcripts.files.peek import Head
from memctl.transcripts.formats.subtitles import anchor_in_name
from memctl.transcripts.messages.session_builder import TIME_UNCLEAR
from memctl.transcripts.model import ReadOptions, Session, Turn
from memctl.transcripts.speaker_labels.label_words import HEADINGS, KEYS
from memctl.transcripts.speaker_labels.labels import Label, labels_of
from memctl.transcripts.speaker_labels.speakers import is_name, is_unmistakable, role_of, speaker_of
from memctl.transcripts.speaker_labels.text_clock import Clock
from memctl.transcripts.speaker_labels.who_speaks import Speakers, speakers_in
from memctl.transcripts.timestamps import written

NAME = "text"

UNKNOWN = "text under a label that is not known to be a speaker"
QUOTED = "quoted message"

_FIELD = re.compile(r"(?:\*\*|__)?([A-Za-zÀ-ÿ]{3,20})(?:\*\*|__)?:(?:\*\*|__)?\s*(.*)")
_FIELDS = {
    **dict.fromkeys(("date", "fecha", "data", "datum", "recorded"), "date"),
    **dict.fromkeys(("title", "subject", "meeting", "título", "titel", "topic", "asunto"), "title"),
    **dict.fromkeys(("attendees", "participants", "present", "speakers", "participantes"), "people"),
    **dict.fromkeys(("time", "hora"), "time"),
    **dict.fromkeys(("location", "duration", "source", "language", "created", "exported", "tags"), ""),
}
_MAIL_FIELD = re.compile(
    r"(?:mime-version|message-id|received|delivered-to|return-path|content-transfer-encoding|x-mailer|dkim-signature"
    r"|x-[a-z-]+|snapshot-content-location):\s",
    re.IGNORECASE,
)
_SENDER = re.compile(r"(?:from|to|von|an|de|para|da|à)\s?:\s.*@", re.IGNORECASE)
_COPY = re.compile(
    r"This is a copy of a (?:shared ChatGPT conversation|conversation between ChatGPT (?:&|and) (?P<name>[^.\n]{1,60}))"
)
"""What stands above a conversation that somebody shared: the user of it is that person."""
_BY_SERVICE = re.compile(
    r"Meeting ended after \d{1,3}:\d\d(?::\d\d)?.{0,5}|This editable transcript was computer generated\b.*"
    r"|.{1,80} (?:started|stopped) transcription",
    re.IGNORECASE,
)
"""Lines that services for meetings write into a transcript."""
_SECTION = re.compile(r"#{1,6}\s+\S")
_HEAD_LINES = 60
_KEY = re.compile(r"\s*(?:\*\*|__)?([^\W\d][\w-]*)(?: [^\W\d][\w-]*)?(?:\*\*|__)?:(?:\s|\Z)")


def sniff(head: Head) -> bool:
    """Labels that name a role or an attendee, or several people, at least one of them twice. Not mail."""
    if head.records or is_mail(head.text):
        return False
    fields, body = _split_head(head.text.splitlines())
    labels = [label for _, label in labels_of(body)]
    speakers = speakers_in(labels, fields.get("people", ""))
    if not speakers:
        return False
    spoken = [label for label in labels if speakers.hears(label)]
    roles = {role_of(label.name) for label in spoken if label.name.lower() not in KEYS and not label.name.islower()}
    if fields.get("people") or {"user", "assistant"} <= roles:
        return True
    timed = sum(bool(label.stamp) and not speakers.hears(label) for label in labels)
    if not speakers.stamped and timed >= len(spoken):
        return False  # its messages begin with times: what looks like labels is within them
    if roles & {"user", "assistant"}:
        return any(len(label.text) > 6 or not label.text for label in spoken)
    names = {label.name for label in spoken}
    keys = sum(bool((match := _KEY.match(line)) and match[1].lower() in HEADINGS) for line in body)
    clocks = speakers.enclosed and all(len(label.stamp) < 11 for label in spoken)  # log files have dates
    people = any(is_name(name) or is_unmistakable(name) for name in names) or speakers.family == "angle" or clocks
    again = len(spoken) > len(names) or (speakers.stamped and len(spoken) > 1)
    return people and len(names) > 1 and again and keys <= len(spoken)


def is_mail(text: str) -> bool:
    """Whether `text` begins with the header of a mail or of a saved page."""
    header = text.lstrip().partition("\n\n")[0].splitlines()[:60]
    if not header or not re.match(r"[A-Za-z][\w-]*:\s|From ", header[0]):
        return False
    return any(map(_MAIL_FIELD.match, header)) or sum(bool(_SENDER.match(line)) for line in header) > 1


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """The file as one Session. Raises BadTranscript if no line is a label.

    A turn's time is that of its label, else the date in the file's head or name, if any.
    """
    lines: list[str] = []
    for _, line in text_lines(document.open(), document.uri):
        if isinstance(line, BadTranscript):
            yield line
        else:
            lines.append(clean(line))
    fields, body = _split_head(lines)
    labels = labels_of(body)
    speakers = speakers_in([label for _, label in labels], fields.get("people", ""))
    if not speakers:
        raise BadTranscript(
            "no speaker labels",
            where=document.uri,
            hint='start each turn with a label, such as "User: "',
        )
    date = written(f"{fields.get('date', '')} {fields.get('time', '')}".strip(), options)
    start = options.started_at or date or anchor_in_name(document.stem, options)
    notes: Counter[str] = Counter()
    copied = next((match["name"] or "Anonymous" for line in lines[:_HEAD_LINES] if (match := _COPY.search(line))), None)
    clock = Clock(start, options, (label.stamp for _, label in labels if speakers.hears(label)))
    turns = list(_turns(body, labels, speakers, clock, notes, copied))
    yield Session(
        source_format=NAME,
        session_id=document.stem,
        title=fields.get("title") or None,
        started_at=start or next((turn.at for turn in turns if turn.at), None),
        turns=tuple(turns),
        notes=dict(notes),
    )


def _turns(
    body: Sequence[str],
    labels: Sequence[tuple[int, Label]],
    speakers: Speakers,
    clock: Clock,
    notes: Counter[str],
    copied: str | None,
) -> Iterator[Turn]:
    """The turns of known speakers. Everything else is counted in `notes`. `copied` is who shared the conversation."""
    days = _days(body, labels, speakers, clock)
    waiting = [*days]
    body = ["" if place in days else line for place, line in enumerate(body)]
    labels = [(place, label) for place, label in (*_sections(body, speakers), *labels) if place not in days]
    for index, (place, opening, text) in enumerate(_spans(body, labels, speakers, notes)):
        while waiting and waiting[0] < place:
            clock.turn_to(days[waiting.pop(0)])
        at = clock.at(opening.stamp)
        if not text:
            notes["turn without text"] += 1
            continue
        role = speakers.role(opening.name)
        yield Turn(
            turn_id=str(index),
            role=role,
            speaker=speaker_of(opening.name) or (copied if role == "user" else None),
            text=text,
            at=at,
        )
    if clock.unclear:
        notes[TIME_UNCLEAR] += clock.unclear


def _days(body: Sequence[str], labels: Sequence[tuple[int, Label]], speakers: Speakers, clock: Clock) -> dict[int, str]:
    """The lines, by number, that begin the messages of a day with its date: after a blank line or a rule, and right
    above a label. Where labels have no times, such a line is decorated, or the first speaker follows one.
    """
    heard = {place for place, label in labels if speakers.hears(label)}
    first = min(heard, default=0)
    days: dict[int, str] = {}
    for place, line in enumerate(body):
        if not clock.is_day(line):
            continue
        above = body[place - 1].strip(" -–—=*_") if place else ""
        below = next((number for number in range(place + 1, len(body)) if body[number].strip()), None)
        plain = not speakers.stamped and line.strip()[:1].isalnum()
        if not above and below in heard and not (plain and place > first and not days):
            days[place] = line
    return days


def _sections(body: Sequence[str], speakers: Speakers) -> Iterator[tuple[int, Label]]:
    """The headings in a chat of people, as labels of nobody: what follows are notes or a summary, as services for
    meetings write them."""
    if speakers.family != "inline" or any(map(role_of, speakers.names)):
        return
    fenced = False
    for place, line in enumerate(body):
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        if not fenced and _SECTION.match(line):
            yield place, Label("heading", "")


def _spans(
    body: Sequence[str], labels: Sequence[tuple[int, Label]], speakers: Speakers, notes: Counter[str]
) -> Iterator[tuple[int, Label, str]]:
    """The line and label of each turn of a known speaker, and all its text."""
    at_line = dict(labels)
    current: tuple[int, Label] | None = None
    text: list[str] = []
    before, quoting = True, False
    for place, line in enumerate(body):
        label = at_line.get(place)
        means = "text"
        if label and not (quoting and label.mark):
            means = speakers.means(
                label, current and current[1], next(filter(str.strip, body[place + 1 : place + 4]), "")
            )
        if label and means in ("speaker", "unknown"):
            if current:
                yield *current, "\n".join(text).strip()
            current, text = ((place, label), [label.text]) if means == "speaker" else (None, [])
            notes.update([UNKNOWN] if means == "unknown" else [])
            before = quoting = False
        elif _BY_SERVICE.fullmatch(line.strip()):
            notes["line of the service"] += 1
        elif means == "quote":
            notes[QUOTED] += 1
            quoting = True
        elif not quoting or not line.strip():
            quoting = False
            text.append(line)
            if before and line.strip():
                notes["text before the first speaker"] = 1
    if current:
        yield *current, "\n".join(text).strip()


def _split_head(lines: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The head's fields (date, time, title, people) and the lines after it. `---` may enclose the head."""
    fields: dict[str, str] = {}
    for place, line in enumerate(lines):
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
            return fields, list(lines[place:])
    return fields, []
