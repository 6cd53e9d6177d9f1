"""The classes of typer that the command line is built from: plain-text help, and examples below it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import typer
from typer._click.core import Command as AnyCommand
from typer._click.core import Context
from typer._click.exceptions import ClickException, UsageError
from typer._click.formatting import HelpFormatter
from typer._click.types import IntRange
from typer._types import TyperChoice
from typer.core import TyperArgument, TyperCommand, TyperGroup
from typer.main import get_command

from memctl.core.suggestions import near

__all__ = ["AnyCommand", "ClickException", "HelpFormatter", "UsageError", "build", "new_app", "new_group"]

F = TypeVar("F", bound=Callable[..., Any])


class Choice(TyperChoice[str]):
    """A choice whose error names the nearest value."""

    def get_invalid_choice_message(self, value: Any, ctx: Context | None) -> str:
        """The error for a value that is not a choice."""
        return f"{super().get_invalid_choice_message(value, ctx)} {near(str(value), self.choices)}".rstrip()


class Command(TyperCommand):
    """A command whose epilog is a list of examples, one per line."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        param: Any
        for param in self.params:
            # Every option has a variable; the help of the whole command says so once.
            param.show_envvar = False
            if isinstance(param, TyperArgument):
                param.metavar = param.metavar or str(param.name).rstrip("_").upper()
            if callable(param.default):
                param.show_default = False
            if isinstance(param.type, TyperChoice):
                param.type = Choice(param.type.choices)
            if isinstance(param.type, IntRange):
                param.metavar = param.metavar or "N"

    def collect_usage_pieces(self, ctx: Context) -> list[str]:
        """The parts of the usage line, without typer's braces around what is required."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]

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


def new_group(*, runs_alone: bool = False) -> App:
    """An app for a group of subcommands. Unless it `runs_alone`, the group without a subcommand prints its help."""
    return App(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=not runs_alone,
        cls=TyperGroup,
    )


def build(app: typer.Typer, name: str) -> AnyCommand:
    """The command that `app` describes, under `name`."""
    command = get_command(app)
    command.name = name
    return command
