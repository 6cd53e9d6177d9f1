"""A file as a backend: the adapter contract over what `contents` holds.

A file is read whole before its first page, because only then are its owners, its totals and its bad records known;
what is kept of it in memory is some 50 bytes a fact. Written batches are safe in a journal once `write` returns, and
the file itself is replaced at `close`, whole or not at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal
from uuid import UUID

from memctl.backends.contract import Capabilities, Health, Hit, Outcome, Page
from memctl.backends.files import vendor_dumps
from memctl.backends.files.contents import Contents, Reader
from memctl.backends.files.formats import STANDARD, Kind, by_content, by_name
from memctl.backends.files.records import HELD, LONGEST_LINE, weight
from memctl.backends.files.write_ahead_log import Journal, deleted_line
from memctl.core.errors import MemctlError, NotFound, Rejected, UsageError
from memctl.core.fact import Fact, encode

PAGE_SIZE = 1000
"""Facts in one page."""
Mode = Literal["r", "w"]


class FileBackend:
    """One JSONL, Parquet or CSV file of facts, or a service's dump of them. `kind` tells which.

    Opened with mode "r" the file must be there and is not changed; with "w" it may be there or not, and facts are
    merged into it by id. `lock_timeout`, in seconds, is how long to wait for another process that writes into it.
    `spool` is the temporary file at `path` that a stream was copied into; it goes at `close`. `default_user` owns what
    a dump names no user for.
    """

    capabilities = Capabilities(batch_size=1000)

    def __init__(
        self,
        path: Path,
        *,
        mode: Mode = "r",
        lock_timeout: float = 30.0,
        spool: IO[bytes] | None = None,
        default_user: str | None = None,
    ) -> None:
        self.name = STANDARD if spool is not None else str(path)
        self._spool = spool
        self._path = path.expanduser().resolve()
        self._stamp: tuple[int, int, int] | None = None
        self._contents: Contents | None = None
        self._default_user = default_user
        self._dump = vendor_dumps.find(self._path) if mode == "r" else None
        self.remarks = self._dump.remarks if self._dump else ()
        self._kind: Kind = "jsonl" if self._dump else self._examine(mode)
        self._journal = Journal(self._path, lock_timeout) if mode == "w" else None

    @property
    def kind(self) -> str:
        """What kind of file this is: jsonl, parquet, csv, or the name of a dump's kind."""
        return self._dump.name if self._dump else self._kind

    def _examine(self, mode: Mode) -> Kind:
        path = self._path
        try:
            if path.is_dir():
                raise UsageError("this is a folder, not a file", where=self.name)
            if path.exists():
                if mode == "w" and not path.is_file():
                    raise UsageError("this is no regular file", where=self.name, hint="use - for standard output")
                if mode == "w" and not path.stat().st_mode & 0o222:
                    raise MemctlError(
                        "the file is write-protected", where=self.name, hint="chmod u+w it, or name another"
                    )
                return by_content(path, self.name)
            if mode == "r":
                raise NotFound("there is no such file", where=self.name)
            if not path.parent.is_dir():
                raise NotFound(
                    "there is no such folder", where=str(path.parent), hint="make it, or name a file elsewhere"
                )
        except OSError as error:
            raise MemctlError(f"the file cannot be opened: {error.strerror}", where=self.name) from None
        return by_name(path)

    def __enter__(self) -> FileBackend:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check(self) -> Health:
        """What the file is and holds."""
        held = self._held()
        bad = f", {held.rejected} records that are no facts" if held.rejected else ""
        made = "" if self._path.exists() else ", still to be made"
        users = len(held.catalogue.users())
        return Health(
            ok=True, detail=f"{self.name}: {self.kind}, {len(held.catalogue)} facts of {users} users{bad}{made}"
        )

    def rejects(self) -> Iterator[Rejected]:
        """The records that are no facts, in order, each with file, line (Parquet: row) and reason."""
        for reject in self._held().rejects():
            yield Rejected(reject.reason, where=reject.where)

    def users(self) -> Iterator[str]:
        """Every user that owns a fact, in the order in which they first appear."""
        return iter(self._held().catalogue.users())

    def count(self, user: str) -> int | None:
        """How many facts of the user the file holds."""
        return self._held().catalogue.count(user)

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """The user's facts in the order of the file; the cursor is the id of the last one read.

        `since` leaves out what is known to have been recorded and last changed before it.
        """
        facts: list[Fact] = []
        held = 0
        after = _id_of(cursor) if cursor else None
        for fact in self._held().facts(user, after):
            if len(facts) == PAGE_SIZE or held > HELD:
                yield Page(tuple(facts), str(facts[-1].id))
                facts, held = [], 0
            changed = fact.updated_at or fact.created_at
            if since is None or changed is None or changed >= since:
                facts.append(fact)
                held += weight(fact)
        yield Page(tuple(facts), None)

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts verbatim: new ones written, changed ones updated, a fact of another owner's id rejected."""
        held = self._to_write("written into")
        stored = dict(zip((fact.id for fact in facts), held.get([fact.id for fact in facts]), strict=True))
        outcomes = []
        for fact in facts:
            outcome = self._put(held, fact, stored[fact.id])
            if outcome.state in ("written", "updated"):
                stored[fact.id] = fact
            outcomes.append(outcome)
        assert self._journal is not None
        self._journal.sync()
        return outcomes

    def _put(self, held: Contents, fact: Fact, stored: Fact | None) -> Outcome:
        target = str(fact.id)
        line = line_of(fact)
        if isinstance(line, str):
            return Outcome(state="rejected", target_id=target, reason=line)
        if stored is not None and stored.user_id != fact.user_id:
            return Outcome(state="rejected", target_id=target, reason="a fact of another user has this id")
        if stored == fact:
            return Outcome(state="unchanged", target_id=target)
        held.put(fact, line)
        return Outcome(state="written" if stored is None else "updated", target_id=target)

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Remove facts of the user; how many were there."""
        held = self._to_write("deleted from")
        assert self._journal is not None
        gone = 0
        for id_, fact in zip(dict.fromkeys(ids), held.get(list(dict.fromkeys(ids))), strict=True):
            if fact is not None and fact.user_id == user:
                held.strike(id_, user)
                self._journal.append(deleted_line(id_, user))
                gone += 1
        self._journal.sync()
        return gone

    def search(self, user: str | None, query: str, k: int = 10) -> list[Hit]:
        """The k best facts for `query` by BM25, best first; only facts that share a word with it."""
        from memctl.backends.files.bm25 import rank

        held = self._held()
        best = rank(held.facts(user), query, k, datetime.now(UTC))
        facts = held.get([id_ for id_, _ in best])
        return [
            Hit(score=score, parts={"lexical": score}, fact=fact)
            for (_, score), fact in zip(best, facts, strict=True)
            if fact is not None
        ]

    def add(self, user: str, turns: Iterable[Any]) -> Any:
        """Raises UsageError: a file extracts nothing."""
        raise UsageError("a file has no extraction of its own", where=self.name, hint="memctl ingest reads transcripts")

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Writes can be read back at once."""

    def close(self) -> None:
        """Save what was written and let go of the file."""
        with ExitStack() as last:
            # On a full disk the journal cannot be written to its end either, and the files are let go of all the same.
            if self._spool is not None:
                last.callback(self._spool.close)
            last.callback(self._forget)
            if self._journal is not None:
                last.callback(self._journal.release)
            self.save()

    def save(self) -> None:
        """Replace the file by one with everything written so far. Without anything written nothing happens."""
        journal = self._journal
        if journal is None or self._contents is None or not journal.held:
            return
        if not journal.empty or not self._path.exists():
            self._contents.save()
        journal.remove()
        self._forget()

    def _forget(self) -> None:
        if self._contents is not None:
            self._contents.close()
            self._contents = None

    def _held(self) -> Contents:
        """The contents, read anew when the file was changed by somebody else."""
        stamp = _stamp(self._path)
        if self._contents is not None and stamp != self._stamp:
            self._forget()
        if self._contents is None:
            journal = self._journal
            if journal is not None and not journal.held and journal.left_over():
                journal.hold()
            self._stamp = stamp
            self._contents = Contents(self._path, self._kind, self.name, journal, self._reader())
        return self._contents

    def _reader(self) -> Reader | None:
        dump, owner = self._dump, self._default_user
        return (lambda path: vendor_dumps.rows(dump, path, owner)) if dump else None

    def _to_write(self, verb: str) -> Contents:
        if self._journal is None:
            raise UsageError(f"the file was opened for reading and cannot be {verb}", where=self.name)
        if not self._journal.held:
            self._journal.hold()
            self._examine("w")
        held = self._held()
        try:
            held.refuse_rejects()
        except UsageError:
            if self._journal.empty:
                self._journal.remove()
            raise
        return held


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
        raise UsageError(
            f"{cursor!r} is no cursor of a file", hint="a cursor is the id of the last fact read"
        ) from None


def line_of(fact: Fact) -> bytes | str:
    """The fact as JSON, or why it cannot be JSON without a change."""
    if fact.embedding is not None and not all(map(math.isfinite, fact.embedding.vector)):
        return "the embedding holds a number that is not finite, which JSON cannot"
    try:
        line = encode(fact)
    except (ValueError, RecursionError) as error:
        return f"the fact cannot be written as JSON: {error}"
    return line if len(line) < LONGEST_LINE else f"the fact is longer than {LONGEST_LINE:,} bytes"
