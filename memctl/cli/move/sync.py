"""`memctl sync`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from memctl.cli import _ignored, _options, _render, _run_log, _transfer, _typer
from memctl.cli._typer import option
from memctl.core.errors import Exit, UsageError
from memctl.runtime import user_input

if TYPE_CHECKING:
    from memctl.core.errors import MemctlError
    from memctl.migrate.sync import Synced, SyncJob

LISTED = 100
"""Changes that the terminal shows."""

app = _typer.new_app()


@app.command(
    examples="""
    memctl sync --from mem0 --to postgres --all-users --dry-run
    memctl sync --from mem0 --to postgres --all-users --backup-dir removed/ --watch 5m
    """
)
def command(
    *,
    source: Annotated[str, _options.backend("--from", "Backend to read from.")],
    target: Annotated[str, _options.backend("--to", "Backend to write to.")],
    scope: _options.RenamedScope,
    table: _options.Table,
    service: _options.LettaService,
    dry_run: Annotated[bool, option("--dry-run", "List the changes without making them.")] = False,
    max_delete: Annotated[
        str | None,
        option("--max-delete", "Maximum number or share of facts to delete. [default: 25% or 100]", "N|N%"),
    ] = None,
    force: Annotated[
        bool, option("--force", "Delete despite the limit, an empty source or unreadable records.")
    ] = False,
    backup: Annotated[
        str | None,
        option("--backup-dir", "Folder or JSONL file that keeps deleted and overwritten facts.", "PATH"),
    ] = None,
    both: Annotated[
        bool, option("--both", "Also write the target's changes to the source. In a conflict, the newer one wins.")
    ] = False,
    watch: Annotated[
        str | None, option("--watch", "Repeat after this time (90s, 5m, 2h) until Ctrl-C.", "TIME")
    ] = None,
    moving: _options.Moving,
    quiet: _options.Quiet = False,
    output: _options.Json,
    store: _options.Store,
) -> int:
    """Copy new, changed and deleted facts from one backend to another.

    Like migrate, and also deletes what was deleted in the source. It deletes only facts that an earlier sync or migrate
    between the same backends wrote, and nothing if the source was not read completely. If more than --max-delete facts
    would be deleted, none is, with exit code 8. memctl undo reverts a sync into the store.
    """
    from memctl.migrate import sync
    from memctl.migrate.removal import parse_limit

    if both:
        _ignored.refuse(("rate", "workers", "no_verify"), beside="--both")
    if both and (watch or scope.user_map):
        raise UsageError(f"--both and {'--watch' if watch else '--user-map'} cannot be combined")
    if watch and dry_run:
        raise UsageError("--watch and --dry-run cannot be combined")
    if watch and output.as_json:
        raise UsageError("--watch and --json cannot be combined", hint="run memctl sync --json from cron")
    job = sync.SyncJob(
        source=source,
        target=target,
        selection=scope.selection(),
        options=store.backends(table, service, source=source, target=target),
        limit=parse_limit(max_delete),
        force=force,
        backup=_options.path_of(backup),
        dry_run=dry_run,
        **moving.fields(),
        command=_transfer.command_line(),
    )
    if both:
        return _both(job, quiet=quiet, output=output)
    if watch:
        every = user_input.duration(watch, "--watch") or 0.0
        last = sync.watch(job, every, _tell, _transfer.Terminal(quiet=True))
        return Exit.OK if last is None else last.report.exit
    synced = sync.sync(job, _transfer.Terminal(quiet=quiet or output.as_json))
    counts = synced.report.counts
    _run_log.current().count(**{name: getattr(counts, name) for name in counts.__struct_fields__})
    if output.as_json:
        _transfer.emit_report("sync", synced.report, removed=synced.report.removed, changes=synced.changes)
    elif synced.changes is not None:
        _print_changes(synced)
    elif not quiet or synced.report.exit:
        _transfer.print_report(synced.report, job.command)
    return synced.report.exit


def _both(job: SyncJob, *, quiet: bool, output: _options.Json) -> int:
    """Carry out a two-way job and print the result."""
    from memctl.migrate.sync import sync_both

    result = sync_both(job, _transfer.Terminal(quiet=quiet or output.as_json))
    document = {name: getattr(result, name) for name in result.__struct_fields__}
    if output.printed("sync-both", document) or (quiet and not result.exit):
        return result.exit
    if result.run is None:
        for step in result.steps[:LISTED]:
            head = f"{step.symbol} {step.side:<6} {_render.line(step.user)} {_render.short(step.id)} "
            _render.behind(head, step.text)
        if len(result.steps) > LISTED:
            typer.echo(f"and {len(result.steps) - LISTED} more; --json lists all")
    for side, name in (("source", job.source), ("target", job.target)):
        counts = Counter(step.symbol for step in result.steps if step.side == side)
        typer.echo(
            f"{_render.clean(name)}: {counts['+']} new, {counts['*']} changed, {counts['-']} deleted, "
            f"{result.same} same"
        )
    for conflict in result.conflicts:
        outcome = f"kept the {conflict.kept}'s" if conflict.kept else "left as they are"
        typer.echo(
            f"conflict: {_render.line(conflict.user)} {_render.short(conflict.id)}: {conflict.detail}; {outcome}",
            err=True,
        )
    for problem in (*result.problems, *([f"nothing was deleted: {result.held_back}"] if result.held_back else ())):
        typer.echo(f"{typer.style('error:', fg='red', bold=True)} {_render.clean(problem)}", err=True)
    for said, path in (("the other states", result.backup), ("rejected records", result.rejects_file)):
        if path:
            typer.echo(f"{said}: {_render.clean(path)}", err=True)
    typer.echo("nothing was changed" if result.run is None else f"run {result.run}")
    _transfer.print_halted(result.halted, job.command)
    return result.exit


def _tell(result: Synced | MemctlError) -> None:
    """Print one line about a run."""
    from memctl.migrate import sync

    if isinstance(result, Exception):
        typer.echo(f"{typer.style('error:', fg='red', bold=True)} {_render.clean(str(result))}; trying again", err=True)
    else:
        typer.echo(_render.clean(sync.status_line(result)))


def _print_changes(synced: Synced) -> None:
    changes = synced.changes or []
    for change in changes[:LISTED]:
        _render.behind(f"{change.symbol} {_render.line(change.user)} {_render.short(change.id)} ", change.text)
    if len(changes) > LISTED:
        typer.echo(f"and {len(changes) - LISTED} more; --json lists all")
    _transfer.print_counts(synced.report.counts)
    _transfer.print_removed(synced.report)
    typer.echo("nothing was changed")
