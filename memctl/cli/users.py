"""`memctl users`."""

from __future__ import annotations

import click

from memctl.cli import options, output


@click.command()
@options.json_option
@options.store_options
def command(as_json: bool, store: str | None, lock_timeout: float | None) -> None:
    """List the users with the number of their facts and episodes, and the span of time these were recorded in."""
    users = options.open_store(store, lock_timeout).user_summaries()
    if as_json:
        output.emit_json("users", {"users": users})
        return
    output.table(
        ("user", "facts", "episodes", "first", "last"),
        [(u.user, str(u.facts), str(u.episodes), output.day(u.first), output.day(u.last)) for u in users],
        wrap="user",
    )
