"""Writes docs/backends.md from the adapters' capabilities and the conformance suite.

python docs/backends.py > docs/backends.md; with --table only the table of backends, for the README.
"""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

SUITE = Path(__file__).parents[1] / "tests" / "conformance"

HEAD = """# Backends

Made by docs/backends.py from the adapters' own capabilities and from the conformance suite; a test keeps them in step.
`memctl backends` prints the same capabilities, and `memctl migrate --dry-run` what they mean for the facts at hand.
"""

FILES = """
## Files

`--from alice.jsonl` and `--to alice.parquet` just work: what a file is, is told by its content, and by its ending while
it is still to be made (`.jsonl`, `.ndjson`, `.parquet`, `.csv`). `-` is standard input, of any of the three kinds, and
standard output, as JSONL.

- Every field of every fact comes back exactly: whole numbers of any size, times from year 1 to 9999 to the microsecond,
  null and the empty string as two things.
- Writing into a file that is there merges by id. A fact of another owner's id is rejected; nothing changed, nothing
  written: a second run leaves the file as it is, byte for byte.
- A file is replaced whole or not at all. Until then what was written stands in a journal beside it
  (`.alice.jsonl.memctl-journal`), which whoever writes into the file next takes up, also after a kill. One process
  writes at a time; a second one waits for it and then ends with exit code 11.
- A record that is no fact is reported with its line (in Parquet: its row) while the others go through. A file that has
  such records is not written into, since they would be lost.
- Search goes by words (BM25), counted anew at every query.

JSONL has one fact a line, as `memctl schema fact` describes it, ended by a line feed alone. Parquet has the fields as
columns: times are UTC instants, `source` and `embedding` structs, `metadata` and `native` JSON text.

CSV is UTF-8 as in RFC 4180, one column a field, with `source_…` and `embedding_…` for the parts of those; lists,
objects and vectors are JSON text. An empty cell is null. A cell that begins with an apostrophe stands for what follows
it: the empty string is a lone apostrophe, and a text that begins with `=`, `+`, `-`, `@`, a tab, a line end or an
apostrophe gets one in front, since a spreadsheet would take it for a formula. Reading takes it off again. A spreadsheet
that saves the file may still change what it displays, such as long numbers in JSON; comma, semicolon and tab are all
understood as separators.
"""


def backends() -> list[Any]:
    """Every backend that runs the suite, found in the modules beside it."""
    if str(SUITE) not in sys.path:
        sys.path.insert(0, str(SUITE))
    modules = [import_module(path.stem) for path in sorted(SUITE.glob("*_backend*.py"))]
    found = {value for module in modules for value in vars(module).values() if _is_backend(value)}
    return sorted(
        found, key=lambda backend: (backend.__module__ != "core_backends", backend.__module__, _line(backend))
    )


def _is_backend(value: object) -> bool:
    return isinstance(value, type) and "title" in vars(value)


def _line(backend: type) -> int:
    import inspect

    return inspect.getsourcelines(backend)[1]


def cases(backend: type) -> list[str]:
    """The suite's cases as this backend runs them, by name."""
    return [
        name + instance
        for name in dir(backend)
        if name.startswith("test_")
        for instance in _instances(getattr(backend, name))
    ]


def _instances(function: Any) -> Iterator[str]:
    marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize"]
    if not marks:
        yield ""
        return
    (mark,) = marks
    names = mark.kwargs.get("ids") or [None] * len(mark.args[1])
    for value, name in zip(mark.args[1], names, strict=True):
        yield f"[{getattr(value, 'id', None) or (value if name is None else name)}]"


def table() -> str:
    """One row a backend: what it keeps and how many cases it meets."""
    rows = ["| backend | keeps | times | ids | changes | cases met |", "| --- | --- | --- | --- | --- | --- |"]
    for backend in backends():
        capabilities = backend.adapter.capabilities
        total = len(cases(backend))
        never = len(_never(backend))
        rows.append(
            f"| {backend.title} | {_kept(capabilities)} | to {_step(capabilities.time_precision)} "
            f"| {'kept' if capabilities.ids_survive else 'its own'} "
            f"| {'in place' if capabilities.updatable else 'none'} | {total - never} of {total} |"
        )
    return "\n".join(rows)


def _kept(capabilities: Any) -> str:
    aside = sum(kept.keeping == "in_metadata" for kept in capabilities.fields.values())
    lost = [
        f"`{field}` is {kept.keeping}"
        for field, kept in sorted(capabilities.fields.items())
        if kept.keeping in ("coarsened", "dropped")
    ]
    said = f"every field, {aside} of them as metadata" if aside else "every field"
    return f"{said}; {', '.join(lost)}" if lost else said


def _step(seconds: float) -> str:
    for name, size in (("the second", 1.0), ("the millisecond", 1e-3), ("the microsecond", 1e-6)):
        if seconds == size:
            return name
    return f"{seconds:g} s"


def _never(backend: Any) -> dict[str, str]:
    """The cases, parameters counted one by one, that the backend declares it cannot meet, with the reasons."""
    declared = backend.never
    return {
        case: declared.get(case) or declared[case.split("[")[0]]
        for case in cases(backend)
        if case in declared or case.split("[")[0] in declared
    }


def page() -> str:
    """The whole page, ending in a newline."""
    parts = [HEAD, table(), "\n## What becomes of fields that are not simply kept\n"]
    for backend in backends():
        capabilities = backend.adapter.capabilities
        parts += [f"- {backend.title}, `{field}`: {kept.how}." for field, kept in sorted(capabilities.fields.items())]
    parts.append("\n## What a backend cannot do\n")
    parts.append("Declared in the suite, which fails as soon as one of these works.\n")
    for backend in backends():
        parts += [f"- {backend.title}: {_words(case)}: {reason}." for case, reason in sorted(_never(backend).items())]
    return "\n".join(parts) + "\n" + FILES


def _words(case: str) -> str:
    return case.removeprefix("test_").replace("_", " ").replace("-", " ").replace("[", " (").replace("]", ")")


if __name__ == "__main__":
    print(f"{table()}\n" if "--table" in sys.argv else page(), end="")
