"""`memctl prune`."""

from __future__ import annotations

from typing import Annotated

import typer

from memctl.cli import _complete, _options, _typer
from memctl.cli._typer import option
from memctl.cli.correct.consolidate import show

app = _typer.new_app()


@app.command(
    examples="""
    memctl prune --ttl episode=365d --dry-run
    memctl prune alice
    """
)
def command(
    *,
    user: Annotated[str | None, typer.Argument(autocompletion=_complete.users)] = None,
    dry_run: Annotated[bool, option("--dry-run", "List what would be removed, and remove nothing.")] = False,
    ttl: _options.Ttl = None,
    quiet: _options.Quiet = False,
    output: _options.Output,
    store: _options.Store,
) -> None:
    """Remove expired facts and old episodes, of USER or of all users.

    Facts whose expires_at has passed are removed. With --ttl, older episodes are removed too; the facts learned from
    them stay. memctl undo reverts it.
    """
    done = store.open().prune(user, ttl=ttl, dry_run=dry_run)
    show("prune", done, dry_run=dry_run, quiet=quiet, output=output)
