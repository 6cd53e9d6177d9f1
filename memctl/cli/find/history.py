"""`memctl history`."""

from __future__ import annotations

from memctl.cli import _options, _render, _typer

app = _typer.new_app()


@app.command(
    examples="""
    memctl history alice
    memctl history alice --predicate lives_in
    """
)
def command(
    *,
    user: _options.User,
    predicate: _options.Predicate = None,
    subject: _options.Subject = None,
    output: _options.Output,
    store: _options.Store,
) -> None:
    """Show all facts about USER with the dates they were learned and valid, superseded and ended ones included."""
    from memctl.core.timeline import history

    local = store.open()
    found = history(local.facts(user, subject, predicate=predicate, all=True))
    if not found:
        _render.warn_of_mistyped(predicate, local.facts(user, all=True))
    if not output.listed("history", {"user": user, "facts": found}, found):
        _render.history(found)
