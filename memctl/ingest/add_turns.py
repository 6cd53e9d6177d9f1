"""Turns that a program or a command passes, stored like the turns of a transcript."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec

from memctl.core.arguments import require_user
from memctl.core.errors import UsageError
from memctl.core.fact import derive_id, to_utc
from memctl.embed.spec import EmbedderSpec
from memctl.extract.secrets import redact
from memctl.ingest.attribution import Owned
from memctl.ingest.commit import commit
from memctl.ingest.result import Reject, Report
from memctl.ingest.session_extraction import Work, digest_all, recipe_without_llm
from memctl.store.base import Store
from memctl.transcripts.messages.content import content_text
from memctl.transcripts.model import Role, Session, Turn

_TEXT_KEYS = ("content", "text")
_TIME_KEYS = ("at", "created_at", "timestamp")
_ROLES = {"human": "user", "ai": "assistant", "developer": "system"} | {role: role for role in get_args(Role)}


def add_turns(
    store: Store, spec: EmbedderSpec, user: str, turns: Iterable[Any], *, session_id: str | None = None
) -> Report:
    """Add turns of one conversation to the user's memory; adding the same turns with their times again changes nothing.
    If no turn has a time, the time of all is now.

    A turn is a `Turn`, a text of the user, or a mapping with `role`, `content` (or `text`), and optionally `name` (or
    `speaker`), `id` and `at` (or `created_at`, `timestamp`: a datetime, ISO 8601 text, or seconds since 1970).
    `content` may be a list of parts. Turns that cannot be stored are in the report's `rejects`. Raises UsageError for
    an empty user, for turns without any text, and for a turn of another type.
    """
    require_user(user)
    read = [_storable(_turn(index, turn)) for index, turn in enumerate(turns)]
    if not any(turn.text.strip() for turn in read):
        raise UsageError("there is no text to add", hint="pass a text, or turns with a role and content")
    if all(turn.at is None for turn in read):
        now = datetime.now(UTC)
        read = [msgspec.structs.replace(turn, at=now) for turn in read]
    if session_id is None:
        session_id = str(derive_id("turns", *(f"{turn.at} {turn.speaker} {turn.text}" for turn in read)))
    session = Session(source_format="memctl", session_id=session_id, turns=tuple(read))
    batch = digest_all([Work(owned=Owned(user_id=user, session=session))], recipe_without_llm(), spec)
    report = Report(rejects=[Reject(where=user, reason=redact(reason).text) for _, reason in batch.broken])
    report.count(batch)
    with store.changing("add", user, users=[user]) as tx:
        report.took(commit(tx, batch, spec))
    report.run = tx.run
    return report


def _storable(turn: Turn) -> Turn:
    """The turn with U+FFFD for lone surrogates, which cannot be stored."""
    speaker = turn.speaker if turn.speaker is None else _unicode(turn.speaker)
    return msgspec.structs.replace(turn, turn_id=_unicode(turn.turn_id), text=_unicode(turn.text), speaker=speaker)


def _unicode(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _turn(index: int, turn: Any) -> Turn:
    where = f"turn {index}"
    if isinstance(turn, Turn):
        return turn
    if isinstance(turn, str):
        return Turn(turn_id=str(index), role="user", text=turn)
    if not isinstance(turn, Mapping):
        raise UsageError(f"a turn cannot be a {type(turn).__name__}", where=where, hint="give a mapping or a text")
    speaker = turn.get("name") or turn.get("speaker")
    text = next((turn[key] for key in _TEXT_KEYS if key in turn), None)
    if isinstance(text, list | tuple | Mapping):
        text = content_text(text)
    role = _ROLES.get(str(turn.get("role", "user")))
    if speaker is not None and not isinstance(speaker, str):
        raise UsageError(f"a name cannot be of type {type(speaker).__name__}", where=where, hint="give a text")
    if not isinstance(text, str) or role is None:
        raise UsageError(
            "a turn needs a text under 'content' and a role",
            where=where,
            hint=f"roles: {', '.join(sorted(_ROLES))}",
        )
    return Turn(
        turn_id=str(turn.get("id", index)),
        role=role,
        text=text,
        speaker=speaker,
        at=_time(next((turn[key] for key in _TIME_KEYS if turn.get(key) is not None), None), where),
    )


def _time(value: Any, where: str) -> datetime | None:
    """A time without a zone is taken as UTC."""
    try:
        if value is None:
            return None
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return to_utc(at if at.tzinfo else at.replace(tzinfo=UTC))
    except (ValueError, TypeError, OverflowError, OSError):
        raise UsageError(
            f"cannot read {value!r} as a time", where=where, hint="give ISO 8601 or seconds since 1970"
        ) from None
