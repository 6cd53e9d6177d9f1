"""`memctl backup`."""

from __future__ import annotations

from pathlib import Path

import click

from memctl.cli import options, output


@click.command()
@click.argument("file")
@options.quiet_option
@options.json_option
@options.store_options
def command(file: str, quiet: bool, as_json: bool, store: str | None, lock_timeout: float | None) -> None:
    """Write the local store to FILE: one archive of Parquet tables with their checksums."""
    from memctl.archive import backup

    manifest = backup(options.open_store(store, lock_timeout).engine, Path(file).expanduser())
    if as_json:
        output.emit_json("backup", {"file": file, "manifest": manifest})
    elif not quiet:
        rows = manifest.tables["records"].rows
        click.echo(
            f"{output.clean(file)}: {rows} records, {sum(t.bytes for t in manifest.tables.values()) / 1e6:.1f} MB"
        )
