"""`memctl migrate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from memctl.cli import _options, _run_log, _transfer, _typer
from memctl.cli._typer import option
from memctl.core.errors import UsageError

if TYPE_CHECKING:
    from memctl.migrate.job import Report
    from memctl.migrate.operations import MigrateJob

app = _typer.new_app()


@app.command(
    examples="""
    memctl migrate --from mem0 --to postgres --all-users --dry-run
    memctl migrate --from local --to alice.jsonl --user alice
    """
)
def command(
    *,
    source: Annotated[str | None, _options.backend("--from", "Backend to read from.")] = None,
    target: Annotated[str | None, _options.backend("--to", "Backend to write to.")] = None,
    scope: _options.MovedScope,
    table: _options.Table,
    service: _options.LettaService,
    mode: Annotated[
        Literal["preserve", "rederive"] | None,
        option(
            "--mode", "Write facts verbatim (preserve), or let the target extract them (rederive). [default: preserve]"
        ),
    ] = None,
    dry_run: _options.DryRun = False,
    plan_out: Annotated[str | None, option("--plan-out", "Also write the plan to a file.", "FILE")] = None,
    plan_file: Annotated[
        str | None, option("--plan", "Apply this plan; fails if the source has changed.", "FILE")
    ] = None,
    fail_on_loss: _options.FailOnLoss = False,
    moving: _options.Moving,
    batch_size: Annotated[
        int | None, option("--batch-size", "Facts per call. [default: the backend's]", "N", min=1)
    ] = None,
    quiet: _options.Quiet = False,
    output: _options.Json,
    store: _options.Store,
) -> int:
    """Move facts from one backend to another.

    BACKEND is local, a backend from the settings, an installed adapter, or a file with facts (see memctl backends).
    Running the same command again resumes it, and writes nothing once all facts have been moved. memctl undo reverts a
    migration into the store.
    """
    from memctl.migrate.operations import MigrateJob
    from memctl.migrate.plan import load

    plan = None
    if plan_file:
        if source or target or mode or plan_out or scope != _options.MovedScope():
            raise UsageError(
                "--plan cannot be combined with options that select facts or backends",
                where="--plan",
                hint="leave out the other options",
            )
        plan = load(plan_file)
        source, target, mode = plan.source, plan.target, plan.mode
    if source is None or target is None:
        missing = "--from" if source is None else "--to"
        raise UsageError(f"{missing} is required", hint="list the backends with memctl backends")
    job = MigrateJob(
        source=source,
        target=target,
        selection=plan.selection if plan else scope.selection(),
        mode=mode or "preserve",
        options=store.backends(table, service, source=source, target=target),
        plan=plan,
        plan_out=plan_out,
        dry_run=dry_run,
        fail_on_loss=fail_on_loss,
        batch_size=batch_size,
        **moving.fields(),
        command=_transfer.command_line(),
    )
    return run(job, quiet=quiet, output=output)


def run(job: MigrateJob, *, quiet: bool, output: _options.Json) -> int:
    """Carry out a job and print the result."""
    from memctl.migrate import operations

    report = operations.migrate(job, _transfer.Terminal(quiet=quiet or output.as_json))
    if report.run is None and report.halted:
        typer.echo("stopped while planning; nothing was written", err=True)
    elif report.run is None:
        _print_dry_run(job.name, report, output)
    else:
        _run_log.current().count(**{name: getattr(report.counts, name) for name in report.counts.__struct_fields__})
        if output.as_json:
            _transfer.emit_report(job.name, report)
        elif not quiet or report.exit:
            _transfer.print_report(report, job.command)
    return report.exit


def _print_dry_run(schema: str, report: Report, output: _options.Json) -> None:
    document = {"run": None, "plan": report.plan, "counts": report.counts, "losses": report.losses}
    if not output.printed(schema, document):
        _transfer.print_plan(report.plan)
        typer.echo("nothing was written")
