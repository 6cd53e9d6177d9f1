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
def command(
    as_json: _options.AsJson = False,
    as_jsonl: _options.AsJsonl = False,
    store: _options.Store = None,
    lock_timeout: _options.LockTimeout = None,
) -> None:
    """List the runs that changed the store in the last thirty days, newest first; memctl undo RUN reverts one.

    memctl migrations lists the migrations between backends.
    """
    runs = _options.open_store(store, lock_timeout).changing_runs()
    if as_json:
        _render.emit_json("runs", {"runs": runs}, version=2)
    elif as_jsonl:
        _render.emit_jsonl(runs)
    else:
        _render.runs(runs)
