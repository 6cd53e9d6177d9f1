"""Writes docs/commands.md from the commands' own help: python docs/commands.py > docs/commands.md"""

from collections.abc import Iterator

from typer.core import TyperGroup
from typer.main import get_command
from typer.models import Context

from memctl.cli._typer import AnyCommand
from memctl.cli.app import COMMANDS, app

HEAD = """# Commands

Generated from `--help` by docs/commands.py; a test keeps the two in step.
"""


def reference() -> str:
    """The whole page, ending in a newline."""
    group = get_command(app)
    names = group.context_settings["help_option_names"]
    root = Context(group, info_name="memctl", max_content_width=100, terminal_width=100, help_option_names=names)
    parts = [HEAD, _help(group, root)]
    for name in COMMANDS:
        command = group.get_command(root, name)
        parts += _sections(command, Context(command, info_name=name, parent=root))
    return "\n".join(parts)


def _sections(command: AnyCommand, context: Context) -> Iterator[str]:
    yield f"## {context.command_path}\n"
    yield _help(command, context)
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            yield from _sections(child, Context(child, info_name=name, parent=context))


def _help(command: AnyCommand, context: Context) -> str:
    return f"```text\n{command.get_help(context).rstrip()}\n```\n"


if __name__ == "__main__":
    print(reference(), end="")
