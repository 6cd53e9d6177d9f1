"""`memctl ingest`: scan the paths, read what is new, extract facts, and commit them to the store batch by batch.

Files are parsed, facts extracted and vectors made while the store is closed; it is opened once per batch. What cannot
be read becomes a reject with its reason, and the other files are still ingested.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import TYPE_CHECKING

import msgspec

from memctl.core.errors import BadTranscript, MemctlError, UsageError
from memctl.embed.spec import EmbedderSpec
from memctl.extract.patterns.compiled_patterns import remembered_at_first, remove_unfinished
from memctl.ingest.commit import commit
from memctl.ingest.identity import Recogniser, Shown
from memctl.ingest.refusals import IN_PART, RETRIED, Refusals
from memctl.ingest.result import Report
from memctl.ingest.scan import Options, Reader
from memctl.ingest.session_extraction import Digest, Work, digest_all
from memctl.ingest.sources import documents_of
from memctl.ingest.withdrawal import FileEnd
from memctl.ingest.workers import Done, Task, Workers, address_for, connected
from memctl.store.base import Store
from memctl.store.model import PackedIds, new_run
from memctl.transcripts.files.discovery import Document

if TYPE_CHECKING:
    from memctl.ingest.llm_options import ModelOptions
    from memctl.ingest.llm_requests import Asker
else:
    Asker = ModelOptions = object

BATCH_TURNS = 4000
CHUNK_TURNS = 400
MODEL_CHUNK_TURNS = 800
"""Turns a model is asked about at a time: some twenty questions for as many threads. What it is shown of known facts is
that of before, so this is no matter of speed alone and no option."""
PARALLEL_BYTES = 4_000_000
"""Below this much to read, starting processes costs more than they bring."""


Progress = Callable[[int, int, str], None]
"""Called with bytes done, bytes in all, and the file in hand."""


def ingest(
    paths: Sequence[str],
    store: Store,
    spec: EmbedderSpec,
    options: Options,
    progress: Progress | None = None,
    announce: Callable[[str, float], None] | None = None,
    tell: Callable[[Report], object] = lambda _: None,
) -> Report:
    """Store the transcripts under `paths`. Files that have not changed are skipped. After an interrupt (Ctrl-C), what
    was read is kept, and the next run continues there.

    Raises NotFound for a path that does not exist. Faults inside the paths are in `Report.rejects`, unless an earlier
    run reported the same. `tell` receives the report before its rejects are recorded as reported. With a model, raises
    AuthError, Retryable or Fatal if the model cannot be used any more; its answers are kept. `Report.model.stopped` is
    set if the cost limit was reached. `announce` is called while waiting for a server, with the seconds left.
    """
    remove_unfinished()
    report = Report(extractor=options.recipe.extracts)
    refusals = Refusals(store, report, again=options.again)
    documents = list(documents_of(paths, report, refusals, options.exclude))
    total = sum(document.size for document in documents)
    done = 0
    with working(
        store,
        spec,
        options,
        report,
        size=total,
        refusals=refusals,
        announce=announce,
        tick=lambda line: progress and progress(done, total, line),
    ) as run:
        for document in documents:
            if progress:
                progress(done, total, document.uri)
            run.take(document)
            done += document.size
    if progress:
        progress(total, total, "")
    tell(report)
    refusals.remember()
    return report


@contextmanager
def working(
    store: Store,
    spec: EmbedderSpec,
    options: Options,
    report: Report,
    *,
    size: int = 0,
    refusals: Refusals | None = None,
    announce: Callable[[str, float], None] | None = None,
    tick: Callable[[str], object] = lambda _: None,
) -> Iterator[Run]:
    """A Run; at the end of the block all its work is in the store. After an interrupt, or if the model cannot be used
    any more, the work done so far is.

    `size` is the number of bytes of the transcripts, from which the number of processes follows; `tick` receives the
    cost of the model so far.
    """
    with ExitStack() as stack:
        if options.model and not options.model.plan:
            stack.enter_context(store.llm_lock())
        run = Run(store, spec, options, report, refusals or Refusals(store, report))
        if options.recipe.by_model:
            run.asker = _open_asker(options, store, announce, tick)
            report.model = run.asker.use
        if options.workers is not None and not run.asker:
            run.pool = stack.enter_context(connected(options.workers, jobs=options.jobs))
            run.task = msgspec.structs.replace(run.task, address=address_for(store.address, options.workers))
            stack.callback(run.cancel)
        elif options.jobs > 1 and size > PARALLEL_BYTES and not run.asker:
            processes = ProcessPoolExecutor(
                options.jobs, mp_context=get_context("spawn"), initializer=_leave_interrupts_to_the_parent
            )
            run.pool = Workers(processes, slots=options.jobs)
            stack.callback(processes.shutdown, cancel_futures=True)
        try:
            yield run
            run.finish()
        except KeyboardInterrupt:
            run.commit()
            raise
        except _NoMoreAnswers as end:
            run.commit()
            if end.error is not None:
                raise end.error from None
        if run.asker:
            run.asker.source.finish()
        run.refusals.settle()


def _open_asker(
    options: Options,
    store: Store,
    announce: Callable[[str, float], None] | None,
    show: Callable[[str], object],
) -> Asker:
    from memctl.ingest.llm_options import open_asker

    if options.model is None:
        raise UsageError("no model is configured", hint="give --model NAME, or set MEMCTL_LLM_MODEL")
    return open_asker(options.model, store, announce=announce, tick=lambda use: show(use.line))


class _NoMoreAnswers(Exception):
    """The model cannot or must not be used any more; `error` is the reason, None if a limit was reached."""

    def __init__(self, error: MemctlError | None) -> None:
        super().__init__()
        self.error = error


class Run:
    """One ingest: sessions are grouped into chunks, chunks are digested (here or in other processes), digests are
    grouped into batches.

    `line` keeps digests and ends of files in the order in which they were read, so that a file is recorded as read in
    the same transaction as its last session.
    """

    def __init__(self, store: Store, spec: EmbedderSpec, options: Options, report: Report, refusals: Refusals) -> None:
        self.store = store
        self.spec = spec
        self.options = options
        self.report = report
        self.refusals = refusals
        self.pool: Workers | None = None
        self.asker: Asker | None = None
        self.chunk: list[Work] = []
        self.arrivals: list[Work] = []
        self.shown: dict[str, list[Shown]] = {}
        self.ends: list[FileEnd] = []
        self.line: deque[Future[Done] | FileEnd] = deque()
        self.batch = Digest()
        self.read: list[FileEnd] = []
        self.dispatched = self.digested = self.away = 0
        self.seen: dict[str, PackedIds] = {}
        self.broken: set[str] = set()
        self.open: set[str] = set()
        self.reader = Reader(store, options, report, refusals)
        self.recogniser = Recogniser(store, options.recipe)
        self.id = new_run()
        self.task = Task(
            recipe=options.recipe,
            spec=spec,
            lock_timeout=store.lock_timeout,
            run=self.id,
            user=options.attribution.user,
            now=datetime.now(UTC),
        )

    def cancel(self) -> None:
        """Cancel the chunks that no worker has begun."""
        for piece in self.line:
            if isinstance(piece, Future):
                piece.cancel()

    def take(self, document: Document) -> None:
        """Read a document, unless it was read before and has not changed."""
        if (found := self.reader.new(document)) is None:
            return
        file, known = found
        before = self.reader.before(known)
        # Cached answers of a model cost nothing, so a file it could not finish is started again.
        redigest = known is not None and (
            known.recipe != file.recipe or (self.asker is not None and not known.complete)
        )
        sessions = turns = 0
        complete = True
        if before:
            self.shown[file.uri] = []
        for item in self.reader.sessions(document, file.format):
            if isinstance(item, BadTranscript):
                self.refusals.add(file.uri, item)
                complete = False
                continue
            session, owners, forgotten = item
            if forgotten:
                # The file is read again when the user is admitted again.
                self.refusals.widen(file.uri, RETRIED)
                complete = False
                if not owners:
                    continue
            self.refusals.widen(file.uri, IN_PART)
            sessions += 1
            turns += len(session.turns)
            if not owners:
                skipped = session.notes | ({"turn that answers nobody": len(session.turns)} if session.turns else {})
                for reason, count in skipped.items():
                    self.report.skip(reason, count)
            # A model is not asked again about turns that another file shows: they are paid for, or about to be.
            recipe = None if self.asker else file.recipe
            self.arrivals += [
                Work(owned=mine, uri=file.uri, before=before, redigest=redigest, recipe=recipe) for mine in owners
            ]
            self._dispatch_if(MODEL_CHUNK_TURNS if self.asker else CHUNK_TURNS)
        self._recognise()
        if sessions or known:
            entry = msgspec.structs.replace(file, sessions=sessions, turns=turns, complete=complete)
            same_bytes = known is not None and known.sha256 == file.sha256
            shown = self.shown.pop(file.uri, [])
            self.ends.append(FileEnd(entry=entry, same_bytes=same_bytes, before=before, shown=shown))
        self._dispatch_if(MODEL_CHUNK_TURNS if self.asker else CHUNK_TURNS if self.pool else 0)

    def add(self, works: Iterable[Work]) -> None:
        """Add sessions that come from no file, without those of forgotten users."""
        self.arrivals += [work for work in works if self.reader.admitted([work.owned])]
        self._dispatch_if(MODEL_CHUNK_TURNS if self.asker else CHUNK_TURNS)

    def _dispatch_if(self, turns: int) -> None:
        """Dispatch the collected sessions if they have at least this number of turns."""
        if sum(len(work.owned.session.turns) for work in (*self.chunk, *self.arrivals)) >= turns:
            self._dispatch()
            self._drain(limit=2 * self.pool.slots if self.pool else 0)

    def _recognise(self) -> None:
        """Find the turns of the collected sessions that are in the store, so that only new ones are digested."""
        arrivals, self.arrivals = self.arrivals, []
        if arrivals:
            self.chunk += self.recogniser.recognise(arrivals, self.dispatched + 1, self.shown)

    def _dispatch(self) -> None:
        """Digest the collected sessions, here or in another process; the ends of their files follow them."""
        self._recognise()
        chunk, self.chunk = self.chunk, []
        if chunk:
            self.dispatched += 1
            future: Future[Done]
            if self.pool:
                if self.task.address and self.dispatched == 1 and not self.store.exists():
                    with self.store.writing() as tx:
                        tx.use_embedder(self.spec)
                future = self.pool.submit(chunk, msgspec.structs.replace(self.task, run=self.id))
            else:
                future = Future()
                future.set_result(Done(digest=self._digest(chunk)))
            self.line.append(future)
        self.line += self.ends
        self.ends = []
        if self.asker:
            # Answers are paid for, so their facts are committed at once.
            self._drain(limit=0)
            self.commit()
            if self.asker.source.over:
                raise _NoMoreAnswers(self.asker.source.error)

    def _digest(self, chunk: list[Work]) -> Digest:
        if self.asker is None:
            with remembered_at_first():
                return digest_all(chunk, self.options.recipe, self.spec)
        from memctl.ingest.llm_extraction import digest_chunk

        return digest_chunk(chunk, self.options.recipe, self.spec, self.store, self.asker)

    def _drain(self, limit: int) -> None:
        """Add finished work to the batch until at most `limit` chunks are in progress; commit full batches."""
        chunks = sum(not isinstance(piece, FileEnd) for piece in self.line)
        while self.line and (chunks > limit or isinstance(self.line[0], FileEnd)):
            piece = self.line.popleft()
            if isinstance(piece, FileEnd):
                if piece.entry.uri in self.open:
                    # Not recorded, the file is read again; the answers are cached by then.
                    self.seen.pop(piece.entry.uri, None)
                    continue
                self.read.append(self._ended(piece))
            else:
                chunks -= 1
                done = self.pool.result(piece) if self.pool else piece.result()
                digest = done.digest
                self.digested += 1
                if done.report:
                    self.report.join(done.report)
                    self.id = done.run or self.id
                    self.away += done.report.turns
                for uri, reason in digest.broken:
                    self.broken.add(uri)
                    self.refusals.add(uri, BadTranscript(reason, where=uri))
                    self.refusals.widen(uri, RETRIED)
                self.open |= digest.open
                for uri, episodes in digest.seen.items():
                    self.seen.setdefault(uri, PackedIds()).extend(episodes)
                self.batch.join(digest)
            if max(len(self.batch.episodes), self.away) >= BATCH_TURNS:
                self.commit()

    def _ended(self, file: FileEnd) -> FileEnd:
        """Record the end of a file. If it could not be read completely, it may still contain what it contained
        before."""
        seen = self.seen.pop(file.entry.uri, PackedIds())
        if file.entry.complete and file.entry.uri not in self.broken:
            return msgspec.structs.replace(file, seen=seen)
        seen.extend(file.before.difference(seen))
        return FileEnd(entry=msgspec.structs.replace(file.entry, complete=False), seen=seen)

    def finish(self) -> None:
        """Wait for all work in progress and store it."""
        self._dispatch()
        self._drain(limit=0)
        while self.line:
            self._drain(limit=len(self.line) - 1)
        self.commit()

    def commit(self) -> None:
        """Commit the current batch in one transaction."""
        batch, self.batch = self.batch, Digest()
        read, self.read = self.read, []
        self.away = 0
        self.report.count(batch)
        if batch.episodes or batch.claims or read:
            # A file that was read before may have had turns of anyone.
            users = None if batch.redigest or any(file.before for file in read) else batch.users
            with self.store.changing("ingest", self.options.attribution.user, self.id, users=users) as tx:
                committed = commit(tx, batch, self.spec, read, self.task.now)
            self.report.took(committed)
            self.id, self.report.run = tx.run_id, tx.run or self.report.run
        self.recogniser.committed(self.digested)
        self.reader.committed()


def _leave_interrupts_to_the_parent() -> None:
    """Ignore Ctrl-C, which reaches every process of the terminal: the parent handles it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
