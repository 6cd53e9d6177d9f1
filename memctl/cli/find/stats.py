"""`memctl stats`."""

from __future__ import annotations

import msgspec
import typer

from memctl.cli import _options, _render, _typer

app = _typer.new_app()


@app.command(
    examples="""
    memctl stats --json
    """
)
def command(
    as_json: _options.AsJson = False,
    store: _options.Store = None,
    lock_timeout: _options.LockTimeout = None,
) -> None:
    """Show store statistics."""
    statistics = _options.open_store(store, lock_timeout).statistics()
    if as_json:
        _render.emit_json("stats", msgspec.structs.asdict(statistics))
        return
    for name, value in msgspec.structs.asdict(statistics).items():
        shown = ", ".join(f"{number} {kind}" for kind, number in value.items()) if isinstance(value, dict) else value
        typer.echo(f"{name:<12} {f'{shown:,}' if isinstance(shown, int) else _render.line(str(shown))}")
