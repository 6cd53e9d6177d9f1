"""`memctl migrate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memctl.cli import _options, _render, _run_log, _transfer
from memctl.core.errors import Exit, UsageError

if TYPE_CHECKING:
    from memctl.migrate.endpoints import Ends
    from memctl.migrate.plan import Plan

SELECTING = ("users", "all_users", "user_map", "since", "kinds", "limit")


@click.command()
@click.option("--from", "source", metavar="BACKEND", help="Where the facts are.")
@click.option("--to", "target", metavar="BACKEND", help="Where they go.")
@_transfer.selection_options
@_transfer.table_options
@_transfer.service_options
@click.option("--core-memory", is_flag=True, default=None, help="Show facts in the agent's core memory as well.")
@click.option("--mode", type=click.Choice(["preserve", "rederive"]), help="Verbatim, or anew by the target. [preserve]")
@click.option("--dry-run", is_flag=True, help="Print the plan and write nothing.")
@click.option("--plan-out", metavar="FILE", help="Write the plan to a file as well.")
@click.option("--plan", "plan_file", metavar="FILE", help="Apply exactly this plan, unless the source has changed.")
@click.option("--fail-on-loss", is_flag=True, help="Refuse to begin when a value would be dropped.")
@click.option("--no-verify", is_flag=True, help="Do not look in the target for what was written.")
@click.option("--rate", metavar="N/s", help="At most so many calls of the target (/s, /m, /h). [the backend's own]")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Writers at the same time.")
@click.option("--batch-size", type=click.IntRange(1), metavar="N", help="Facts a call. [the backend's own]")
@click.option("--max-duration", metavar="TIME", help="Stop after 90s, 15m, 2h; exit code 8.")
@click.option("--retries", type=click.IntRange(0, 100), default=7, show_default=True, help="After a passing failure.")
@click.option("--rejects", metavar="FILE", help="Where to write what the target refuses. [beside the ledger]")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary; errors only.")
@_transfer.ledger_option
@_options.json_option
@_options.store_options
def command(**given: Any) -> int:
    """Move facts from one backend to another.

    BACKEND is local, a backend of the settings, an installed adapter, or a file of facts (memctl backends lists them).
    The same command again goes on where the last one ended; once all is there it writes nothing. memctl undo takes back
    what a migration wrote into the local store.
    """
    if given["plan_file"]:
        return _apply_plan(given)
    for option, name in (("source", "--from"), ("target", "--to")):
        if not given[option]:
            raise UsageError(f"{name} is missing", hint="memctl backends lists what there is")
    return run("migrate", given)


def _apply_plan(given: dict[str, Any]) -> int:
    from memctl.migrate import plan as planning

    named = [name for name in (*SELECTING, "source", "target", "mode") if given[name]]
    if named or given["plan_out"]:
        raise UsageError("a plan says itself what goes where", where="--plan", hint="leave the other options out")
    plan = planning.load(given["plan_file"])
    return run("migrate", given | {"source": plan.source, "target": plan.target, "mode": plan.mode}, plan)


def run(schema: str, given: dict[str, Any], plan: Plan | None = None) -> int:
    """Migrate as the options say; `plan` is one to apply exactly."""
    from memctl.backends import registry
    from memctl.migrate.endpoints import make_plan, opened
    from memctl.migrate.plan import save
    from memctl.migrate.run import migrate
    from memctl.runtime.retry import Halt, Halted

    selection = plan.selection if plan else _transfer.selection(given, default_all=schema == "import")
    halt = Halt(_transfer.duration(given["max_duration"]))
    quiet = given["quiet"] or given["as_json"]
    named = _transfer.backend_options(given["store"], given["lock_timeout"], given["source"], given, given["target"])
    with (
        _transfer.open_ledger(given["ledger"]) as ledger,
        opened(given["source"], given["target"], options=named, workers=given["workers"], warn=_transfer.warn) as ends,
        _transfer.stopping(halt),
    ):
        job = ends.job(
            ends.plan(selection, given["mode"] or "preserve"),
            command=_transfer.command_line(),
            batch_size=given["batch_size"],
            rate=_transfer.rate(given["rate"]),
            attempts=given["retries"] + 1,
            verify=not given["no_verify"],
            digest=plan.digest if plan else None,
            name=schema,
            rejects=Path(given["rejects"]).expanduser() if given["rejects"] else None,
            forgotten=_options.open_store(given["store"], given["lock_timeout"]).suppressed,
        )
        if plan or given["dry_run"] or given["plan_out"] or given["fail_on_loss"]:
            try:
                with _transfer.showing("planning", quiet=quiet) as (progress, announce):
                    now = make_plan(job, halt, announce=announce, progress=_counting(progress))
            except Halted:
                click.echo("stopped while planning; nothing was written", err=True)
                return Exit.INTERRUPTED if halt.reason == "interrupted" else Exit.LIMIT
            if plan:
                plan.check_unchanged(now)
            if given["plan_out"]:
                save(now, given["plan_out"])
            if given["fail_on_loss"]:
                now.refuse_loss()
            if given["dry_run"]:
                return _print_dry_run(schema, now, given)
        if not quiet:
            _announce(ends)
        registry.prepare(job.targets[0], _transfer.warn)
        with _transfer.showing("moving", quiet=quiet) as (progress, announce):
            report = migrate(job, ledger, halt, progress=progress, announce=announce)
    _run_log.current().count(**{name: getattr(report.counts, name) for name in report.counts.__struct_fields__})
    if given["as_json"]:
        _transfer.emit_report(schema, report)
    elif not given["quiet"] or report.exit:
        _transfer.print_report(report, job.command)
    return report.exit


def _announce(ends: Ends) -> None:
    """Where from and where to, before anything is written there."""

    click.echo(_render.clean(f"{ends.source_identity} -> {ends.target_identity}"), err=True)
    for remark in (*ends.source.remarks(), *ends.targets[0].remarks()):
        _transfer.warn(remark)


def _counting(progress: Any) -> Any:
    return (lambda done, total: progress(done, total, "")) if progress else None


def _print_dry_run(schema: str, plan: Plan, given: dict[str, Any]) -> int:
    if given["as_json"]:
        counts = {"read": plan.facts, "written": 0, "updated": 0, "unchanged": 0, "rejected": 0}
        _render.emit_json(schema, {"run": None, "plan": plan, "counts": counts, "losses": plan.losses()})
    else:
        _transfer.print_plan(plan)
        click.echo("nothing was written")
    return Exit.OK
