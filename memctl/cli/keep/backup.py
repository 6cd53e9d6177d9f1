"""`memctl backup`."""

from __future__ import annotations

from pathlib import Path

import typer

from memctl.cli import _options, _render, _typer

app = _typer.new_app()


@app.command(
    examples="""
    memctl backup memory.memctl
    memctl backup /backups/memory.memctl --quiet
    """
)
def command(
    *, file: _options.File, quiet: _options.Quiet = False, output: _options.Json, store: _options.Store
) -> None:
    """Back up the store to FILE: one archive of Parquet tables with checksums."""
    from memctl.maintenance.backup import backup

    manifest = backup(store.open().database, Path(file).expanduser())
    if not output.printed("backup", {"file": file, "manifest": manifest}) and not quiet:
        records = _render.count(manifest.tables["records"].rows, "record")
        size = sum(table.bytes for table in manifest.tables.values())
        typer.echo(f"{_render.clean(file)}: {records}, {size / 1e6:.1f} MB")
