"""`memctl backends`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import typer

from memctl.backends import registry
from memctl.backends.contract import Health
from memctl.cli import _ignored, _options, _render, _typer
from memctl.core.errors import Exit

if TYPE_CHECKING:
    from memctl.backends.contract import Capabilities

SAID = {"in_metadata": "in metadata", "coarsened": "coarser", "dropped": "dropped"}


app = _typer.new_group(runs_alone=True)


@app.callback(
    invoke_without_command=True,
    examples="""
    memctl backends
    memctl backends test postgres
    """,
)
def command(ctx: typer.Context, *, output: _options.Output) -> None:
    """List the backends, and which fields of a fact each one keeps."""
    if ctx.invoked_subcommand:
        _ignored.refuse(("as_json", "as_jsonl"), beside=ctx.invoked_subcommand)
        return
    backends = registry.known()
    if output.listed("backends", {"backends": backends}, backends):
        return
    _render.table(
        ("backend", "keeps", "ids", "writes", "batch", "rate"),
        [
            (
                backend.name if backend.name == backend.adapter else f"{backend.name} ({backend.adapter})",
                *(_columns(backend.capabilities) if backend.capabilities else (backend.hint or "-", *"----")),
            )
            for backend in backends
        ],
        wrap="keeps",
    )


def _columns(capabilities: Capabilities) -> tuple[str, ...]:
    groups: dict[str, list[str]] = {}
    for field, keeping in capabilities.fields.items():
        if keeping.level != "kept":
            groups.setdefault(SAID[keeping.level], []).append(field)
    if capabilities.time_precision > 1e-6:
        groups.setdefault(SAID["coarsened"], []).append(f"times to {capabilities.time_precision:g} s")
    if capabilities.longest_text is not None:
        groups.setdefault("texts up to", []).append(f"{capabilities.longest_text} characters")
    keeps = "; ".join(f"{group}: {', '.join(fields)}" for group, fields in groups.items())
    if capabilities.read_only:
        ways = ["no"]
    else:
        ways = ["verbatim" if capabilities.verbatim_writes else "reworded"]
    if capabilities.asynchronous:
        ways.append("delayed")
    if not capabilities.updatable:
        ways.append("once")
    return (
        f"all, except {keeps}" if keeps else "all fields",
        "kept" if capabilities.ids_survive else "its own",
        ", ".join(ways),
        str(capabilities.batch_size),
        f"{capabilities.rate:g}/s" if capabilities.rate else "-",
    )


@app.command(
    "test",
    examples="""
    memctl backends test postgres
    memctl backends test alice.jsonl
    """,
)
def check(*, name: _options.Name, output: _options.Json, store: _options.Store) -> int:
    """Test the connection to the backend NAME. The exit code is 0 only if it can be used."""
    store.refuse(name)
    named = store.backends().get(name, {})
    with contextlib.closing(registry.open_backend(name, **named)) as adapter:
        health = adapter.check()
    if not output.printed("backends", {"name": name, "ok": health.ok, "detail": health.detail}):
        typer.echo(f"{'ok' if health.ok else 'not usable'}: {_render.clean(health.detail)}")
    return Exit.OK if health.ok else Exit.ERROR


@app.command(
    examples="""
    memctl backends init postgres
    memctl backends init team --json
    """
)
def init(*, name: _options.Name, output: _options.Json) -> int:
    """Create what memctl needs in the backend NAME, such as tables. Running it again changes nothing."""
    writing = {"mode": "w"} if registry.is_file(name) else {}
    with contextlib.closing(registry.open_backend(name, **writing)) as adapter:
        made = registry.prepare(adapter, lambda line: typer.echo(_render.clean(line), err=True))
        # Only a connection shows whether a service can be used in which nothing has to be created.
        local = adapter.name == registry.LOCAL or registry.is_file(name)
        health = Health(ok=True, detail="") if made or local else adapter.check()
    if not output.printed("backends", {"name": name, "made": made, "ok": health.ok, "detail": health.detail}):
        result = "ready" if made else "nothing to initialise" if health.ok else f"not usable: {health.detail}"
        typer.echo(f"{_render.clean(name)}: {_render.clean(result)}")
    return Exit.OK if health.ok else Exit.ERROR
