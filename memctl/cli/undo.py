"""`memctl undo`."""

from __future__ import annotations

from typing import Annotated

import typer

from memctl.cli import _options, _render, _typer

app = _typer.new_app()


@app.command()
def command(
    run: Annotated[str | None, typer.Argument()] = None,
    as_json: _options.AsJson = False,
    store: _options.Store = None,
    lock_timeout: _options.LockTimeout = None,
) -> None:
    """Put back all that RUN changed in the store, as it was before; without RUN, list the runs there were.

    RUN is the id that ingest, import, migrate --to local, consolidate, dedupe or prune printed, or that of an add, an
    edit or an rm in the list, or the first characters of it. What was changed since is not overwritten: later runs that
    built on this one are named, to be undone first. Files whose ingest was undone are read again by the next one, and
    facts whose migration was undone are written again; what a model answered is not asked again. A run can be undone
    for thirty days. forget cannot be undone, and of whom it erases nothing is kept here either.
    """
    local = _options.open_store(store, lock_timeout)
    if run is None:
        runs = local.changing_runs()
        if as_json:
            _render.emit_json("undo", {"runs": runs})
            return
        rows = [
            (
                one.id,
                one.command,
                one.user_id or "-",
                f"{one.made_at:%Y-%m-%d %H:%M}",
                "undone" if one.undone_at else "",
            )
            for one in runs
        ]
        _render.table(("run", "command", "user", "when", "state"), rows)
        return
    undone, facts = local.undo(run)
    if as_json:
        _render.emit_json("undo", {"run": undone.id, "facts": facts})
    else:
        typer.echo(f"run {undone.id} is undone, {facts} facts are as they were")
