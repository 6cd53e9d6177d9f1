"""The result of every transcript format: a `Session` of `Turn`s."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from datetime import datetime, tzinfo
from typing import Literal

import msgspec

Role = Literal["user", "assistant", "system", "tool"]
DateOrder = Literal["dmy", "mdy", "ymd"]


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One message. `at` is its time (timezone-aware), None if unknown.

    `turn_id` is the format's own id, else the index in the session. `role` is `user` for every human; `speaker` is the
    name in the file, if any. `raw_kind` is the format's name for the kind of record. `owner` is the user whose memory
    this message is, if the message itself says so. `expires_at` is when the place it was read from deletes it.
    """

    turn_id: str
    role: Role
    text: str
    speaker: str | None = None
    at: datetime | None = None
    parent_id: str | None = None
    raw_kind: str | None = None
    owner: str | None = None
    expires_at: datetime | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation, its turns in order.

    `owner` is the user whose memory this is, if the file says so. `session_id` is stable across re-reads. `namesakes`
    are speakers who have the owner's first name and are not known to be the owner. `notes`
    counts skipped records by reason, such as {"sidechain": 3, "hidden message": 1}.
    """

    source_format: str
    session_id: str
    turns: tuple[Turn, ...]
    title: str | None = None
    started_at: datetime | None = None
    owner: str | None = None
    agent_id: str | None = None
    app_id: str | None = None
    namesakes: frozenset[str] = frozenset()
    notes: dict[str, int] = {}

    def __post_init__(self) -> None:
        """Make turn ids unique: of two equal ones, as in merged or damaged files, the second becomes `id#2`."""
        given = {turn.turn_id for turn in self.turns}
        if len(given) < len(self.turns):
            msgspec.structs.force_setattr(self, "turns", tuple(_told_apart(self.turns, given)))


def _told_apart(turns: Iterable[Turn], given: Container[str]) -> Iterator[Turn]:
    met: Counter[str] = Counter()
    for turn in turns:
        key = turn.turn_id
        met[key] += 1
        if met[key] == 1:
            yield turn
            continue
        while f"{key}#{met[key]}" in given:
            met[key] += 1
        yield msgspec.structs.replace(turn, turn_id=f"{key}#{met[key]}")


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options for reading files that are ambiguous.

    `timezone` applies to times without one (None: UTC). `date_order` decides dates such as 05/03/2025. `started_at` is
    the start of subtitles. `branches` includes abandoned ChatGPT and Claude branches, `sidechains` the sub-agents of
    coding sessions, `direct_messages` Slack DMs.
    """

    timezone: tzinfo | None = None
    date_order: DateOrder | None = None
    started_at: datetime | None = None
    branches: bool = False
    sidechains: bool = False
    direct_messages: bool = False
