"""`memctl snapshot`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from memctl.cli import _options, _render, _typer
from memctl.cli._typer import option
from memctl.core.errors import UsageError
from memctl.runtime import user_input

if TYPE_CHECKING:
    from memctl.maintenance.snapshots import Snapshot, Snapshots


app = _typer.new_group()


@app.callback(
    examples="""
    memctl snapshot create --note "before the import"
    memctl snapshot restore last
    """
)
def command() -> None:
    """Create, compare and restore snapshots of the store.

    NAME is the time of a snapshot, as memctl snapshot list shows it; a unique prefix is enough. The name last is
    the newest snapshot that you created.
    """


@app.command(
    examples="""
    memctl snapshot create
    memctl snapshot create --note "before the import"
    """
)
def create(
    *,
    note: Annotated[str | None, option("--note", "Note to keep with the snapshot.", "TEXT")] = None,
    quiet: _options.Quiet = False,
    output: _options.Json,
    store: _options.Store,
) -> None:
    """Copy the store as it is now."""
    made = _snapshots(store).create(note)
    if not output.printed("snapshot", {"snapshot": made}) and not quiet:
        facts, episodes = _render.count(made.facts, "fact"), _render.count(made.episodes, "episode")
        typer.echo(f"{made.name}: {facts} and {episodes} of {_render.count(made.users, 'user')}")


@app.command(
    "list",
    examples="""
    memctl snapshot list
    memctl snapshot list --jsonl
    """,
)
def list_(*, output: _options.Output, store: _options.Store) -> None:
    """List the snapshots, newest first."""
    snapshots = _snapshots(store).all()
    if output.listed("snapshot", {"snapshots": snapshots}, snapshots):
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
            for each in snapshots
        ],
        wrap="note",
    )


@app.command(
    examples="""
    memctl snapshot diff last
    memctl snapshot diff 20260301 last --user alice
    """
)
def diff(
    *,
    name: _options.Name,
    later: Annotated[str | None, typer.Argument()] = None,
    user: _options.OneUser = None,
    output: _options.Output,
    store: _options.Store,
) -> None:
    """Compare the snapshot NAME with the store or a later snapshot.

    With LATER, compares the two snapshots. Each difference is marked: + added, - removed, * changed.
    """
    snapshots = _snapshots(store)
    changes = snapshots.diff(snapshots.find(name), snapshots.find(later) if later else None, user)
    if output.listed("snapshot", {"changes": changes}, changes):
        return
    for change in changes:
        fact = change.fact
        columns = (change.symbol, fact.user_id, _render.short(fact.id), fact.kind, fact.text)
        typer.echo("  ".join(map(_render.line, columns)))
    if not changes:
        typer.echo("no differences", err=True)


@app.command(
    examples="""
    memctl snapshot restore last
    memctl snapshot restore 20260301T09
    """
)
def restore(*, name: _options.Name, output: _options.Json, store: _options.Store) -> None:
    """Replace the store with the snapshot NAME.

    The current store is kept as a snapshot.
    """
    snapshots = _snapshots(store)
    restored = snapshots.find(name)
    replaced = snapshots.restore(restored)
    document = {"restored": restored, "kept": replaced.kept, "damaged": replaced.damaged}
    if not output.printed("snapshot", document):
        typer.echo(f"the store is restored from snapshot {restored.name}")
        _render.replaced(replaced)


@app.command(
    examples="""
    memctl snapshot prune --keep 5
    memctl snapshot prune --before 2026-01-01
    """
)
def prune(
    *,
    keep: Annotated[int | None, option("--keep", "Keep only the newest N.", "N", min=0)] = None,
    before: Annotated[str | None, option("--before", "Remove snapshots older than WHEN.", "WHEN")] = None,
    quiet: _options.Quiet = False,
    output: _options.Json,
    store: _options.Store,
) -> None:
    """Remove old snapshots."""
    if keep is None and before is None:
        raise UsageError("no limit given", hint="pass --keep N or --before WHEN")
    removed: list[Snapshot] = _snapshots(store).prune(keep=keep, before=user_input.when(before, "--before"))
    if not output.printed("snapshot", {"removed": removed}) and not quiet:
        typer.echo(f"{len(removed)} removed")


def _snapshots(store: _options.Store) -> Snapshots:
    from memctl.maintenance.snapshots import Snapshots

    return Snapshots(store.open().database)
