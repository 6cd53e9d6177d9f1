"""`memctl ingest`: walk the paths, read what is new, and put it into the store batch by batch.

Files are parsed, facts extracted and vectors made while the store is closed; it is opened once a batch. What cannot
be read becomes a reject with its reason, and the files beside it still go through.
"""

from __future__ import annotations

import hashlib
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from multiprocessing import get_context
from uuid import UUID

import msgspec

from memctl.embed.spec import EmbedderSpec
from memctl.errors import BadTranscript, MemctlError, NotFound
from memctl.extract import rules
from memctl.extract.redact import redact
from memctl.ingest.commit import Read, commit
from memctl.ingest.digest import Digest, Recipe, Work, digest_all
from memctl.ingest.owner import Attribution, Owned, owned
from memctl.ingest.report import Reject, Report
from memctl.store import ledger
from memctl.store.engine import Engine
from memctl.store.forgotten import REASON, among
from memctl.transcripts.detect import detect, read
from memctl.transcripts.documents import Document, Skipped, discover
from memctl.transcripts.model import ReadOptions, Session

BATCH_TURNS = 4000
CHUNK_TURNS = 400
PARALLEL_BYTES = 4_000_000
"""Below this much to read, starting processes costs more than they bring."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for. `format` None finds each file's own; `jobs` is how many processes work at most."""

    attribution: Attribution = Attribution()
    recipe: Recipe = Recipe()
    reading: ReadOptions = ReadOptions()
    format: str | None = None
    jobs: int = 1


Progress = Callable[[int, int, str], None]
"""Called with bytes done, bytes in all, and the file in hand."""


def ingest(
    paths: Sequence[str],
    engine: Engine,
    spec: EmbedderSpec,
    options: Options,
    progress: Progress | None = None,
) -> Report:
    """Take every transcript under `paths` into the store. Files the ledger knows unchanged are passed over.

    What was read before an interrupt (Ctrl-C) is kept; the next run goes on from there. Raises NotFound for a path
    that does not exist; what is wrong inside the paths ends up in `Report.rejects`.
    """
    report = Report(extractor=options.recipe.extracts)
    documents: list[Document] = []
    for found in discover(paths):
        if isinstance(found, Document):
            documents.append(found)
        elif isinstance(found, Skipped):
            report.skipped[found.reason] = report.skipped.get(found.reason, 0) + 1
        else:
            report.rejects.append(_reject(found))
    run = _Run(engine, spec, options, report)
    total = sum(document.size for document in documents)
    with ExitStack() as stack:
        if options.jobs > 1 and total > PARALLEL_BYTES:
            run.pool = ProcessPoolExecutor(
                options.jobs, mp_context=get_context("spawn"), initializer=_leave_interrupts_to_the_parent
            )
            stack.callback(run.pool.shutdown, cancel_futures=True)
        done = 0
        try:
            for document in documents:
                if progress:
                    progress(done, total, document.uri)
                run.take(document)
                done += document.size
            run.finish()
        except KeyboardInterrupt:
            run.commit()
            raise
        if progress:
            progress(total, total, "")
    return report


class _Run:
    """One ingest: sessions gather into chunks, chunks are digested (here or in the pool), digests into batches.

    `line` keeps digests and ends of files in the order they were read, so that a file enters the ledger in the very
    transaction that brings its last session.
    """

    def __init__(self, engine: Engine, spec: EmbedderSpec, options: Options, report: Report) -> None:
        self.engine = engine
        self.spec = spec
        self.options = options
        self.report = report
        self.pool: Executor | None = None
        self.chunk: list[Work] = []
        self.line: deque[Future[Digest] | Read] = deque()
        self.batch = Digest()
        self.read: list[Read] = []
        self.seen: dict[str, ledger.PackedIds] = {}
        self.broken: set[str] = set()
        self.asked: set[str] = set()
        self.gone: set[str] = set()
        self.ledger: dict[tuple[str, str], ledger.FileEntry] = {}
        with suppress(NotFound), engine.reading() as connection:
            self.ledger = ledger.entries(connection)

    def take(self, document: Document) -> None:
        """Read one document, unless the ledger says it is the same as before."""
        self.report.files += 1
        uri = os.path.abspath(document.uri) if document.uri != "-" else "-"  # noqa: PTH100 - resolve() follows links
        attribution = self.options.attribution.label
        recipe, since = self._recipe(document), self.options.recipe.since
        known = self.ledger.get((uri, attribution))
        if known and known.covers(recipe, since) and (known.size, known.mtime_ns) == (document.size, document.mtime_ns):
            self.report.unchanged += 1
            return
        try:
            sha256 = _sha256(document)
            if uri == "-":
                uri = f"-#{sha256[:16]}"
                known = self.ledger.get((uri, attribution))
            if known and known.covers(recipe, since) and known.sha256 == sha256:
                self.report.unchanged += 1
                return
            format_ = self.options.format or detect(document)
        except (BadTranscript, OSError) as error:
            self.report.rejects.append(_reject(_unreadable(error, document)))
            return
        file = ledger.FileEntry(
            uri=uri,
            attribution=attribution,
            recipe=recipe,
            format=format_,
            size=document.size,
            mtime_ns=document.mtime_ns,
            sha256=sha256,
            sessions=0,
            turns=0,
            since=since,
        )
        self._take(document, file, known)

    def _take(self, document: Document, file: ledger.FileEntry, known: ledger.FileEntry | None) -> None:
        before = self._before(known)
        anew = known is not None and known.recipe != file.recipe
        modified = datetime.fromtimestamp(document.mtime_ns / 1e9, UTC)
        sessions = turns = 0
        complete = True
        for item in self._sessions(document, file.format):
            if isinstance(item, BadTranscript):
                self.report.rejects.append(_reject(item))
                complete = False
                continue
            session, owners = item
            sessions += 1
            turns += len(session.turns)
            self.chunk += [
                Work(owned=mine, uri=file.uri, before=before, anew=anew, modified=modified) for mine in owners
            ]
            if sum(len(work.owned.session.turns) for work in self.chunk) >= CHUNK_TURNS:
                self._dispatch()
                self._drain(limit=2 * self.options.jobs)
        self._dispatch()
        if sessions or known:
            entry = msgspec.structs.replace(file, sessions=sessions, turns=turns, complete=complete)
            self.line.append(Read(entry=entry, gone=set(before)))
        self._drain(limit=2 * self.options.jobs)

    def _sessions(self, document: Document, format_: str) -> Iterator[tuple[Session, list[Owned]] | BadTranscript]:
        """The sessions of a document with their owners, and what is wrong with it; nobody's sessions are told once."""
        told = False
        try:
            for item in read(document, self.options.reading, format_):
                if isinstance(item, BadTranscript):
                    yield item
                    continue
                try:
                    owners = list(owned(item, document, self.options.attribution))
                    self._refuse(owners, document)
                except BadTranscript as error:
                    if not told:
                        yield error
                    told = True
                    continue
                yield item, owners
        except Exception as error:
            # A reader that breaks down over one file is no reason to leave the rest of the folder unread.
            yield _unreadable(error, document)

    def _refuse(self, owners: Sequence[Owned], document: Document) -> None:
        """Raises BadTranscript when one of the owners was forgotten."""
        users = {mine.user_id for mine in owners}
        if new := users - self.asked:
            with suppress(NotFound), self.engine.reading() as connection:
                self.gone |= among(connection, new)
            self.asked |= new
        if users & self.gone:
            raise BadTranscript(REASON, where=document.uri)

    def _before(self, known: ledger.FileEntry | None) -> frozenset[UUID]:
        """The episodes a file showed when it was last read."""
        if known is None:
            return frozenset()
        with self.engine.reading() as connection:
            return frozenset(ledger.episodes_of(connection, known))

    def _dispatch(self) -> None:
        """Give the gathered sessions to the pool, or digest them here."""
        if not self.chunk:
            return
        chunk, self.chunk = self.chunk, []
        future: Future[Digest]
        if self.pool:
            future = self.pool.submit(digest_all, chunk, self.options.recipe, self.spec)
        else:
            future = Future()
            future.set_result(digest_all(chunk, self.options.recipe, self.spec))
        self.line.append(future)

    def _drain(self, limit: int) -> None:
        """Bring finished work into the batch until at most `limit` pieces are under way; commit full batches."""
        while len(self.line) > (limit if self.pool else 0):
            piece = self.line.popleft()
            if isinstance(piece, Read):
                self.read.append(self._ended(piece))
            else:
                digest = _result(piece)
                for uri, reason in digest.broken:
                    self.broken.add(uri)
                    self.report.rejects.append(_reject(BadTranscript(reason, where=uri)))
                for uri, episodes in digest.seen.items():
                    self.seen.setdefault(uri, ledger.PackedIds()).extend(episodes)
                self.batch.join(digest)
            if len(self.batch.episodes) >= BATCH_TURNS:
                self.commit()

    def _ended(self, file: Read) -> Read:
        """A file read to its end. What could not all be read may still hold what it showed before."""
        seen = self.seen.pop(file.entry.uri, ledger.PackedIds())
        gone = file.gone.difference(seen) if file.gone else set()
        if file.entry.complete and file.entry.uri not in self.broken:
            return Read(entry=file.entry, episodes=seen, gone=gone)
        seen.extend(gone)
        return Read(entry=msgspec.structs.replace(file.entry, complete=False), episodes=seen)

    def finish(self) -> None:
        """Everything still under way, into the store."""
        self._dispatch()
        self._drain(limit=0)
        while self.line:
            self._drain(limit=len(self.line) - 1)
        self.commit()

    def commit(self) -> None:
        """The batch in hand, in one transaction."""
        batch, self.batch = self.batch, Digest()
        read, self.read = self.read, []
        self.report.count(batch)
        if batch.episodes or batch.claims or read:
            with self.engine.writing() as connection:
                self.report.took(commit(connection, batch, self.spec, read))

    def _recipe(self, document: Document) -> str:
        """Everything but --since that decides what comes out of a file, as one comparable text."""
        options = self.options
        recipe = msgspec.structs.replace(options.recipe, since=None)
        folder = document.folder_user if options.attribution.by_folder else None
        return msgspec.json.encode(
            [rules.EXTRACTOR, recipe, options.format, _reading(options.reading), folder]
        ).decode()


def _reading(options: ReadOptions) -> dict[str, str]:
    return {name: str(getattr(options, name)) for name in options.__struct_fields__ if getattr(options, name)}


def _sha256(document: Document) -> str:
    digest = hashlib.sha256()
    with document.open() as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _unreadable(error: Exception, document: Document) -> BadTranscript:
    """Whatever went wrong with a document, as something that can be told."""
    if isinstance(error, BadTranscript):
        return error
    if isinstance(error, OSError):
        reason = f"cannot be read: {error.strerror or error}"
        return BadTranscript(reason, where=document.uri, hint="check the file and its permissions")
    return BadTranscript(
        f"its reader broke down: {type(error).__name__}: {error}",
        where=document.uri,
        hint="this is a fault of memctl; --format names another reader",
    )


def _result(piece: Future[Digest]) -> Digest:
    try:
        return piece.result()
    except BrokenExecutor:
        raise MemctlError(
            "a worker process died, perhaps for want of memory",
            hint="run it again with --jobs 1; what was done is kept",
        ) from None


def _leave_interrupts_to_the_parent() -> None:
    """Ctrl-C reaches every process of the terminal; the parent alone answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _reject(error: MemctlError) -> Reject:
    """A reason may quote the file, and so a secret in it."""
    return Reject(where=error.where or "", reason=redact(error.message).text, hint=error.hint)
