"""`memctl restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from memctl.cli import _options, _render, _typer
from memctl.cli._typer import option

app = _typer.new_app()


@app.command(
    examples="""
    memctl restore memory.memctl
    memctl restore memory.memctl --force
    """
)
def command(
    *,
    file: _options.File,
    force: Annotated[bool, option("--force", "Replace an existing store, which is kept as a snapshot.")] = False,
    output: _options.Json,
    store: _options.Store,
) -> None:
    """Restore the store from FILE, a backup that memctl backup wrote, after verifying all checksums."""
    from memctl.maintenance.backup import restore

    manifest, replaced = restore(Path(file).expanduser(), store.open().database, force=force)
    if output.printed("restore", {"manifest": manifest, "kept": replaced.kept, "damaged": replaced.damaged}):
        return
    records = _render.count(manifest.tables["records"].rows, "record")
    typer.echo(f"restored {records} of {manifest.made_at:%Y-%m-%d %H:%M} UTC")
    _render.replaced(replaced)
