"""`memctl consolidate`."""

from __future__ import annotations

import click

from memctl.cli import options, output


@click.command()
@click.argument("user")
@click.option("--dry-run", is_flag=True, help="List every change with its reason, and make none.")
@click.option("--ttl", metavar="KIND=SPAN", help="How long to keep what was said, such as episode=365d. [for ever]")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@options.json_option
@options.store_options
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
    done = options.open_store(store, lock_timeout).consolidate(user, ttl=ttl, dry_run=dry_run)
    if as_json:
        output.emit_json("consolidate", {"dry_run": dry_run, "run": done.run, "user": user, "changes": done.changes})
        return
    if quiet:
        return
    for change in done.changes:
        click.echo(f"{change.action:<8} {output.short(change.fact)}  {output.line(change.text)}")
        click.echo(f"{'':<8} {'':<8}  {output.line(change.reason)}")
    if not done.changed:
        click.echo("nothing to do")
    elif done.run:
        click.echo(f"run {done.run}; memctl undo {done.run} takes it back")
