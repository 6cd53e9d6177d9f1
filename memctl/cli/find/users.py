"""`memctl users`."""

from __future__ import annotations

from memctl.cli import _options, _render, _typer

app = _typer.new_app()


@app.command(
    examples="""
    memctl users
    memctl users --jsonl
    """
)
def command(
    *,
    output: _options.Output,
    store: _options.Store,
) -> None:
    """List users with their fact and episode counts, and the dates of their first and last record."""
    users = store.open().user_summaries()
    if output.listed("users", {"users": users}, users):
        return
    _render.table(
        ("user", "facts", "episodes", "first", "last"),
        [(u.user, str(u.facts), str(u.episodes), _render.day(u.first), _render.day(u.last)) for u in users],
        wrap="user",
    )
