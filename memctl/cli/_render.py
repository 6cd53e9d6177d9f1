"""What goes to stdout: JSON documents, JSONL, tables and lists. Text of facts is cleaned of terminal controls."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import typer

from memctl.core.predicates import PREDICATES
from memctl.core.suggestions import near

if TYPE_CHECKING:
    from rich.console import Console

    from memctl.core.fact import Fact, Source
    from memctl.maintenance.snapshots import Replaced
    from memctl.store.model import Run

_TURNING = r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
"""Unicode's marks of direction (UAX #9, 2) and its two line ends, which JavaScript takes for such in a string."""
_CONTROLS = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f{_TURNING}\ud800-\udfff]")
"""Half characters, too: what Python makes of an argument that is no UTF-8 cannot be written."""
_CONTROLS_IN_JSON = re.compile(rf"[\x7f-\x9f{_TURNING}]")
PIPE_WIDTH = 10_000
"""Into a pipe nothing is wrapped, so that a line stays a record."""


FATE = ""
"""The unnamed last column: what became of a fact, and by which other."""


def clean(text: str) -> str:
    """Text made harmless for a terminal: control and direction-override characters become visible escapes."""
    return _CONTROLS.sub(lambda match: f"\\x{ord(match[0]):02x}", text.replace("\r\n", "\n"))


def indented(text: str) -> str:
    """`clean`, with every line but the first indented: what somebody said must not look like a line of memctl's."""
    return clean(text).replace("\n", "\n  ")


def line(text: str) -> str:
    """`clean`, on one line."""
    return clean(" ".join(text.split()))


def escaped(document: bytes) -> str:
    """JSON in which terminal controls stand as escapes: in JSON they occur in strings only."""
    return _CONTROLS_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", document.decode())


def emit_json(schema: str, body: Mapping[str, Any], version: int = 1) -> None:
    """One JSON document with its schema's name first."""
    document = {"schema": f"memctl.{schema}/{version}", **body}
    typer.echo(escaped(msgspec.json.format(msgspec.json.encode(document), indent=2 if sys.stdout.isatty() else 0)))


def emit_jsonl(items: Iterable[Any]) -> None:
    """One JSON object a line."""
    for item in items:
        typer.echo(escaped(msgspec.json.encode(item)))


def replaced(by: Replaced) -> None:
    """Say on stderr where what was in the store's place is kept."""
    if by.kept:
        typer.echo(f"what the store was is the snapshot {by.kept.name}", err=True)
    if by.damaged:
        typer.echo(
            f"what was there could not be used and is kept: {line(by.damaged)}\n"
            "whom it had forgotten is known from the snapshots alone; memctl forget NAME erases a person again",
            err=True,
        )


def width() -> int:
    """Columns to write in: the terminal's, `COLUMNS`, or no limit into a pipe."""
    if sys.stdout.isatty() or "COLUMNS" in os.environ:
        import shutil

        return shutil.get_terminal_size().columns
    return PIPE_WIDTH


def console() -> Console:
    """A rich console on stdout that obeys the terminal, NO_COLOR and TERM."""
    from rich.console import Console

    class Piped(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Piped(width=width(), highlight=False, markup=False, emoji=False, soft_wrap=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, wrap: str | None = None) -> None:
    """A plain table; only the column called `wrap` gives way when the terminal is narrow."""
    from rich.table import Table

    rows = list(rows)
    fates = any(" by " in row[-1] for row in rows)
    grid = Table(box=None, pad_edge=False, header_style="bold", collapse_padding=True)
    for column in columns:
        grid.add_column(
            line(column),
            no_wrap=column not in (wrap, FATE),
            overflow="fold",
            justify="right" if column in ("score", "conf", "facts", "episodes", "n") else "left",
            min_width=20 if column == wrap else len("superseded by") if column == FATE and fates else None,
        )
    for row in rows:
        grid.add_row(*[line(cell) for cell in row])
    console().print(grid)


def paragraph(text: str, indent: int) -> str:
    """Text wrapped to the terminal, every line but the first indented by `indent` columns."""
    columns = width()
    if columns >= PIPE_WIDTH:
        return text
    return textwrap.fill(text, max(columns, indent + 20), initial_indent=" " * indent, subsequent_indent=" " * indent)[
        indent:
    ]


def day(at: datetime | None) -> str:
    """A date as people read it, or a dash for one that is not known."""
    return at.date().isoformat() if at else "-"


def short(id_: object) -> str:
    """The first eight characters of an id: enough to name a fact with."""
    return str(id_)[:8]


def place(source: Source) -> str:
    """Where a fact comes from, a file below the working folder by its relative path."""
    uri = source.uri or source.system
    folder = f"{Path.cwd()}{os.sep}"
    where = uri.removeprefix(folder)
    return f"{where}#{source.turns[0]}" if source.turns else where


def state(fact: Fact) -> str:
    """What became of a fact, empty for a current one."""
    if fact.superseded_by is not None:
        return "superseded"
    if fact.expired_at is not None or fact.invalid_at is not None:
        return "ended"
    return ""


def facts(facts: Sequence[Fact]) -> None:
    """Facts as a table."""
    rows = [
        (short(f.id), f.kind, day(f.valid_at or f.created_at), f.text, _percent(f.confidence), _fate(f)) for f in facts
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


def _percent(confidence: float | None) -> str:
    return "-" if confidence is None else f"{confidence:.2f}"


@contextlib.contextmanager
def progress(verb: str, *, quiet: bool) -> Iterator[Callable[[int, int, str], None] | None]:
    """A progress bar with rate and time left on stderr, for work that lasts; none where stderr is no terminal.

    The function given takes the amount done, the amount in all, and what is in hand.
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
