"""`memctl forget`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from memctl.cli import _options, _render, _transfer, _typer
from memctl.cli._typer import option
from memctl.core.errors import MemctlError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

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
        _options.backend(
            "--from", "Backend to erase the user from; repeatable. [default: local]", default_factory=list
        ),
    ],
    everywhere: Annotated[bool, option("--everywhere", "The store and every backend in the settings.")] = False,
    confirm: Annotated[
        str | None, option("--confirm", "The user's name again, to confirm without a prompt.", "NAME")
    ] = None,
    delete_agents: Annotated[
        bool, option("--delete-agents", "Also delete agents that memctl did not create (Letta).")
    ] = False,
    dry_run: Annotated[bool, option("--dry-run", "List what would be erased, and erase nothing.")] = False,
    receipt: Annotated[
        str | None, option("--receipt", "Path of the receipt. [default: in the data folder]", "FILE")
    ] = None,
    restore: Annotated[bool, option("--restore", "Allow an erased user to be stored again.")] = False,
    ledger: _options.Ledger = None,
    quiet: _options.Quiet = False,
    output: _options.Json,
    store: _options.Store,
) -> int | None:
    """Permanently erase USER, verify that nothing is left, and write a receipt without personal data.

    This removes facts, the episodes they were learned from, vectors, caches, ledger entries and rejected records, and
    rewrites the files so that no bytes remain. In other backends it also removes the agents, threads, messages and
    histories of USER. Later reads and moves about USER are refused until --restore.
    """
    from memctl.maintenance import erasure

    if restore:
        from memctl.maintenance.forget import restore as allow

        allow(user, store.open())
        if not quiet:
            typer.echo(f"{_render.line(user)} can be stored again", err=True)
        return None
    silent = quiet or output.as_json

    def ask(holdings: list[Holding]) -> None:
        if not silent:
            _print(holdings)
        if not dry_run:
            _confirm(user, confirm)

    job = erasure.ForgetJob(
        user=user,
        backends=tuple(sources),
        everywhere=everywhere,
        options=store.backends(),
        delete_agents=delete_agents,
        dry_run=dry_run,
        receipt=_options.path_of(receipt),
        ledger=_options.path_of(ledger),
    )
    done = erasure.forget(job, _transfer.Terminal(quiet=silent), confirm=ask)
    document = {"dry_run": dry_run, "holdings": done.holdings, "receipt": done.receipt}
    if not dry_run:
        document["receipt_file"] = str(done.receipt_file)
    if not output.printed("forget", document) and done.receipt and done.receipt_file:
        _print_receipt(done.receipt, done.receipt_file, quiet=quiet)
    return done.receipt.exit if done.receipt else None


def _confirm(user: str, answer: str | None) -> None:
    if answer is None and sys.stdin.isatty():
        answer = typer.prompt("This cannot be undone. Type the user's name to confirm", default="", err=True)
    if answer is None:
        raise UsageError(
            "not confirmed, and no terminal to ask on; nothing was erased",
            hint="pass --confirm NAME with the user's name",
        )
    if answer != user:
        raise MemctlError("the name does not match; nothing was erased", where="--confirm")


def _print(held: list[Holding]) -> None:
    _render.table(
        ("backend", "records", "by kind", "other data"),
        [(holding.backend, str(holding.facts), _counted(holding.kinds), _counted(holding.others)) for holding in held],
        wrap="by kind",
    )


def _counted(kinds: dict[str, int]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items())) or "-"


def _print_receipt(receipt: Receipt, path: Path, *, quiet: bool) -> None:
    for erased in receipt.backends:
        left = "unknown" if erased.left is None else str(erased.left)
        stored = f"{erased.before} records" + (f" and {_counted(erased.others)}" if erased.others else "")
        result = f"erased {stored} (verified: 0 left)" if erased.gone else f"{stored} before; {left} left"
        if not (quiet and erased.gone):
            typer.echo(f"{_render.line(erased.backend)}: {result}", err=quiet)
        if erased.others_left:
            typer.echo(f"{_render.line(erased.backend)}: not erased: {_counted(erased.others_left)}", err=True)
        if erased.listed:
            typer.echo(f"{_render.line(erased.backend)}: still in its list of users", err=True)
        for remark in () if quiet else erased.remarks:
            _transfer.warn(_render.line(remark))
        if erased.error:
            typer.echo(f"{typer.style('error:', fg='red', bold=True)} {_render.clean(erased.error)}", err=True)
    if not quiet:
        typer.echo(f"receipt {_render.line(str(path))}")
