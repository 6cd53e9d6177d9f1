"""`memctl forget`."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memctl.cli import _options, _render, _transfer, _typer
from memctl.core.errors import MemctlError, UsageError
from memctl.runtime import settings

if TYPE_CHECKING:
    from memctl.maintenance.forget import Holding, Receipt


app = _typer.new_app()


@app.command(
    examples="""
    memctl forget bruno --dry-run
    memctl forget bruno --everywhere --confirm bruno
    """
)
def command(
    *,
    user: _options.User,
    sources: Annotated[
        list[str],
        typer.Option(
            "--from",
            metavar="BACKEND",
            help="Backend to erase the user from; repeatable. [default: local]",
            default_factory=list,
        ),
    ],
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="The store and every backend in the settings.")
    ] = False,
    confirm: Annotated[
        str | None,
        typer.Option("--confirm", metavar="NAME", help="The user's name again, to confirm without a prompt."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be erased, and erase nothing.")] = False,
    receipt: Annotated[
        str | None, typer.Option("--receipt", metavar="FILE", help="Path of the receipt. [default: in the data folder]")
    ] = None,
    restore: Annotated[bool, typer.Option("--restore", help="Allow an erased user to be stored again.")] = False,
    ledger: _options.Ledger = None,
    quiet: _options.Quiet = False,
    as_json: _options.AsJson = False,
    store: _options.Store = None,
    lock_timeout: _options.LockTimeout = None,
) -> int | None:
    """Permanently erase USER, verify that nothing is left, and write a receipt without personal data.

    This removes facts, the episodes they were learned from, vectors, caches, ledger entries and rejected records, and
    rewrites the files so that no bytes remain. In other backends it also removes the agents, threads, messages and
    histories of USER. Later reads and moves about USER are refused until --restore.
    """
    from memctl.maintenance import forget as forgetting
    from memctl.runtime.retry import Halt, Retry

    local = _options.open_store(store, lock_timeout)
    if restore:
        forgetting.restore(user, local)
        if not quiet:
            typer.echo(f"{_render.line(user)} may be remembered again", err=True)
        return None
    named = _transfer.Ends(store=store, lock_timeout=lock_timeout).options()
    silent = quiet or as_json
    with contextlib.ExitStack() as stack, _transfer.showing("forgetting", quiet=silent) as (_, announce):
        retry = Retry(Halt(), announce=announce)
        ends = stack.enter_context(_opened(_names(tuple(sources), everywhere=everywhere), named))
        held = forgetting.holdings(ends, user, retry)
        if not silent:
            _print(held)
        if dry_run:
            if as_json:
                _render.emit_json("forget", {"dry_run": True, "holdings": held, "receipt": None})
            return None
        _confirm(user, confirm)
        proof = forgetting.forget(ends, user, local, retry)
        with _transfer.open_ledger(ledger) as opened_ledger:
            forgetting.clean_traces(user, local, opened_ledger)
    path = proof.save(Path(receipt).expanduser() if receipt else settings.data_folder() / "receipts")
    if as_json:
        _render.emit_json("forget", {"dry_run": False, "holdings": held, "receipt": proof, "receipt_file": str(path)})
    else:
        _print_receipt(proof, path, quiet=quiet)
    return proof.exit


def _names(sources: tuple[str, ...], *, everywhere: bool) -> list[str]:
    if sources and everywhere:
        raise UsageError("--everywhere and --from exclude each other")
    return ["local", *sorted(settings.load().backends)] if everywhere else list(sources) or ["local"]


@contextlib.contextmanager
def _opened(names: list[str], named: _transfer.BackendOptions) -> Any:
    from memctl.backends import registry

    with contextlib.ExitStack() as stack:
        writing = {name: {"mode": "w"} for name in names if registry.is_file(name)}
        yield [
            (
                name,
                stack.enter_context(
                    contextlib.closing(registry.open_backend(name, **named.get(name, {}), **writing.get(name, {})))
                ),
            )
            for name in names
        ]


def _confirm(user: str, told: str | None) -> None:
    if told is None and sys.stdin.isatty():
        told = typer.prompt("This cannot be undone. Type the user's name to go on", default="", err=True)
    if told is None:
        raise UsageError("nothing was erased: there is no one to ask", hint="give --confirm NAME with the user's name")
    if told != user:
        raise MemctlError("nothing was erased: that is not the user's name", where="--confirm")


def _print(held: list[Holding]) -> None:
    _render.table(
        ("backend", "facts", "of which", "beside them"),
        [(holding.backend, str(holding.facts), _counted(holding.kinds), _counted(holding.others)) for holding in held],
        wrap="of which",
    )


def _counted(kinds: dict[str, int]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items())) or "-"


def _print_receipt(receipt: Receipt, path: Path, *, quiet: bool) -> None:
    for erased in receipt.backends:
        left = "unknown" if erased.left is None else str(erased.left)
        beside = f", and {_counted(erased.others)}" if erased.others else ""
        if not (quiet and erased.gone):
            typer.echo(f"{_render.line(erased.backend)}: {erased.before} facts before{beside}; {left} left", err=quiet)
        if erased.others_left:
            typer.echo(f"{_render.line(erased.backend)}: still there: {_counted(erased.others_left)}", err=True)
        if erased.listed:
            typer.echo(f"{_render.line(erased.backend)}: still among its users", err=True)
        for remark in () if quiet else erased.remarks:
            _transfer.warn(_render.line(remark))
        if erased.error:
            typer.echo(f"{typer.style('error:', fg='red', bold=True)} {_render.clean(erased.error)}", err=True)
    if not quiet:
        typer.echo(f"receipt {_render.line(str(path))}")
