"""`memctl consolidate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from memctl.cli import _options, _render, _run_log

if TYPE_CHECKING:
    from memctl.maintenance.consolidate import Consolidated


@click.command()
@click.argument("user")
@click.option("--dry-run", is_flag=True, help="List every change with its reason, and make none.")
@_options.ttl_option
@_options.quiet_option
@_options.json_option
@_options.store_options
def command(
    user: str,
    dry_run: bool,
    ttl: str | None,
    quiet: bool,
    as_json: bool,
    store: str | None,
    lock_timeout: float | None,
) -> None:
    """Put the memory of USER in order.

    Facts that say the same in other words are merged, those that cannot both be true are settled by the later one, and
    the summary is written anew. With --ttl, older episodes are dropped; what was learned from them stays. Every change
    can be taken back with memctl undo.
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
            click.echo(f"{change.action:<8} {_render.short(change.fact)}  {_render.line(change.text)}")
            click.echo(f"{'':<8} {'':<8}  {_render.line(change.reason)}")
        if one.run:
            click.echo(f"run {one.run}; memctl undo {one.run} takes it back")
    if not any(one.changed for one in done):
        click.echo("nothing to do")
