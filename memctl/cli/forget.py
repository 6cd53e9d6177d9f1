"""`memctl forget`."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memctl.cli import _options, _render, _transfer
from memctl.core.errors import MemctlError, UsageError
from memctl.runtime import settings

if TYPE_CHECKING:
    from memctl.maintenance.forget import Holding, Receipt


@click.command()
@click.argument("user")
@click.option("--from", "sources", metavar="BACKEND", multiple=True, help="Forget them there; may be repeated. [local]")
@click.option("--everywhere", is_flag=True, help="The local store and every backend of the settings.")
@click.option("--confirm", metavar="NAME", help="The user's name, for scripts: nothing is asked.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and erase nothing.")
@click.option("--receipt", metavar="FILE", help="Where to write the receipt. [in the data folder]")
@click.option("--restore", is_flag=True, help="Let a user who was forgotten be remembered again.")
@_transfer.ledger_option
@_options.quiet_option
@_options.json_option
@_options.store_options
def command(user: str, **given: Any) -> int | None:
    """Erase all that is remembered of USER, prove that it is gone, and write a receipt that names nobody.

    Facts, the episodes they were learned from, vectors, caches, the ledger's entries and rejected records go, and their
    bytes with them; in other backends also the agents, threads, messages and histories kept of USER. Whatever is read
    or moved later about USER is refused, until --restore.
    """
    from memctl.maintenance import forget as forgetting
    from memctl.runtime.retry import Halt, Retry

    local = _options.open_store(given["store"], given["lock_timeout"])
    if given["restore"]:
        forgetting.restore(user, local)
        if not given["quiet"]:
            click.echo(f"{_render.line(user)} may be remembered again", err=True)
        return None
    named = _transfer.backend_options(given["store"], given["lock_timeout"])
    silent = given["quiet"] or given["as_json"]
    with contextlib.ExitStack() as stack, _transfer.showing("forgetting", quiet=silent) as (_, announce):
        retry = Retry(Halt(), announce=announce)
        ends = stack.enter_context(_opened(_names(given["sources"], everywhere=given["everywhere"]), named))
        held = forgetting.holdings(ends, user, retry)
        if not silent:
            _print(held)
        if given["dry_run"]:
            if given["as_json"]:
                _render.emit_json("forget", {"dry_run": True, "holdings": held, "receipt": None})
            return None
        _confirm(user, given["confirm"])
        receipt = forgetting.forget(ends, user, local, retry)
        with _transfer.open_ledger(given["ledger"]) as ledger:
            forgetting.clean_traces(user, local, ledger)
    path = receipt.save(
        Path(given["receipt"]).expanduser() if given["receipt"] else settings.data_folder() / "receipts"
    )
    if given["as_json"]:
        _render.emit_json("forget", {"dry_run": False, "holdings": held, "receipt": receipt, "receipt_file": str(path)})
    else:
        _print_receipt(receipt, path, quiet=given["quiet"])
    return receipt.exit


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
        told = click.prompt("This cannot be undone. Type the user's name to go on", default="", err=True)
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
            click.echo(f"{_render.line(erased.backend)}: {erased.before} facts before{beside}; {left} left", err=quiet)
        if erased.others_left:
            click.echo(f"{_render.line(erased.backend)}: still there: {_counted(erased.others_left)}", err=True)
        if erased.listed:
            click.echo(f"{_render.line(erased.backend)}: still among its users", err=True)
        for remark in () if quiet else erased.remarks:
            _transfer.warn(_render.line(remark))
        if erased.error:
            click.echo(f"{click.style('error:', fg='red', bold=True)} {_render.clean(erased.error)}", err=True)
    if not quiet:
        click.echo(f"receipt {_render.line(str(path))}")
