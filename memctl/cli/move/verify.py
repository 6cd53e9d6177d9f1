"""`memctl verify`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memctl.cli import _options, _render, _transfer, _typer
from memctl.cli._typer import option
from memctl.core.errors import Exit, Halted, unwritable

if TYPE_CHECKING:
    from memctl.migrate.verify import OnRow, Row


LISTED = 100
"""Rows that the terminal shows."""

app = _typer.new_app()


@app.command(
    examples="""
    memctl verify --from mem0 --to postgres --all-users
    memctl verify --from local --to alice.jsonl --user alice --combined -
    """
)
def command(
    *,
    source: Annotated[str, _options.backend("--from", "Backend the facts came from.")],
    target: Annotated[str, _options.backend("--to", "Backend the facts were written to.")],
    scope: _options.MovedScope,
    table: _options.Table,
    service: _options.Service,
    one_way: Annotated[bool, option("--one-way", "Ignore records that exist only in the target.")] = False,
    combined: Annotated[
        str | None, option("--combined", "Write one line per record, equal ones included; - is stdout.", "FILE")
    ] = None,
    quiet: Annotated[bool, option("-q --quiet", "Print only the totals.")] = False,
    output: _options.Output,
    store: _options.Store,
) -> int:
    """Compare two backends record by record.

    Each record is marked: = same, * different (with the fields), > newer in the target, + only in the source, - only
    in the target, ! unreadable. Without --user, all users are compared. Exit code 6 if the target's declared
    capabilities do not explain a difference.
    """
    from memctl.migrate import operations

    store.refuse(source, target)
    job = operations.VerifyJob(
        source=source,
        target=target,
        selection=scope.selection(default_all=True),
        options=store.backends(table, service, source=source, target=target),
        one_way=one_way,
    )
    monitor = _transfer.Terminal(quiet=quiet or output.as_json or output.as_jsonl)
    with _writing(combined) as on_row:
        try:
            result = operations.verify(job, monitor, on_row=on_row)
        except Halted:
            typer.echo("interrupted", err=True)
            return Exit.INTERRUPTED
    if output.listed("verify", {name: getattr(result, name) for name in result.__struct_fields__}, result.rows):
        return result.exit
    counts = (
        f"= {result.same} same, * {result.differs} differ ({result.declared} more as declared), "
        + (f"> {result.newer} newer in the target, " if result.newer else "")
        + f"+ {result.missing} only in the source, - {result.extra} only in the target, ! {result.errors} unreadable"
    )
    typer.echo(_render.paragraph(counts, 2))
    if result.left_out:
        typer.echo(
            f"left out {result.left_out}: facts that are no longer true, "
            f"which {_render.clean(target)} would show as current"
        )
    if not quiet:
        for row in result.rows[:LISTED]:
            typer.echo(_transfer.row_line(row))
        if len(result.rows) > LISTED:
            typer.echo(f"and {len(result.rows) - LISTED} more; --combined FILE or --jsonl lists all", err=True)
    return result.exit


@contextlib.contextmanager
def _writing(path: str | None) -> Iterator[OnRow | None]:
    if path is None:
        yield None
        return
    if path == "-":
        yield lambda row: typer.echo(_transfer.row_line(row))
        return
    try:
        file = Path(path).open("w", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise unwritable("the file", error, path) from None

    def write(row: Row) -> None:
        file.write(_transfer.row_line(row) + "\n")

    with file:
        yield write
