"""Dumps that memory services leave on disk, read as files of facts.

What a service's dump looks like is known to its adapter's package, which offers a `Dump` under the entry-point group
`memctl.dumps`; no SDK is needed to read one. A dump is recognised by its content and only ever read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Protocol

from memctl.backends.files.formats import HEAD, holds_facts
from memctl.backends.files.limits import sound
from memctl.backends.files.records import Row
from memctl.core.errors import Rejected
from memctl.core.fact import Fact

ENTRY_POINT_GROUP = "memctl.dumps"


class Dump(Protocol):
    """One kind of dump. The class is made without arguments; `name` is what the kind is called, such as "mem0 export",
    and `remarks` is what to know before facts are taken from one."""

    name: str
    remarks: Sequence[str]

    def recognises(self, path: Path, head: bytes) -> bool:
        """Whether the file is of this kind; `head` is its first 64 KiB. It may look further into the file."""

    def records(self, path: Path, default_user: str | None) -> Iterator[Fact | Rejected]:
        """The facts of the file, streamed, and in their place the records that are none, each with its reason.

        `default_user` owns what names no user; without one such a record is Rejected.
        """


def find(path: Path) -> Dump | None:
    """The kind of dump the file is, None when it is none. Files of memctl's own facts never are."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        head = file.read(HEAD)
    if holds_facts(head):
        return None
    # As in memctl.backends.contract: not for those who do without.
    from importlib.metadata import entry_points

    source = sound(path).path
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        dump: Dump = point.load()()
        if dump.recognises(source, head):
            return dump
    return None


def rows(dump: Dump, path: Path, default_user: str | None) -> Iterator[Row]:
    """The dump's records as rows, numbered from 1."""
    whole = sound(path)
    for number, record in enumerate(chain(whole.bad, dump.records(whole.path, default_user)), 1):
        if isinstance(record, Fact):
            yield Row(number, record)
        else:
            place = f"{record.where}: " if record.where else ""
            yield Row(number, None, f"{place}{record.message}")
