"""`memctl backup`."""

from __future__ import annotations

from pathlib import Path

import click

from memctl.cli import _options, _render


@click.command()
@click.argument("file")
@_options.quiet_option
@_options.json_option
@_options.store_options
def command(file: str, quiet: bool, as_json: bool, store: str | None, lock_timeout: float | None) -> None:
    """Write the local store to FILE: one archive of Parquet tables with their checksums."""
    from memctl.maintenance.backup import backup

    manifest = backup(_options.open_store(store, lock_timeout).database, Path(file).expanduser())
    if as_json:
        _render.emit_json("backup", {"file": file, "manifest": manifest})
    elif not quiet:
        rows = manifest.tables["records"].rows
        click.echo(
            f"{_render.clean(file)}: {rows} records, {sum(t.bytes for t in manifest.tables.values()) / 1e6:.1f} MB"
        )
