"""`memctl undo`."""

from __future__ import annotations

import click

from memctl.cli import options, output


@click.command()
@click.argument("run", required=False)
@options.json_option
@options.store_options
def command(run: str | None, as_json: bool, store: str | None, lock_timeout: float | None) -> None:
    """Put back every fact that RUN changed, as it was before; without RUN, list the runs there were.

    RUN is the id a consolidation printed, or the first characters of it. What was changed since is not overwritten.
    """
    local = options.open_store(store, lock_timeout)
    if run is None:
        runs = local.changing_runs()
        if as_json:
            output.emit_json("undo", {"runs": runs})
            return
        rows = [
            (
                one.id,
                one.command,
                one.user_id or "-",
                f"{one.made_at:%Y-%m-%d %H:%M}",
                "undone" if one.undone_at else "",
            )
            for one in runs
        ]
        output.table(("run", "command", "user", "when", "state"), rows)
        return
    undone, facts = local.undo(run)
    if as_json:
        output.emit_json("undo", {"run": undone.id, "facts": facts})
    else:
        click.echo(f"run {undone.id} is undone, {facts} facts are as they were")
