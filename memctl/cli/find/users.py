"""`memctl users`."""

from __future__ import annotations

from memctl.cli import _options, _render, _typer

app = _typer.new_app()


@app.command(
    examples="""
    memctl users
    """
)
def command(
    as_json: _options.AsJson = False,
    store: _options.Store = None,
    lock_timeout: _options.LockTimeout = None,
) -> None:
    """List users with their fact and episode counts and the time span they cover."""
    users = _options.open_store(store, lock_timeout).user_summaries()
    if as_json:
        _render.emit_json("users", {"users": users})
        return
    _render.table(
        ("user", "facts", "episodes", "first", "last"),
        [(u.user, str(u.facts), str(u.episodes), _render.day(u.first), _render.day(u.last)) for u in users],
        wrap="user",
    )
