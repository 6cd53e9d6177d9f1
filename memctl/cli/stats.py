"""`memctl stats`."""

from __future__ import annotations

import click
import msgspec

from memctl.cli import _options, _render


@click.command()
@_options.json_option
@_options.store_options
def command(as_json: bool, store: str | None, lock_timeout: float | None) -> None:
    """Show what the store holds, in numbers."""
    statistics = _options.open_store(store, lock_timeout).statistics()
    if as_json:
        _render.emit_json("stats", msgspec.structs.asdict(statistics))
        return
    for name, value in msgspec.structs.asdict(statistics).items():
        shown = ", ".join(f"{number} {kind}" for kind, number in value.items()) if isinstance(value, dict) else value
        click.echo(f"{name:<12} {f'{shown:,}' if isinstance(shown, int) else _render.line(str(shown))}")
