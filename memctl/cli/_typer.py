"""The classes of typer that the command line is built from: plain-text help with examples, and groups of options."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, get_type_hints

import typer
from typer._click.core import Command as AnyCommand
from typer._click.core import Context
from typer._click.exceptions import BadParameter, ClickException, MissingParameter, NoSuchOption, UsageError
from typer._click.formatting import HelpFormatter
from typer._click.types import FloatRange, IntRange, _NumberRangeBase
from typer._types import TyperChoice
from typer.core import TyperArgument, TyperCommand, TyperGroup
from typer.main import get_command

from memctl.core.suggestions import near

__all__ = ["AnyCommand", "ClickException", "HelpFormatter", "build", "new_app", "new_group"]

F = TypeVar("F", bound=Callable[..., Any])


class Choice(TyperChoice[str]):
    """A choice whose error names the nearest value."""

    def get_invalid_choice_message(self, value: Any, ctx: Context | None) -> str:
        """The error for a value that is not a choice."""
        return f"{super().get_invalid_choice_message(value, ctx)} {near(str(value), self.choices)}".rstrip()


class _Range(_NumberRangeBase):
    """A number whose help gives its range in words, if it has an end, and whose error says what is allowed."""

    noun = "number"

    def _describe_range(self) -> str:
        return "" if self.max is None else f"{self.min} to {self.max}"

    def convert(self, value: Any, param: Any, ctx: Context | None) -> Any:
        """The number. Raises BadParameter for another value, with what is allowed."""
        with suppress(BadParameter):
            number = super().convert(value, param, ctx)
            if not math.isnan(number):
                return number
        allowed = self._describe_range() or f"{self.min} or more"
        raise BadParameter(f"{str(value)!r}. Use a {self.noun}, {allowed}.", ctx, param)


class WholeNumber(_Range, IntRange):
    """A whole number in a range."""

    noun = "whole number"


class Number(_Range, FloatRange):
    """A number in a range."""


MAY_BE_EMPTY = ("words", "note")
"""The arguments and options for which an empty value means none. Any other would be read as something that was not
meant: an empty path as the current folder, an empty store as the default one."""


class _Examples(AnyCommand):
    """A command or group whose epilog is a list of examples, one per line."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        param: Any
        for param in self.params:
            # Every option has an environment variable; docs/settings.md gives the rule for its name.
            param.show_envvar = False
            if isinstance(param, TyperArgument):
                param.metavar = param.metavar or str(param.name).rstrip("_").upper()
                # The usage line shows it, and the text above explains it.
                param.hidden = True
            if callable(param.default):
                param.show_default = False
            if isinstance(param.type, TyperChoice):
                param.type = Choice(param.type.choices)
            if isinstance(param.type, IntRange):
                param.metavar = param.metavar or "N"
                param.type = WholeNumber(param.type.min, param.type.max)
            if isinstance(param.type, FloatRange):
                param.type = Number(param.type.min, param.type.max)
            if param.name not in MAY_BE_EMPTY:
                param.type_cast_value = _refusing_empty(param, param.type_cast_value)

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Parse the arguments; the variable of an option is named after the option, and after its parameter."""
        param: Any
        for param in self.params:
            flags = [flag for flag in param.opts if flag.startswith("--")]
            if flags and param.envvar is None and ctx.auto_envvar_prefix:
                names = dict.fromkeys([flags[0][2:].replace("-", "_"), str(param.name)])
                param.envvar = [f"{ctx.auto_envvar_prefix}_{name}".upper() for name in names]
        try:
            return super().parse_args(ctx, [*args])
        except MissingParameter:
            raise UsageError(self._missing(ctx, args), ctx) from None
        except NoSuchOption as error:
            raise UsageError(self._no_such(ctx, args, error.option_name), ctx) from None

    def _missing(self, ctx: Context, args: list[str]) -> str:
        """The error that names everything required that the arguments lack, with an example."""
        typed, _, _ = self.make_parser(ctx).parse_args([*args])
        names: list[str] = []
        param: Any
        for param in self.get_params(ctx):
            if not param.required or not param.value_is_missing(param.consume_value(ctx, typed)[0]):
                continue
            values = f" ({', '.join(param.type.choices)})" if isinstance(param.type, TyperChoice) else ""
            shown = _name(param)
            if typed.get("all_users"):
                shown = shown.removeprefix("USER ")
            names += [f"{name}{values}" for name in shown.split()]
        example = f" Example: {self.epilog.splitlines()[0]}" if self.epilog else ""
        return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} missing.{example}"

    def _no_such(self, ctx: Context, args: list[str], option: str) -> str:
        """The error for an unknown option, with the nearest one. An argument that begins with a dash looks like one."""
        word = next((arg for arg in args if arg.startswith(option)), option)
        hint = near(option, [flag for param in self.get_params(ctx) for flag in param.opts], 3)
        if not hint and any(isinstance(param, TyperArgument) for param in self.params) and _is_text(word):
            usage = " ".join([ctx.command_path, "[OPTIONS] --", *self.collect_usage_pieces(ctx)[1:]])
            hint = f"If {word!r} is an argument, write -- before the arguments: {usage}"
        return f"No such option: {option}. {hint}".rstrip()

    def collect_usage_pieces(self, ctx: Context) -> list[str]:
        """The parts of the usage line, without typer's braces around what is required."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the examples as they are, without wrapping them."""
        if self.epilog:
            with formatter.section("Examples"):
                for example in self.epilog.splitlines():
                    formatter.write(f"  {example}\n")


def _name(param: Any) -> str:
    """An argument or option as the help shows it."""
    return str(param.metavar).removesuffix("...").strip("[]") if isinstance(param, TyperArgument) else param.opts[0]


def _is_text(word: str) -> bool:
    """Whether a word that begins with a dash may be a name or text, and not a mistyped option."""
    return not word.startswith("--") or " " in word


def _refusing_empty(param: Any, convert: Callable[[Context, Any], Any]) -> Callable[[Context, Any], Any]:
    """The conversion of a parameter's value, which raises UsageError for one that is empty."""

    def check(ctx: Context, value: Any) -> Any:
        values = value if isinstance(value, (list, tuple)) else [value]
        if any(isinstance(each, str) and not each.strip() for each in values):
            hint = "" if isinstance(param, TyperArgument) else " Leave it out, or give it a value."
            raise UsageError(f"{_name(param)} is empty.{hint}", ctx)
        return convert(ctx, value)

    return check


class Command(_Examples, TyperCommand):
    """A single command."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """As for `_Examples`. Raises UsageError for too many arguments, such as a text without quotes."""
        ctx.allow_extra_args = True
        rest = super().parse_args(ctx, args)
        if rest and not ctx.resilient_parsing:
            takes = any(isinstance(param, TyperArgument) for param in self.params)
            hint = " Put quotes around a value with spaces." if takes else ""
            raise UsageError(f"Unexpected argument {rest[0]!r}.{hint}", ctx)
        return rest


MANY = 10
"""From so many commands on, an error lists all of them only if none has nearly the name."""


class Group(_Examples, TyperGroup):
    """A command with subcommands."""

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, AnyCommand | None, list[str]]:
        """The subcommand that is named. Raises UsageError for an unknown one, with the nearest name or all."""
        names = self.list_commands(ctx)
        if args[0] not in names and not ctx.resilient_parsing:
            hint = near(args[0], names)
            if not hint or len(names) < MANY:
                hint = f"{hint} Commands: {', '.join(names)}.".lstrip()
            raise UsageError(f"No such command '{args[0]}'. {hint}", ctx)
        return super().resolve_command(ctx, args)


def option(flags: str, text: str, metavar: str | None = None, **more: Any) -> Any:
    """An option; `flags` are its names, separated by spaces, and `text` is its help."""
    return typer.Option(*flags.split(), help=text, metavar=metavar, **more)


class App(typer.Typer):
    """A command, or a group of subcommands, with plain-text help."""

    def command(  # type: ignore[override]  # the other settings of a command are the same everywhere
        self, name: str | None = None, *, examples: str = ""
    ) -> Callable[[F], F]:
        """Register a command. `examples` are whole command lines, one per line, shown at the end of its help."""
        return _ungrouping(super().command(name, cls=Command, epilog=_lines(examples)))

    def callback(  # type: ignore[override]  # as `command`
        self, *, invoke_without_command: bool = False, examples: str = ""
    ) -> Callable[[F], F]:
        """Register a group; its function runs before the subcommand, or without one."""
        metavar = "[COMMAND] [ARGS]..." if invoke_without_command else None
        return _ungrouping(
            super().callback(
                invoke_without_command=invoke_without_command, subcommand_metavar=metavar, epilog=_lines(examples)
            )
        )


def _lines(examples: str) -> str | None:
    return "\n".join(line.strip() for line in examples.strip().splitlines()) or None


def _ungrouping(register: Callable[[Any], Any]) -> Callable[[F], F]:
    """A decorator that registers the function with one option for each field of the structs that it takes."""

    def decorate(function: F) -> F:
        register(_ungrouped(function))
        return function

    return decorate


def _ungrouped(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with one option for each field of the structs that it takes."""
    import msgspec  # not needed for memctl --help

    hints = get_type_hints(function, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if isinstance(hint, type) and issubclass(hint, msgspec.Struct)}
    parameters = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in groups:
            group = groups[parameter.name]
            options = get_type_hints(group, include_extras=True)
            for field in msgspec.structs.fields(group):
                default = inspect.Parameter.empty if field.default is msgspec.NODEFAULT else field.default
                parameters.append(_keyword(field.name, default, options[field.name]))
        else:
            parameters.append(_keyword(parameter.name, parameter.default, hints[parameter.name]))

    def call(**values: Any) -> Any:
        for name, group in groups.items():
            values[name] = group(**{field: values.pop(field) for field in group.__struct_fields__})
        return function(**values)

    call.__doc__ = function.__doc__
    call.__name__ = function.__name__
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by inspect.signature
    return call


def _keyword(name: str, default: Any, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


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
        cls=Group,
    )


def build(app: typer.Typer, name: str) -> AnyCommand:
    """The command that `app` describes, under `name`."""
    command = get_command(app)
    command.name = name
    return command
