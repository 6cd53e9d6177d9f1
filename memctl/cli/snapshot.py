"""`memctl snapshot`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from memctl.cli import _options, _render
from memctl.core.errors import UsageError

if TYPE_CHECKING:
    from memctl.maintenance.snapshots import Snapshot, Snapshots


@click.group()
def command() -> None:
    """Keep copies of the local store, compare them with it, and go back to one.

    NAME is the moment a snapshot was made, or the beginning of it; last is the newest that you made.
    """


@command.command()
@click.option("--note", metavar="TEXT", help="What it is for.")
@_options.quiet_option
@_options.json_option
@_options.store_options
def create(note: str | None, quiet: bool, as_json: bool, store: str | None, lock_timeout: float | None) -> None:
    """Copy the store as it is now."""
    made = _snapshots(store, lock_timeout).create(note)
    if as_json:
        _render.emit_json("snapshot", {"snapshot": made})
    elif not quiet:
        click.echo(f"{made.name}: {made.facts} facts and {made.episodes} episodes of {made.users} users")


@command.command("list")
@_options.json_option
@_options.store_options
def list_(as_json: bool, store: str | None, lock_timeout: float | None) -> None:
    """List the snapshots, newest first."""
    found = _snapshots(store, lock_timeout).all()
    if as_json:
        _render.emit_json("snapshot", {"snapshots": found})
        return
    _render.table(
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
@_options.json_options
@_options.store_options
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
        _render.emit_json("snapshot", {"changes": changes})
    elif as_jsonl:
        _render.emit_jsonl(changes)
    else:
        for change in changes:
            fact = change.fact
            said = [
                change.symbol,
                _render.line(fact.user_id),
                _render.short(fact.id),
                fact.kind,
                _render.line(fact.text),
            ]
            click.echo("  ".join(said))
        if not changes:
            click.echo("nothing is other", err=True)


@command.command()
@click.argument("name")
@_options.json_option
@_options.store_options
def restore(name: str, as_json: bool, store: str | None, lock_timeout: float | None) -> None:
    """Put the snapshot NAME in the place of the store, which becomes a snapshot itself."""
    snapshots = _snapshots(store, lock_timeout)
    restored = snapshots.find(name)
    replaced = snapshots.restore(restored)
    if as_json:
        _render.emit_json("snapshot", {"restored": restored, "kept": replaced.kept, "damaged": replaced.damaged})
    else:
        click.echo(f"the store is that of {restored.name}")
        _render.replaced(replaced)


@command.command()
@click.option("--keep", type=click.IntRange(0), metavar="N", help="Remove all but the newest N.")
@click.option("--before", metavar="WHEN", help="Remove those made before then.")
@_options.quiet_option
@_options.json_option
@_options.store_options
def prune(
    keep: int | None, before: str | None, quiet: bool, as_json: bool, store: str | None, lock_timeout: float | None
) -> None:
    """Remove old snapshots."""
    if keep is None and before is None:
        raise UsageError("which snapshots are old?", hint="give --keep N or --before WHEN")
    removed: list[Snapshot] = _snapshots(store, lock_timeout).prune(keep=keep, before=_options.when(before))
    if as_json:
        _render.emit_json("snapshot", {"removed": removed})
    elif not quiet:
        click.echo(f"{len(removed)} removed")


def _snapshots(store: str | None, lock_timeout: float | None) -> Snapshots:
    from memctl.maintenance.snapshots import Snapshots

    return Snapshots(_options.open_store(store, lock_timeout).database)
