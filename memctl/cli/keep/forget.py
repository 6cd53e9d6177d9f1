"""`memctl forget`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memctl.cli import _complete, _ignored, _options, _render, _transfer, _typer
from memctl.cli._typer import option
from memctl.core.errors import MemctlError, UsageError

if TYPE_CHECKING:
    from memctl.maintenance.erasure import Erasure
    from memctl.maintenance.forget import Holding
    from memctl.maintenance.receipt import Erased, Receipt
    from memctl.maintenance.receipt_check import Check


ERASING = ("sources", "everywhere", "confirm", "delete_agents", "allow_unknown", "dry_run", "receipt", "ledger")
"""The parameters that only an erasure uses."""

app = _typer.new_app()


@app.command(
    examples="""
    memctl forget bruno --dry-run
    memctl forget bruno --everywhere --confirm bruno
    memctl forget bruno --check receipt.json
    """
)
def command(
    *,
    user: Annotated[str, typer.Argument(autocompletion=_complete.users)],
    sources: Annotated[
        list[str],
        _options.backend(
            "--from", "Backend to erase the user from; repeatable. [default: local]", default_factory=list
        ),
    ],
    everywhere: Annotated[
        bool, option("--everywhere", "The store, and every backend in the settings or in past migrations of the user.")
    ] = False,
    confirm: Annotated[
        str | None, option("--confirm", "The user's name again, to confirm without a prompt.", "NAME")
    ] = None,
    delete_agents: Annotated[
        bool, option("--delete-agents", "Also delete agents that memctl did not create (Letta).")
    ] = False,
    allow_unknown: Annotated[
        bool, option("--allow-unknown", "Block a user even if no backend has records of them.")
    ] = False,
    dry_run: Annotated[bool, option("--dry-run", "List what would be erased, and erase nothing.")] = False,
    receipt: Annotated[
        str | None, option("--receipt", "Path of the receipt. [default: in the data folder]", "FILE")
    ] = None,
    check: Annotated[
        str | None,
        option("--check", "Check that RECEIPT is about the user and that no data was stored again.", "RECEIPT"),
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
    histories of USER. After that, memctl refuses data of USER until --restore.

    Records of other users that name USER are not erased; find them with memctl find-person. With --check, exit code 6
    means that the receipt is about another user, was changed or is incomplete, or that data of USER was stored again.
    """
    from memctl.maintenance import erasure

    silent = quiet or output.as_json
    if restore or check:
        _ignored.refuse(ERASING, beside="--restore" if restore else "--check")
    if restore:
        _restore(user, store, quiet=quiet)
        return None
    if check:
        return _check(user, Path(check).expanduser(), store, output, quiet=quiet)

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
        allow_unknown=allow_unknown,
        dry_run=dry_run,
        receipt=_options.path_of(receipt),
        ledger=_options.path_of(ledger),
    )
    done = erasure.forget(job, _transfer.Terminal(quiet=silent), confirm=ask)
    document = {
        "dry_run": dry_run,
        "holdings": done.holdings,
        "mentions": done.mentions,
        "elsewhere": done.elsewhere,
        "already_forgotten": done.already,
        "receipt": done.receipt,
    }
    if not dry_run:
        document["receipt_file"] = str(done.receipt_file) if done.receipt_file else None
    if not output.printed("forget", document):
        _print_result(user, done, quiet=quiet)
    return done.receipt.exit if done.receipt else None


def _restore(user: str, store: _options.Store, *, quiet: bool) -> None:
    from memctl.maintenance.forget import restore

    restore(user, store.open())
    if not quiet:
        typer.echo(f"{_render.line(user)} can be stored again", err=True)


def _check(user: str, path: Path, store: _options.Store, output: _options.Json, *, quiet: bool) -> int:
    from memctl.maintenance.receipt_check import check

    result = check(path, user, store.backends(), _transfer.Terminal(quiet=quiet or output.as_json))
    if not output.printed("receipt-check", {"user": user, "ok": result.exit == 0, "check": result}):
        _print_check(result, quiet=quiet)
    return result.exit


def _confirm(user: str, answer: str | None) -> None:
    if answer is not None and answer != user:
        raise UsageError("the name does not match; nothing was erased", where="--confirm")
    if answer is None and sys.stdin.isatty():
        answer = typer.prompt(
            "This cannot be undone. Type the user's name to confirm", default="", show_default=False, err=True
        )
    if answer is None:
        raise UsageError(
            "not confirmed, and no terminal to ask on; nothing was erased",
            hint="pass --confirm NAME with the user's name",
        )
    if answer != user:
        raise MemctlError("the name does not match; nothing was erased")


def _print(held: list[Holding]) -> None:
    rows = [
        (each.backend, "unknown" if each.error else str(each.facts), _counted(each.kinds), _counted(each.others))
        for each in held
    ]
    _render.table(("backend", "records", "by kind", "other data"), rows, wrap="by kind", right=("records",))
    for each in held:
        if each.error:
            _render.warn(f"{_render.line(each.backend)} cannot be read: {_render.line(each.error)}")


def _print_result(user: str, done: Erasure, *, quiet: bool) -> None:
    if done.already and not quiet:
        typer.echo(f"already erased on {_render.day(done.already)}; nothing is left to erase")
    if done.mentions and not quiet:
        command = f"memctl find-person {shlex.quote(_render.line(user))}"
        named = (
            "1 record of another user names" if done.mentions == 1 else f"{done.mentions} records of other users name"
        )
        typer.echo(f"{named} this user; to list what is kept: {command}")
    if done.elsewhere and not quiet:
        places = ", ".join(map(_render.line, done.elsewhere))
        typer.echo(f"migrations of this user also used {places}; --everywhere erases there too")
    if done.receipt and done.receipt_file:
        _print_receipt(done.receipt, done.receipt_file, quiet=quiet)


def _print_check(check: Check, *, quiet: bool) -> None:
    """Print what is wrong on stderr, and unless `quiet` what is right on stdout."""
    faults = {
        "the receipt was changed: its checksum is wrong": not check.genuine,
        "the receipt is not about this user, or was written for another store": not check.belongs,
        "the receipt says that the erasure was not completed": not check.complete,
    }
    for fault, present in faults.items():
        if present:
            typer.echo(fault, err=True)
    for backend in check.backends:
        name = _render.line(backend.backend)
        if backend.error:
            typer.echo(f"{name}: cannot be read: {_render.line(backend.error)}", err=True)
        elif not backend.gone:
            others = f" and {_counted(backend.others)}" if backend.others else ""
            typer.echo(f"{name}: found {_render.count(backend.facts or 0, 'record')}{others}", err=True)
        elif not quiet:
            typer.echo(f"{name}: 0 records")
    if check.exit == 0 and not quiet:
        typer.echo(
            f"the receipt of {_render.day(check.ended)} is genuine and about this user; no data was stored again"
        )


def _counted(kinds: dict[str, int]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items())) or "-"


def _print_receipt(receipt: Receipt, path: Path, *, quiet: bool) -> None:
    for erased in receipt.backends:
        _print_erased(erased, quiet=quiet)
    for step in receipt.steps:
        if step.error:
            _error(f"{step.what}: {step.error}")
    if not receipt.gone or not all(step.done for step in receipt.steps):
        typer.echo("the erasure is not complete, and the user is not blocked; run the same command again", err=True)
    elif receipt.exit:
        typer.echo("memctl cannot delete from every backend of this user; delete the remaining data yourself", err=True)
    if not quiet:
        typer.echo(f"receipt {_render.line(str(path))}")


def _print_erased(erased: Erased, *, quiet: bool) -> None:
    name = _render.line(erased.backend)
    left = "unknown" if erased.left is None else erased.left
    before = "unknown records" if erased.before is None else _render.count(erased.before, "record")
    stored = before + (f" and {_counted(erased.others)}" if erased.others else "")
    result = f"erased {stored} (verified: 0 left)" if erased.gone else f"{stored} before; {left} left"
    if not (quiet and erased.gone):
        typer.echo(f"{name}: {result}", err=quiet)
    if erased.others_left:
        typer.echo(f"{name}: not erased: {_counted(erased.others_left)}", err=True)
    if erased.listed:
        typer.echo(f"{name}: still in its list of users", err=True)
    for remark in () if quiet else erased.remarks:
        _render.warn(_render.line(remark))
    if erased.error:
        _error(erased.error)


def _error(text: str) -> None:
    typer.echo(f"{typer.style('error:', fg='red', bold=True)} {_render.clean(text)}", err=True)
