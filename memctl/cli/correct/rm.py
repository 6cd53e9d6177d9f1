"""`memctl rm`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from memctl.cli import _options, _render, _typer
from memctl.cli._typer import option
from memctl.core.errors import MemctlError, UsageError
from memctl.store.model import new_run

app = _typer.new_app()


@app.command(
    examples="""
    memctl rm 571cd92d
    memctl rm 571cd92d 0df6175c --yes
    """
)
def command(
    *,
    ids: Annotated[list[str], typer.Argument(metavar="ID...")],
    yes: Annotated[bool, option("-y --yes", "Skip the confirmation.")] = False,
    no_input: Annotated[bool, option("--no-input", "Never prompt; fail instead.")] = False,
    output: _options.Json,
    store: _options.Store,
) -> None:
    """Remove facts and their evidence. A fact that a removed one had superseded becomes current again.

    memctl undo can restore removed facts for thirty days. memctl forget erases immediately.
    """
    local = store.open()
    facts = [local.get(id_)[0] for id_ in ids]
    if not yes:
        if no_input or not sys.stdin.isatty():
            raise UsageError("not confirmed, and no terminal to ask on; nothing was removed", hint="pass --yes")
        for fact in facts:
            typer.echo(f"{_render.short(fact.id)}  {_render.line(fact.text)}", err=True)
        if not typer.confirm(f"Remove {'this fact' if len(facts) == 1 else f'these {len(facts)} facts'}?", err=True):
            raise MemctlError("nothing was removed")
    run = new_run()
    owners = {fact.user_id for fact in facts}
    removed = local.remove([fact.id for fact in facts], owners.pop() if len(owners) == 1 else None, run=run)
    if not output.printed("rm", {"removed": removed, "ids": [fact.id for fact in facts], "run": run}):
        typer.echo(f"{removed} removed; to undo it: memctl undo {run}")
