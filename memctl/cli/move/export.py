"""`memctl export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from memctl.cli import _complete, _options, _render, _transfer, _typer
from memctl.core.errors import Exit, Retryable, UsageError

app = _typer.new_app()


@app.command(
    examples="""
    memctl export --user alice -o alice.jsonl
    memctl export --from postgres --all-users -o facts.parquet
    """
)
def command(
    *,
    source: Annotated[
        str, typer.Option("--from", metavar="BACKEND", autocompletion=_complete.backends, help="Backend to read from.")
    ] = "local",
    file: Annotated[
        str,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Output file: x.jsonl, x.parquet or x.csv; - is stdout. [default: -]"
        ),
    ] = "-",
    users: _options.Users,
    all_users: _options.AllUsers = False,
    user_map: _options.UserMap = None,
    since: _options.Since = None,
    kinds: _options.Kinds = None,
    limit: _options.Limit = None,
    table: _options.Table = None,
    mapping: _options.Mapping = None,
    layout: _options.Layout = None,
    url: _options.Url = None,
    agent: _options.Agent = None,
    rejects: Annotated[
        str, typer.Option("--rejects", metavar="FILE", help="File for records that the format cannot store.")
    ] = "rejects.jsonl",
    quiet: _options.Quiet = False,
    as_json: _options.AsJson = False,
    store: _options.Store = None,
    lock_timeout: _options.LockTimeout = None,
) -> int:
    """Write facts to a file with every field. The file is replaced only when it is complete."""
    from memctl.migrate import operations
    from memctl.runtime.retry import Halted

    if as_json and file == "-":
        raise UsageError("stdout carries the facts", where="--json", hint="name a file with -o")
    scope = _transfer.Scope(
        users=tuple(users), all_users=all_users, user_map=user_map, since=since, kinds=kinds, limit=limit
    )
    ends = _transfer.Ends(
        store=store, lock_timeout=lock_timeout, table=table, mapping=mapping, layout=layout, url=url, agent=agent
    )
    job = operations.ExportJob(
        file=file,
        source=source,
        selection=scope.selection(),
        options=ends.options(source),
        rejects=Path(rejects).expanduser(),
    )
    try:
        done = operations.export(job, _transfer.Terminal(quiet=quiet or as_json))
    except Halted:
        typer.echo("interrupted; no file was written", err=True)
        return Exit.INTERRUPTED
    except Retryable as error:
        error.hint = error.hint or f"again: {_transfer.command_line()}"
        raise
    if as_json:
        _render.emit_json("export", {"file": done.file, "counts": done.counts, "losses": done.losses})
    elif not quiet:
        typer.echo(f"{done.counts.written} facts written to {_render.clean(file)}", err=file == "-")
    if done.rejects_file:
        typer.echo(f"rejected records: {_render.clean(done.rejects_file)}", err=True)
    return Exit.PARTIAL if done.counts.rejected else Exit.OK
