"""The operations behind `memctl migrate`, `import`, `verify` and `export`, for the command line and for programs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec

from memctl.backends import registry
from memctl.backends.files import EXTENSIONS
from memctl.backends.wrappers import Retrying
from memctl.core.errors import Halted, NotFound, UsageError
from memctl.migrate import run
from memctl.migrate.endpoints import Ends, Options, local_store, make_plan, opened
from memctl.migrate.export import Exported, format_named, write_file
from memctl.migrate.job import Job, Report
from memctl.migrate.plan import Mode, Plan, save
from memctl.migrate.selection import Selection
from memctl.migrate.target import Target
from memctl.migrate.verify import OnRow, Verification, Verifier
from memctl.runtime import settings
from memctl.runtime.progress import SILENT, Monitor, Progress
from memctl.runtime.rejects import Rejects
from memctl.runtime.retry import Halt, Retry
from memctl.store.duckdb.ledger import Ledger
from memctl.store.ledger_records import Counts


class MigrateJob(msgspec.Struct, frozen=True, kw_only=True):
    """A migration. `source` and `target` are names of backends or files of facts.

    `options` are those of the backends, by backend name, and take precedence over the settings. `plan` is one to apply
    exactly: the migration fails if the source has changed since. `rate` is in calls of the target per second,
    `max_duration` in seconds; None leaves a limit to the backend. `ledger` and `rejects` are paths, by default in the
    data folder. `name` is what the run is listed as where it can be undone, `command` what to run to resume.
    """

    source: str
    target: str
    selection: Selection = Selection()
    mode: Mode = "preserve"
    options: Options = {}
    plan: Plan | None = None
    plan_out: str | None = None
    dry_run: bool = False
    fail_on_loss: bool = False
    verify: bool = True
    rate: float | None = None
    workers: int = 1
    batch_size: int | None = None
    max_duration: float | None = None
    attempts: int = 8
    rejects: Path | None = None
    ledger: Path | None = None
    name: str = "migrate"
    command: str = "call memctl.migrate again with the same job"


class VerifyJob(msgspec.Struct, frozen=True, kw_only=True):
    """A comparison of two backends; `one_way` ignores records that exist only in the target."""

    source: str
    target: str
    selection: Selection = Selection()
    options: Options = {}
    one_way: bool = False


class ExportJob(msgspec.Struct, frozen=True, kw_only=True):
    """Facts to write to `file`: x.jsonl, x.parquet or x.csv; `-` is standard output. `format` is an interchange format
    instead, such as "okf". `rejects` is the file for records that cannot be read or stored, by default rejects.jsonl in
    the working folder."""

    file: str
    source: str = "local"
    selection: Selection = Selection()
    options: Options = {}
    rejects: Path | None = None
    format: str | None = None


def open_ledger(path: Path | None = None) -> Ledger:
    """The ledger in `path`, by default in the data folder."""
    return Ledger(path or settings.data_folder() / "ledger.duckdb", settings.load().lock_timeout)


def migrate(job: MigrateJob, monitor: Monitor = SILENT) -> Report:
    """Move the selected facts, and verify them. The same job again resumes, and writes nothing once all is moved.

    Raises Refused if the plan does not permit it, Retryable if a backend failed too often in succession, and the
    backend's error if it cannot continue; the ledger keeps what was acknowledged until then.
    """
    halt = Halt(job.max_duration)
    if job.rejects:
        Rejects(job.rejects).require()
    with (
        open_ledger(job.ledger) as ledger,
        opened(job.source, job.target, options=job.options, workers=job.workers, warn=monitor.warn) as ends,
        monitor.interruptible(halt),
    ):
        work = _work(job, ends)
        if job.plan or job.dry_run or job.plan_out or job.fail_on_loss:
            try:
                plan = _planned(job, work, halt, monitor)
            except Halted:
                return _unwritten(work.plan, halt)
            if job.dry_run:
                return _unwritten(plan, halt)
        monitor.begin(
            ends.source_identity,
            ends.target_identity,
            [*ends.source.remarks(), *ends.targets[0].remarks()],
        )
        with monitor.step("moving") as (progress, announce):
            return run.migrate(work, ledger, halt, progress=progress, announce=announce)


def _work(job: MigrateJob, ends: Ends) -> Job:
    return ends.job(
        ends.plan(job.selection, job.mode),
        command=job.command,
        batch_size=job.batch_size,
        rate=job.rate,
        attempts=job.attempts,
        verify=job.verify,
        digest=job.plan.digest if job.plan else None,
        name=job.name,
        rejects=job.rejects,
        forgotten=local_store(job.options).suppressed,
    )


def _planned(job: MigrateJob, work: Job, halt: Halt, monitor: Monitor) -> Plan:
    with monitor.step("planning") as (progress, announce):
        plan = make_plan(work, halt, announce=announce, progress=_counting(progress))
    if job.plan:
        job.plan.check_unchanged(plan)
    if job.plan_out:
        save(plan, job.plan_out)
    if job.fail_on_loss:
        plan.refuse_loss()
    return plan


def _unwritten(plan: Plan, halt: Halt) -> Report:
    """The report of a migration that ended with its plan."""
    rejected = sum(plan.rejects.values())
    return Report(
        run=None,
        plan=plan,
        counts=Counts(read=plan.facts + rejected, rejected=rejected),
        losses=plan.losses(),
        left_out=plan.left_out,
        reasons=plan.rejects,
        rejects_file=None,
        problems=[],
        only_in_target={},
        verification=None,
        halted=halt.reason,
        limited=False,
        undoable=False,
    )


def verify(job: VerifyJob, monitor: Monitor = SILENT, *, on_row: OnRow | None = None) -> Verification:
    """Compare two backends record by record; `on_row` receives every record, equal ones included.

    Raises Halted if it was interrupted.
    """
    if registry.is_file(job.target) and not Path(job.target).expanduser().exists():
        raise NotFound("no such file", where=job.target)
    halt = Halt()
    with (
        opened(job.source, job.target, options=job.options, warn=monitor.warn) as ends,
        monitor.interruptible(halt),
        monitor.step("comparing") as (progress, announce),
    ):
        retry = Retry(halt, announce=announce)
        return Verifier(
            Retrying(ends.source, retry),
            Target([Retrying(target, retry) for target in ends.targets]),
            job.selection,
            one_way=job.one_way,
            on_row=on_row,
            progress=_counting(progress),
            halt=halt,
        ).run()


def export(job: ExportJob, monitor: Monitor = SILENT) -> Exported:
    """Write the selected facts to a file, which is replaced only once it is complete.

    Raises Incomplete if the source returned fewer facts than it counts, Halted if it was interrupted.
    """
    form = format_named(job.format, job.file) if job.format else None
    if form is None and Path(job.file).suffix.lower() not in EXTENSIONS and not registry.is_file(job.file):
        raise UsageError(
            f"{job.file!r} is not a file of facts",
            where="-o",
            hint="use x.jsonl, x.parquet, x.csv or -; memctl migrate writes to other backends",
        )
    if job.rejects:
        Rejects(job.rejects).require()
    halt = Halt()
    with (
        closing(registry.open_backend(job.source, **job.options.get(job.source, {}))) as source,
        monitor.interruptible(halt),
        monitor.step("writing") as (progress, announce),
    ):
        retry = Retry(halt, announce=announce)
        return write_file(
            job.source,
            source,
            job.file,
            job.selection,
            retry,
            rejects=job.rejects or Path("rejects.jsonl"),
            progress=_counting(progress),
            form=form,
        )


def _counting(progress: Progress | None) -> Callable[[int, int | None], None] | None:
    return (lambda done, total: progress(done, total, "")) if progress else None
