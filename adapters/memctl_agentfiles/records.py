"""memctl's records next to the agent's files: the owner of the folder, and each fact in full with its piece of text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

import msgspec
from memctl_folders.tree import PRIVATE

from memctl.core.errors import UsageError
from memctl.core.fact import Fact

FACTS = f"{PRIVATE}/facts.jsonl"
LOCK = f"{PRIVATE}/lock"


# The start of a record, with the id of its fact.
_ID = re.compile(
    rb'^\{"path":(?:null|"(?:[^"\\]|\\.)*"),"sha256":"[0-9a-f]*","fact":\{"id":"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"',
    re.MULTILINE,
)


class Header(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first line: the format of the file, the system, the owner, and the number of records."""

    memctl: int
    system: str
    user: str
    facts: int


class Record(msgspec.Struct, frozen=True):
    """A fact, the file that shows it (None if there is none), and the hash of the piece that memctl wrote."""

    path: str | None
    sha256: str
    fact: Fact


class Kept(NamedTuple):
    """The content of the file. `broken` has the line and the reason of each record that is not valid."""

    header: Header | None
    records: list[Record]
    broken: list[tuple[int, str]]


def decode(data: bytes | None, where: str) -> Kept:
    """The records in a file. Raises UsageError if it is not one that memctl wrote."""
    if data is None:
        return Kept(None, [], [])
    first, *rest = data.split(b"\n")
    try:
        header = msgspec.json.decode(first, type=Header)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UsageError(
            f"the first line does not name the owner: {error}", where=where, hint="restore the file from a backup"
        ) from None
    records, broken = [], []
    for number, line in enumerate(rest, 2):
        if line:
            try:
                records.append(msgspec.json.decode(line, type=Record))
            except (msgspec.DecodeError, ValueError, RecursionError) as error:
                broken.append((number, str(error)))
    if len(records) + len(broken) < header.facts:
        missing = header.facts - len(records) - len(broken)
        broken.append((len(rest) + 1, f"the file is truncated: {missing} of {header.facts} facts are missing"))
    return Kept(header, records, broken)


def ids(data: bytes) -> set[UUID]:
    """The ids of the facts, found without reading the records."""
    return {UUID(id_.decode()) for id_ in _ID.findall(data)}


def encode(system: str, user: str, records: Iterable[Record]) -> bytes:
    """The file with these records."""
    listed = list(records)
    header = Header(memctl=1, system=system, user=user, facts=len(listed))
    return b"".join(msgspec.json.encode(entry) + b"\n" for entry in (header, *listed))
