"""`memctl undo`."""

from __future__ import annotations

from typing import Annotated

import typer

from memctl.cli import _complete, _options, _render, _typer

app = _typer.new_app()


@app.command(
    examples="""
    memctl undo e1dcd49792df
    """
)
def command(
    *,
    run: Annotated[str | None, typer.Argument(autocompletion=_complete.runs)] = None,
    output: _options.Output,
    store: _options.Store,
) -> None:
    """Undo everything that RUN changed in the store; without RUN, list the runs as memctl runs does.

    RUN is the id printed by ingest, import, migrate --to local, consolidate, dedupe or prune, or of an add, edit or rm
    in the list; it may be abbreviated. Later changes are never overwritten: runs that build on this one are listed, to
    be undone first. Files whose ingest was undone are read again by the next ingest, and facts whose migration was
    undone are written again; answers of a model are kept. Runs can be undone for thirty days. forget cannot be undone,
    and removes the user from these records too.
    """
    local = store.open()
    if run is None:
        runs = local.changing_runs()
        if not output.listed("undo", {"runs": runs}, runs):
            _render.runs(runs)
        return
    undone, facts = local.undo(run)
    document = {"run": undone.id, "facts": facts}
    if not output.listed("undo", document, [document]):
        typer.echo(f"undid run {undone.id}: {facts} facts restored")
