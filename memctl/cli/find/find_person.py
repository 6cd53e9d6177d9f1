"""`memctl find-person`."""

from __future__ import annotations

import typer

from memctl.cli import _options, _render, _typer

app = _typer.new_app()


@app.command(
    examples="""
    memctl find-person Ben
    memctl find-person "Zoë Okafor" --jsonl
    """
)
def command(
    *,
    name: _options.Name,
    output: _options.Output,
    store: _options.Store,
) -> None:
    """Find where a person is named in the records of other users: as speaker of a turn, in turns and in facts.

    Matches whole words, and ignores case and accents. memctl forget NAME erases the records that NAME owns, but not
    these.
    """
    from memctl.maintenance.mentions import mentions

    local = store.open()
    with local.store.reading():  # A store that does not exist is an error here, and not an empty answer.
        pass
    mentioned = mentions(local.store, name)
    document = {"name": name, "records": mentioned.records, "users": mentioned.users, "mentions": mentioned.mentions}
    if output.listed("mentions", document, mentioned.mentions):
        return
    for user, number in mentioned.users.items():
        typer.echo(f"{_render.line(user)}: {_render.count(number, 'record')}")
    if mentioned.mentions:
        rows = [
            (_render.short(each.id), each.user, each.kind, ", ".join(each.fields), each.text)
            for each in mentioned.mentions
        ]
        _render.table(("id", "user", "kind", "in", "text"), rows, wrap="text")
    typer.echo(
        f"named in {_render.count(mentioned.records, 'record')} of {_render.count(len(mentioned.users), 'user')}"
    )
