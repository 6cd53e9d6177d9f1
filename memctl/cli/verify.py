"""`memctl verify`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memctl.cli import migration, options, output
from memctl.errors import Exit, UsageError

if TYPE_CHECKING:
    from memctl.migrate.verify import OnRow, Row


@click.command()
@click.option("--from", "source", metavar="BACKEND", required=True, help="Where the facts came from.")
@click.option("--to", "target", metavar="BACKEND", required=True, help="Where they went.")
@migration.selection_options
@migration.table_options
@migration.service_options
@click.option("--one-way", is_flag=True, help="What is only in the target is no difference.")
@click.option("--combined", metavar="FILE", help="Write a line for every record, the equal ones too; - for stdout.")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no rows; the counts only.")
@options.json_options
@options.store_options
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
    from memctl.migrate.ends import opened
    from memctl.migrate.retry import Halt, Halted, Pace, Retry
    from memctl.migrate.target import Target
    from memctl.migrate.verify import Verifier

    selection = migration.selection(given, default_all=True)
    halt = Halt()
    with (
        _writing(combined) as on_row,
        opened(
            source,
            target,
            options=migration.backend_options(store, lock_timeout, source, given, target),
            warn=migration.warn,
        ) as ends,
        migration.stopping(halt),
        migration.showing("comparing", quiet=quiet or as_json or as_jsonl) as (progress, announce),
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
        output.emit_json("verify", {name: getattr(found, name) for name in found.__struct_fields__})
        return found.exit
    if as_jsonl:
        output.emit_jsonl(found.rows)
        return found.exit
    if not quiet:
        for row in found.rows:
            click.echo(migration.row_line(row))
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
        yield lambda row: click.echo(migration.row_line(row))
        return
    try:
        file = Path(path).open("w", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise UsageError(f"the file cannot be written: {error.strerror}", where=path) from None

    def write(row: Row) -> None:
        file.write(migration.row_line(row) + "\n")

    with file:
        yield write
