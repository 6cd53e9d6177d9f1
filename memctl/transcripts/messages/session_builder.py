"""Shared by the message formats: JSON records, roles, and building sessions.

Common conventions of chat formats; each format knows its own keys.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.jsonstream import HALF_LINE, elements, json_lines, name_of
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.fields import Fields
from memctl.transcripts.model import Role, Session, Turn
from memctl.transcripts.speaker_labels import speakers

ROLES: Mapping[str, Role] = {
    **dict.fromkeys(("user", "human", "customer", "caller", "visitor", "client", "guest", "end_user"), "user"),
    **dict.fromkeys(("user_message", "human_message", "humanmessage", "usermessage"), "user"),
    "assistant": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "chatbot": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "claude": "assistant",
    **dict.fromkeys(
        ("bing", "bard", "agent", "llm", "copilot", "gemini", "deepseek", "grok", "virtual_agent"), "assistant"
    ),
    **dict.fromkeys(("assistant_message", "ai_message", "aimessage", "assistantmessage"), "assistant"),
    "system": "system",
    "developer": "system",
    **dict.fromkeys(("tool", "function", "observation", "function_response", "tool_response"), "tool"),
}
Record = tuple[str, Any]

TEXT_NOT_FOUND = "text not found"
"""The beginning of the reason for a message whose text is in none of the fields that have it. `detect.read` makes it a
reject."""
TIME_UNCLEAR = "time not understood (turn kept without one)"


def role_of(value: object) -> Role | None:
    """The role for a format's role name, such as `USER`, `MessageRole.USER` or `role_user`; None if it is unknown."""
    return _role_named(value) if isinstance(value, str) else None


@lru_cache(1024)
def _role_named(value: str) -> Role | None:
    name = value.strip().strip(":").lower().replace("-", "_").replace(" ", "_")
    return ROLES.get(name) or ROLES.get(name.rpartition(".")[2].removeprefix("role_")) or speakers.role_of(value)


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


def bad_record(where: str, reason: str) -> BadTranscript:
    return BadTranscript(reason, where=where, hint="this record is skipped; the rest of the file is read")


class SessionBuilder:
    """Collects the turns of a session and counts skipped records.

    `senders` are the ids of who sent a turn, by its id: where there are several, they tell people apart.
    """

    def __init__(self, source_format: str) -> None:
        self.source_format = source_format
        self.turns: list[Turn] = []
        self.notes: dict[str, int] = {}
        self.senders: dict[str, str] = {}
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
        owner: str | None = None,
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
                owner=owner,
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
        app_id: str | None = None,
    ) -> Session:
        """The session. Without `started_at` it starts with its earliest turn; without `owner` it belongs to the user
        that its turns name, if they name only one."""
        if len(set(self.senders.values())) > 1:
            self.turns = [
                turn if turn.owner else msgspec.structs.replace(turn, owner=self.senders.get(turn.turn_id))
                for turn in self.turns
            ]
        owners = {turn.owner for turn in self.turns if turn.role == "user" and turn.owner}
        if owner is not None and owners:
            self.turns = [
                msgspec.structs.replace(turn, owner=owner) if turn.role == "user" and not turn.owner else turn
                for turn in self.turns
            ]
        if owner is None and len(owners) == 1:
            (owner,) = owners
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
            app_id=app_id,
            notes=self.notes,
        )

    def key(self, document: Document, index: int | str | None = None) -> str:
        """A session id for a file without one: its stem, the record's number, a hash of the first turn.

        It stays the same if the file grows at its end or is moved.
        """
        first = self.turns[0] if self.turns else None
        at = first.at.astimezone(UTC) if first and first.at else None
        seed = f"{first.role}\0{first.text}\0{at}" if first else ""
        digest = hashlib.sha256(seed.encode()).hexdigest()[:8]
        number = "" if index is None else f"-{index}"
        return name_of(f"{document.stem}{number}-{digest}") or digest


def owner_of(record: Mapping[str, Any]) -> str | None:
    """The user that a record or its metadata names as its owner."""
    return Fields(record).owner()


def is_half(value: object) -> bool:
    """Whether a record is the incomplete last line of a growing file."""
    return value is HALF_LINE


def _one_per_line(text: str) -> bool:
    line, newline, _ = text.lstrip().partition("\n")
    if not newline:
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
