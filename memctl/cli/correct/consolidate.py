"""`memctl consolidate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from memctl.cli import _options, _render, _run_log, _typer

if TYPE_CHECKING:
    from memctl.maintenance.consolidate import Consolidated


app = _typer.new_app()


@app.command(
    examples="""
    memctl consolidate alice --dry-run
    memctl consolidate alice --ttl episode=365d
    """
)
def command(
    *,
    user: _options.User,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List every change with its reason, and change nothing.")
    ] = False,
    ttl: _options.Ttl = None,
    quiet: _options.Quiet = False,
    as_json: _options.AsJson = False,
    store: _options.Store = None,
    lock_timeout: _options.LockTimeout = None,
) -> None:
    """Clean up the memory of USER.

    Duplicate facts are merged, contradictions are settled in favour of the later statement, and the summary is
    refreshed. With --ttl, older episodes are dropped; the facts learned from them stay. memctl undo reverts every
    change.
    """
    done = _options.open_store(store, lock_timeout).consolidate(user, ttl=ttl, dry_run=dry_run)
    show("consolidate", [done], dry_run=dry_run, quiet=quiet, as_json=as_json)


def show(command: str, done: Sequence[Consolidated], *, dry_run: bool, quiet: bool, as_json: bool) -> None:
    """What was, or would be, changed of each user, for people or scripts."""
    _run_log.current().count(changed=sum(len(one.changes) for one in done if one.changed))
    if as_json:
        users = [{"user": one.user, "run": one.run, "changes": one.changes} for one in done]
        _render.emit_json(command, {"dry_run": dry_run} | (users[0] if command != "prune" else {"users": users}))
        return
    if quiet:
        return
    for one in done:
        for change in one.changes:
            typer.echo(f"{change.action:<8} {_render.short(change.fact)}  {_render.line(change.text)}")
            typer.echo(f"{'':<8} {'':<8}  {_render.line(change.reason)}")
        if one.run:
            typer.echo(f"run {one.run}; memctl undo {one.run} undoes it")
    if not any(one.changed for one in done):
        typer.echo("nothing to do")
