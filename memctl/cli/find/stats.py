"""`memctl stats`."""

from __future__ import annotations

import contextlib

import msgspec

from memctl.cli import _options, _render, _typer

LABELS = {"units": "chunks", "pending": "not embedded"}
"""What the terminal shows instead of the names of fields."""

app = _typer.new_app()


@app.command(
    examples="""
    memctl stats
    memctl stats --json
    """
)
def command(
    *, source: _options.Source = None, service: _options.Service, output: _options.Output, store: _options.Store
) -> None:
    """Show store statistics: users, facts, episodes, size and embeddings."""
    with contextlib.closing(_options.reader(source, service, store)) as memory:
        statistics = memory.statistics()
    document = msgspec.structs.asdict(statistics)
    if output.listed("stats", document, [statistics]):
        return
    for name, value in document.items():
        if value is None:
            continue
        words = ", ".join(f"{number} {kind}" for kind, number in value.items()) if isinstance(value, dict) else value
        shown = f"{words:,}" if isinstance(words, int) else str(words)
        _render.behind(f"{LABELS.get(name, name):<12} ", shown)
