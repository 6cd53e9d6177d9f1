"""`memctl config`."""

from __future__ import annotations

import typer

from memctl.cli import _options, _render, _typer
from memctl.runtime import addresses, local_servers, settings

app = _typer.new_group()


@app.callback(
    examples="""
    memctl config show
    memctl config init
    """
)
def command() -> None:
    """Show the effective settings, or create a settings file."""


@app.command(
    examples="""
    memctl config show
    memctl config show --json
    """
)
def show(*, output: _options.Json) -> None:
    """Show every setting with its value and origin. Secrets are not settings and are never shown."""
    values = settings.explain()
    if output.printed("config", {"settings": values, "store_path": settings.load().store_shown}):
        return
    rows = [(s.name, _render.plain(s.value) or "-", s.origin) for s in values]
    _render.table(("setting", "value", "from"), rows, wrap="value")
    store = settings.load().store_shown
    _render.behind("store: " if addresses.on_server(store) else "store file: ", store)
    _render.behind("settings file: ", str(settings.user_file()))


@app.command(
    examples="""
    memctl config init
    MEMCTL_CONFIG=./memctl.toml memctl config init
    """
)
def init() -> None:
    """Create a commented settings file at the user's settings path."""
    path = settings.user_file()
    servers = local_servers.discover()
    if servers:
        settings.init(path, model=servers[0].models[0], url=servers[0].url)
    else:
        settings.init(path)
    typer.echo(f"created {path}")
    for server in servers:
        typer.echo(f"found {server.name} at {server.url} with {_render.clean(', '.join(server.models[:5]))}")
    if servers:
        typer.echo("to let it read transcripts, uncomment llm_model and llm_base_url")
