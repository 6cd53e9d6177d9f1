"""`memctl users`."""

from __future__ import annotations

import click

from memctl.cli import _options, _render


@click.command()
@_options.json_option
@_options.store_options
def command(as_json: bool, store: str | None, lock_timeout: float | None) -> None:
    """List the users with the number of their facts and episodes, and the span of time these were recorded in."""
    users = _options.open_store(store, lock_timeout).user_summaries()
    if as_json:
        _render.emit_json("users", {"users": users})
        return
    _render.table(
        ("user", "facts", "episodes", "first", "last"),
        [(u.user, str(u.facts), str(u.episodes), _render.day(u.first), _render.day(u.last)) for u in users],
        wrap="user",
    )
