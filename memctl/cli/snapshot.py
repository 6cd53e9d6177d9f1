"""`memctl snapshot`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from memctl.cli import options, output
from memctl.errors import UsageError

if TYPE_CHECKING:
    from memctl.snapshots import Snapshot, Snapshots


@click.group()
def command() -> None:
    """Keep copies of the local store, compare them with it, and go back to one.

    NAME is the moment a snapshot was made, or the beginning of it; last is the newest that you made.
    """


@command.command()
@click.option("--note", metavar="TEXT", help="What it is for.")
@options.quiet_option
@options.json_option
@options.store_options
def create(note: str | None, quiet: bool, as_json: bool, store: str | None, lock_timeout: float | None) -> None:
    """Copy the store as it is now."""
    made = _snapshots(store, lock_timeout).create(note)
    if as_json:
        output.emit_json("snapshot", {"snapshot": made})
    elif not quiet:
        click.echo(f"{made.name}: {made.facts} facts and {made.episodes} episodes of {made.users} users")


@command.command("list")
@options.json_option
@options.store_options
def list_(as_json: bool, store: str | None, lock_timeout: float | None) -> None:
    """List the snapshots, newest first."""
    found = _snapshots(store, lock_timeout).all()
    if as_json:
        output.emit_json("snapshot", {"snapshots": found})
        return
    output.table(
        ("snapshot", "users", "facts", "episodes", "MB", "note"),
        [
            (
                each.name,
                str(each.users),
                str(each.facts),
                str(each.episodes),
                f"{each.bytes / 1e6:.1f}",
                each.note or "-",
            )
            for each in found
        ],
        wrap="note",
    )


@command.command()
@click.argument("name")
@click.argument("later", required=False)
@click.option("--user", metavar="NAME", help="This user's records only.")
@options.json_options
@options.store_options
def diff(
    name: str,
    later: str | None,
    user: str | None,
    as_json: bool,
    as_jsonl: bool,
    store: str | None,
    lock_timeout: float | None,
) -> None:
    """Tell what is other now, or in the snapshot LATER, than in the snapshot NAME: + new, - gone, * changed."""
    snapshots = _snapshots(store, lock_timeout)
    changes = snapshots.diff(snapshots.find(name), snapshots.find(later) if later else None, user)
    if as_json:
        output.emit_json("snapshot", {"changes": changes})
    elif as_jsonl:
        output.emit_jsonl(changes)
    else:
        for change in changes:
            fact = change.fact
            said = [change.symbol, output.line(fact.user_id), output.short(fact.id), fact.kind, output.line(fact.text)]
            click.echo("  ".join(said))
        if not changes:
            click.echo("nothing is other", err=True)


@command.command()
@click.argument("name")
@options.json_option
@options.store_options
def restore(name: str, as_json: bool, store: str | None, lock_timeout: float | None) -> None:
    """Put the snapshot NAME in the place of the store, which becomes a snapshot itself."""
    snapshots = _snapshots(store, lock_timeout)
    restored = snapshots.find(name)
    replaced = snapshots.restore(restored)
    if as_json:
        output.emit_json("snapshot", {"restored": restored, "kept": replaced.kept, "damaged": replaced.damaged})
    else:
        click.echo(f"the store is that of {restored.name}")
        output.replaced(replaced)


@command.command()
@click.option("--keep", type=click.IntRange(0), metavar="N", help="Remove all but the newest N.")
@click.option("--before", metavar="WHEN", help="Remove those made before then.")
@options.quiet_option
@options.json_option
@options.store_options
def prune(
    keep: int | None, before: str | None, quiet: bool, as_json: bool, store: str | None, lock_timeout: float | None
) -> None:
    """Remove old snapshots."""
    if keep is None and before is None:
        raise UsageError("which snapshots are old?", hint="give --keep N or --before WHEN")
    removed: list[Snapshot] = _snapshots(store, lock_timeout).prune(keep=keep, before=options.when(before))
    if as_json:
        output.emit_json("snapshot", {"removed": removed})
    elif not quiet:
        click.echo(f"{len(removed)} removed")


def _snapshots(store: str | None, lock_timeout: float | None) -> Snapshots:
    from memctl.snapshots import Snapshots

    return Snapshots(options.open_store(store, lock_timeout).engine)
