"""`memctl reindex`."""

from __future__ import annotations

import typer

from memctl.cli import _options, _render, _typer

app = _typer.new_app()


@app.command(
    examples="""
    memctl reindex
    memctl reindex --embedder openai:text-embedding-3-small
    """
)
def command(*, quiet: _options.Quiet = False, output: _options.Json, store: _options.EmbeddedStore) -> None:
    """Compute missing embeddings, or with --embedder recompute all of them with another model.

    Searches use the old vectors until the new ones are complete. An interrupted run resumes where it stopped. The
    command also sorts the vectors by user, which keeps searches fast.
    """
    local = store.open()
    with _render.progress("embedding", quiet=quiet or output.as_json) as progress:
        done = local.reindex(progress)
    document = {"embedder": done.embedder, "made": done.made, "kept": done.kept}
    if not output.printed("reindex", document) and not quiet:
        typer.echo(f"{done.made} vectors computed, {done.kept} kept, model {done.embedder}")
