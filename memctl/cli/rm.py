"""`memctl rm`."""

from __future__ import annotations

import sys

import click

from memctl.cli import _options, _render
from memctl.core.errors import MemctlError, UsageError


@click.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--no-input", is_flag=True, help="Never ask; fail instead.")
@_options.json_option
@_options.store_options
def command(
    ids: tuple[str, ...],
    yes: bool,
    no_input: bool,
    as_json: bool,
    store: str | None,
    lock_timeout: float | None,
) -> None:
    """Remove the facts ID with what they rest on. What one of them had superseded is current again.

    memctl undo brings them back, for thirty days; until then the store keeps them aside. memctl forget erases at once.
    """
    local = _options.open_store(store, lock_timeout)
    found = [local.get(id_)[0] for id_ in ids]
    if not yes:
        if no_input or not sys.stdin.isatty():
            raise UsageError("nothing was removed: there is no one to ask", hint="give --yes to remove without asking")
        for fact in found:
            click.echo(f"{_render.short(fact.id)}  {_render.line(fact.text)}", err=True)
        if not click.confirm(f"Remove {'this fact' if len(found) == 1 else f'these {len(found)} facts'}?", err=True):
            raise MemctlError("nothing was removed")
    removed = local.remove([fact.id for fact in found])
    if as_json:
        _render.emit_json("rm", {"removed": removed, "ids": [fact.id for fact in found]})
    else:
        click.echo(f"{removed} removed")
