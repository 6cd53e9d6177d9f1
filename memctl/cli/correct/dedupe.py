"""`memctl dedupe`."""

from __future__ import annotations

from typing import Annotated

from memctl.cli import _options, _typer
from memctl.cli._typer import option
from memctl.cli.correct.consolidate import show

app = _typer.new_app()


@app.command(
    examples="""
    memctl dedupe alice --dry-run
    memctl dedupe alice
    """
)
def command(
    *,
    user: _options.User,
    dry_run: Annotated[bool, option("--dry-run", "List duplicates and near-duplicates, and merge nothing.")] = False,
    quiet: _options.Quiet = False,
    output: _options.Output,
    store: _options.Store,
) -> None:
    """Merge the duplicate facts of USER.

    Near-duplicates are listed for review and not changed. memctl undo reverts a merge.
    """
    done = store.open().dedupe(user, dry_run=dry_run)
    show("dedupe", [done], dry_run=dry_run, quiet=quiet, output=output)
