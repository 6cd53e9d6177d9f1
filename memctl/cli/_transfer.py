"""What the commands that move and compare facts share: options, patience, progress, and how a run is shown."""

from __future__ import annotations

import contextlib
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import typer

from memctl.cli import _render
from memctl.core.errors import UsageError
from memctl.core.fact import KINDS
from memctl.runtime import settings, user_input

if TYPE_CHECKING:
    from memctl.migrate.job import Report
    from memctl.migrate.plan import Loss, Plan
    from memctl.migrate.selection import Selection
    from memctl.runtime.retry import Halt
    from memctl.store.duckdb.ledger import Ledger
    from memctl.store.ledger_records import Counts

SERVICE = ("url", "agent", "core_memory")

BackendOptions = dict[str, dict[str, Any]]


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Which facts of which users a command is about, as its options say it."""

    users: tuple[str, ...] = ()
    all_users: bool = False
    user_map: str | None = None
    since: str | None = None
    kinds: str | None = None
    limit: int | None = None

    def selection(self, *, default_all: bool = False) -> Selection:
        """The selection. Raises UsageError for an unknown kind, or when no user is given and `default_all` is False."""
        from memctl.migrate.selection import Selection, load_user_map

        if self.users and self.all_users:
            raise UsageError("--user and --all-users exclude each other")
        if not self.users and not self.all_users and not default_all:
            raise UsageError("no user given", hint="choose --user NAME or --all-users")
        kinds = tuple(kind.strip() for kind in (self.kinds or "").split(",") if kind.strip())
        if wrong := [kind for kind in kinds if kind not in KINDS]:
            raise UsageError(f"unknown kind {wrong[0]!r}", where="--kinds", hint=f"kinds: {', '.join(KINDS)}")
        return Selection(
            users=self.users,
            user_map=load_user_map(self.user_map) if self.user_map else {},
            since=user_input.when(self.since),
            kinds=kinds,
            limit=self.limit,
        )


class Ends(msgspec.Struct, frozen=True, kw_only=True):
    """How the backends of a command are opened: `store` and `lock_timeout` go to the backend `local`, `table`,
    `mapping` and `layout` to the source, and the rest to whichever of source and target takes it."""

    store: str | None = None
    lock_timeout: float | None = None
    table: str | None = None
    mapping: str | None = None
    layout: str | None = None
    url: str | None = None
    agent: str | None = None
    core_memory: bool | None = None

    def options(self, source: str | None = None, target: str | None = None) -> BackendOptions:
        """The options of each backend, by its name.

        Raises UsageError for an option that neither source nor target takes, or that both take.
        """
        local: dict[str, Any] = {
            "path": settings.store_file(self.store) if self.store else None,
            "lock_timeout": self.lock_timeout,
        }
        table: dict[str, Any] = {"table": self.table, "mapping": self.mapping, "layout": self.layout}
        given = {name: getattr(self, name) for name in SERVICE if getattr(self, name) is not None}
        service = [(_taker(name, source, target), {name: value}) for name, value in given.items()]
        options: BackendOptions = {}
        for backend, named in (("local", local), (source or "", table), *service):
            values = {name: value for name, value in named.items() if value is not None}
            if values:
                options[backend] = options.get(backend, {}) | values
        return options


def open_ledger(path: str | None) -> Ledger:
    """The ledger in `path`, or in the data folder."""
    from memctl.store.duckdb.ledger import Ledger

    return Ledger(
        Path(path).expanduser() if path else settings.data_folder() / "ledger.duckdb", settings.load().lock_timeout
    )


def _taker(option: str, source: str | None, target: str | None) -> str:
    """The end that takes a service's option."""
    from memctl.backends import registry

    flag = f"--{option.replace('_', '-')}"
    ends = [name for name in (source, target) if name]
    takers = [name for name in ends if registry.accepts(name, option)]
    if not takers:
        raise UsageError(f"{' and '.join(ends)} take no such option", where=flag, hint="leave it out")
    if len(takers) > 1:
        raise UsageError(
            f"both {source} and {target} take it", where=flag, hint="say which in the settings: [backends.NAME]"
        )
    return takers[0]


def command_line() -> str:
    """What the user typed, to be typed again."""
    return shlex.join(["memctl", *sys.argv[1:]])


def warn(text: str) -> None:
    """A warning on stderr."""
    typer.echo(f"{typer.style('note:', fg='yellow')} {_render.clean(text)}", err=True)


@contextlib.contextmanager
def stopping(halt: Halt) -> Iterator[None]:
    """The first Ctrl-C (or SIGTERM) ends the run after the batch in flight, the second one at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _: object) -> None:
        if halt.reason is not None:
            raise KeyboardInterrupt
        halt.stop("interrupted")
        typer.echo("finishing the batch in flight; once more to stop at once", err=True)

    # A signal that whoever started this process in the background had ignored stays ignored.
    numbers = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def showing(
    verb: str, *, quiet: bool
) -> Iterator[tuple[Callable[[int, int | None, str], None] | None, Callable[[str, float], None]]]:
    """Progress, and the countdown of a wait: in the bar on a terminal, else one line a wait on stderr."""
    with _render.progress(verb, quiet=quiet) as bar:
        state: list[Any] = [0, None]
        told: list[float] = [0.0]

        def progress(done: int, total: int | None, item: str) -> None:
            state[:] = [done, total]
            if bar:
                bar(done, total or 0, item)

        def announce(why: str, left: float) -> None:
            if bar:
                bar(state[0], state[1] or 0, f"{why} in {left:.0f} s")
            elif not quiet and left > told[0]:
                typer.echo(_render.clean(f"{why} in {left:.0f} s"), err=True)
            told[0] = left

        yield (progress if bar else None), announce


def print_counts(counts: Counts) -> None:
    """One line of what became of the facts; "0 changed" when nothing had to be done."""
    changed = counts.written + counts.updated
    said = f"{counts.written} written, {counts.updated} updated" if changed else "0 changed"
    typer.echo(f"{said}, {counts.unchanged} unchanged, {counts.rejected} rejected, of {counts.read} read")


def print_losses(losses: list[Loss]) -> None:
    """What will not be in the target as it is in the source, with an example each."""
    if not losses:
        typer.echo("everything is kept as it is")
        return
    rows = [
        (
            loss.field,
            loss.keeping.replace("in_metadata", "to metadata"),
            str(loss.count),
            loss.how or "-",
            f"{_render.short(loss.example['fact'])} {loss.example['value']}" if loss.example else "-",
        )
        for loss in losses
    ]
    _render.table(("field", "becomes", "n", "how", "example"), rows, wrap="example")


def print_plan(plan: Plan) -> None:
    """A plan for people."""
    typer.echo(f"from   {_render.clean(plan.source_identity)}")
    typer.echo(f"to     {_render.clean(plan.target_identity)}  ({plan.mode})")
    kinds = sorted({kind for counts in plan.users.values() for kind in counts}, key=KINDS.index)
    rows = [
        (user, *(str(counts.get(kind, 0)) for kind in kinds), str(sum(counts.values())))
        for user, counts in plan.users.items()
    ]
    typer.echo(f"facts  {plan.facts} of {len(plan.users)} users")
    if rows:
        _render.table(("user", *kinds, "facts"), rows, wrap="user")
    print_losses(plan.losses())
    seconds = "unknown, no rate limit is known" if plan.seconds is None else f"at least {plan.seconds:.0f} s"
    typer.echo(f"calls  {plan.calls.read} to read, {plan.calls.write} to write; time at the rate limit: {seconds}")
    typer.echo(f"money  {'unknown, no price is known' if plan.money is None else plan.money}")
    for note in plan.notes:
        typer.echo(f"note   {_render.clean(note)}")


def emit_report(schema: str, report: Report) -> None:
    """A run as one JSON document."""
    found = report.verification
    _render.emit_json(
        schema,
        {
            "run": report.run,
            "undoable": report.undoable,
            "plan": report.plan,
            "counts": report.counts,
            "losses": report.losses,
            "rejects_file": report.rejects_file,
            "problems": report.problems,
            "verification": found,
            "halted": report.halted,
        },
    )


def print_report(report: Report, command: str) -> None:
    """A run for people."""
    from memctl.migrate.verify import Row

    print_counts(report.counts)
    if report.counts.read:
        print_losses(report.losses)
    if (found := report.verification) is not None:
        typer.echo(
            f"verified: {found.same + found.declared} as planned, {found.differs} differ, {found.missing} missing, "
            f"{found.errors} unreadable"
        )
        faults: list[Row] = [row for row in found.rows if row.symbol != "*" or row.fields]
        for row in faults[:20]:
            typer.echo(row_line(row), err=True)
        if len(faults) > 20:
            typer.echo(f"and {len(faults) - 20} more; memctl verify shows all", err=True)
    for problem in report.problems:
        typer.echo(f"{typer.style('error:', fg='red', bold=True)} {_render.clean(problem)}", err=True)
    if report.rejects_file:
        typer.echo(f"what was rejected, and why: {_render.clean(report.rejects_file)}", err=True)
    if report.limited:
        typer.echo("only the first facts were taken, as --limit says", err=True)
    typer.echo(f"run {report.run}" + (f"; to undo it: memctl undo {report.run}" if report.undoable else ""))
    if report.halted:
        why = "the time given is up" if report.halted == "max-duration" else "interrupted"
        typer.echo(f"{why}; what was acknowledged is saved. To go on:\n  {_render.clean(command)}", err=True)


def row_line(row: Any) -> str:
    """A row of a comparison on one line: symbol, owner, id, and the fields that differ."""
    said = [row.symbol, _render.line(row.user), str(row.id or "-")]
    if row.fields:
        said.append(",".join(row.fields))
    if row.declared:
        said.append(f"(declared: {','.join(row.declared)})")
    if row.detail:
        said.append(_render.line(row.detail))
    return " ".join(said)
