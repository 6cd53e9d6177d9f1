"""A file as a backend, over `contents`.

A file is read completely before its first page, because its owners, totals and invalid records are known only then; an
index of them is kept on disk. Written batches are durable in a write-ahead log once `write` returns; the file itself is
replaced atomically at `close`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal
from uuid import UUID

from memctl.backends.contract import Backend, Capabilities, Health, Hit, Outcome, Page, Query
from memctl.backends.files import foreign, vendor_dumps
from memctl.backends.files.contents import Contents, RecordReader
from memctl.backends.files.formats import STANDARD, Format, by_content, by_name
from memctl.backends.files.records import LONGEST_LINE, PAGE_BYTES, size_of
from memctl.backends.files.write_ahead_log import WriteAheadLog
from memctl.core.errors import MemctlError, NotFound, Rejected, UsageError
from memctl.core.fact import NOBODY, Fact, encode
from memctl.core.plurals import count

PAGE_SIZE = 1000
"""Facts in one page."""
Mode = Literal["r", "w"]


class FileBackend(Backend):
    """A JSONL, Parquet or CSV file of facts, or a service's dump of them; `kind` names the format.

    In mode "r" the file must exist and is not changed; in mode "w" it is created or facts are merged into it by id.
    `lock_timeout`, in seconds, is how long to wait for another writer. `stream_copy` is the temporary file at `path`
    with the content of a stream, deleted at `close`. `default_user` owns records of a dump that name no user.
    """

    capabilities = Capabilities(batch_size=1000)

    def __init__(
        self,
        path: Path,
        *,
        mode: Mode = "r",
        lock_timeout: float = 30.0,
        stream_copy: IO[bytes] | None = None,
        default_user: str | None = None,
    ) -> None:
        self.name = STANDARD if stream_copy is not None else str(path)
        self._stream_copy = stream_copy
        self._path = path.expanduser().resolve()
        self._stamp: tuple[int, int, int] | None = None
        self._loaded: Contents | None = None
        self._default_user = default_user
        self._dump = vendor_dumps.find(self._path) if mode == "r" else None
        self._format: Format = "jsonl" if self._dump else self._examine(mode)
        self._log = WriteAheadLog(self._path, lock_timeout) if mode == "w" else None

    def revision(self) -> str | None:
        """The size of the file and the time of its last change; None for one that is written to, whose changes are in a
        log until the end."""
        stamp = _stamp(self._path)
        return str(stamp) if stamp and self._log is None else None

    def remarks(self) -> Sequence[str]:
        """Those of the kind of dump."""
        return self._dump.remarks if self._dump else ()

    @property
    def kind(self) -> str:
        """The format: jsonl, parquet, csv, or the name of a kind of dump."""
        return self._dump.name if self._dump else self._format

    def _examine(self, mode: Mode) -> Format:
        path = self._path
        try:
            if path.is_dir():
                raise UsageError("this is a folder, not a file", where=self.name)
            if path.exists():
                if mode == "w" and not path.is_file():
                    raise UsageError("not a regular file", where=self.name, hint="use - for standard output")
                if mode == "w" and not path.stat().st_mode & 0o222:
                    raise MemctlError(
                        "the file is write-protected", where=self.name, hint="chmod u+w it, or choose another file"
                    )
                foreign.refuse(path, self.name, transcripts=mode == "r")
                return by_content(path, self.name)
            if mode == "r":
                raise NotFound("no such file", where=self.name)
            if not path.parent.is_dir():
                raise MemctlError(
                    "the folder does not exist", where=str(path.parent), hint="create it, or choose another file"
                )
        except OSError as error:
            raise MemctlError(f"cannot open the file: {error.strerror}", where=self.name) from None
        return by_name(path)

    def __enter__(self) -> FileBackend:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check(self) -> Health:
        """The file's format and counts."""
        contents = self._contents()
        bad = f", {contents.rejected} records that are not facts" if contents.rejected else ""
        bad += f", {contents.older} older states of records" if contents.older else ""
        new = "" if self._path.exists() else ", not created yet"
        counts = contents.index.counts()
        detail = (
            f"{self.name}: {self.kind}, {count(sum(counts.values()), 'fact')} of {count(len(counts), 'user')}{bad}{new}"
        )
        return Health(ok=True, detail=detail)

    def rejects(self) -> Iterator[Rejected]:
        """The records that are not valid facts, in order, each with file, line (Parquet: row) and reason."""
        for reject in self._contents().rejects():
            yield Rejected(reject.reason, where=reject.where, digest=reject.digest)

    def users(self) -> Iterator[str]:
        """Every user with a fact, in the order of their first fact."""
        return iter(self._contents().index.counts())

    def count(self, user: str) -> int | None:
        """The number of facts of a user."""
        return self._contents().index.count(user)

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """The user's facts in file order; the cursor is the id of the last fact read.

        `since` omits facts known to have been recorded and last changed before it.
        """
        facts: list[Fact] = []
        size = 0
        after = _id_of(cursor) if cursor else None
        for fact in self._contents().facts(user, after):
            if len(facts) == PAGE_SIZE or size > PAGE_BYTES:
                yield Page(tuple(facts), str(facts[-1].id))
                facts, size = [], 0
            changed = fact.updated_at or fact.created_at
            if since is None or changed is None or changed >= since:
                facts.append(fact)
                size += size_of(fact)
        yield Page(tuple(facts), None)

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts unchanged; a fact with the id of another user's fact is rejected."""
        contents, log = self._writable("written to")
        stored = dict(zip((fact.id for fact in facts), contents.get([fact.id for fact in facts]), strict=True))
        outcomes = []
        for fact in facts:
            outcome = _put(contents, fact, stored[fact.id])
            if outcome.state in ("written", "updated"):
                stored[fact.id] = fact
            outcomes.append(outcome)
        log.sync()
        return outcomes

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Remove facts of the user and return their number."""
        contents, log = self._writable("deleted from")
        unique = list(dict.fromkeys(ids))
        removed = 0
        for id_, fact in zip(unique, contents.get(unique), strict=True):
            if fact is not None and fact.user_id == user:
                contents.index.drop(id_)
                log.append_deletion(id_, user)
                removed += 1
        log.sync()
        return removed

    def search(self, query: Query) -> list[Hit]:
        """The best facts by BM25, best first; only facts that share a word with the query."""
        from memctl.core.bm25 import rank

        contents = self._contents()
        best = rank(contents.facts(query.user), query.text, query.k, datetime.now(UTC))
        facts = contents.get([id_ for id_, _ in best])
        return [
            Hit(score=score, parts={"lexical": score}, fact=fact)
            for (_, score), fact in zip(best, facts, strict=True)
            if fact is not None
        ]

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Writes can be read back at once."""

    def close(self) -> None:
        """Save what was written and close the file."""
        with ExitStack() as cleanup:
            # Saving fails on a full disk; the files are closed all the same.
            if self._stream_copy is not None:
                cleanup.callback(self._stream_copy.close)
            cleanup.callback(self._unload)
            if self._log is not None:
                cleanup.callback(self._log.release)
            self.save()

    def save(self) -> None:
        """Replace the file if anything was written."""
        log = self._log
        if log is None or self._loaded is None or not log.locked:
            return
        if not log.empty or not self._path.exists():
            self._loaded.save()
        log.remove()
        self._unload()

    def _unload(self) -> None:
        if self._loaded is not None:
            self._loaded.close()
            self._loaded = None

    def _contents(self) -> Contents:
        """The contents, read again if another program changed the file."""
        stamp = _stamp(self._path)
        if self._loaded is not None and stamp != self._stamp:
            self._unload()
        if self._loaded is None:
            log = self._log
            if log is not None and not log.locked and log.left_over():
                log.acquire()
            self._stamp = stamp
            self._loaded = Contents(self._path, self._format, self.name, log, self._reader())
        return self._loaded

    def _reader(self) -> RecordReader | None:
        dump, owner = self._dump, self._default_user
        return (lambda path: vendor_dumps.rows(dump, path, owner)) if dump else None

    def _writable(self, verb: str) -> tuple[Contents, WriteAheadLog]:
        log = self._log
        if log is None:
            raise UsageError(f"the file was opened for reading and cannot be {verb}", where=self.name)
        if not log.locked:
            log.acquire()
            self._examine("w")
        contents = self._contents()
        try:
            contents.refuse_rejects()
        except UsageError:
            if log.empty:
                log.remove()
            raise
        return contents, log


def _put(contents: Contents, fact: Fact, stored: Fact | None) -> Outcome:
    target = str(fact.id)
    line = encode_fact(fact) if fact.user_id.strip() else NOBODY
    if isinstance(line, str):
        return Outcome(state="rejected", target_id=target, reason=line)
    if stored is not None and stored.user_id != fact.user_id:
        return Outcome(state="rejected", target_id=target, reason="a fact of another user has this id")
    if stored == fact:
        return Outcome(state="unchanged", target_id=target)
    contents.put(fact, line)
    return Outcome(state="written" if stored is None else "updated", target_id=target)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _id_of(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError:
        raise UsageError(f"invalid cursor {cursor!r}", hint="a file's cursor is the id of the last fact read") from None


def encode_fact(fact: Fact) -> bytes | str:
    """The fact as JSON, or the reason why it cannot be written as JSON without a change."""
    if fact.embedding is not None and not all(map(math.isfinite, fact.embedding.vector)):
        return "the embedding contains a number that is not finite, which JSON cannot represent"
    try:
        line = encode(fact)
    except (ValueError, RecursionError) as error:
        return f"the fact cannot be written as JSON: {error}"
    return line if len(line) < LONGEST_LINE else f"the fact is longer than {LONGEST_LINE:,} bytes"
