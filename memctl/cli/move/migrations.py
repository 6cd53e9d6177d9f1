"""`memctl migrations`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from memctl.cli import _complete, _ignored, _options, _render, _transfer, _typer
from memctl.cli._typer import option
from memctl.core.errors import Exit, NotFound, UsageError

if TYPE_CHECKING:
    from memctl.store.duckdb.ledger import Ledger
    from memctl.store.ledger_records import Run


ENDED = {
    "running": Exit.OK,
    "done": Exit.OK,
    "partial": Exit.PARTIAL,
    "limit": Exit.LIMIT,
    "interrupted": Exit.INTERRUPTED,
}
"""The exit code of `--last` by the state of the newest migration; of any other state it is 1."""


_COUNTS = ("read", "written", "updated", "unchanged", "newer", "rejected")
app = _typer.new_group(runs_alone=True)


@app.callback(
    invoke_without_command=True,
    examples="""
    memctl migrations
    memctl migrations --last
    """,
)
def command(
    ctx: typer.Context,
    *,
    last: Annotated[bool, option("--last", "Show the newest migration; the exit code reflects how it ended.")] = False,
    ledger: _options.Ledger = None,
    output: _options.Output,
) -> int | None:
    """List past migrations, newest first."""
    if ctx.invoked_subcommand or last:
        _ignored.refuse(("as_jsonl",), beside=ctx.invoked_subcommand or "--last")
    if ctx.invoked_subcommand:
        _ignored.refuse(("last",), beside=ctx.invoked_subcommand)
        ctx.obj = (ledger, output.as_json)
        return None
    with _open_ledger(ledger) as opened:
        runs = opened.runs() if opened.path.exists() else []
        if last:
            if not runs:
                raise NotFound("there are no migrations yet", hint="memctl migrate starts one")
            _show(runs[0], opened.states(runs[0].id), as_json=output.as_json)
            return ENDED.get(runs[0].state, Exit.ERROR)
    if output.listed("migrations", {"runs": runs}, runs):
        return None
    _render.table(
        ("run", "state", "from", "to", "facts"),
        [(run.id, run.state, run.source, run.target, _counted(run)) for run in runs],
        wrap=("from", "to", "facts"),
        right=(),
    )
    return None


def _counted(run: Run) -> str:
    """The counts of a migration that are not zero."""
    counts = {name: getattr(run.counts, name) for name in _COUNTS}
    return ", ".join(f"{number} {name}" for name, number in counts.items() if number) or "0 read"


@app.command(
    examples="""
    memctl migrations show 3f2a
    memctl migrations show 3f2a --json
    """
)
def show(
    ctx: typer.Context,
    *,
    run_id: Annotated[str, typer.Argument(metavar="ID", autocompletion=_complete.migrations)],
    ledger: _options.Ledger = None,
    output: _options.Json,
) -> None:
    """Show one migration and how to resume it.

    memctl migrations lists the IDs; a unique prefix is enough.
    """
    outer_ledger, outer_json = ctx.obj
    with _open_ledger(ledger or outer_ledger) as opened:
        runs = opened.runs(run_id) if opened.path.exists() else []
        if not runs:
            raise NotFound(f"no migration has the id {run_id!r}", hint="memctl migrations lists them")
        if len(runs) > 1:
            raise UsageError(f"several migrations have ids that begin with {run_id!r}", hint="give more characters")
        run, states = runs[0], opened.states(runs[0].id)
    _show(run, states, as_json=output.as_json or outer_json)


def _show(run: Run, states: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        _render.emit_json("migrations", {"run": run, "facts": states})
        return
    resume = "resume" if run.counts.read or states else "command"
    lines = [
        ("run", f"{run.id}, {run.state}"),
        ("from", run.source),
        ("to", f"{run.target} ({run.mode})"),
        ("began", f"{run.started_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("ended", f"{run.finished_at:%Y-%m-%d %H:%M:%S} UTC" if run.finished_at else "-"),
        ("facts", ", ".join(f"{number} {state}" for state, number in states.items()) or "-"),
        ("rejects", run.rejects_file or "-"),
        ("error", run.error or "-"),
    ]
    for name, value in lines:
        typer.echo(f"{name:<8} {_render.paragraph(_render.clean(value), 9)}")
    # A command is not wrapped, so that it can be copied.
    typer.echo(f"{resume:<8} {_render.clean(run.command)}")
    if run.state == "done":
        typer.echo(f"{'':<8} (writes only what changed)")
    _transfer.print_counts(run.counts)


def _open_ledger(path: str | None) -> Ledger:
    from memctl.migrate import operations

    return operations.open_ledger(_options.path_of(path))
