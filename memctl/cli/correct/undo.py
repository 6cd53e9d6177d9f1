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
    run: Annotated[str | None, typer.Argument(autocompletion=_complete.runs)] = None,
    as_json: _options.AsJson = False,
    store: _options.Store = None,
    lock_timeout: _options.LockTimeout = None,
) -> None:
    """Undo everything that RUN changed in the store; without RUN, list the runs as memctl runs does.

    RUN is the id printed by ingest, import, migrate --to local, consolidate, dedupe or prune, or of an add, edit or rm
    in the list; it may be abbreviated. Later changes are never overwritten: runs that build on this one are listed, to
    be undone first. Files whose ingest was undone are read again by the next ingest, and facts whose migration was
    undone are written again; answers of a model are kept. Runs can be undone for thirty days. forget cannot be undone,
    and removes the user from these records too.
    """
    local = _options.open_store(store, lock_timeout)
    if run is None:
        runs = local.changing_runs()
        if as_json:
            _render.emit_json("undo", {"runs": runs})
        else:
            _render.runs(runs)
        return
    undone, facts = local.undo(run)
    if as_json:
        _render.emit_json("undo", {"run": undone.id, "facts": facts})
    else:
        typer.echo(f"run {undone.id} is undone, {facts} facts are as they were")
