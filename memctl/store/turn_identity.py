"""The fingerprint of a turn: its identity by content, whichever file, session or id it comes under.

`memctl.ingest.identity` explains how turns are recognised. `memctl.store.sql.turns` computes the same value in SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from memctl.core.hashing import md5
from memctl.store.model import StoredTurn

SUBSTANTIAL = 15
"""Characters from which a text is likely to be said once only; "ok" and "yes" are said all the time."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def fingerprint(user: str, role: str | None, speaker: str | None, at: datetime | None, text: str) -> UUID:
    """The MD5 of owner, role, speaker, time and text."""
    time = "" if at is None else str((at - _EPOCH) // _MICROSECOND)
    content = "\x1f".join((user, role or "", speaker or "", time, text))
    return UUID(bytes=md5(content.encode()))


def fingerprint_of(turn: StoredTurn) -> UUID:
    """The fingerprint of a stored turn."""
    return fingerprint(turn.user_id, turn.role, turn.speaker, turn.at, turn.text)


def removal_key(key: UUID, before: UUID | None, at: datetime | None, text: str) -> UUID:
    """The id under which a removed turn is remembered by its content.

    A short turn without a time is remembered together with the turn before it: removing one "yes" does not remove all.
    """
    if at is not None or len(text) >= SUBSTANTIAL or before is None:
        return key
    return UUID(bytes=md5(before.bytes + key.bytes))


def removal_keys(turns: Sequence[StoredTurn], removed: set[UUID]) -> set[UUID]:
    """The removal keys of the turns with ids in `removed`; `turns` are all turns of their sessions, in order."""
    keys: set[UUID] = set()
    before: UUID | None = None
    session: str | None = None
    for turn in turns:
        if turn.session_id != session:
            before, session = None, turn.session_id
        key = fingerprint_of(turn)
        if turn.id in removed:
            keys.add(removal_key(key, before, turn.at, turn.text))
        before = key
    return keys
