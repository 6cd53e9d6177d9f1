"""`memctl diff`."""

from __future__ import annotations

import contextlib
from typing import Annotated

import msgspec
import typer

from memctl.cli import _options, _render, _typer
from memctl.cli._typer import option
from memctl.runtime import user_input

SIGNS = {"began": "+", "ended": "-", "learned": ">", "retired": "x"}
TIMES = {"began": "valid_at", "ended": "invalid_at", "learned": "created_at", "retired": "expired_at"}


app = _typer.new_app()


@app.command(
    examples="""
    memctl diff alice --from 2026-03-01
    memctl diff alice --from 2026-01-01 --to 2026-02-01
    """
)
def command(
    *,
    user: _options.User,
    start: Annotated[str, option("--from", "Start of the period.", "WHEN")],
    end: Annotated[str, option("--to", "End of the period.", "WHEN")] = "now",
    source: Annotated[
        str | None, _options.backend("--backend", "Backend to read from; --from is a time here. [default: local]")
    ] = None,
    service: _options.Service,
    output: _options.Output,
    store: _options.Store,
) -> None:
    """Show what became true (+) or stopped being true (-) for USER, and what memctl learned (>) or retired (x).

    A fact is learned at the time of the turn that states it, not of its ingest. A fact from turns without a time is in
    no period.
    """
    from memctl.core.timeline import diff

    since, until = user_input.when(start, "--from"), user_input.when(end, "--to")
    assert since is not None
    assert until is not None
    with contextlib.closing(_options.reader(source, service, store)) as memory:
        difference = diff(memory.facts(user, all=True), since, until)
    changes = [(what, fact) for what in SIGNS for fact in getattr(difference, what)]
    document = {"user": user, "from": since, "to": until, **msgspec.structs.asdict(difference)}
    if output.listed("diff", document, ({"what": what, "fact": fact} for what, fact in changes)):
        return
    rows = [
        (SIGNS[what], what, _render.day(getattr(fact, TIMES[what])), fact.text, _render.short(fact.id))
        for what, fact in changes
    ]
    _render.table(("", "what", "when", "fact", "id"), rows, wrap="fact")
    typer.echo(", ".join(f"{len(getattr(difference, what))} {what}" for what in SIGNS), err=True)
    if difference.undated:
        facts = _render.count(difference.undated, "fact")
        _render.warn(f"{facts} without a date, so not in any period; memctl history shows all facts")
