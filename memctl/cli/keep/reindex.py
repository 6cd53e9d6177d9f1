"""`memctl reindex`."""

from __future__ import annotations

from typing import Annotated

import typer

from memctl.cli import _options, _render, _typer

app = _typer.new_app()


@app.command(
    examples="""
    memctl reindex
    memctl reindex --embedder openai:text-embedding-3-small
    """
)
def command(
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print no progress.")] = False,
    as_json: _options.AsJson = False,
    embedder: _options.Embedder = None,
    embed_base_url: _options.EmbedBaseUrl = None,
    embed_dimensions: _options.EmbedDimensions = None,
    store: _options.Store = None,
    lock_timeout: _options.LockTimeout = None,
) -> None:
    """Compute missing embeddings, or with --embedder recompute all of them with another model.

    Searches use the old vectors until the new ones are complete; an interrupted run resumes where it stopped. Vectors
    are stored by user again, which keeps searches fast.
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
