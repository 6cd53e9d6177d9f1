"""`memctl import`."""

from __future__ import annotations

from typing import Annotated

import typer

from memctl.cli import _complete, _options, _transfer, _typer
from memctl.core.errors import UsageError

app = _typer.new_app()


@app.command(
    examples="""
    memctl import alice.jsonl
    memctl import facts.parquet --to postgres --dry-run
    """
)
def command(
    *,
    file: _options.File,
    target: Annotated[
        str, typer.Option("--to", metavar="BACKEND", autocompletion=_complete.backends, help="Backend to write to.")
    ] = "local",
    users: _options.Users,
    all_users: _options.AllUsers = False,
    user_map: _options.UserMap = None,
    since: _options.Since = None,
    kinds: _options.Kinds = None,
    limit: _options.Limit = None,
    dry_run: _options.DryRun = False,
    fail_on_loss: _options.FailOnLoss = False,
    no_verify: _options.NoVerify = False,
    rejects: Annotated[
        str | None,
        typer.Option("--rejects", metavar="FILE", help="File for rejected records. [default: next to the ledger]"),
    ] = None,
    quiet: _options.Quiet = False,
    ledger: _options.Ledger = None,
    as_json: _options.AsJson = False,
    store: _options.Store = None,
    lock_timeout: _options.LockTimeout = None,
) -> int:
    """Import the facts of FILE (JSONL, Parquet or CSV from memctl export; - for stdin) into a backend.

    All users unless --user is given. Importing the same file again changes nothing. memctl undo reverts an import into
    the store.
    """
    from memctl.backends import registry
    from memctl.cli.move.migrate import run
    from memctl.migrate.operations import MigrateJob

    if not registry.is_file(file):
        raise UsageError(
            f"{file!r} is not a file of facts",
            hint="facts are in .jsonl, .parquet and .csv files; memctl ingest reads transcripts",
        )
    scope = _transfer.Scope(
        users=tuple(users), all_users=all_users, user_map=user_map, since=since, kinds=kinds, limit=limit
    )
    job = MigrateJob(
        source=file,
        target=target,
        selection=scope.selection(default_all=True),
        options=_transfer.Ends(store=store, lock_timeout=lock_timeout).options(file, target),
        dry_run=dry_run,
        fail_on_loss=fail_on_loss,
        verify=not no_verify,
        rejects=_transfer.path_of(rejects),
        ledger=_transfer.path_of(ledger),
        name="import",
        command=_transfer.command_line(),
    )
    return run(job, quiet=quiet, as_json=as_json)
