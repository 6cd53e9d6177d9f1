"""docs/trust.md names a test for every guarantee, and every named test exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
HEAD = "| guarantee | test |\n|---|---|\n"
ROWS = [line for table in PAGE.split(HEAD)[1:] for line in table.partition("\n\n")[0].splitlines()]
NAME = re.compile(r"`([^`\s]*tests/[^`]+|…::[^`]+)`")


def named() -> list[str]:
    """Every test named on the page; `…` stands for the file named before it."""
    names, file = [], ""
    for name in NAME.findall(PAGE):
        if name.startswith("…"):
            names.append(file + name.removeprefix("…"))
        else:
            file = name.partition("::")[0]
            names.append(name)
    return names


@cache
def names_in(file: str) -> set[str]:
    """The tests and classes of a file, without those that only `make torture` runs."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and "pytest.mark.campaign" not in map(ast.unparse, node.decorator_list)
    }


@pytest.mark.parametrize("name", sorted(set(named())))
def test_make_test_runs_every_test_named_on_the_page(name: str) -> None:
    file, *parts = name.split("::")
    assert (ROOT / file).exists()
    for part in parts:
        beginning = part.rstrip("…")
        assert any(test == part or (part != beginning and test.startswith(beginning)) for test in names_in(file))


def test_every_guarantee_names_a_test() -> None:
    assert ROWS
    for row in ROWS:
        promise, held_by = row.strip("| ").split(" | ")
        assert NAME.search(held_by), promise
