"""Writes docs/commands.md from the commands' own help: python docs/commands.py > docs/commands.md"""

from collections.abc import Iterator

import click

from memctl.cli.app import COMMANDS, cli

HEAD = """# Commands

Made from `--help` by docs/commands.py; a test keeps the two in step.
"""


def reference() -> str:
    """The whole page, ending in a newline."""
    settings = cli.context_settings | {"max_content_width": 100, "terminal_width": 100}
    root = click.Context(cli, info_name="memctl", **settings)
    parts = [HEAD, _help(cli, root)]
    for name in COMMANDS:
        command = cli.get_command(root, name)
        assert command is not None
        parts += _sections(command, click.Context(command, info_name=name, parent=root))
    return "\n".join(parts)


def _sections(command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"## {context.command_path}\n"
    yield _help(command, context)
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from _sections(child, click.Context(child, info_name=name, parent=context))


def _help(command: click.Command, context: click.Context) -> str:
    return f"```text\n{command.get_help(context)}\n```\n"


if __name__ == "__main__":
    print(reference(), end="")
