"""`memctl export`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from memctl.cli import _options, _render, _transfer, _typer
from memctl.cli._typer import option
from memctl.core.errors import Exit, Halted, Retryable, UsageError

if TYPE_CHECKING:
    from memctl.migrate.plan import Loss

FORMATS = ("okf", "cogx", "pam", "mif", "server-memory", "paste")

app = _typer.new_app()


@app.command(
    examples="""
    memctl export --user alice -o alice.jsonl
    memctl export --from postgres --all-users -o facts.parquet
    memctl export --user alice --format okf -o alice.zip
    """
)
def command(
    *,
    source: Annotated[str, _options.backend("--from", "Backend to read from.")] = "local",
    file: Annotated[str, option("-o --output", "Output file: x.jsonl, x.parquet or x.csv; - is stdout.", "FILE")] = "-",
    form: Annotated[
        str | None,
        option(
            "--format",
            "Write an interchange format instead: okf, cogx, pam, mif, server-memory or paste.",
            "FORMAT",
            autocompletion=lambda incomplete: [key for key in FORMATS if key.startswith(incomplete)],
        ),
    ] = None,
    scope: _options.Scope,
    table: _options.Table,
    service: _options.Service,
    rejects: Annotated[
        str | None,
        option("--rejects", "File for records that cannot be read or stored. [default: rejects.jsonl]", "FILE"),
    ] = None,
    quiet: _options.Quiet = False,
    output: _options.Json,
    store: _options.Store,
) -> int:
    """Write facts with all their fields to a file. An existing file is replaced when the new one is complete."""
    from memctl.migrate import operations

    if output.as_json and file == "-":
        raise UsageError("stdout is used for the facts", where="--json", hint="name a file with -o")
    store.refuse(source)
    job = operations.ExportJob(
        file=file,
        source=source,
        selection=scope.selection(),
        options=store.backends(table, service, source=source),
        rejects=_options.path_of(rejects),
        format=form,
    )
    try:
        done = operations.export(job, _transfer.Terminal(quiet=quiet or output.as_json))
    except Halted:
        typer.echo("interrupted; no file was written", err=True)
        return Exit.INTERRUPTED
    except Retryable as error:
        error.hint = error.hint or f"run it again: {_transfer.command_line()}"
        raise
    document = {"file": done.file, "counts": done.counts, "kinds": done.kinds, "losses": done.losses}
    document |= {"replaced": done.replaced, "left_out": done.left_out, "reasons": done.reasons}
    if not output.printed("export", document) and not quiet:
        replaced = ", which was replaced" if done.replaced else ""
        typer.echo(f"{_transfer.said_kinds(done.kinds)} written to {_render.clean(file)}{replaced}", err=file == "-")
        _print_losses(done.losses)
        for reason, count in done.left_out.items():
            typer.echo(f"{count} left out: {_render.clean(reason)}", err=True)
    _transfer.print_rejects(done.reasons, done.rejects_file)
    return Exit.PARTIAL if done.counts.rejected else Exit.OK


def _print_losses(losses: Sequence[Loss]) -> None:
    """Print on stderr how many values the file does not have unchanged, and that memctl import cannot restore."""
    fields: dict[str, list[str]] = {}
    for loss in losses:
        if loss.keeping != "in_metadata":
            fields.setdefault(f"{loss.keeping} ({loss.how})", []).append(f"{loss.field} {loss.count}")
    for how, counts in fields.items():
        typer.echo(_render.clean(f"{how}: {', '.join(counts)}"), err=True)
