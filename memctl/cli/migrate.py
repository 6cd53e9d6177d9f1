"""`memctl migrate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import typer

from memctl.cli import _options, _render, _run_log, _transfer, _typer
from memctl.core.errors import Exit, UsageError
from memctl.runtime import user_input

if TYPE_CHECKING:
    from memctl.migrate.endpoints import Ends
    from memctl.migrate.plan import Mode, Plan
    from memctl.migrate.selection import Selection


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How facts are moved and how the result is shown, as the options of migrate and import say it."""

    ends: _transfer.Ends
    dry_run: bool = False
    plan_out: str | None = None
    fail_on_loss: bool = False
    no_verify: bool = False
    rate: str | None = None
    workers: int = 1
    batch_size: int | None = None
    max_duration: str | None = None
    retries: int = 7
    rejects: str | None = None
    quiet: bool = False
    ledger: str | None = None
    as_json: bool = False


app = _typer.new_app()


@app.command(
    examples="""
    memctl migrate --from mem0 --to postgres --all-users --dry-run
    memctl migrate --from local --to alice.jsonl --user alice
    """
)
def command(
    *,
    source: Annotated[str | None, typer.Option("--from", metavar="BACKEND", help="Backend to read from.")] = None,
    target: Annotated[str | None, typer.Option("--to", metavar="BACKEND", help="Backend to write to.")] = None,
    users: _options.Users,
    all_users: _options.AllUsers = False,
    user_map: _options.UserMap = None,
    since: _options.Since = None,
    kinds: _options.Kinds = None,
    limit: _options.Limit = None,
    table: _options.Table = None,
    mapping: _options.Mapping = None,
    layout: _options.Layout = None,
    url: _options.Url = None,
    agent: _options.Agent = None,
    core_memory: Annotated[
        bool | None, typer.Option("--core-memory", help="Also show facts in the agent's core memory.")
    ] = None,
    mode: Annotated[
        Literal["preserve", "rederive"] | None,
        typer.Option(
            "--mode",
            help="Write facts verbatim (preserve), or let the target extract them (rederive). [default: preserve]",
        ),
    ] = None,
    dry_run: _options.DryRun = False,
    plan_out: Annotated[
        str | None, typer.Option("--plan-out", metavar="FILE", help="Also write the plan to a file.")
    ] = None,
    plan_file: Annotated[
        str | None, typer.Option("--plan", metavar="FILE", help="Apply this plan; fails if the source has changed.")
    ] = None,
    fail_on_loss: _options.FailOnLoss = False,
    no_verify: _options.NoVerify = False,
    rate: Annotated[
        str | None,
        typer.Option(
            "--rate", metavar="N/s", help="Maximum call rate of the target (/s, /m, /h). [default: the backend's]"
        ),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Number of parallel writers.")] = 1,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", min=1, metavar="N", help="Facts per call. [default: the backend's]")
    ] = None,
    max_duration: Annotated[
        str | None,
        typer.Option("--max-duration", metavar="TIME", help="Stop after this time (90s, 15m, 2h) with exit code 8."),
    ] = None,
    retries: Annotated[int, typer.Option("--retries", min=0, max=100, help="Retries after a temporary failure.")] = 7,
    rejects: Annotated[
        str | None,
        typer.Option(
            "--rejects", metavar="FILE", help="File for records the target rejects. [default: next to the ledger]"
        ),
    ] = None,
    quiet: _options.Quiet = False,
    ledger: _options.Ledger = None,
    as_json: _options.AsJson = False,
    store: _options.Store = None,
    lock_timeout: _options.LockTimeout = None,
) -> int:
    """Move facts from one backend to another.

    BACKEND is local, a backend from the settings, an installed adapter, or a file of facts (see memctl backends).
    Running the same command again resumes it, and writes nothing once all facts have been moved. memctl undo reverts a
    migration into the store.
    """
    from memctl.migrate.plan import load

    scope = _transfer.Scope(
        users=tuple(users), all_users=all_users, user_map=user_map, since=since, kinds=kinds, limit=limit
    )
    how = Options(
        ends=_transfer.Ends(
            store=store,
            lock_timeout=lock_timeout,
            table=table,
            mapping=mapping,
            layout=layout,
            url=url,
            agent=agent,
            core_memory=core_memory,
        ),
        dry_run=dry_run,
        plan_out=plan_out,
        fail_on_loss=fail_on_loss,
        no_verify=no_verify,
        rate=rate,
        workers=workers,
        batch_size=batch_size,
        max_duration=max_duration,
        retries=retries,
        rejects=rejects,
        quiet=quiet,
        ledger=ledger,
        as_json=as_json,
    )
    if plan_file:
        if source or target or mode or plan_out or scope != _transfer.Scope():
            raise UsageError("a plan already says what goes where", where="--plan", hint="leave out the other options")
        plan = load(plan_file)
        return run("migrate", plan.source, plan.target, plan.mode, plan.selection, how, plan)
    if source is None or target is None:
        missing = "--from" if source is None else "--to"
        raise UsageError(f"{missing} is missing", hint="memctl backends lists the backends")
    return run("migrate", source, target, mode or "preserve", scope.selection(), how)


def run(
    schema: str, source: str, target: str, mode: Mode, selection: Selection, how: Options, plan: Plan | None = None
) -> int:
    """Move the selected facts and print the result. `plan` is one to apply exactly; `schema` names the document."""
    from memctl.backends import registry
    from memctl.migrate.endpoints import make_plan, opened
    from memctl.migrate.plan import save
    from memctl.migrate.run import migrate
    from memctl.runtime.retry import Halt, Halted

    halt = Halt(user_input.duration(how.max_duration))
    quiet = how.quiet or how.as_json
    named = how.ends.options(source, target)
    with (
        _transfer.open_ledger(how.ledger) as ledger,
        opened(source, target, options=named, workers=how.workers, warn=_transfer.warn) as ends,
        _transfer.stopping(halt),
    ):
        job = ends.job(
            ends.plan(selection, mode),
            command=_transfer.command_line(),
            batch_size=how.batch_size,
            rate=user_input.rate(how.rate),
            attempts=how.retries + 1,
            verify=not how.no_verify,
            digest=plan.digest if plan else None,
            name=schema,
            rejects=Path(how.rejects).expanduser() if how.rejects else None,
            forgotten=_options.open_store(how.ends.store, how.ends.lock_timeout).suppressed,
        )
        if plan or how.dry_run or how.plan_out or how.fail_on_loss:
            try:
                with _transfer.showing("planning", quiet=quiet) as (progress, announce):
                    now = make_plan(job, halt, announce=announce, progress=_counting(progress))
            except Halted:
                typer.echo("stopped while planning; nothing was written", err=True)
                return Exit.INTERRUPTED if halt.reason == "interrupted" else Exit.LIMIT
            if plan:
                plan.check_unchanged(now)
            if how.plan_out:
                save(now, how.plan_out)
            if how.fail_on_loss:
                now.refuse_loss()
            if how.dry_run:
                return _print_dry_run(schema, now, as_json=how.as_json)
        if not quiet:
            _announce(ends)
        registry.prepare(job.targets[0], _transfer.warn)
        with _transfer.showing("moving", quiet=quiet) as (progress, announce):
            report = migrate(job, ledger, halt, progress=progress, announce=announce)
    _run_log.current().count(**{name: getattr(report.counts, name) for name in report.counts.__struct_fields__})
    if how.as_json:
        _transfer.emit_report(schema, report)
    elif not how.quiet or report.exit:
        _transfer.print_report(report, job.command)
    return report.exit


def _announce(ends: Ends) -> None:
    """Where from and where to, before anything is written there."""

    typer.echo(_render.clean(f"{ends.source_identity} -> {ends.target_identity}"), err=True)
    for remark in (*ends.source.remarks(), *ends.targets[0].remarks()):
        _transfer.warn(remark)


def _counting(progress: Any) -> Any:
    return (lambda done, total: progress(done, total, "")) if progress else None


def _print_dry_run(schema: str, plan: Plan, *, as_json: bool) -> int:
    if as_json:
        counts = {"read": plan.facts, "written": 0, "updated": 0, "unchanged": 0, "rejected": 0}
        _render.emit_json(schema, {"run": None, "plan": plan, "counts": counts, "losses": plan.losses()})
    else:
        _transfer.print_plan(plan)
        typer.echo("nothing was written")
    return Exit.OK
