"""Help texts: every option is explained and every command has examples, in plain words."""

import re
import shlex

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.models import Context

from memctl.cli.app import COMMANDS, app

AWKWARD = re.compile(
    r"^Of |\b(is|are) no (?!longer\b)[a-z]|\b(anew|meanwhile|whom|likewise|tell|told|take back|at hand|beside)\b"
    r"|whose facts|may be repeated|\bthose there are\b|_options\.|\[(?!default:|env var:)[a-z]+\]"
)
"""Phrases of the former help texts that had to be read twice."""


def _all():
    group = get_command(app)
    root = Context(group, info_name="memctl")
    for name in COMMANDS:
        command = group.get_command(root, name)
        context = Context(command, info_name=name, parent=root)
        yield context
        if isinstance(command, TyperGroup):
            for below, child in command.commands.items():
                yield Context(child, info_name=below, parent=context)


ALL = {context.command_path: context for context in _all()}


@pytest.mark.parametrize("path", ALL)
def test_every_command_has_two_examples_and_every_option_is_explained(path):
    command = ALL[path].command
    examples = (command.epilog or "").splitlines()
    assert len(examples) >= 2, "new users copy examples"
    assert all("memctl " in example for example in examples)
    assert [param.name for param in command.params if param.param_type_name == "option" and not param.help] == []


@pytest.mark.parametrize("path", ALL)
def test_every_example_is_a_command_line_that_memctl_understands(path):
    for example in (ALL[path].command.epilog or "").splitlines():
        words = shlex.split(example.partition(">")[0].rpartition("| ")[2])
        words = words[words.index("memctl") + 1 :]
        name = next(other for other in (" ".join(["memctl", *words[:2]]), f"memctl {words[0]}") if other in ALL)
        command = ALL[name].command
        context = Context(command, info_name=name)
        command.parse_args(context, words[name.count(" ") :])


@pytest.mark.parametrize("path", ALL)
def test_help_is_in_plain_words(path):
    context = ALL[path]
    texts = [context.command.help or "", *(str(getattr(param, "help", "") or "") for param in context.command.params)]
    assert [text for text in texts if AWKWARD.search(text)] == []


@pytest.mark.parametrize("path", [path for path, context in ALL.items() if isinstance(context.command, TyperGroup)])
def test_the_summary_of_a_subcommand_is_not_cut_off_on_a_narrow_terminal(path):
    """Otherwise a user who looks for a subcommand would have to open the help of each."""
    context = Context(ALL[path].command, info_name=path, terminal_width=80, max_content_width=80)
    assert [line for line in context.get_help().splitlines()[1:] if line.endswith("...")] == []


def test_the_variable_of_an_option_is_named_after_the_option(memctl, monkeypatch):
    """As the help says. The names of the parameters, which differ for some options, work as well."""
    memctl("add", "alice", "I live in Ghent.")
    for variable in ("MEMCTL_FACTS_JSON", "MEMCTL_FACTS_AS_JSON"):
        monkeypatch.setenv(variable, "1")
        assert memctl("facts", "alice").document["schema"] == "memctl.facts/1"
        monkeypatch.delenv(variable)
    monkeypatch.setenv("MEMCTL_MIGRATIONS_SHOW_JSON", "1")
    assert memctl("migrations", "show", "none").code == 4
