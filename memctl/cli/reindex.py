"""`memctl reindex`."""

from __future__ import annotations

from typing import Annotated

import typer

from memctl.cli import _options, _render, _typer

app = _typer.new_app()


@app.command()
def command(
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print no progress.")] = False,
    as_json: _options.AsJson = False,
    embedder: _options.Embedder = None,
    embed_base_url: _options.EmbedBaseUrl = None,
    embed_dimensions: _options.EmbedDimensions = None,
    store: _options.Store = None,
    lock_timeout: _options.LockTimeout = None,
) -> None:
    """Make the vectors that are missing, or, with --embedder, all of them anew with another model.

    Searches keep using the old vectors until the new ones are complete; an interrupted run goes on where it stopped.
    The vectors are then laid out by user again, which keeps searches fast.
    """
    local = _options.open_store(
        store,
        lock_timeout,
        embedder=embedder,
        embed_base_url=embed_base_url,
        embed_dimensions=embed_dimensions,
    )
    with _render.progress("embedding", quiet=quiet or as_json) as progress:
        done = local.reindex(progress)
    if as_json:
        _render.emit_json("reindex", {"embedder": done.embedder, "made": done.made, "kept": done.kept})
    elif not quiet:
        typer.echo(f"{done.made} vectors made, {done.kept} kept, by {done.embedder}")
