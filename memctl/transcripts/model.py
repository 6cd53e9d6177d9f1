"""What every transcript format is turned into: a `Session` of `Turn`s.

A reader knows its own file format and nothing else; what is a fact, whose it is in the end and where it is stored are
other rooms' questions.
"""

from datetime import datetime, tzinfo
from typing import Literal

import msgspec

Role = Literal["user", "assistant", "system", "tool"]
DateOrder = Literal["dmy", "mdy", "ymd"]


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One message. `at` is when it was said (timezone-aware), None when the file does not tell.

    `turn_id` is the format's own id, else the index in the session. `role` is `user` for every human; `speaker` is the
    name the file gives, None when it gives none. `raw_kind` is the format's own name for the record.
    """

    turn_id: str
    role: Role
    text: str
    speaker: str | None = None
    at: datetime | None = None
    parent_id: str | None = None
    raw_kind: str | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation, its turns in order.

    `owner` is the user whose memory this is, only when the file itself says so. `session_id` is stable across
    re-reads. `notes` counts by reason what was left out on purpose, such as {"sidechain": 3, "hidden message": 1}.
    """

    source_format: str
    session_id: str
    turns: tuple[Turn, ...]
    title: str | None = None
    started_at: datetime | None = None
    owner: str | None = None
    agent_id: str | None = None
    app_id: str | None = None
    notes: dict[str, int] = {}


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the user said about files that do not say it themselves.

    `timezone` is that of times written without one (None: UTC). `date_order` settles 05/03/2025 when the file itself
    does not. `started_at` anchors subtitles. `branches` keeps abandoned ChatGPT and Claude branches, `sidechains`
    the sub-agents of coding sessions, `direct_messages` Slack DMs.
    """

    timezone: tzinfo | None = None
    date_order: DateOrder | None = None
    started_at: datetime | None = None
    branches: bool = False
    sidechains: bool = False
    direct_messages: bool = False
