"""Everything a file holds, what was written since it was last saved included, and saving it.

A place (see catalogue) of 0 and more is a byte of the file as lines of JSON, a negative one ~byte of the journal. A
kind whose records are no lines of JSON is copied into a temporary file that has such lines, once.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import msgspec

from memctl.backends.files import csv_format, jsonl, parquet
from memctl.backends.files.catalogue import Catalogue
from memctl.backends.files.formats import Kind
from memctl.backends.files.records import HELD, Reject, Row, weight
from memctl.backends.files.write_ahead_log import Deleted, Journal
from memctl.core.errors import MemctlError, UsageError
from memctl.core.fact import Fact, encode

CHUNK = 512
Reader = Callable[[Path], Iterator[Row]]
READERS: dict[Kind, Reader] = {
    "jsonl": jsonl.rows,
    "parquet": parquet.rows,
    "csv": csv_format.rows,
}


class Contents:
    """The facts of the file at `path` (it need not be there yet), `shown` being what the user calls it. `reader` reads
    a file that is none of the kinds."""

    def __init__(
        self, path: Path, kind: Kind, shown: str, journal: Journal | None, reader: Reader | None = None
    ) -> None:
        self._path = path
        self._kind = kind
        self._reader = reader
        self._shown = shown
        self._journal = journal
        self.catalogue = Catalogue()
        self.rejected = 0
        self._rejects: BinaryIO | None = None
        self._lines: BinaryIO | None = None
        try:
            if path.exists():
                self._load()
            if journal is not None and journal.held:
                self._replay(journal)
        except BaseException:
            self.close()
            raise

    def _load(self) -> None:
        if self._reader is None and (self._path.stat().st_size == 0 or self._kind == "jsonl"):
            self._lines = self._path.open("rb")
            self._enter(jsonl.rows(self._path), None)
        else:
            self._lines = spool = tempfile.TemporaryFile(prefix="memctl-")  # noqa: SIM115 - kept until close
            self._enter((self._reader or READERS[self._kind])(self._path), spool)
            spool.flush()

    def _enter(self, rows: Iterator[Row], spool: BinaryIO | None) -> None:
        """Enter facts into the catalogue, and into `spool` those that have no line of JSON yet."""
        end = 0
        while chunk := _chunk(rows):
            facts = [row.fact for row in chunk if row.fact is not None]
            numbers = self.catalogue.find([fact.id for fact in facts])
            known = {fact.id for fact, number in zip(facts, numbers, strict=True) if number is not None}
            for row in chunk:
                fact = row.fact
                if fact is None:
                    self._reject(row.number, row.reason)
                    continue
                if fact.id in known:
                    self._reject(row.number, f"an earlier fact has the same id {fact.id}")
                    continue
                place = row.offset
                if spool is not None or place is None:
                    line = encode(fact) + b"\n"
                    place, end = end, end + len(line)
                    if spool is not None:
                        spool.write(line)
                known.add(fact.id)
                self.catalogue.add(fact.id, fact.user_id, place)

    def _reject(self, number: int, reason: str) -> None:
        if self._rejects is None:
            self._rejects = tempfile.TemporaryFile(prefix="memctl-")  # noqa: SIM115 - kept until close
        self._rejects.write(msgspec.json.encode(Reject(where=f"{self._shown}:{number}", reason=reason)) + b"\n")
        self.rejected += 1

    def rejects(self) -> Iterator[Reject]:
        """The records that are no facts, in order."""
        if self._rejects is None:
            return
        self._rejects.seek(0)
        while line := self._rejects.readline():
            yield msgspec.json.decode(line, type=Reject)

    def _replay(self, journal: Journal) -> None:
        for offset, entry in journal.entries():
            if isinstance(entry, Deleted):
                self.strike(entry.deleted, entry.user)
            else:
                self._place(entry, ~offset)

    def _place(self, fact: Fact, place: int) -> None:
        number = self.catalogue.find([fact.id])[0]
        if number is None:
            self.catalogue.add(fact.id, fact.user_id, place)
        else:
            self.catalogue.move(number, place)

    def strike(self, id_: UUID, user: str) -> None:
        """Take away the user's fact of this id."""
        number = self.catalogue.find([id_])[0]
        if number is not None:
            self.catalogue.drop(number, user)

    def line(self, place: int) -> bytes:
        """The fact at a place as JSON."""
        if place < 0:
            assert self._journal is not None
            return self._journal.at(~place)
        assert self._lines is not None
        self._lines.seek(place)
        return self._lines.readline().strip()

    def fact(self, place: int) -> Fact:
        """The fact at a place. Raises MemctlError when the file was changed under our hands."""
        try:
            return jsonl.fact_of(self.line(place))
        except ValueError as error:
            raise MemctlError(
                f"the file was changed while it was being read: {error}", where=self._shown, hint="try again"
            ) from None

    def get(self, ids: Sequence[UUID]) -> list[Fact | None]:
        """The facts of these ids, None for those that are not there."""
        return [
            None if number is None else self.fact(self.catalogue.place(number)) for number in self.catalogue.find(ids)
        ]

    def facts(self, user: str | None, after: UUID | None = None) -> Iterator[Fact]:
        """The facts of the user (None: of everyone) in order, from behind the one of the id `after` if it is there."""
        number = self.catalogue.find([after])[0] if after is not None else None
        for place in self.catalogue.places(user, number):
            yield self.fact(place)

    def put(self, fact: Fact, line: bytes) -> None:
        """Write a new fact, or one in place of that of the same id."""
        assert self._journal is not None
        self._place(fact, ~self._journal.append(line))

    def save(self) -> None:
        """Put a file with all that is held in the place of the old one, at once or not at all."""
        target = self._path
        try:
            descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".memctl-new", dir=target.parent)
            fresh = Path(name)
            try:
                with os.fdopen(descriptor, "r+b") as file:
                    self._write(file, fresh)
                    file.flush()
                    os.fsync(file.fileno())
                if target.exists():
                    fresh.chmod(target.stat().st_mode & 0o7777)
                self._close_lines()
                fresh.replace(target)
                _sync_folder(target.parent)
            except BaseException:
                fresh.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise MemctlError(f"the file cannot be written: {error.strerror}", where=self._shown) from None

    def _write(self, file: BinaryIO, path: Path) -> None:
        lines = (self.line(place) for place in self.catalogue.places(None))
        if self._kind == "parquet":
            parquet.write(lines, path)
        elif self._kind == "csv":
            csv_format.write(lines, file)
        else:
            jsonl.write(lines, file)

    def refuse_rejects(self) -> None:
        """Raise UsageError when the file has records that are no facts: saving it would lose them."""
        first = next(self.rejects(), None)
        if first is not None:
            raise UsageError(
                f"{self.rejected} records of the file are no facts and would be lost: {first.reason}",
                where=first.where,
                hint="mend or remove them, or write into another file",
            )

    def _close_lines(self) -> None:
        if self._lines is not None:
            self._lines.close()
            self._lines = None

    def close(self) -> None:
        """Let go of files."""
        self._close_lines()
        if self._rejects is not None:
            self._rejects.close()
            self._rejects = None


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk, where folders can be opened."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _chunk(rows: Iterator[Row]) -> list[Row]:
    """Some rows to be entered together, fewer where they are long."""
    chunk: list[Row] = []
    held = 0
    while len(chunk) < CHUNK and held < HELD and (row := next(rows, None)) is not None:
        chunk.append(row)
        held += weight(row.fact) if row.fact is not None else 0
    return chunk
