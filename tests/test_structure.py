"""The structure described in ARCHITECTURE.md, checked in the sources without importing them."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TypeGuard

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("memctl", "adapters", "tests", "tools", "benchmarks", "docs")
LONGEST = 420
ROOMS = (
    *("core", "runtime", "transcripts", "embed", "extract", "reconcile", "backends", "store"),
    *("ingest", "migrate", "maintenance", "report", "context", "memory", "workspace", "mcp", "integrations", "cli"),
)
"""A room imports only from those before it, when it is itself imported."""
AGAINST_THE_ORDER = {
    ("memctl.backends.files.parquet", "memctl.store.duckdb.parquet_sql"),
    ("memctl.runtime.openai_errors", "memctl.backends.contract"),
}
"""Imports of a later room that remain."""
FOR_ADAPTERS = {"memctl.core.fact", "memctl.core.errors", "memctl.backends.contract"}
CLICK = re.compile(r"^\s*(?:import|from) click\b", re.MULTILINE)
SQL = re.compile(r"\s*(?:SELECT\s|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE (?:TABLE|INDEX)|WITH \w+ AS|COPY )")
WITH_SQL = {"memctl.runtime.spool"}
"""Modules outside of the store that have SQL: the spool is a file of SQLite of its own."""
REPLACED = {
    "": "adapter api local archive endpoint jsonbounds locks text",
    "store/**": "answers batches engine forgotten journal lookup nearest records sql statistics units",
    "ingest": "asking batching digest imports modelled models owner reading report run stated trial turns undoing",
    "migrate": "apply compare ends entries reading retry shelf",
    "backends/files": "backend catalogue delimited dumps journal kinds lexical rows soundness standard",
    "cli/**": "main migration reporting output log options",
    "transcripts": "clock companions documents dumps head messages text tree",
    "extract/**": "rules reader draft frames matching phrases guards orders foreign takebacks asides sayings redact",
}
"""Former names of modules by their folder, whose new ones say what is in them."""


def modules() -> dict[str, Path]:
    """Every module of memctl and its adapters by its dotted name."""
    paths = {}
    for base in (ROOT, ROOT / "adapters"):
        for path in [*base.glob("memctl/**/*.py"), *base.glob("memctl_*/**/*.py")]:
            paths[".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__")] = path
    return paths


MODULES = modules()


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path, *, lazy: bool) -> frozenset[str]:
    """The modules of memctl that a file imports; with `lazy` also those that a function imports when called."""

    def statements(nodes: Iterator[ast.AST]) -> Iterator[ast.AST]:
        for node in nodes:
            if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
                continue
            if lazy or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield node
                yield from statements(ast.iter_child_nodes(node))

    names: set[str] = set()
    for node in statements(ast.iter_child_nodes(tree(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            within = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= within & MODULES.keys() or {node.module}
    return frozenset(names & MODULES.keys())


def test_there_are_no_import_cycles() -> None:
    """TopologicalSorter raises CycleError, which names the modules."""
    TopologicalSorter({name: imports(path, lazy=False) - {name} for name, path in MODULES.items()}).prepare()


def test_a_package_imports_only_from_packages_before_it() -> None:
    def rank(module: str) -> int:
        _, _, inside = module.partition(".")
        return ROOMS.index(inside.partition(".")[0])

    inside = {name: path for name, path in MODULES.items() if name.startswith("memctl.") and "__main__" not in name}
    pairs = {(name, other) for name, path in inside.items() for other in imports(path, lazy=False) & inside.keys()}
    assert {pair for pair in pairs if rank(pair[0]) < rank(pair[1])} <= AGAINST_THE_ORDER


def test_the_packages_of_a_room_do_not_import_each_other_in_a_circle() -> None:
    """Modules of a room that are in none of its packages stand for themselves."""
    packages: dict[str, set[str]] = {}
    for name, path in MODULES.items():
        for other in imports(path, lazy=False):
            here, there = (".".join(module.split(".")[:3]) for module in (name, other))
            if here != there and here.split(".")[:2] == there.split(".")[:2]:
                packages.setdefault(here, set()).add(there)
    TopologicalSorter(packages).prepare()


def test_an_adapter_imports_only_contract_facts_and_errors() -> None:
    for name, path in MODULES.items():
        if name.startswith("memctl_"):
            used = {other for other in imports(path, lazy=True) if not other.startswith("memctl_")}
            assert used <= FOR_ADAPTERS, name


def test_memctl_names_no_adapter() -> None:
    """They are found by their entry points."""
    for name, path in MODULES.items():
        if not name.startswith("memctl_"):
            assert not {other for other in imports(path, lazy=True) if other.startswith("memctl_")}, name


def test_no_file_is_too_long() -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for base in SOURCES
        for path in (ROOT / base).rglob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_no_module_has_a_replaced_name() -> None:
    names = [f"{folder}/{name}.py" for folder, replaced in REPLACED.items() for name in replaced.split()]
    assert [name for name in names if list((ROOT / "memctl").glob(name.removeprefix("/")))] == []


def test_no_module_imports_click() -> None:
    """Typer brings its own; trees of commands of the two cannot be mixed."""
    assert [name for name, path in MODULES.items() if CLICK.search(path.read_text(encoding="utf-8"))] == []


def test_only_the_store_and_adapters_have_sql() -> None:
    sources = {name: path for name, path in MODULES.items() if not name.startswith(("memctl.store", "memctl_"))}
    texts = {name: [node.value for node in ast.walk(tree(path)) if is_text(node)] for name, path in sources.items()}
    assert {name for name, strings in texts.items() if any(map(SQL.match, strings))} <= WITH_SQL


def is_text(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
