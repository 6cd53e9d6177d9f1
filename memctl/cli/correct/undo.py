"""`memctl undo`."""

from __future__ import annotations

from typing import Annotated

import typer

from memctl.cli import _complete, _options, _render, _typer

app = _typer.new_app()


@app.command(
    examples="""
    memctl undo e1dcd49792df
    memctl undo e1dc --json
    """
)
def command(
    *,
    run: Annotated[str | None, typer.Argument(autocompletion=_complete.runs)] = None,
    output: _options.Output,
    store: _options.Store,
) -> None:
    """Undo everything that RUN changed in the store; without RUN, list the runs as memctl runs does.

    RUN is the id that the command printed, or one that memctl runs lists; a unique prefix is enough. Later changes are
    never overwritten: if later runs depend on RUN, they are listed, and must be undone first.

    The next ingest reads the files of an undone ingest again, and the next migration writes the facts of an undone one
    again. Answers of a model stay cached. Runs can be undone for thirty days. memctl forget cannot be undone, and
    leaves no undo data about the user.
    """
    local = store.open()
    if run is None:
        runs = local.changing_runs()
        if not output.listed("undo", {"runs": runs}, runs):
            _render.runs(runs)
        return
    undone, records = local.undo(run)
    document = {"run": undone.id, "facts": records}
    if not output.listed("undo", document, [document]):
        typer.echo(f"undid run {undone.id}: {_render.count(records, 'record')} reverted")
