"""`memctl diff`."""

from __future__ import annotations

import click
import msgspec

from memctl.cli import _options, _render

SIGNS = {"began": "+", "ended": "-", "learned": ">", "retired": "x"}
TIMES = {"began": "valid_at", "ended": "invalid_at", "learned": "created_at", "retired": "expired_at"}


@click.command()
@click.argument("user")
@click.option("--from", "start", required=True, metavar="WHEN", help="The earlier time.")
@click.option("--to", "end", default="now", show_default=True, metavar="WHEN", help="The later time.")
@_options.json_option
@_options.store_options
def command(user: str, start: str, end: str, as_json: bool, store: str | None, lock_timeout: float | None) -> None:
    """Tell what began (+) and ended (-) in USER's world, and what was learned (>) or retired (x), between two times."""
    from memctl.core.timeline import diff

    since, until = _options.when(start), _options.when(end)
    assert since is not None
    assert until is not None
    local = _options.open_store(store, lock_timeout)
    found = diff(local.facts(user, all=True), since, until)
    if as_json:
        _render.emit_json("diff", {"user": user, "from": since, "to": until, **msgspec.structs.asdict(found)})
        return
    rows = [
        (SIGNS[what], what, _render.day(getattr(fact, TIMES[what])), fact.text, _render.short(fact.id))
        for what in SIGNS
        for fact in getattr(found, what)
    ]
    _render.table(("", "what", "when", "fact", "id"), rows, wrap="fact")
    click.echo(", ".join(f"{len(getattr(found, what))} {what}" for what in SIGNS), err=True)
