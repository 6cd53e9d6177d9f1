"""`memctl history`."""

from __future__ import annotations

import click

from memctl.cli import _options, _render


@click.command()
@click.argument("user")
@click.option("--predicate", metavar="NAME", help="Only this predicate, such as lives_in.")
@click.option("--subject", metavar="NAME", help="Only facts about this person or thing.")
@_options.json_options
@_options.store_options
def command(
    user: str,
    predicate: str | None,
    subject: str | None,
    as_json: bool,
    as_jsonl: bool,
    store: str | None,
    lock_timeout: float | None,
) -> None:
    """List what was believed of USER and when, what was superseded or ended included."""
    from memctl.core.timeline import history

    local = _options.open_store(store, lock_timeout)
    found = history(local.facts(user, subject, predicate=predicate, all=True))
    _render.facts("history", user, found, as_json=as_json, as_jsonl=as_jsonl, with_times=True)
