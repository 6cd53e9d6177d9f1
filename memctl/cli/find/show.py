"""`memctl show`."""

from __future__ import annotations

import msgspec
import typer

from memctl.cli import _options, _render, _typer

app = _typer.new_app()


@app.command(
    examples="""
    memctl show 571cd92d
    memctl show 571cd92d --json
    """
)
def command(*, id_: _options.Id, output: _options.Json, store: _options.Store) -> None:
    """Show the fact ID (a unique prefix is enough) in full, with its quotes and their sources."""
    fact, evidence = store.open().get(id_)
    if output.printed("show", {"fact": fact, "evidence": evidence}):
        return
    typer.echo(_render.paragraph(_render.indented(fact.text), 0))
    for name, value in msgspec.to_builtins(fact).items():
        if (words := _render.plain(value)) and name not in ("text", "source"):
            _render.behind(f"  {name:<14} ", words)
    _render.behind(f"  {'source':<14} ", _render.place(fact.source))
    if evidence:
        typer.echo("evidence")
    for claim in evidence:
        head = f"  {_render.day(claim.observed_at)}  {claim.op:<7}  "
        _render.behind(head, claim.quote)
        place = [claim.uri or claim.system]
        place += [f"session {claim.session_id}"] if claim.session_id is not None else []
        place += [f"turn {claim.turn_id}"] if claim.turn_id is not None else []
        _render.behind(" " * len(head), "  ".join([*place, f"({claim.extractor})"]))
