"""Zep's threads: read as conversations, and written to for Zep's own extraction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec

from memctl.backends.contract import Conversation, Message
from memctl.core.errors import UsageError
from memctl.core.fact import derive_id
from memctl_zep.client import Api, Record
from memctl_zep.mapping import SYSTEM, moment, rfc3339
from memctl_zep.tasks import Tasks
from memctl_zep.users import People, Person

LONGEST_MESSAGE = 4096
MOST_MESSAGES = 30
"""The maximum number of messages in a call."""

_ROLES = {"function": "tool", "human": "user", "ai": "assistant", "developer": "system"}
_KNOWN_ROLES = ("user", "assistant", "system", "tool")


def conversations(api: Api, person: Person) -> Iterator[Conversation]:
    """The user's threads, oldest first, with their messages in order."""
    for thread in api.every(api.threads, person.uuid):
        yield Conversation(
            id=str(thread.get("thread_id") or thread["uuid"]),
            messages=tuple(map(to_message, api.every(api.messages, thread["uuid"]))),
            started_at=moment(thread.get("created_at")),
        )


def to_message(record: Mapping[str, Any]) -> Message:
    """A message from Zep; its time is `reference_time`, or else when Zep received it."""
    role = str(record.get("role") or "user")
    role = _ROLES.get(role, role)
    return Message(
        id=str(record.get("uuid")),
        role=role if role in _KNOWN_ROLES else "user",
        text=str(record.get("content") or ""),
        name=name if isinstance(name := record.get("name"), str) else None,
        at=moment(record.get("reference_time") or record.get("created_at")),
    )


class Talk:
    """Sends conversations to Zep. A call that is repeated after a lost response has the same idempotency key."""

    def __init__(self, api: Api, people: People, tasks: Tasks) -> None:
        self._api = api
        self._people = people
        self._tasks = tasks
        self._session = uuid4().hex
        self._done = 0

    def add(self, user: str, turns: Iterable[Any]) -> str | None:
        """Add turns to a new thread of the user; returns the thread's UUID, None without turns.

        A turn is a text, a mapping with `role` and `content` (or `text`) and optionally `name` and `at`, or an object
        with `role`, `text`, `speaker` and `at`. Raises UsageError that names any other turn.
        """
        messages = [piece for index, turn in enumerate(turns) for piece in _pieces(_message(index, turn))]
        if not messages:
            return None
        person, _ = self._people.get_or_make(user)
        parts = (self._session, str(self._done), person.uuid, msgspec.json.encode(messages).hex())
        thread = self._api.create_thread(person.uuid, str(derive_id(SYSTEM, "thread", *parts)))["uuid"]
        for start in range(0, len(messages), MOST_MESSAGES):
            key = str(derive_id(SYSTEM, "messages", str(start), *parts))
            answer = self._api.add_messages(thread, messages[start : start + MOST_MESSAGES], key)
            self._tasks.add(answer.get("task"), f"extract from messages of {user!r}")
        self._done += 1
        return str(thread)


def _message(index: int, turn: Any) -> Record:
    if isinstance(turn, str):
        turn = {"content": turn}
    elif not isinstance(turn, Mapping):
        turn = {
            "role": getattr(turn, "role", None),
            "content": getattr(turn, "text", None),
            "name": getattr(turn, "speaker", None),
            "at": getattr(turn, "at", None),
        }
    text = turn.get("content", turn.get("text"))
    role = str(turn.get("role") or "user")
    role = _ROLES.get(role, role)
    if not isinstance(text, str) or role not in _KNOWN_ROLES:
        raise UsageError(
            "a turn needs a text under 'content' and a role", where=f"turn {index}", hint="roles: user, assistant, …"
        )
    message: Record = {"role": role, "content": text}
    name = turn.get("name", turn.get("speaker"))
    if isinstance(name, str) and name:
        message["name"] = name
    at = _at(index, turn.get("at") or turn.get("created_at") or turn.get("timestamp"))
    if at is not None:
        message["reference_time"] = rfc3339(at)
    return message


def _at(index: int, at: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(at, UTC) if isinstance(at, int | float) else moment(at)
    except (ValueError, OverflowError, OSError):
        raise UsageError("a turn has an invalid time", where=f"turn {index}", hint="use ISO 8601") from None


def _pieces(message: Record) -> Sequence[Record]:
    """The message in parts of a length that Zep accepts, cut between words if there are any."""
    text: str = message["content"]
    pieces: list[Record] = []
    while text.strip():
        cut = len(text)
        if cut > LONGEST_MESSAGE:
            cut = text.rfind(" ", LONGEST_MESSAGE // 2, LONGEST_MESSAGE) + 1 or LONGEST_MESSAGE
        pieces.append({**message, "content": text[:cut]})
        text = text[cut:]
    return pieces
