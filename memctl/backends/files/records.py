"""What the readers of all kinds hand out: a fact, or why there is none, with its place in the file."""

from typing import NamedTuple

import msgspec

from memctl.core.fact import Fact
from memctl.runtime.json_limits import unfit

LONGEST_LINE = 64 * 2**20
"""Bytes of one fact as JSON. A longer line is no fact but a file without line ends, and memory is bounded."""


HELD = 32 * 2**20
"""Bytes of facts held at once; a single one may be longer."""


class Row(NamedTuple):
    """One record of a file: `number` is its line (Parquet: its row), from 1.

    Either `fact` is there or `reason` says why not. `offset` is the byte at which the record begins as a line of
    JSON, None in a kind that has no such lines.
    """

    number: int
    fact: Fact | None
    reason: str = ""
    offset: int | None = None


class Reject(msgspec.Struct, frozen=True, kw_only=True):
    """A record that is no fact. `where` is file and line."""

    where: str
    reason: str


def weight(fact: Fact) -> int:
    """About how many bytes the fact takes up."""
    texts = (fact.text, fact.subject, fact.object, fact.source.quote)
    objects = (held for held in (fact.metadata, fact.native) if held)
    return sum(len(text) for text in texts if text) + sum(len(msgspec.json.encode(held)) for held in objects)


def convert(record: dict[str, object]) -> Fact:
    """The fact in a record of plain values. Raises ValueError naming the field that is wrong."""
    try:
        return msgspec.convert(record, Fact)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ValueError(str(error)) from None


def decoded(column: str, text: str) -> object:
    """The JSON in a cell. Raises ValueError naming the column."""
    try:
        if reason := unfit(text.encode()):
            raise ValueError(reason)
        return msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"column {column} is no JSON: {error}") from None
