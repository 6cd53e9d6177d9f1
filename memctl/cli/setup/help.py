"""`memctl help`."""

from __future__ import annotations

from typing import Annotated

import typer
from typer.core import TyperGroup

from memctl.cli import _complete, _typer

app = _typer.new_app()


@app.command(
    examples="""
    memctl help search
    memctl help snapshot restore
    """
)
def command(
    ctx: typer.Context,
    words: Annotated[
        list[str], typer.Argument(metavar="[COMMAND]...", autocompletion=_complete.commands, default_factory=list)
    ],
) -> None:
    """Show the options and examples of COMMAND; without COMMAND, list all commands."""
    context = ctx.find_root()
    shown = context.command
    for word in words:
        if not isinstance(shown, TyperGroup):
            break
        _, child, _ = shown.resolve_command(context, [word])
        assert child is not None
        shown, context = child, typer.Context(child, info_name=word, parent=context)
    typer.echo(shown.get_help(context))
