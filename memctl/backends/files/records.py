"""Records as every file format returns them: a fact, or the reason why the record is not one."""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from memctl.core.errors import UsageError
from memctl.core.fact import Fact
from memctl.runtime.json_limits import unfit

LONGEST_LINE = 64 * 2**20
"""Bytes of one fact as JSON. Longer lines are rejected to bound memory."""
PAGE_BYTES = 32 * 2**20
"""Bytes of facts in one page; a single fact may be longer."""


class Row(NamedTuple):
    """One record of a file: a fact, or the `reason` why it is not one.

    `number` is its line (Parquet: its row), from 1. `offset` is the byte at which it begins, in JSON lines only.
    `digest` is a hash of the content of a record that is not a fact.
    """

    number: int
    fact: Fact | None
    reason: str = ""
    offset: int | None = None
    digest: str | None = None


class Place(NamedTuple):
    """A fact of a file without its content: the number of its record, its id and owner, and where it is."""

    number: int
    id: UUID
    user: str
    place: int


class Reject(msgspec.Struct, frozen=True, kw_only=True):
    """A record that is not a valid fact. `where` is file and line, `digest` a hash of its content."""

    where: str
    reason: str
    digest: str | None = None


def size_of(fact: Fact) -> int:
    """The approximate size of the fact in bytes."""
    size = len(fact.text) + len(fact.subject or "") + len(fact.object or "") + len(fact.source.quote or "")
    for value in (fact.metadata, fact.native):
        if value:
            size += len(msgspec.json.encode(value))
    return size


def convert(record: dict[str, object]) -> Fact:
    """A record of plain values as a fact. Raises ValueError naming the invalid field."""
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
        raise ValueError(f"column {column} is not valid JSON: {error}") from None


def check_columns(names: Sequence[str], columns: Collection[str], required: Sequence[str], where: str) -> None:
    """Raise UsageError if a table's column names are not valid for facts; `columns` are all valid names."""
    for wrong, problem in (
        ([name for name in names if name not in columns], "unknown columns"),
        ([name for name in required if name not in names], "missing columns"),
        (sorted({name for name in names if names.count(name) > 1}), "repeated columns"),
    ):
        if wrong:
            raise UsageError(
                f"{problem}: {', '.join(map(repr, wrong))}",
                where=where,
                hint=f"columns: {', '.join(columns)}; put other values into metadata",
            )
