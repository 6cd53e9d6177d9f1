"""Moving the facts: pages go from the source to the target through a bounded queue, and the ledger records them.

A user whose facts the ledger does not fully account for is read in the target before anything is sent. A kill, a lost
response or a lost ledger therefore never creates a duplicate.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

from memctl.backends.contract import Outcome
from memctl.backends.wrappers import Retrying
from memctl.core.errors import Halted, MemctlError, NotFound, Retryable
from memctl.core.fact import Fact
from memctl.migrate.job import Job, Report
from memctl.migrate.plan import Tally, retired
from memctl.migrate.removal import Removed, Remover
from memctl.migrate.reported import Reported
from memctl.migrate.source import Reader
from memctl.migrate.target import Target, batches
from memctl.migrate.verified import Verified
from memctl.migrate.verify import Verification, Verifier
from memctl.runtime.rejects import Rejects
from memctl.runtime.retry import Announce, Halt, Pace, Retry
from memctl.runtime.spool import FactSpool
from memctl.store.duckdb.ledger import Ledger
from memctl.store.ledger_records import Counts, Entry, Marked, Planned, RunState, Settled, Standing, acknowledged
from memctl.store.model import SUPPRESSED

SMALLEST_CHUNK = 500
"""Facts per transaction of the ledger; smaller batches share one."""
FLUSH_SECONDS = 1.0
Progress = Callable[[int, int | None, str], None]
"""Called with the facts done, the total if the source reports it, and the current step."""


def migrate(
    job: Job, ledger: Ledger, halt: Halt, *, progress: Progress | None = None, announce: Announce | None = None
) -> Report:
    """Run a job. A second call with the same job resumes where the first one ended, whatever the reason.

    Raises NotFound, and records no run, for a user that the source does not have; Retryable if a backend failed too
    often in succession; and its own error if it cannot continue. The ledger has everything acknowledged until then.
    """
    plan = job.plan
    route = ledger.route(plan.source_identity, plan.target_identity, plan.mode)
    run = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    with ledger.alone(route):
        ledger.start_run(run, route, job.command)
        flow = _Flow(job, ledger, halt, run, route, progress, announce)
        try:
            report = flow.go()
        except BaseException as error:
            if isinstance(error, NotFound) and not flow.counts.read:
                ledger.drop_run(run)
                raise
            state: RunState = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            failure = str(error) or type(error).__name__
            ledger.end(run, state, flow.counts, rejects_file=flow.rejects.written, error=failure)
            if isinstance(error, MemctlError) and (error.hint is None or isinstance(error, Retryable)):
                error.hint = f"to resume: {job.command}"
            raise
        finally:
            flow.close()
        problems = "; ".join(report.problems) or None
        ledger.end(run, report.state, report.counts, rejects_file=report.rejects_file, error=problems)
        flow.reported.remember()
        return report


class _Flow:
    """One run, from the first page to the verification."""

    def __init__(
        self,
        job: Job,
        ledger: Ledger,
        halt: Halt,
        run: str,
        route: int,
        progress: Progress | None,
        announce: Announce | None,
    ) -> None:
        self.job = job
        self.ledger = ledger
        self.halt = halt
        self.run = run
        self.route = route
        self.selection = job.plan.selection
        retry = Retry(halt, attempts=job.attempts, announce=announce)
        self.source = Retrying(job.source, retry, Pace(job.source_rate, halt))
        self.reader = Reader(self.source, self.selection, forgotten=job.forgotten)
        pace = Pace(job.rate, halt)
        self.target = Target([Retrying(target, retry, pace) for target in job.targets])
        self.undoable = self.target.start_run(run, job.name)
        self.tally = Tally(job.plan, self.target.capabilities)
        self.rejects = Rejects(job.rejects or ledger.path.with_name(f"rejects-{run}.jsonl"), run=run)
        self.counts = Counts()
        self.left_out = 0
        self.unreadable = 0
        self.acknowledged: Counter[str] = Counter()
        remember = job.name in ("migrate", "sync")
        self.remover = (
            Remover(job.removal, self.reader, self.target, ledger, halt, route=route, run=run) if job.removal else None
        )
        self.revision = self.source.revision()
        self.reported = Reported(ledger, route, self.rejects, self.counts, remember=remember)
        self.standings: dict[str, Standing] = {}
        self.there: set[str] = set()
        self.surveyed: set[str] = set()
        self.touched: set[str] = set()
        self.refused: set[UUID] = set()
        self.written: list[str] = []
        self._spool = FactSpool()
        self._lock = threading.Lock()
        self._progress = progress
        self._total: int | None = None

    def close(self) -> None:
        """Release the temporary files."""
        self.reader.close()
        self._spool.close()

    def go(self) -> Report:
        preserving = self.job.plan.mode == "preserve"
        self.standings = self.ledger.standings(self.route)
        with suppress(Halted):
            users = self.reader.users()
            self.job.prepare()
            # Without the name: a rejects file that named them would store it again.
            for _ in self.reader.refused:
                self._reject(self.job.plan.source_identity, SUPPRESSED)
            self._total = self.reader.total(users)
            if preserving:
                self.there = self.target.owners({self.selection.owner(user) for user in users})
            self._move(users)
            if self.halt.reason is None and (self.counts.written or self.counts.updated):
                self.target.finish(self.written)
            self._unreadable()
        plan = self.tally.finish(
            self.reader, source_rate=self.job.source_rate, rate=self.job.rate, batch_size=self.job.batch_size
        )
        if self.job.digest and self.halt.reason is None and plan.digest != self.job.digest:
            self.reader.problems.append("the source changed while the plan was being applied")
        only_there = {}
        if preserving and self.halt.reason is None and not self.reader.problems and not self.reader.limited:
            only_there = self._only_there()
        removed = None
        if self.remover and self.halt.reason is None and not self.reader.problems:
            removed = self._remove(self.remover, only_there)
            only_there = {} if removed.held_back is None else only_there
        verification = None
        if self.job.verify and preserving and self.halt.reason is None:
            verification = self._verify()
        return Report(
            run=self.run,
            plan=plan,
            counts=self.counts,
            losses=plan.losses(),
            left_out={retired(plan): self.left_out} if self.left_out else {},
            reasons=dict(self.rejects.reasons),
            rejects_file=self.rejects.written,
            problems=self.reader.problems,
            only_in_target=only_there,
            verification=verification,
            halted=self.halt.reason,
            limited=self.reader.limited,
            undoable=self.undoable and bool(self.counts.written or self.counts.updated or (removed and removed.number)),
            removed=removed,
        )

    def _move(self, users: Sequence[str]) -> None:
        """Pass chunks of facts to one thread per writer of the target; reading waits while all are busy."""
        under_way: set[Future[None]] = set()
        with ThreadPoolExecutor(self.target.writers, thread_name_prefix="memctl-writer") as pool:
            try:
                with suppress(Halted):
                    for chunk in self._chunks(users):
                        while len(under_way) >= self.target.writers:
                            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                            _finish(done)
                        under_way.add(pool.submit(self._take, chunk))
                        if self.halt.reason is not None:
                            break
                _finish(under_way)
            except BaseException:
                self.halt.stop("failed")
                raise

    def _unreadable(self) -> None:
        """Reject records of the source that cannot be moved."""
        rejects = (*self.source.rejects(), *self.reader.repeated)
        self.unreadable = len(rejects)
        for reject in rejects:
            self._reject(reject.where or "", reject.message, reject.digest)

    def _reject(self, where: str, reason: str, digest: str | None = None) -> None:
        self.reported.record(where, reason, digest)
        self.counts.read += 1
        self.counts.rejected += 1

    def _chunks(self, users: Sequence[str]) -> Iterator[list[Marked]]:
        """The selected facts in chunks of one ledger transaction; a chunk may contain facts of several users."""
        size = max(self.job.batch_size, SMALLEST_CHUNK)
        waiting: list[Marked] = []
        for user in users:
            self._survey(self.selection.owner(user))
            for facts in self.reader.facts(user):
                waiting += self.tally.add(user, facts)
                while len(waiting) >= size:
                    yield waiting[:size]
                    waiting = waiting[size:]
            if self.reader.limited:
                break
        if waiting:
            yield waiting

    def _survey(self, owner: str) -> None:
        """Spool the target's facts of an owner: the ledger only knows what the target had after the last run."""
        if self.job.plan.mode != "preserve" or owner in self.surveyed:
            return
        standing, there = self.standings.get(owner, Standing()), owner in self.there
        if (there and self.remover and self.remover.backup) or self.target.must_be_read(owner, standing, there=there):
            self._say(f"reading {self.target.name}: {owner}")
            self.target.settle(())
            for facts in self.target.stream(owner):
                self._spool.put(facts)
            self.surveyed.add(owner)

    def _take(self, chunk: Sequence[Marked]) -> None:
        """Write one chunk to the target: skip what is stored, plan the rest, send it, record the outcome."""
        moved = any(fact.user_id in self.standings for fact, _, _ in chunk)
        stored = self._stored(chunk) if moved else set()
        with self._lock:
            self.acknowledged.update(chunk[place].fact.user_id for place in stored)
            self.counts.read += len(stored)
            self.counts.unchanged += len(stored)
        others = [each for place, each in enumerate(chunk) if place not in stored] if stored else chunk
        if others:
            self._take_others(
                others, self.ledger.known(self.route, [fact.id for fact, _, _ in others]) if moved else {}
            )
        self._say("")

    def _stored(self, chunk: Sequence[Marked]) -> set[int]:
        """The facts, by their places, that the target confirmed as they are and has not changed since; none of users
        whose facts in the target were read, and none that a run that deletes may have to remove."""
        places = [
            place
            for place in self.ledger.confirmed(self.route, chunk)
            if (fact := chunk[place].fact).user_id not in self.surveyed
            and not (self.remover and self.tally.leaves_out(fact))
        ]
        return self.target.unchanged(chunk, places)

    def _take_others(self, chunk: Sequence[Marked], known: Mapping[UUID, Entry]) -> None:
        """`_take` facts of which the ledger, which knows these, does not tell that the target has them as they are."""
        looked = [fact.id for fact, _, _ in chunk if fact.user_id in self.surveyed]
        held = self._spool.get(looked) if looked else {}
        items = [(fact, mark, known.get(fact.id)) for fact, _, mark in chunk]
        items = [item for item in items if not self.tally.leaves_out(item[0]) or self._follows(item, held)]
        planned: list[Planned] = []
        send: list[Planned] = []
        newer = 0
        for item in items:
            fact = item[0]
            surveyed = fact.user_id in self.surveyed
            if surveyed and self.target.holds(fact, held.get(fact.id)):
                if not acknowledged(item):
                    planned.append(item)
            elif surveyed and self.target.newer(fact, held.get(fact.id)):
                newer += 1
            else:
                send.append(item)
        with self._lock:
            self.acknowledged.update(item[0].user_id for item in items if item[2] and item[2].acknowledged)
            self.left_out += len(chunk) - len(items)
            self.counts.read += len(items)
            self.counts.newer += newer
            self.counts.unchanged += len(items) - len(send) - newer
        if planned:
            keys = self.ledger.plan(self.route, self.run, planned)
            names = [self.target.name_of(held[fact.id]) for fact, _, _ in planned]
            self.ledger.settle(
                self.run,
                [Settled(key=key, state="written", target_id=name) for key, name in zip(keys, names, strict=True)],
            )
            self.touched.update(fact.user_id for fact, _, _ in planned)
        if send:
            if self.remover:
                self.remover.keep(held[fact.id] for fact, _, _ in send if fact.id in held)
            self._deliver(send)

    def _follows(self, item: Planned, held: Mapping[UUID, Fact]) -> bool:
        """Whether a fact that no longer holds is updated in the target, because that has it; a run that deletes removes
        it instead."""
        there = self._is_there(item, held)
        if self.remover is None or not there:
            return there
        with self._lock:
            self.remover.retire(item[0])
        return False

    def _is_there(self, item: Planned, held: Mapping[UUID, Fact]) -> bool:
        """Whether the target has the fact, in whatever state."""
        fact, _, entry = item
        if fact.user_id in self.surveyed:
            return fact.id in held
        return entry is not None and entry.acknowledged

    def _deliver(self, items: Sequence[Planned]) -> None:
        """Send facts in batches. Facts not sent before the run has to end stay planned, without the attempt."""
        keys = dict(zip([fact.id for fact, _, _ in items], self.ledger.plan(self.route, self.run, items), strict=True))
        settled: list[Settled] = []
        flushed = time.monotonic()
        unsent = set(keys)
        try:
            for batch in batches([fact for fact, _, _ in items], self.job.plan.mode, self.job.batch_size):
                if self.halt.reason is not None:
                    return
                unsent.difference_update(fact.id for fact in batch)
                outcomes = self.target.write(batch, rederive=self.job.plan.mode == "rederive")
                settled += self._settled(batch, outcomes, keys)
                if time.monotonic() - flushed >= FLUSH_SECONDS:
                    self.ledger.settle(self.run, settled)
                    settled, flushed = [], time.monotonic()
        except Halted:
            return
        finally:
            self.ledger.settle(self.run, settled)
            self.ledger.release([keys[id_] for id_ in unsent])

    def _settled(self, batch: Sequence[Fact], outcomes: Sequence[Outcome], keys: dict[UUID, int]) -> Iterator[Settled]:
        for fact, outcome in zip(batch, outcomes, strict=True):
            with self._lock:
                setattr(self.counts, outcome.state, getattr(self.counts, outcome.state) + 1)
                self.touched.add(fact.user_id)
                if outcome.target_id and self.target.capabilities.asynchronous:
                    self.written.append(outcome.target_id)
                if outcome.state == "rejected":
                    self.refused.add(fact.id)
            if outcome.state == "rejected":
                reason = outcome.reason or "no reason given"
                self.reported.fact(fact, reason)
                yield Settled(key=keys[fact.id], state="rejected", error=reason)
            else:
                self.reported.accepted(fact)
                yield Settled(key=keys[fact.id], state="written", target_id=outcome.target_id)

    def _only_there(self) -> dict[str, list[UUID]]:
        """The facts by owner that earlier runs wrote and the source no longer has; empty after a partial reading."""
        selection = self.selection
        if not selection.whole or selection.kinds or (selection.users and selection.user_map):
            return {}
        chosen = {selection.owner(user) for user in selection.users} or self.standings.keys()
        extra = {}
        for owner in sorted(chosen - {selection.owner(user) for user in self.reader.refused}):
            standing = self.standings.get(owner, Standing())
            # What was removed may be there again, after an undo or a restore.
            again = self.remover is not None and standing.removed > 0 and not self.target.metered
            if self.acknowledged[owner] < standing.held or again:
                gone = self.reader.unread(self.ledger.acknowledged(self.route, owner, removed=again))
                there = self._spool.get(gone) if owner in self.surveyed else self.target.present(owner, gone)
                if ids := [id_ for id_ in gone if id_ in there]:
                    extra[owner] = ids
        return extra

    def _remove(self, remover: Remover, gone: dict[str, list[UUID]]) -> Removed:
        """Delete what the source no longer has."""
        held = sum(standing.held for standing in self.standings.values())
        removed = remover.carry_out(gone, held=held, unreadable=self.unreadable)
        self.touched.update(removed.deleted, removed.retired)
        return removed

    def _verify(self) -> Verification | None:
        """Compare everything acknowledged but not yet verified, and record what matches as verified."""
        owners = self.touched | {owner for owner, standing in self.standings.items() if standing.unverified}
        if not owners:
            return None
        self.target.settle(self.written)
        verified = Verified(self.ledger, self.route)
        unchanged = self.revision is not None and self.revision == self.source.revision()
        verifier = Verifier(
            self.source,
            self.target,
            self.selection,
            one_way=True,
            skip=self.refused,
            leaves_out=self.tally.leaves_out,
            on_row=verified.row,
            digests=self.tally.exact() if unchanged else {},
            on_same=verified.owner,
            progress=lambda done, total: self._progress and self._progress(done, total, "verifying"),
            halt=self.halt,
        )
        try:
            return verifier.run(owners)
        except Halted:
            return None
        finally:
            verified.record()

    def _say(self, doing: str) -> None:
        if self._progress:
            self._progress(self.counts.read + self.left_out, self._total, doing)


def _finish(chunks: Iterable[Future[None]]) -> None:
    """Wait for chunks, and raise the error of one that failed. One that was halted has recorded what it sent."""
    for future in chunks:
        with suppress(Halted):
            future.result()
