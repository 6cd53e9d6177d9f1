"""`memctl prune`."""

from __future__ import annotations

import click

from memctl.cli import _options
from memctl.cli.consolidate import show


@click.command()
@click.argument("user", required=False)
@click.option("--dry-run", is_flag=True, help="List what would go, and take out nothing.")
@_options.ttl_option
@_options.quiet_option
@_options.json_option
@_options.store_options
def command(
    user: str | None,
    dry_run: bool,
    ttl: str | None,
    quiet: bool,
    as_json: bool,
    store: str | None,
    lock_timeout: float | None,
) -> None:
    """Take out what was to be kept only until now, of USER or of everyone.

    Facts go at their own end (expires_at), and with --ttl episodes that are older; what was learned from these stays.
    memctl undo takes it back.
    """
    done = _options.open_store(store, lock_timeout).prune(user, ttl=ttl, dry_run=dry_run)
    show("prune", done, dry_run=dry_run, quiet=quiet, as_json=as_json)
