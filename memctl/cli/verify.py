"""`memctl verify`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memctl.cli import _options, _render, _transfer
from memctl.core.errors import Exit, UsageError

if TYPE_CHECKING:
    from memctl.migrate.verify import OnRow, Row


@click.command()
@click.option("--from", "source", metavar="BACKEND", required=True, help="Where the facts came from.")
@click.option("--to", "target", metavar="BACKEND", required=True, help="Where they went.")
@_transfer.selection_options
@_transfer.table_options
@_transfer.service_options
@click.option("--one-way", is_flag=True, help="What is only in the target is no difference.")
@click.option("--combined", metavar="FILE", help="Write a line for every record, the equal ones too; - for stdout.")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no rows; the counts only.")
@_options.json_options
@_options.store_options
def command(
    source: str,
    target: str,
    one_way: bool,
    combined: str | None,
    quiet: bool,
    as_json: bool,
    as_jsonl: bool,
    store: str | None,
    lock_timeout: float | None,
    **given: Any,
) -> int:
    """Compare two backends record by record.

    = same, * differs (in which fields), + only in the source, - only in the target, ! could not be read. Everyone's
    facts unless --user names some. Exit code 6 for any difference the target's capabilities do not declare.
    """
    from memctl.migrate.endpoints import opened
    from memctl.migrate.target import Target
    from memctl.migrate.verify import Verifier
    from memctl.runtime.retry import Halt, Halted, Pace, Retry

    selection = _transfer.selection(given, default_all=True)
    halt = Halt()
    with (
        _writing(combined) as on_row,
        opened(
            source,
            target,
            options=_transfer.backend_options(store, lock_timeout, source, given, target),
            warn=_transfer.warn,
        ) as ends,
        _transfer.stopping(halt),
        _transfer.showing("comparing", quiet=quiet or as_json or as_jsonl) as (progress, announce),
    ):
        retry = Retry(halt, announce=announce)
        verifier = Verifier(
            ends.source,
            Target(ends.targets, retry, Pace(None, halt)),
            selection,
            retry,
            one_way=one_way,
            on_row=on_row,
            progress=(lambda done, total: progress(done, total, "")) if progress else None,
        )
        try:
            found = verifier.run()
        except Halted:
            click.echo("interrupted", err=True)
            return Exit.INTERRUPTED
    if as_json:
        _render.emit_json("verify", {name: getattr(found, name) for name in found.__struct_fields__})
        return found.exit
    if as_jsonl:
        _render.emit_jsonl(found.rows)
        return found.exit
    if not quiet:
        for row in found.rows:
            click.echo(_transfer.row_line(row))
    click.echo(
        f"= {found.same} same, * {found.differs} differ ({found.declared} more as declared), + {found.missing} only in "
        f"the source, - {found.extra} only in the target, ! {found.errors} unreadable"
    )
    return found.exit


@contextlib.contextmanager
def _writing(path: str | None) -> Iterator[OnRow | None]:
    if path is None:
        yield None
        return
    if path == "-":
        yield lambda row: click.echo(_transfer.row_line(row))
        return
    try:
        file = Path(path).open("w", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise UsageError(f"the file cannot be written: {error.strerror}", where=path) from None

    def write(row: Row) -> None:
        file.write(_transfer.row_line(row) + "\n")

    with file:
        yield write
