"""`memctl export`."""

from __future__ import annotations

from typing import Annotated

import typer

from memctl.cli import _options, _render, _transfer, _typer
from memctl.cli._typer import option
from memctl.core.errors import Exit, Retryable, UsageError

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
            "Interchange format: okf, cogx, pam, mif, server-memory or paste. [default: by the file's name]",
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
    """Write facts with all their fields to a file, which is replaced only when it is complete."""
    from memctl.migrate import operations
    from memctl.runtime.retry import Halted

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
    if not output.printed("export", document) and not quiet:
        typer.echo(f"{_transfer.said_kinds(done.kinds)} written to {_render.clean(file)}", err=file == "-")
    if done.rejects_file:
        typer.echo(f"rejected records: {_render.clean(done.rejects_file)}", err=True)
    return Exit.PARTIAL if done.counts.rejected else Exit.OK
