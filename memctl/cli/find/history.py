"""`memctl history`."""

from __future__ import annotations

from memctl.cli import _options, _render, _typer

app = _typer.new_app()


@app.command(
    examples="""
    memctl history alice --predicate lives_in
    """
)
def command(
    *,
    user: _options.User,
    predicate: _options.Predicate = None,
    subject: _options.Subject = None,
    as_json: _options.AsJson = False,
    as_jsonl: _options.AsJsonl = False,
    store: _options.Store = None,
    lock_timeout: _options.LockTimeout = None,
) -> None:
    """Show what was believed about USER and when, superseded and ended facts included."""
    from memctl.core.timeline import history

    local = _options.open_store(store, lock_timeout)
    found = history(local.facts(user, subject, predicate=predicate, all=True))
    if not found:
        _render.warn_of_mistyped(predicate, local.facts(user, all=True))
    _render.facts("history", user, found, as_json=as_json, as_jsonl=as_jsonl, with_times=True)
