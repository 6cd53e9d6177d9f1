"""`memctl users`."""

from __future__ import annotations

import contextlib

from memctl.cli import _options, _render, _typer

app = _typer.new_app()


@app.command(
    examples="""
    memctl users
    memctl users --jsonl
    """
)
def command(
    *, source: _options.Source = None, service: _options.Service, output: _options.Output, store: _options.Store
) -> None:
    """List users with their fact and episode counts, and the dates of their first and last record."""
    with contextlib.closing(_options.reader(source, service, store)) as memory:
        users = memory.user_summaries()
    if output.listed("users", {"users": users}, users):
        return
    _render.table(
        ("user", "facts", "episodes", "first", "last"),
        [(u.user, str(u.facts), str(u.episodes), _render.day(u.first), _render.day(u.last)) for u in users],
        wrap="user",
    )
