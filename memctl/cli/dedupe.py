"""`memctl dedupe`."""

from __future__ import annotations

import click

from memctl.cli import _options
from memctl.cli.consolidate import show


@click.command()
@click.argument("user")
@click.option("--dry-run", is_flag=True, help="List duplicates and what is near to be one, and merge nothing.")
@_options.quiet_option
@_options.json_option
@_options.store_options
def command(
    user: str, dry_run: bool, quiet: bool, as_json: bool, store: str | None, lock_timeout: float | None
) -> None:
    """Merge the facts of USER that say the same in other words.

    What is near but not the same is listed to be looked at, and left as it is. memctl undo takes a merge back.
    """
    done = _options.open_store(store, lock_timeout).dedupe(user, dry_run=dry_run)
    show("dedupe", [done], dry_run=dry_run, quiet=quiet, as_json=as_json)
