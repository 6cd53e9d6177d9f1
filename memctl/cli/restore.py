"""`memctl restore`."""

from __future__ import annotations

from pathlib import Path

import click

from memctl.cli import _options, _render


@click.command()
@click.argument("file")
@click.option("--force", is_flag=True, help="Put it in the place of a store that is there, which is kept.")
@_options.json_option
@_options.store_options
def command(file: str, force: bool, as_json: bool, store: str | None, lock_timeout: float | None) -> None:
    """Make the local store from FILE, which memctl backup wrote, once every checksum in it was found right."""
    from memctl.maintenance.backup import restore

    manifest, replaced = restore(
        Path(file).expanduser(), _options.open_store(store, lock_timeout).database, force=force
    )
    if as_json:
        _render.emit_json("restore", {"manifest": manifest, "kept": replaced.kept, "damaged": replaced.damaged})
        return
    click.echo(f"{manifest.tables['records'].rows} records of {manifest.made_at:%Y-%m-%d %H:%M} UTC are restored")
    _render.replaced(replaced)
