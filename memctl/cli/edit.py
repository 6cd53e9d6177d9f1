"""`memctl edit`."""

from __future__ import annotations

from typing import Any

import click

from memctl.cli import _options, _render
from memctl.core.errors import UsageError
from memctl.core.fact import KINDS


@click.command()
@click.argument("id_", metavar="ID")
@click.option("--text", metavar="TEXT", help="The fact as a sentence. Without any option, an editor opens on it.")
@click.option("--kind", type=click.Choice([kind for kind in KINDS if kind != "episode"]))
@click.option("--subject", metavar="NAME")
@click.option("--predicate", metavar="NAME")
@click.option("--object", "object_", metavar="VALUE")
@click.option("--valid-at", metavar="WHEN", help="Since when it is true; 'none' clears it.")
@click.option("--invalid-at", metavar="WHEN", help="Until when it was true; 'none' clears it.")
@click.option("--confidence", type=click.FloatRange(0, 1))
@click.option("--category", "categories", multiple=True, metavar="LABEL", help="Replaces all; may be repeated.")
@_options.json_option
@_options.store_options
def command(id_: str, as_json: bool, store: str | None, lock_timeout: float | None, **given: Any) -> None:
    """Change the fact ID. Its id stays; from then on it rests on your word instead of the transcript's."""
    local = _options.open_store(store, lock_timeout)
    fact, _ = local.get(id_)
    changes = _changes(given)
    if not changes:
        edited = click.edit(fact.text)
        if edited is None or edited.strip() == fact.text:
            raise UsageError("nothing was changed", hint="give an option such as --text, or save another text")
        changes = {"text": edited.strip()}
    changed = local.edit(fact, **changes)
    _render.facts("edit", changed.user_id, [changed], as_json=as_json, as_jsonl=False)


def _changes(given: dict[str, Any]) -> dict[str, Any]:
    changes = {name.rstrip("_"): value for name, value in given.items() if value not in (None, ())}
    for name in ("valid_at", "invalid_at"):
        if name in changes:
            changes[name] = None if changes[name] == "none" else _options.when(changes[name])
    return changes
