"""`memctl store`."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from memctl.cli import _options, _render, _typer
from memctl.cli._typer import option

app = _typer.new_group()


@app.callback(
    examples="""
    memctl store copy local postgresql://team@db.example/memory
    memctl store copy postgresql://team@db.example/memory ~/memory.duckdb
    """
)
def command() -> None:
    """Copy a whole store between a file and PostgreSQL."""


@app.command(
    examples="""
    memctl store copy local postgresql://team@db.example/memory
    memctl store copy postgres:embedded ~/memory.duckdb
    """
)
def copy(
    *,
    source: Annotated[str, typer.Argument(metavar="FROM")],
    target: Annotated[str, typer.Argument(metavar="TO")],
    lock_timeout: Annotated[
        float,
        option("--lock-timeout", "Seconds to wait if another process has locked a store.", "SECONDS"),
    ] = 30.0,
    quiet: _options.Quiet = False,
    output: _options.Json,
) -> None:
    """Copy the store at FROM to TO, where there must be none, and compare every row.

    FROM and TO are files or addresses as for --store, or local, the store that the settings name.

    Facts, turns, claims, evidence, vectors, ingested files and forgotten users are copied. An interrupted copy leaves
    no store behind. Between a file and PostgreSQL, older runs can be undone at FROM only.
    """
    from memctl.maintenance.store_copy import copy_store

    with _render.progress("copying", quiet=quiet or output.as_json) as progress:
        copied = copy_store(source, target, lock_timeout=lock_timeout, progress=progress)
    if output.printed("store-copy", msgspec.structs.asdict(copied)) or quiet:
        return
    typer.echo(f"{_render.clean(copied.target)}: {sum(copied.rows.values())} rows copied and compared")
    if copied.runs_left:
        typer.echo(f"note: {copied.runs_left} runs can be undone in {_render.clean(copied.source)} only", err=True)
