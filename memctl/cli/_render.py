"""What goes to stdout: JSON documents, JSONL, tables and lists. Text of facts is cleaned of terminal controls."""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import typer

from memctl.cli import _table
from memctl.core import clean_text
from memctl.core.claim import DOUBT
from memctl.core.late_pattern import late
from memctl.core.plurals import count as count
from memctl.core.predicates import PREDICATES
from memctl.core.suggestions import near
from memctl.core.timeline import holds, is_current

if TYPE_CHECKING:
    from memctl.core.fact import Fact, Source
    from memctl.maintenance.snapshots import Replaced
    from memctl.store.model import Run

_CONTROLS_IN_JSON = late(rf"[\x7f-\x9f{clean_text.TURNING}]")
clean, line = clean_text.clean, clean_text.line
_LONG = late(r"[^\s/\\]{256,}")
PIPE_WIDTH = 10_000
"""Output into a pipe is not wrapped, so that each line stays one record."""
NUMBERS = frozenset({"score", "conf", "facts", "episodes", "n"})
"""Columns that are aligned to the right."""
FATE = ""
"""The unnamed last column: the state of a fact, and its successor."""


def indented(text: str) -> str:
    """`clean`, with every line but the first indented, so that a quote cannot look like output of memctl."""
    return clean(text).replace("\n", "\n  ")


def shortened(text: str) -> str:
    """An error message in which a value that is longer than the name of a file can be is cut."""
    return _LONG.sub(lambda match: f"{match[0][:80]}…", text)


def warn(text: str) -> None:
    """Print a warning on stderr."""
    typer.echo(f"{typer.style('note:', fg='yellow')} {clean(shortened(text))}", err=True)


def escaped(document: bytes) -> str:
    """JSON with terminal controls as escapes, and every character that the encoding of stdout may lack; all of them can
    only occur in strings."""
    text = _CONTROLS_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", document.decode())
    if codecs.lookup(sys.stdout.encoding or "utf-8").name == "utf-8":
        return text
    import json

    return re.sub(r"[^\x00-\x7f]", lambda match: json.dumps(match[0])[1:-1], text)


def emit_json(schema: str, body: Mapping[str, Any], version: int = 1) -> None:
    """Print one JSON document, which starts with the name of its schema."""
    document = {"schema": f"memctl.{schema}/{version}", **body}
    typer.echo(escaped(msgspec.json.format(msgspec.json.encode(document), indent=2 if sys.stdout.isatty() else 0)))


def emit_jsonl(items: Iterable[Any]) -> None:
    """Print one JSON object per line."""
    for item in items:
        typer.echo(escaped(msgspec.json.encode(item)))


def replaced(by: Replaced) -> None:
    """Print on stderr where the replaced store was saved."""
    if by.kept:
        typer.echo(f"the previous store is kept as snapshot {by.kept.name}", err=True)
    if by.damaged:
        typer.echo(
            f"the previous store was unreadable and is kept as {line(by.damaged)}\n"
            "the list of erased users comes from the snapshots; if one is missing, run memctl forget NAME again",
            err=True,
        )


def width() -> int:
    """The width of the output: the terminal's or `COLUMNS`; unlimited into a pipe."""
    if sys.stdout.isatty() or "COLUMNS" in os.environ:
        import shutil

        return shutil.get_terminal_size().columns
    return PIPE_WIDTH


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    wrap: str | Collection[str] | None = None,
    right: Collection[str] = NUMBERS,
) -> None:
    """Print a table. Only the columns in `wrap` are wrapped if the terminal is narrow; those in `right` are numbers."""
    cells = [[line(cell) for cell in row] for row in (columns, *rows)]
    numbers = {place for place, column in enumerate(columns) if column in right}
    total = width()
    if total >= PIPE_WIDTH:
        typer.echo("\n".join(_table.unwrapped(cells, numbers)))
        return
    texts = {wrap} if isinstance(wrap, str) else set(wrap or ())
    wrapped = {place for place, column in enumerate(columns) if column in {*texts, FATE}}
    fates = any(" by " in row[-1] for row in cells[1:])
    least = {place: 20 if len(texts) == 1 else 12 for place, column in enumerate(columns) if column in texts}
    least |= {place: len("superseded by") for place, column in enumerate(columns) if column == FATE and fates}
    header, *lines = _table.fitted(cells, total, right=numbers, wrapped=wrapped, least=least)
    if sys.stdout.isatty():
        header = [typer.style(part, bold=True) for part in header]
    typer.echo("\n".join(part for row in (header, *lines) for part in row))


def paragraph(text: str, indent: int) -> str:
    """Text wrapped to the terminal, every line but the first indented by `indent` columns."""
    columns = width()
    if columns >= PIPE_WIDTH:
        return text
    return f"\n{' ' * indent}".join(_table.wrap(text, max(columns - indent, 12)))


def behind(head: str, text: str) -> None:
    """Print one line of text behind `head`, wrapped to the terminal and indented by the width of `head`."""
    typer.echo(head + paragraph(line(text), _table.columns_of(head)))


def wrapped(text: str, *, err: bool = False) -> None:
    """Print one line of text, wrapped to the terminal and indented from its second line on."""
    typer.echo(paragraph(line(text), 2), err=err)


def day(at: datetime | None) -> str:
    """A date for display, or a dash for an unknown one."""
    return at.date().isoformat() if at else "-"


def short(id_: object) -> str:
    """The first eight characters of an id, enough to refer to a fact."""
    return str(id_)[:8]


def plain(value: object) -> str:
    """A value of JSON or TOML in words, empty for nothing; the keys of nested tables are joined by dots."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {plain(inner) or '-'}" for name, inner in _flat(value))
    if isinstance(value, (list, tuple)):
        return ", ".join(map(plain, value))
    return str(value)


def _flat(table: Mapping[Any, Any], above: str = "") -> Iterator[tuple[str, object]]:
    for name, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def place(source: Source) -> str:
    """The source of a fact; a file below the working folder is shown by its relative path."""
    uri = source.uri or source.system
    folder = f"{Path.cwd()}{os.sep}"
    where = uri.removeprefix(folder)
    return f"{where}#{source.turns[0]}" if source.turns else where


def state(fact: Fact, at: datetime | None = None) -> str:
    """The state of a fact now, empty for a current one; with `at`, empty for a fact that was true then."""
    if holds(fact, at) if at else is_current(fact, datetime.now(UTC)):
        return ""
    return "ended" if fact.superseded_by is None else "superseded"


def facts(facts: Sequence[Fact]) -> None:
    """Facts as a table."""
    rows = [
        (short(f.id), f.kind, day(f.valid_at or f.created_at), _marked(f), _percent(f.confidence), _fate(f))
        for f in facts
    ]
    table(("id", "kind", "date", "fact", "conf", FATE), rows, wrap="fact")


def history(facts: Sequence[Fact]) -> None:
    """Facts as a table with the times from and until which they were true."""
    rows = [(short(f.id), day(f.created_at), day(f.valid_at), day(f.invalid_at), f.text, _fate(f)) for f in facts]
    table(("id", "learned", "from", "until", "fact", FATE), rows, wrap="fact")


def warn_of_mistyped(predicate: str | None, facts: Sequence[Fact]) -> None:
    """Suggest a predicate on stderr, one of `facts` or of the vocabulary, for one that none of the facts has."""
    names = {fact.predicate for fact in facts if fact.predicate}
    if predicate is not None and predicate not in names:
        text = f"no facts with the predicate {predicate!r}. {near(predicate, names | PREDICATES)}"
        typer.echo(line(text), err=True)


def warn_of_outdated(model: str | None) -> None:
    """Say on stderr that a search compared words only, if the store's embeddings are from the outdated `model`."""
    if model:
        typer.echo(
            f"note: the search compared words only, because the embeddings are from the outdated model {model}; "
            "memctl reindex recomputes them",
            err=True,
        )


def runs(runs: Sequence[Run]) -> None:
    """The runs of a store as a table."""
    rows = [
        (run.id, run.command, run.user_id or "-", f"{run.made_at:%Y-%m-%d %H:%M}", "undone" if run.undone_at else "")
        for run in runs
    ]
    table(("run", "command", "user", "when", "state"), rows)


def _fate(fact: Fact) -> str:
    by = f" by {short(fact.superseded_by)}" if fact.superseded_by else ""
    return state(fact) + by


def _marked(fact: Fact) -> str:
    """The text of a fact; one that a later turn puts in doubt says so."""
    return f"{DOUBT}: {fact.text}" if DOUBT in fact.categories and is_current(fact, datetime.now(UTC)) else fact.text


def _percent(confidence: float | None) -> str:
    return "-" if confidence is None else f"{confidence:.2f}"


@contextlib.contextmanager
def progress(verb: str, *, quiet: bool) -> Iterator[Callable[[int, int, str], None] | None]:
    """A progress bar on stderr with rate and time left; None if stderr is not a terminal.

    The function takes the amount done, the total, and the current item.
    """
    if quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[item]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task(verb, total=None, item="")
    with bar:
        yield lambda done, total, item: bar.update(task, completed=done, total=total, item=clean(item))
