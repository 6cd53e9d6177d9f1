"""The facts of a file, including those in its write-ahead log, and saving them.

A fact's offset is its byte in the file as JSON lines, or ~byte of the log if negative. Files in other formats are
converted to JSON lines in a temporary file once.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import msgspec

from memctl.backends.files import csv_format, jsonl, parquet
from memctl.backends.files.formats import Format
from memctl.backends.files.records import Place, Reject, Row
from memctl.backends.files.write_ahead_log import Deleted, WriteAheadLog
from memctl.core.errors import MemctlError, UsageError, unwritable
from memctl.core.fact import NOBODY, Fact, encode
from memctl.core.short_hash import bytes_hash
from memctl.core.timeline import outdated
from memctl.runtime import private_files
from memctl.runtime.spool import FactIndex

RecordReader = Callable[[Path], Iterator[Place | Row]]
READERS: dict[Format, RecordReader] = {"jsonl": jsonl.rows, "parquet": parquet.rows, "csv": csv_format.rows}


_BUFFER = 2**16
"""Bytes of JSON lines that are read at a time."""
_PAGE = 1000
"""Rows that are added to the index together."""


class Contents:
    """The facts of the file at `path`, which need not exist yet.

    `name` is the file's name in messages, `log` its write-ahead log if this process may write, `reader` reads a file
    in a format of its own.
    """

    def __init__(
        self, path: Path, format_: Format, name: str, log: WriteAheadLog | None, reader: RecordReader | None = None
    ) -> None:
        self._path = path
        self._format = format_
        self._reader = reader
        self._name = name
        self._log = log
        self.index = FactIndex()
        self.rejected = 0
        self.older = 0
        """Records left out because the file has a later state of them."""
        self._rejects: BinaryIO | None = None
        self._lines: BinaryIO | None = None
        try:
            if path.exists():
                self._load()
            if log is not None and log.locked:
                self._replay(log)
        except BaseException:
            self.close()
            raise

    def _load(self) -> None:
        if self._reader is None and (self._path.stat().st_size == 0 or self._format == "jsonl"):
            self._lines = self._path.open("rb", buffering=_BUFFER)
            self._add_all(jsonl.rows(self._path), None)
        else:
            self._lines = lines = tempfile.TemporaryFile(prefix="memctl-")  # noqa: SIM115 - kept until close
            self._add_all((self._reader or READERS[self._format])(self._path), lines)
            lines.flush()

    def _add_all(self, rows: Iterator[Place | Row], lines: BinaryIO | None) -> None:
        """Index the facts; in formats other than JSON lines also write them to `lines`."""
        while page := self._placed(islice(rows, _PAGE), lines):
            places = [record for record in page if isinstance(record, Place)]
            new = self.index.add_all([place[1:] for place in places])
            if len(places) == len(page) and all(new):
                continue
            added = iter(new)
            for record in page:
                if isinstance(record, Row):
                    self._reject(record.number, record.reason, record.digest)
                elif not next(added):
                    self._replace(record)

    def _placed(self, rows: Iterator[Place | Row], lines: BinaryIO | None) -> list[Place | Row]:
        """Where the facts of these rows are, without the facts, and the rows that are none."""
        end = lines.seek(0, os.SEEK_END) if lines is not None else 0
        placed: list[Place | Row] = []
        for row in rows:
            if isinstance(row, Place):
                placed.append(row)
                continue
            fact = row.fact
            if fact is None:
                placed.append(row)
                continue
            if not fact.user_id.strip():
                placed.append(Row(row.number, None, NOBODY, digest=bytes_hash(encode(fact))))
                continue
            placed.append(Place(row.number, fact.id, fact.user_id, end if row.offset is None else row.offset))
            if lines is not None:
                end += lines.write(encode(fact) + b"\n")
        return placed

    def _replace(self, later: Place) -> None:
        """Replace an earlier fact with the same id, unless that is a later state of the record.

        Identical lines are one fact. A line of another owner is rejected, and so is one of which no time shows whether
        it is newer.
        """
        offset = self.index.find(later.id)
        assert offset is not None
        earlier, fact = self._fact(offset), self._fact(later.place)
        if earlier.user_id != fact.user_id:
            self._reject_fact(later, fact, f"an earlier fact of another user has the same id {fact.id}")
        elif earlier == fact:
            return
        elif outdated(earlier, fact):
            self.older += 1
            self.index.put(fact.id, fact.user_id, later.place)
        elif outdated(fact, earlier):
            self.older += 1
        else:
            reason = f"an earlier fact has the same id {fact.id}, and no time shows which is newer"
            self._reject_fact(later, fact, reason)

    def _reject_fact(self, place: Place, fact: Fact, reason: str) -> None:
        self._reject(place.number, reason, bytes_hash(encode(fact)))

    def _reject(self, number: int, reason: str, digest: str | None) -> None:
        if self._rejects is None:
            self._rejects = tempfile.TemporaryFile(prefix="memctl-")  # noqa: SIM115 - kept until close
        reject = Reject(where=f"{self._name}:{number}", reason=reason, digest=digest)
        self._rejects.write(msgspec.json.encode(reject) + b"\n")
        self.rejected += 1

    def rejects(self) -> Iterator[Reject]:
        """The records that are not valid facts, in order."""
        if self._rejects is None:
            return
        self._rejects.seek(0)
        while line := self._rejects.readline():
            yield msgspec.json.decode(line, type=Reject)

    def _replay(self, log: WriteAheadLog) -> None:
        for offset, entry in log.entries():
            if isinstance(entry, Deleted):
                self.index.drop(entry.deleted)
            else:
                self.index.put(entry.id, entry.user_id, ~offset)

    def _line(self, offset: int) -> bytes:
        if offset < 0:
            assert self._log is not None
            return self._log.at(~offset)
        assert self._lines is not None
        self._lines.seek(offset)
        return self._lines.readline().strip()

    def _fact(self, offset: int) -> Fact:
        try:
            return jsonl.fact_of(self._line(offset))
        except ValueError as error:
            raise MemctlError(
                f"the file was changed while it was being read: {error}", where=self._name, hint="try again"
            ) from None

    def get(self, ids: Sequence[UUID]) -> list[Fact | None]:
        """The facts with these ids, None if not present. Raises MemctlError if another program changed the file."""
        return [None if offset is None else self._fact(offset) for offset in map(self.index.find, ids)]

    def facts(self, user: str | None, after: UUID | None = None) -> Iterator[Fact]:
        """The facts of a user (None: of everyone) in order, from the one after the id `after` if present."""
        return map(self._fact, self.index.offsets(user, after))

    def put(self, fact: Fact, line: bytes) -> None:
        """Add a fact, or replace the one with the same id; `line` is the fact as JSON."""
        assert self._log is not None
        self.index.put(fact.id, fact.user_id, ~self._log.append(line))

    def save(self) -> None:
        """Replace the file atomically by one with all facts."""
        lines = (self._line(offset) for offset in self.index.offsets(None))
        try:
            with private_files.replacing(self._path, keep_mode=True) as file:
                if self._format == "parquet":
                    parquet.write(lines, Path(file.name))
                elif self._format == "csv":
                    csv_format.write(lines, file)
                else:
                    jsonl.write(lines, file)
                self._close_lines()
        except OSError as error:
            raise unwritable("the file", error, self._name) from None

    def refuse_rejects(self) -> None:
        """Raise UsageError if the file has records that are not facts, because saving would lose them."""
        first = next(self.rejects(), None)
        if first is not None:
            raise UsageError(
                f"{self.rejected} records of the file are not valid facts and would be lost: {first.reason}",
                where=first.where,
                hint="repair or remove them, or write to another file",
            )

    def _close_lines(self) -> None:
        if self._lines is not None:
            self._lines.close()
            self._lines = None

    def close(self) -> None:
        """Close the files."""
        self._close_lines()
        self.index.close()
        if self._rejects is not None:
            self._rejects.close()
            self._rejects = None
