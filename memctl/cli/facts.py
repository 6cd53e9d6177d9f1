"""`memctl facts`."""

from __future__ import annotations

import click

from memctl.cli import _options, _render
from memctl.core.fact import KINDS


@click.command()
@click.argument("user")
@click.option("--subject", metavar="NAME", help="Only facts about this person or thing.")
@click.option("--predicate", metavar="NAME", help="Only this predicate, such as lives_in.")
@click.option("--kind", type=click.Choice(KINDS), help="Only this kind; episodes are listed only when asked for.")
@click.option("--all", "everything", is_flag=True, help="Superseded, ended and expired facts too.")
@_options.json_options
@_options.store_options
def command(
    user: str,
    subject: str | None,
    predicate: str | None,
    kind: str | None,
    everything: bool,
    as_json: bool,
    as_jsonl: bool,
    store: str | None,
    lock_timeout: float | None,
) -> None:
    """List the current facts of USER in the order they were learned."""
    local = _options.open_store(store, lock_timeout)
    found = local.facts(user, subject, predicate=predicate, kind=kind, all=everything)
    _render.facts("facts", user, found, as_json=as_json, as_jsonl=as_jsonl)
