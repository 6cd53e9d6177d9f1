"""`memctl runs`."""

from __future__ import annotations

from memctl.cli import _options, _render, _typer

app = _typer.new_app()


@app.command(
    examples="""
    memctl runs
    memctl undo e1dcd49792df
    """
)
def command(*, output: _options.Output, store: _options.Store) -> None:
    """List the runs that changed the store in the last thirty days, newest first.

    memctl undo RUN reverts one. memctl migrations lists the migrations between backends.
    """
    runs = store.open().changing_runs()
    if not output.listed("runs", {"runs": runs}, runs, version=2):
        _render.runs(runs)
