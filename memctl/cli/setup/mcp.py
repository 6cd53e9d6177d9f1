"""`memctl mcp`."""

from __future__ import annotations

from typing import Annotated

import typer

from memctl.cli import _complete, _ignored, _options, _typer
from memctl.cli._typer import option

app = _typer.new_app()


@app.command(
    examples="""
    memctl mcp --user alice
    memctl mcp --user alice --write --delete
    memctl mcp --user alice --backend postgres --http --port 8000
    """
)
def command(
    *,
    user: Annotated[
        str | None, option("--user", "Owner of the memory to serve (required).", "NAME", autocompletion=_complete.users)
    ] = None,
    backend: Annotated[str | None, _options.backend("--backend", "Backend to serve. [default: local]")] = None,
    write: Annotated[bool, option("--write", "Let assistants add and change memories.")] = False,
    delete: Annotated[bool, option("--delete", "Let assistants delete memories.")] = False,
    http: Annotated[bool, option("--http", "Serve over HTTP instead of stdin and stdout.")] = False,
    host: Annotated[str, option("--host", "Address to listen on.", "HOST")] = "127.0.0.1",
    port: Annotated[int, option("--port", "Port to listen on.", min=1, max=65535)] = 8000,
    allow_host: Annotated[
        list[str],
        option(
            "--allow-host",
            "Host name that clients use, for example behind a proxy; repeatable.",
            "HOST",
            default_factory=list,
        ),
    ],
    token_env: Annotated[
        str, option("--token-env", "Environment variable with the token of clients. Optional on loopback.", "NAME")
    ] = "MEMCTL_MCP_TOKEN",  # noqa: S107 - the name of a variable
    service: _options.Service,
    store: _options.EmbeddedStore,
) -> None:
    """Serve the memory of one user to assistants over the Model Context Protocol (MCP).

    The assistant starts this command and uses stdin and stdout; with --http, clients connect to it. The tools only
    read, unless you pass --write or --delete. Other commands can use the store in the meantime.
    """
    from memctl.mcp import run

    if not http:
        _ignored.refuse(("host", "port", "allow_host", "token_env"), without="--http")
    run.serve(
        run.Job(
            memory=_options.memory(backend, service, store),
            user=user,
            write=write,
            delete=delete,
            http=run.Http(host=host, port=port, allowed=tuple(allow_host), token_name=token_env) if http else None,
        ),
        lambda line: typer.echo(line, err=True),
    )
