"""`memctl history`."""

from __future__ import annotations

import contextlib

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
    source: _options.Source = None,
    service: _options.Service,
    output: _options.Output,
    store: _options.Store,
) -> None:
    """Show all facts of USER, including superseded and ended ones, with the dates they were learned and valid."""
    from memctl.core.timeline import history

    with contextlib.closing(_options.reader(source, service, store)) as memory:
        facts = history(memory.facts(user, subject, predicate=predicate, all=True))
        if not facts and predicate:
            _render.warn_of_mistyped(predicate, memory.facts(user, all=True))
    if not output.listed("history", {"user": user, "facts": facts}, facts):
        _render.history(facts)
