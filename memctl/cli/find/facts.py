"""`memctl facts`."""

from __future__ import annotations

from typing import Annotated

import typer

from memctl.cli import _options, _render, _typer

app = _typer.new_app()


@app.command(
    examples="""
    memctl facts alice
    memctl facts alice --predicate lives_in --all --json
    """
)
def command(
    *,
    user: _options.User,
    subject: _options.Subject = None,
    predicate: _options.Predicate = None,
    kind: Annotated[
        _options.Kind | None,
        typer.Option("--kind", help="Only this kind. Episodes are listed only with --kind episode."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Include superseded, ended and expired facts.")] = False,
    output: _options.Output,
    store: _options.Store,
) -> None:
    """List the current facts of USER in the order they were learned."""
    local = store.open()
    found = local.facts(user, subject, predicate=predicate, kind=kind, all=everything)
    if not found:
        _render.warn_of_mistyped(predicate, local.facts(user, all=True))
    if not output.listed("facts", {"user": user, "facts": found}, found):
        _render.facts(found)
