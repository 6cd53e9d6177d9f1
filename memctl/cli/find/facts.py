"""`memctl facts`."""

from __future__ import annotations

import contextlib
from typing import Annotated

from memctl.cli import _options, _render, _typer
from memctl.cli._typer import option

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
        _options.Kind | None, option("--kind", "Only this kind. Episodes are listed only with --kind episode.")
    ] = None,
    everything: Annotated[bool, option("--all", "Include superseded, ended and expired facts.")] = False,
    source: _options.Source = None,
    service: _options.Service,
    output: _options.Output,
    store: _options.Store,
) -> None:
    """List the current facts of USER in the order they were learned."""
    with contextlib.closing(_options.reader(source, service, store)) as memory:
        facts = memory.facts(user, subject, predicate=predicate, kind=kind, all=everything)
        if not facts and predicate:
            _render.warn_of_mistyped(predicate, memory.facts(user, all=True))
    if not output.listed("facts", {"user": user, "facts": facts}, facts):
        _render.facts(facts)
