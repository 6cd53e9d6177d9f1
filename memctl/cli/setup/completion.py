"""`memctl completion`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from typer._completion_shared import get_completion_script

from memctl.cli import _typer
from memctl.cli.app import COMPLETE

app = _typer.new_app()


@app.command(
    examples="""
    memctl completion bash > ~/.local/share/bash-completion/completions/memctl
    memctl completion zsh > ~/.zfunc/_memctl
    memctl completion fish > ~/.config/fish/completions/memctl.fish
    """
)
def command(shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument()]) -> None:
    """Print a script for SHELL that completes commands, options, users, backends and run ids."""
    typer.echo(get_completion_script(prog_name="memctl", complete_var=COMPLETE, shell=shell))
