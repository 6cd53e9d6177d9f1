"""Every option named in a message exists in the commands that show the message."""

import ast
import re
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.models import Context

from memctl.cli.app import COMMANDS, app

ROOT = Path(__file__).resolve().parents[2]
GLOBAL = {"--help", "--version", "--log-file", "--log-format"}
BACKENDS = ("migrate", "verify", "export", "import", "search", "facts", "forget", "backends test")
"""The commands that open any backend. `ingest` and `report` do as well, but their --model is not for the backend."""
READS = ("ingest", "add", "edit", "undo")
SHOWN = {
    "adapters": BACKENDS,
    "memctl/backends": BACKENDS,
    "memctl/migrate/removal.py": ("sync",),
    "memctl/migrate": BACKENDS,
    "memctl/transcripts": READS,
    "memctl/extract": READS,
    "memctl/ingest": READS,
    "memctl/report/audit": ("audit", "rm", "migrate"),
    "memctl/report/evaluation": ("eval",),
    "memctl/report": ("report volume", "report pricing", "report prices"),
}
"""The commands that show the messages of a folder or file; others are used by all commands."""
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
OTHERS = re.compile(r"\b(?:git|pip|uv|docker|pg_dump|initdb) [^;,]*")
"""Command lines of other programs."""
SAYING = ("Error", "NotFound", "Rejected", "echo", "warn")
"""Calls whose arguments people read."""


def _options():
    group = get_command(app)
    root = Context(group, info_name="memctl")
    options = {}

    def add(command, name):
        options[name] = {flag for param in command.params for flag in (*param.opts, *param.secondary_opts)} | GLOBAL
        for below, child in (command.commands if isinstance(command, TyperGroup) else {}).items():
            add(child, f"{name} {below}")

    for name in COMMANDS:
        add(group.get_command(root, name), name)
    return options


OPTIONS = _options()


def messages(path):
    """The texts of a module that are shown to users: in `raise`, and in arguments such as hint, where and remedy."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    statements += [
        keyword.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in ("hint", "where", "remedy", "detail", "reason")
    ]
    statements += [
        argument
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(SAYING)
        for argument in node.args
    ]
    for node in statements:
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.lineno, OTHERS.sub("", part.value)


MODULES = [
    path.relative_to(ROOT).as_posix() for base in ("memctl", "adapters") for path in sorted((ROOT / base).rglob("*.py"))
]


@pytest.mark.parametrize("module", [name for name in MODULES if "--" in (ROOT / name).read_text(encoding="utf-8")])
def test_every_option_in_a_message_exists(module):
    commands = next((names for folder, names in SHOWN.items() if f"{module}/".startswith(f"{folder}/")), OPTIONS)
    if module.startswith("memctl/cli/") and (own := Path(module).stem.rstrip("_")) in COMMANDS:
        commands = [name for name in OPTIONS if name.split()[0] == own]
    allowed = set().union(*(OPTIONS[name] for name in commands))
    unknown = []
    for line, text in messages(ROOT / module):
        for clause in re.split(r"(?=\bmemctl [a-z])", text):
            words = clause.split()
            own = next((n for n in (" ".join(words[1:3]), "".join(words[1:2])) if n in OPTIONS), None)
            named = words[:1] == ["memctl"] and own is not None
            known = OPTIONS[own] | allowed if named else allowed
            unknown += [(line, flag) for flag in FLAG.findall(clause) if flag not in known]
    assert unknown == []
