"""Shared by the message formats: JSON records, roles, content parts, times, and building sessions.

Common conventions of chat formats; each format knows its own keys.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.discovery import Document
from memctl.transcripts.jsonstream import HALF_LINE, elements, json_lines, name_of, text_of
from memctl.transcripts.model import Role, Session, Turn
from memctl.transcripts.peek import Head

ROLES: Mapping[str, Role] = {
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "chatbot": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "claude": "assistant",
    "system": "system",
    "developer": "system",
    "tool": "tool",
    "function": "tool",
}
_TEXT_PARTS = ("text", "input_text", "output_text", "refusal", "summary_text")
_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC).timestamp()
_LATEST = datetime(2200, 1, 1, tzinfo=UTC).timestamp()

Record = tuple[str, Any]


def role_of(value: object) -> Role | None:
    """The role for a format's role name, None if it is unknown."""
    return ROLES.get(value.strip().lower()) if isinstance(value, str) else None


def records(document: Document, head: Head | None = None) -> Iterator[Record]:
    """(where, value) for each top-level record of a JSON or JSONL file, streamed.

    An array yields its elements, anything else its JSON values. An invalid line is a BadTranscript, an incomplete last
    line `HALF_LINE`. In a truncated file the last value is a BadTranscript.
    """
    head = head or Head(document)
    lines = head.shape != "array" and _one_per_line(head.text)
    place = ":line " if lines else ": record "
    found = json_lines(document) if lines else elements(document, "item" if head.shape == "array" else "")
    number = 0
    try:
        for index, value in found:
            number = index if lines else index + 1
            yield f"{document.uri}{place}{number}", value
    except BadTranscript as error:
        yield f"{document.uri}{place}{number + 1}", error


def instant(value: object, zone: tzinfo | None = None) -> datetime | None:
    """A time in ISO 8601 or in seconds, milliseconds or microseconds since 1970, as UTC.

    `zone` applies to ISO times without one (None: UTC). None for zero, blanks, invalid times and those outside
    1980-2200.
    """
    if isinstance(value, str):
        try:
            return _aware(datetime.fromisoformat(value.strip()), zone)
        except (ValueError, OverflowError):
            try:
                value = float(value)
            except ValueError:
                return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    scaled = (seconds / scale for scale in (1, 1e3, 1e6) if _EARLIEST <= seconds / scale <= _LATEST)
    return next((datetime.fromtimestamp(within, UTC) for within in scaled), None)


def content_text(content: object) -> str:
    """The text of a message's content: a string, a list of parts, or one part.

    Images and calls have none.
    """
    if isinstance(content, str):
        return text_of(content).strip()
    if isinstance(content, Mapping):
        return _part_text(content)
    if isinstance(content, Sequence):
        parts = (content_text(part) if isinstance(part, str) else _part_text(part) for part in content)
        return "\n".join(part for part in parts if part)
    return ""


def is_tool_result(content: object) -> bool:
    """Whether `content` consists of tool results, which Anthropic puts into user messages."""
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(part, dict) and part.get("type") == "tool_result" for part in content)
    )


def bad_record(where: str, reason: str) -> BadTranscript:
    return BadTranscript(reason, where=where, hint="this record is skipped; the rest of the file is read")


class SessionBuilder:
    """Collects the turns of a session and counts skipped records."""

    def __init__(self, source_format: str) -> None:
        self.source_format = source_format
        self.turns: list[Turn] = []
        self.notes: dict[str, int] = {}
        self._ids: dict[str, int] = {}

    def skip(self, reason: str, count: int = 1) -> None:
        """Count a skipped record."""
        if count:
            self.notes[reason] = self.notes.get(reason, 0) + count

    def add(
        self,
        role: Role,
        text: str,
        *,
        turn_id: str | None = None,
        speaker: str | None = None,
        at: datetime | None = None,
        parent_id: str | None = None,
        raw_kind: str | None = None,
    ) -> str | None:
        """Append a turn and return its unique id; a blank one is counted and returns None."""
        if not text.strip():
            self.skip("no text")
            return None
        key = turn_id or str(len(self.turns))
        again = self._ids[key] = self._ids.get(key, 0) + 1
        if again > 1:
            key = f"{key}#{again}"
        self.turns.append(
            Turn(
                turn_id=key,
                role=role,
                text=text,
                speaker=speaker,
                at=at,
                parent_id=parent_id,
                raw_kind=raw_kind,
            )
        )
        return key

    def build(
        self,
        session_id: str,
        *,
        title: str | None = None,
        started_at: datetime | None = None,
        owner: str | None = None,
        agent_id: str | None = None,
    ) -> Session:
        """The session. Without `started_at` it starts with its earliest turn."""
        if started_at is None:
            started_at = min((turn.at for turn in self.turns if turn.at), default=None)
        return Session(
            source_format=self.source_format,
            session_id=session_id,
            turns=tuple(self.turns),
            title=title,
            started_at=started_at,
            owner=owner,
            agent_id=agent_id,
            notes=self.notes,
        )

    def key(self, document: Document, index: int | None = None) -> str:
        """A session id for a file without one: its stem, the record's number, a hash of the first turn.

        It stays the same if the file grows at its end or is moved.
        """
        first = self.turns[0] if self.turns else None
        seed = f"{first.role}\0{first.text}\0{first.at}" if first else ""
        digest = hashlib.sha256(seed.encode()).hexdigest()[:8]
        number = "" if index is None else f"-{index}"
        return name_of(f"{document.stem}{number}-{digest}") or digest


def owner_of(record: Mapping[str, Any]) -> str | None:
    """The user in `user_id` or `user` of a record or its metadata."""
    metadata = record.get("metadata")
    places = (record, metadata) if isinstance(metadata, Mapping) else (record,)
    return next(
        (owner for place in places for key in ("user_id", "user") if (owner := name_of(place.get(key)))),
        None,
    )


def is_half(value: object) -> bool:
    """Whether a record is the incomplete last line of a growing file."""
    return value is HALF_LINE


def _part_text(part: object) -> str:
    if not isinstance(part, Mapping):
        return ""
    kind = part.get("type")
    if kind == "tool_result":
        return content_text(part.get("content"))
    if kind in ("input_audio", "audio"):
        audio = part.get(kind)
        return text_of(audio.get("transcript")).strip() if isinstance(audio, Mapping) else ""
    if kind is not None and kind not in _TEXT_PARTS:
        return ""
    text = part.get("text", part.get("refusal"))
    if isinstance(text, Mapping):
        text = text.get("value")
    return text_of(text).strip()


def _aware(at: datetime, zone: tzinfo | None) -> datetime | None:
    if at.tzinfo is None:
        at = at.replace(tzinfo=zone or UTC)
    at = at.astimezone(UTC)
    return at if _EARLIEST <= at.timestamp() <= _LATEST else None


def _one_per_line(text: str) -> bool:
    line, newline, _ = text.lstrip().partition("\n")
    if not newline:
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
