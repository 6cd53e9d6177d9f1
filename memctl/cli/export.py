"""`memctl export`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import click

from memctl.cli import _options, _render, _transfer
from memctl.core.errors import Exit, Retryable, UsageError


@click.command()
@click.option("--from", "source", metavar="BACKEND", default="local", show_default=True, help="Where the facts are.")
@click.option("-o", "--output", "file", metavar="FILE", default="-", help="x.jsonl, x.parquet, x.csv; - is stdout. [-]")
@_transfer.selection_options
@_transfer.table_options
@_transfer.service_options
@click.option("--rejects", metavar="FILE", default="rejects.jsonl", show_default=True, help="What no file can hold.")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary; errors only.")
@_options.json_option
@_options.store_options
def command(
    source: str,
    file: str,
    rejects: str,
    quiet: bool,
    as_json: bool,
    store: str | None,
    lock_timeout: float | None,
    **given: Any,
) -> int:
    """Write facts to a file, every field of them. The file is replaced once it is whole, never in part."""
    from memctl.backends import registry
    from memctl.migrate.export import export
    from memctl.runtime.retry import Halt, Halted, Retry

    if as_json and file == "-":
        raise UsageError("stdout carries the facts", where="--json", hint="name a file with -o")
    selection = _transfer.selection(given)
    halt = Halt()
    named = _transfer.backend_options(store, lock_timeout, source, given).get(source, {})
    with (
        contextlib.closing(registry.open_backend(source, **named)) as adapter,
        _transfer.stopping(halt),
        _transfer.showing("writing", quiet=quiet or as_json) as (progress, announce),
    ):
        try:
            done = export(
                source,
                adapter,
                file,
                selection,
                Retry(halt, announce=announce),
                rejects=Path(rejects).expanduser(),
                progress=(lambda read, total: progress(read, total, "")) if progress else None,
            )
        except Halted:
            click.echo("interrupted; no file was made", err=True)
            return Exit.INTERRUPTED
        except Retryable as error:
            error.hint = error.hint or f"again: {_transfer.command_line()}"
            raise
    if as_json:
        _render.emit_json("export", {"file": done.file, "counts": done.counts, "losses": done.losses})
    elif not quiet:
        click.echo(f"{done.counts.written} facts written to {_render.clean(file)}", err=file == "-")
    if done.rejects_file:
        click.echo(f"what could not be written, and why: {_render.clean(done.rejects_file)}", err=True)
    return Exit.PARTIAL if done.counts.rejected else Exit.OK
