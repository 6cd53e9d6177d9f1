"""ARCHITECTURE.md and CONTRIBUTING.md name only what exists, and the four journeys run as described."""

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

import memctl
from memctl.backends.contract import Backend, Features
from memctl.backends.wrappers import Retrying
from memctl.maintenance.forget import clean_traces, forget
from memctl.migrate.endpoints import opened
from memctl.migrate.run import migrate
from memctl.migrate.selection import Selection
from memctl.runtime.retry import Halt, Retry
from memctl.store.duckdb.ledger import Ledger
from memctl.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("ARCHITECTURE.md", "CONTRIBUTING.md", "docs/adding-a-backend.md", "docs/python-api.md")
DOTTED = re.compile(r"`((?:memctl|memctl_\w+)(?:\.\w+)+)(?:\([^`]*\))?`")
PATH = re.compile(r"`((?:memctl|adapters|tests|docs|fixtures|benchmarks)/[\w./-]*)(?:::(\w+))?`")
TREE = re.compile(r"^```text\n(memctl/\n.*?)^```", re.MULTILINE | re.DOTALL)


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def resolve(name: str) -> object:
    """The module, class, function or method of a dotted name; raises if there is none."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            target: object = import_module(".".join(parts[:length]))
        except ModuleNotFoundError as error:
            if not name.startswith(error.name or "-"):
                raise
            continue
        for part in parts[length:]:
            target = getattr(target, part)
        return target
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize(("page", "name"), [(page, name) for page in PAGES for name in DOTTED.findall(text(page))])
def test_a_name_on_a_page_exists(page: str, name: str) -> None:
    if f'[project.entry-points."{name}"]' not in text("pyproject.toml"):
        resolve(name)


@pytest.mark.parametrize("page", PAGES)
def test_a_path_on_a_page_exists(page: str) -> None:
    for path, function in PATH.findall(text(page)):
        assert (ROOT / path).exists(), path
        assert f"def {function}" in (ROOT / path).read_text(encoding="utf-8") if function else True, function


def test_the_example_rule_for_contributors_is_in_its_table() -> None:
    (row,) = re.findall(r"^```text\n(verbs:.*?)^```", text("CONTRIBUTING.md"), re.MULTILINE | re.DOTALL)
    assert row in text("memctl/extract/tables/identity.txt")


def test_the_page_on_adapters_has_every_method_and_feature_of_the_contract() -> None:
    page = text("docs/adding-a-backend.md")
    for name, parameters in re.findall(r"`(\w+)\(([^)`]*)\)`", page):
        assert ", ".join([*inspect.signature(getattr(Backend, name)).parameters][1:]) == parameters, name
    methods = [name for name, _ in inspect.getmembers(Backend, inspect.isfunction) if not name.startswith("_")]
    assert [name for name in (*methods, *Features.__struct_fields__) if not re.search(rf"`{name}\b", page)] == []


def test_the_tree_lists_exactly_the_existing_packages() -> None:
    (tree,) = TREE.findall(text("ARCHITECTURE.md"))
    listed: set[str] = set()
    stack: list[str] = []
    for line in tree.splitlines():
        name = line.split()[0]
        depth = (len(line) - len(line.lstrip())) // 2
        stack[depth:] = [name]
        listed.add("".join(stack))
    for path in listed:
        assert (ROOT / path).exists(), path
    rooms = {f"memctl/{path.parent.name}/" for path in (ROOT / "memctl").glob("*/__init__.py")}
    modules = {f"memctl/{path.name}" for path in (ROOT / "memctl").glob("*.py") if not path.name.startswith("__")}
    adapters = {f"adapters/{path.parent.name}/" for path in (ROOT / "adapters").glob("*/__init__.py")}
    assert rooms | modules | adapters <= listed


def test_a_turn_becomes_a_fact_and_a_query_becomes_hits(tmp_path: Path) -> None:
    with memctl.open("local", path=tmp_path / "store.duckdb") as memory:
        memory.add("alice", [{"role": "user", "content": "I live in Paris.", "at": "2026-03-03T09:15:00Z"}])
        (fact,) = memory.facts("alice")
        assert (fact.predicate, fact.object, fact.source.quote) == ("lives_in", "Paris", "I live in Paris")
        hit, *_ = memory.search("alice", "where does she live")
        assert hit.fact == fact
        assert sum(hit.parts.values()) == pytest.approx(hit.score)


def test_a_fact_moves_between_backends_and_a_person_is_forgotten(tmp_path: Path) -> None:
    dump = ROOT / "fixtures" / "exports" / "mem0" / "page.json"
    options = {"local": {"path": tmp_path / "store.duckdb"}}
    with (
        opened(str(dump), "local", options=options, warn=pytest.fail) as ends,
        Ledger(tmp_path / "ledger.duckdb", 5) as ledger,
    ):
        job = ends.job(ends.plan(Selection(), "preserve"), command="")
        report = migrate(job, ledger, Halt())
        assert report.counts.written == report.counts.read > 0
        assert report.verification is not None
        assert report.verification.missing == 0
        store = ends.targets[0]
        assert isinstance(store, Workspace)
        user = next(store.users())
        receipt = forget([("local", Retrying(store, Retry(Halt())))], user, store)
        clean_traces(user, store, ledger)
        assert receipt.backends[0].gone
        assert user not in store.users()
        assert migrate(job, ledger, Halt()).counts.rejected > 0
