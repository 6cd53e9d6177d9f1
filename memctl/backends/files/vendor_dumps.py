"""Dumps written by memory services, and files in interchange formats, read as files of facts.

An adapter package offers its dump formats as `Dump` classes under the entry-point group `memctl.dumps`; reading one
needs no SDK. Dumps are recognised by content and never written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Protocol

from memctl.backends import entry_points
from memctl.backends.files import interchange
from memctl.backends.files.formats import HEAD, holds_facts
from memctl.backends.files.limits import Sound, sound
from memctl.backends.files.records import Row
from memctl.core.errors import Rejected
from memctl.core.fact import Fact

ENTRY_POINT_GROUP = "memctl.dumps"


class Dump(Protocol):
    """A kind of dump, instantiated without arguments. `name` names the kind, such as "mem0 export"; `remarks` are notes
    to show before facts are imported from one."""

    @property
    def name(self) -> str: ...
    @property
    def remarks(self) -> Sequence[str]: ...

    def recognises(self, path: Path, head: bytes) -> bool:
        """Whether the file is of this kind; `head` is its first 64 KiB. More of the file may be read."""

    def records(self, path: Path, default_user: str | None) -> Iterator[Fact | Rejected]:
        """The facts of the file, streamed, with Rejected in place of records that are not valid facts.

        `default_user` owns records that name no user; without it they are Rejected.
        """


def find(path: Path) -> Dump | None:
    """The kind of dump the file is, None if it is not a dump. memctl's own files never are."""
    if path.is_dir():
        return interchange.recognise(path, b"")
    if not path.is_file():
        return None
    with path.open("rb") as file:
        head = file.read(HEAD)
    if holds_facts(head):
        return None
    source = sound(path).path
    with source.open("rb") as file:
        head = file.read(HEAD)
    for point in entry_points.of_group(ENTRY_POINT_GROUP).values():
        dump: Dump = point.load()()
        if dump.recognises(source, head):
            return dump
    return interchange.recognise(source, head)


def rows(dump: Dump, path: Path, default_user: str | None) -> Iterator[Row]:
    """The dump's records as rows, numbered from 1."""
    whole = Sound(path) if path.is_dir() else sound(path)
    for number, record in enumerate(chain(whole.bad, dump.records(whole.path, default_user)), 1):
        if isinstance(record, Fact):
            yield Row(number, record)
        else:
            place = f"{record.where}: " if record.where else ""
            yield Row(number, None, f"{place}{record.message}", digest=record.digest or record.where)
