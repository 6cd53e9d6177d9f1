"""`memctl show`."""

from __future__ import annotations

import click
import msgspec

from memctl.cli import _options, _render


@click.command()
@click.argument("id_", metavar="ID")
@_options.json_option
@_options.store_options
def command(id_: str, as_json: bool, store: str | None, lock_timeout: float | None) -> None:
    """Show the fact ID (its first characters will do) whole, with the words it rests on and where they stand."""
    fact, evidence = _options.open_store(store, lock_timeout).get(id_)
    if as_json:
        _render.emit_json("show", {"fact": fact, "evidence": evidence})
        return
    click.echo(_render.paragraph(_render.indented(fact.text), 0))
    for name, value in msgspec.to_builtins(fact).items():
        if value not in (None, [], {}, ()) and name not in ("text", "source"):
            click.echo(f"  {name:<14} {_render.line(str(value))}")
    click.echo(f"  {'source':<14} {_render.line(_render.place(fact.source))}")
    if evidence:
        click.echo("evidence")
    for claim in evidence:
        said = f"{_render.day(claim.observed_at)}  {claim.op:<7}  "
        click.echo(f"  {said}{_render.paragraph(_render.line(claim.quote), len(said) + 2)}")
        where = f"{claim.uri or claim.system}  session {claim.session_id}  turn {claim.turn_id}  ({claim.extractor})"
        click.echo(f"  {' ' * len(said)}{_render.line(where)}")
