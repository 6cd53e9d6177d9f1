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
    memctl store init postgresql://team@db.example/memory
    """
)
def command() -> None:
    """Create a store in PostgreSQL, or copy a whole store."""


@app.command(
    examples="""
    memctl store init postgresql://team@db.example/memory
    memctl store init local --json
    """
)
def init(
    *,
    target: Annotated[str, typer.Argument(metavar="STORE")],
    lock_timeout: Annotated[
        float,
        option("--lock-timeout", "Seconds to wait if another process has locked the store.", "SECONDS", min=0),
    ] = 30,
    quiet: _options.Quiet = False,
    output: _options.Json,
) -> None:
    """Create the store in a PostgreSQL database.

    If Citus is installed there, the tables are distributed by user.

    STORE is an address as for --store, or local, the store that the settings name. Running it again does only what is
    missing.
    """
    from memctl.maintenance.store_init import init_store

    done = init_store(target, lock_timeout=lock_timeout)
    if output.printed("store-init", msgspec.structs.asdict(done)) or quiet:
        return
    typer.echo(f"{_render.clean(done.store)}: {'created' if done.created else 'exists already'}")
    if done.laid_out is None:
        typer.echo("Citus is not installed: all tables are on this server")
    elif not done.laid_out:
        typer.echo("all tables are distributed already")
    else:
        by_user = sum(how == "user" for how in done.laid_out.values())
        typer.echo(f"{by_user} tables distributed by user, {len(done.laid_out) - by_user} copied to all servers")


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
        option("--lock-timeout", "Seconds to wait if another process has locked a store.", "SECONDS", min=0),
    ] = 30,
    quiet: _options.Quiet = False,
    output: _options.Json,
) -> None:
    """Copy the store at FROM to TO, and compare every row.

    TO must not exist yet.

    FROM and TO are files or addresses as for --store, or local, the store that the settings name.

    Facts, turns, claims, evidence, vectors, ingested files and forgotten users are copied. After an interruption, run
    the same command again to resume. Between a file and PostgreSQL, older runs can be undone at FROM only.
    """
    from memctl.maintenance.store_copy import copy_store

    with _render.progress("copying", quiet=quiet or output.as_json) as progress:
        copied = copy_store(source, target, lock_timeout=lock_timeout, progress=progress)
    if output.printed("store-copy", msgspec.structs.asdict(copied)) or quiet:
        return
    typer.echo(f"{_render.clean(copied.target)}: {_render.count(sum(copied.rows.values()), 'row')} copied and compared")
    if copied.runs_left:
        typer.echo(
            f"note: {_render.count(copied.runs_left, 'run')} can be undone in {_render.clean(copied.source)} only",
            err=True,
        )
