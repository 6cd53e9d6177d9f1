"""Making a target equal to a source, once or repeatedly: a migration, and then the deletion of what the source no
longer has."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from memctl.backends import registry
from memctl.core.errors import Locked, MemctlError, Retryable, UsageError
from memctl.migrate import run, two_way
from memctl.migrate.endpoints import Ends, Options, local_store, opened
from memctl.migrate.job import Job, Report
from memctl.migrate.operations import open_ledger
from memctl.migrate.rehearsal import Change, Rehearsal
from memctl.migrate.removal import DeleteLimit, Removal
from memctl.migrate.selection import Selection
from memctl.runtime.progress import SILENT, Monitor
from memctl.runtime.rejects import Rejects
from memctl.runtime.retry import Halt, Retry
from memctl.store.duckdb.ledger import Ledger


class SyncJob(msgspec.Struct, frozen=True, kw_only=True):
    """A synchronisation. `source` and `target` are names of backends or files of facts; `options` are those of the
    backends, by backend name.

    `limit` is the largest number of facts to delete. `force` ignores it, and deletes even if the source is empty or has
    unreadable records. `backup` is a JSONL file, or a folder, for the facts that are deleted or overwritten. With
    `dry_run`, nothing is changed, and the changes are returned. The other fields are those of `MigrateJob`.
    """

    source: str
    target: str
    selection: Selection = Selection()
    options: Options = {}
    limit: DeleteLimit = DeleteLimit()
    force: bool = False
    backup: Path | None = None
    dry_run: bool = False
    verify: bool = True
    rate: float | None = None
    workers: int = 1
    max_duration: float | None = None
    attempts: int = 8
    rejects: Path | None = None
    ledger: Path | None = None
    command: str = "call memctl.sync again with the same job"


class Synced(msgspec.Struct, frozen=True, kw_only=True):
    """The report of the migration, and after a dry run the changes that were not made."""

    report: Report
    changes: list[Change] | None = None


def sync(job: SyncJob, monitor: Monitor = SILENT) -> Synced:
    """Make the selected facts of the target equal to those of the source.

    New and changed facts are written first. Then facts are deleted that an earlier run wrote, if the source no longer
    has them, or if they no longer hold and the target would show them as current. Other facts of the target stay, and
    nothing is deleted if the source was not read completely. Raises UsageError for a selection with which deleted facts
    cannot be recognised, and the errors of `migrate`.
    """
    _check(job)
    halt = Halt(job.max_duration)
    if job.rejects:
        Rejects(job.rejects).require()
    with (
        open_ledger(job.ledger) as ledger,
        opened(job.source, job.target, options=job.options, workers=job.workers, warn=monitor.warn) as ends,
        monitor.interruptible(halt),
    ):
        monitor.begin(ends.source_identity, ends.target_identity, [*ends.source.remarks(), *ends.targets[0].remarks()])
        if job.dry_run:
            return _rehearse(job, ends, ledger, halt, monitor)
        with monitor.step("syncing") as (progress, announce):
            report = run.migrate(_work(job, ends), ledger, halt, progress=progress, announce=announce)
    return Synced(report=report)


def sync_both(job: SyncJob, monitor: Monitor = SILENT) -> two_way.TwoWay:
    """Copy the changes of each backend to the other one; see `memctl.migrate.two_way`. Raises the errors of `sync`."""
    _check(job)
    halt = Halt(job.max_duration)
    with (
        open_ledger(job.ledger) as ledger,
        opened(job.source, job.target, options=job.options, warn=monitor.warn, both=True) as ends,
        monitor.interruptible(halt),
    ):
        monitor.begin(ends.source_identity, ends.target_identity, [*ends.source.remarks(), *ends.targets[0].remarks()])
        sides = (ends.source, ends.targets[0])
        for side in sides:
            side.check_writable()

        def prepare() -> None:
            for side in sides:
                registry.prepare(side, monitor.warn)

        with monitor.step("syncing") as (progress, announce):
            retry = Retry(halt, attempts=job.attempts, announce=announce)
            return two_way.run(
                two_way.Sides(*sides, (ends.source_identity, ends.target_identity), retry),
                job.selection.users,
                ledger,
                halt,
                prepare=prepare,
                removal=Removal(limit=job.limit, force=job.force, backup=job.backup),
                command=job.command,
                rejects=job.rejects,
                forgotten=local_store(job.options).suppressed,
                dry_run=job.dry_run,
                progress=progress,
            )


def watch(
    job: SyncJob, every: float, tell: Callable[[Synced | MemctlError], None], monitor: Monitor = SILENT
) -> Synced | None:
    """Synchronise every `every` seconds, until a run is interrupted, reaches its time limit, or must not delete facts.

    `tell` receives the result or the temporary failure of each run. Returns the last run; None if there was an
    interrupt between two runs.
    """
    while True:
        try:
            synced = sync(job, monitor)
        except (Retryable, Locked) as error:
            tell(error)
        else:
            tell(synced)
            if synced.report.halted or (synced.report.removed and synced.report.removed.held_back):
                return synced
        try:
            Halt().wait(every)
        except KeyboardInterrupt:
            return None


def _check(job: SyncJob) -> None:
    selection = job.selection
    if not selection.whole or selection.kinds:
        raise UsageError(
            "sync cannot copy only a part of a user's facts",
            hint="deleted facts can only be recognised among all facts of a user; use memctl migrate",
        )
    if selection.users and selection.user_map:
        raise UsageError("--user and --user-map cannot be combined here", hint="leave out --user; use --all-users")


def _work(job: SyncJob, ends: Ends) -> Job:
    return ends.job(
        ends.plan(job.selection, "preserve"),
        command=job.command,
        rate=job.rate,
        attempts=job.attempts,
        verify=job.verify and not job.dry_run,
        name="sync",
        rejects=job.rejects,
        forgotten=local_store(job.options).suppressed,
        removal=Removal(limit=job.limit, force=job.force, backup=None if job.dry_run else job.backup),
    )


def _rehearse(job: SyncJob, ends: Ends, ledger: Ledger, halt: Halt, monitor: Monitor) -> Synced:
    """The run as a rehearsal: with a copy of the ledger, and a target that only notes what it would write."""
    changes: list[Change] = []
    target = Rehearsal(ends.targets[0], changes)
    ends = msgspec.structs.replace(ends, targets=(target,))
    with tempfile.TemporaryDirectory(prefix="memctl-") as folder:
        copy = Path(folder) / "ledger.duckdb"
        ledger.copy_to(copy)
        work = msgspec.structs.replace(_work(job, ends), rejects=Path(folder) / "rejects.jsonl")
        with Ledger(copy) as rehearsed, monitor.step("comparing") as (progress, announce):
            report = run.migrate(work, rehearsed, halt, progress=progress, announce=announce)
    for owner, ids in report.removed.pending.items() if report.removed else ():
        target.delete(owner, ids)
    order = {"-": 0, "*": 1, "+": 2}
    changes.sort(key=lambda change: (change.user, order[change.symbol], change.id))
    return Synced(report=msgspec.structs.replace(report, run=None, rejects_file=None), changes=changes)


def status_line(synced: Synced) -> str:
    """One line with the time and the counts of a run, for `watch`."""
    counts = synced.report.counts
    removed = synced.report.removed
    reason = f"; nothing deleted: {removed.held_back}" if removed and removed.held_back else ""
    problems = f"; {'; '.join(synced.report.problems)}" if synced.report.problems else ""
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z  {counts.written} written, {counts.updated} updated, "
        f"{removed.number if removed else 0} deleted, {counts.unchanged} unchanged, {counts.rejected} rejected"
        f"{reason}{problems}"
    )
