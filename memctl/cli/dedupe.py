"""`memctl dedupe`."""

from __future__ import annotations

from typing import Annotated

import typer

from memctl.cli import _options, _typer
from memctl.cli.consolidate import show

app = _typer.new_app()


@app.command()
def command(
    *,
    user: _options.User,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List duplicates and near-duplicates, and merge nothing.")
    ] = False,
    quiet: _options.Quiet = False,
    as_json: _options.AsJson = False,
    store: _options.Store = None,
    lock_timeout: _options.LockTimeout = None,
) -> None:
    """Merge the facts of USER that say the same in other words.

    What is near but not the same is listed to be looked at, and left as it is. memctl undo takes a merge back.
    """
    done = _options.open_store(store, lock_timeout).dedupe(user, dry_run=dry_run)
    show("dedupe", [done], dry_run=dry_run, quiet=quiet, as_json=as_json)
