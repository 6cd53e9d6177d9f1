"""The request for a block, and the block: lines in sections, with the number of records left out of each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

Format = Literal["text", "markdown"]
Name = Literal["instructions", "profile", "facts", "turns", "latest"]
State = Literal["current", "superseded", "ended"]
Count = Callable[[str], int]
"""The number of tokens of a text."""

TOKENS = 1000
"""Tokens of a block for which no number is given."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A block about `user` of at most `tokens` tokens. Without a `query` it has no facts and turns of a search.

    `as_of` describes the memory as it was true at that instant. `count` counts tokens; None estimates them.
    """

    user: str
    query: str | None = None
    tokens: int = TOKENS
    as_of: datetime | None = None
    format: Format = "text"
    count: Count | None = None


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the block. `text` is what it shows of the record, without secrets, on one line.

    `at` and `until` are the dates as the line shows them: of a turn, when it was said; of a fact, when it began to be
    true, or else when it was learned. `state` is None for a turn. `score` is that of the search.
    """

    id: UUID
    kind: str
    text: str
    at: str | None = None
    until: str | None = None
    speaker: str | None = None
    state: State | None = None
    score: float | None = None


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the block. `left_out` is the number of records that did not fit."""

    name: Name
    items: tuple[Item, ...]
    left_out: int


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """A block for a prompt: `text`, of `tokens` tokens, and the sections that it shows.

    `repeated` is the number of records left out because others say the same, `suspicious` the number of those that try
    to instruct the model. Sections without lines are in `sections` too.
    """

    user: str
    query: str | None
    as_of: datetime | None
    budget: int
    tokens: int
    text: str
    sections: tuple[Section, ...] = ()
    repeated: int = 0
    suspicious: int = 0

    def __str__(self) -> str:
        return self.text
