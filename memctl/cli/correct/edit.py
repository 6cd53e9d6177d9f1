"""`memctl edit`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from memctl.cli import _editor, _options, _render, _typer
from memctl.core.errors import UsageError
from memctl.runtime import user_input

app = _typer.new_app()


@app.command(
    examples="""
    memctl edit 571cd92d --text "alice lives in Ghent."
    memctl edit 571cd92d --invalid-at 2026-05-01
    """
)
def command(
    *,
    id_: _options.Id,
    text: Annotated[
        str | None,
        typer.Option("--text", metavar="TEXT", help="New text of the fact. Without options, opens an editor."),
    ] = None,
    kind: Annotated[_options.StatedKind | None, typer.Option("--kind", help="New kind.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", metavar="NAME", help="New subject.")] = None,
    predicate: Annotated[str | None, typer.Option("--predicate", metavar="NAME", help="New predicate.")] = None,
    object_: Annotated[str | None, typer.Option("--object", metavar="VALUE", help="New object.")] = None,
    valid_at: Annotated[
        str | None, typer.Option("--valid-at", metavar="WHEN", help="Time from which it is true; none clears it.")
    ] = None,
    invalid_at: Annotated[
        str | None, typer.Option("--invalid-at", metavar="WHEN", help="Time until which it was true; none clears it.")
    ] = None,
    confidence: Annotated[
        float | None, typer.Option("--confidence", min=0, max=1, metavar="X", help="New value.")
    ] = None,
    categories: Annotated[
        list[str],
        typer.Option("--category", metavar="LABEL", help="Replaces all labels; repeatable.", default_factory=list),
    ],
    output: _options.Json,
    store: _options.Store,
) -> None:
    """Change the fact ID in place. From then on its evidence is your edit instead of the transcript."""
    local = store.open()
    fact, _ = local.get(id_)
    options = {
        "text": text,
        "kind": kind,
        "subject": subject,
        "predicate": predicate,
        "object": object_,
        "valid_at": valid_at,
        "invalid_at": invalid_at,
        "confidence": confidence,
        "categories": tuple(categories) or None,
    }
    changes: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    for name in ("valid_at", "invalid_at"):
        if name in changes:
            changes[name] = None if changes[name] == "none" else user_input.when(changes[name])
    if not changes:
        edited = _editor.edit(fact.text)
        if edited.strip() == fact.text:
            raise UsageError("no change given", hint="pass --text or another option, or edit the text")
        changes = {"text": edited.strip()}
    changed = local.edit(fact, **changes)
    if not output.printed("edit", {"user": changed.user_id, "facts": [changed]}):
        _render.facts([changed])
