"""The classes of typer that the command line is built from: plain-text help, and examples below it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import typer
from typer._click.core import Command as AnyCommand
from typer._click.core import Context
from typer._click.exceptions import ClickException, UsageError
from typer._click.formatting import HelpFormatter
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

__all__ = ["AnyCommand", "ClickException", "HelpFormatter", "UsageError", "build", "new_app", "new_group"]

F = TypeVar("F", bound=Callable[..., Any])


class Command(TyperCommand):
    """A command whose epilog is a list of examples, one per line."""

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the examples as they are, without wrapping them."""
        if self.epilog:
            with formatter.section("Examples"):
                for example in self.epilog.splitlines():
                    formatter.write(f"  {example}\n")


class App(typer.Typer):
    """A command, or a group of subcommands, with plain-text help."""

    def command(  # type: ignore[override]  # the other settings of a command are the same everywhere
        self, name: str | None = None, *, examples: str = ""
    ) -> Callable[[F], F]:
        """Register a command. `examples` are whole command lines, one per line, shown at the end of its help."""
        lines = "\n".join(line.strip() for line in examples.strip().splitlines())
        return super().command(name, cls=Command, epilog=lines or None)


def new_app() -> App:
    """An app for one command."""
    return App(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def new_group() -> App:
    """An app for a group of subcommands."""
    return App(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        cls=TyperGroup,
    )


def build(app: typer.Typer, name: str) -> AnyCommand:
    """The command that `app` describes, under `name`."""
    command = get_command(app)
    command.name = name
    return command
