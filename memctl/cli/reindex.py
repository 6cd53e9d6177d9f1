"""`memctl reindex`."""

from __future__ import annotations

from typing import Any

import click

from memctl.cli import _options, _render


@click.command()
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@_options.json_option
@_options.embedder_options
@_options.store_options
def command(quiet: bool, as_json: bool, store: str | None, lock_timeout: float | None, **embedding: Any) -> None:
    """Make the vectors that are missing, or, with --embedder, all of them anew with another model.

    Searches keep using the old vectors until the new ones are complete; an interrupted run goes on where it stopped.
    The vectors are then laid out by user again, which keeps searches fast.
    """
    local = _options.open_store(store, lock_timeout, **embedding)
    with _render.progress("embedding", quiet=quiet or as_json) as progress:
        done = local.reindex(progress)
    if as_json:
        _render.emit_json("reindex", {"embedder": done.embedder, "made": done.made, "kept": done.kept})
    elif not quiet:
        click.echo(f"{done.made} vectors made, {done.kept} kept, by {done.embedder}")
