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
    *,
    file: _options.File,
    quiet: _options.Quiet = False,
    as_json: _options.AsJson = False,
    store: _options.Store = None,
    lock_timeout: _options.LockTimeout = None,
) -> None:
    """Back up the store to FILE: one archive of Parquet tables with checksums."""
    from memctl.maintenance.backup import backup

    manifest = backup(_options.open_store(store, lock_timeout).database, Path(file).expanduser())
    if as_json:
        _render.emit_json("backup", {"file": file, "manifest": manifest})
    elif not quiet:
        rows = manifest.tables["records"].rows
        typer.echo(
            f"{_render.clean(file)}: {rows} records, {sum(t.bytes for t in manifest.tables.values()) / 1e6:.1f} MB"
        )
