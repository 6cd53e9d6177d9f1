"""`memctl consolidate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from memctl.cli import _options, _render, _run_log, _typer
from memctl.cli._typer import option

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
    dry_run: Annotated[bool, option("--dry-run", "List every change with its reason, and change nothing.")] = False,
    ttl: _options.Ttl = None,
    quiet: _options.Quiet = False,
    output: _options.Output,
    store: _options.Store,
) -> None:
    """Clean up the memory of USER.

    Duplicate facts are merged, contradictions are resolved in favour of the later statement, and the summary is
    rewritten. With --ttl, older episodes are removed; the facts learned from them stay. memctl undo reverts all of it.
    """
    done = store.open().consolidate(user, ttl=ttl, dry_run=dry_run)
    show("consolidate", [done], dry_run=dry_run, quiet=quiet, output=output)


def show(command: str, done: Sequence[Consolidated], *, dry_run: bool, quiet: bool, output: _options.Output) -> None:
    """Print what was changed, or would be, of each user."""
    _run_log.current().count(changed=sum(len(one.changes) for one in done if one.changed))
    users = [{"user": one.user, "run": one.run, "changes": one.changes} for one in done]
    document = {"dry_run": dry_run} | (users[0] if command != "prune" else {"users": users})
    changes = ({"user": one.user, "run": one.run, "change": change} for one in done for change in one.changes)
    if output.listed(command, document, changes) or quiet:
        return
    for one in done:
        if one.changes and len(done) > 1:
            _render.wrapped(f"user {one.user}")
        for change in one.changes:
            _render.behind(f"{change.action:<8} {_render.short(change.fact)}  ", change.text)
            _render.behind(f"{'':<8} {'':<8}  ", change.reason)
        if one.run:
            typer.echo(f"run {one.run}; to undo it: memctl undo {one.run}")
    if not any(one.changed for one in done):
        typer.echo("nothing to do")
