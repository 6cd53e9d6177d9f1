"""`memctl edit`."""

from __future__ import annotations

from memctl.cli import _editor, _options, _render, _typer
from memctl.core.errors import UsageError

app = _typer.new_app()


@app.command(
    examples="""
    memctl edit 571cd92d --text "alice lives in Ghent."
    memctl edit 571cd92d --invalid-at 2026-05-01
    """
)
def command(*, id_: _options.Id, change: _options.Change, output: _options.Json, store: _options.Store) -> None:
    """Change the fact ID in place. From then on its evidence is your edit, not the transcript.

    The value none clears a time, as in --invalid-at none. --category replaces all labels of the fact.
    """
    local = store.open()
    fact, _ = local.get(id_)
    changes = change.fields()
    if not changes:
        edited = _editor.edit(fact.text)
        if edited.strip() == fact.text:
            raise UsageError("no change given", hint="pass --text or another option, or edit the text")
        changes = {"text": edited.strip()}
    changed = local.edit(fact, **changes)
    if not output.printed("edit", {"user": changed.user_id, "facts": [changed]}):
        _render.facts([changed])
