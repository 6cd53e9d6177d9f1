"""What the commands that move and compare facts share: options, progress, interruption, and printed results."""

from __future__ import annotations

import contextlib
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import typer

from memctl.cli import _render
from memctl.core.errors import UsageError
from memctl.core.fact import KINDS
from memctl.core.suggestions import near
from memctl.runtime import settings, user_input
from memctl.runtime.progress import Monitor

if TYPE_CHECKING:
    from memctl.migrate.job import Report
    from memctl.migrate.plan import Loss, Plan
    from memctl.migrate.selection import Selection
    from memctl.runtime.progress import Progress
    from memctl.runtime.retry import Announce, Halt
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
            raise UsageError("--user and --all-users cannot be combined")
        if not self.users and not self.all_users and not default_all:
            raise UsageError("no user given", hint="choose --user NAME or --all-users")
        kinds = tuple(kind.strip() for kind in (self.kinds or "").split(",") if kind.strip())
        if wrong := [kind for kind in kinds if kind not in KINDS]:
            hint = f"{near(wrong[0], KINDS)} kinds: {', '.join(KINDS)}".lstrip()
            raise UsageError(f"unknown kind {wrong[0]!r}", where="--kinds", hint=hint)
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


def path_of(name: str | None) -> Path | None:
    """The path that an option names, if it is given."""
    return Path(name).expanduser() if name else None


def open_ledger(path: str | None) -> Ledger:
    """The ledger in `path`, or in the data folder."""
    from memctl.migrate import operations

    return operations.open_ledger(path_of(path))


def _taker(option: str, source: str | None, target: str | None) -> str:
    """The backend that takes a service's option."""
    from memctl.backends import registry

    flag = f"--{option.replace('_', '-')}"
    ends = [name for name in (source, target) if name]
    takers = [name for name in ends if registry.accepts(name, option)]
    if not takers:
        raise UsageError(f"{' and '.join(ends)} does not accept {flag}", where=flag, hint="leave it out")
    if len(takers) > 1:
        raise UsageError(
            f"ambiguous: both {source} and {target} accept it",
            where=flag,
            hint="set it in the settings, under [backends.NAME]",
        )
    return takers[0]


def command_line() -> str:
    """The command that the user typed, to run again."""
    return shlex.join(["memctl", *sys.argv[1:]])


def warn(text: str) -> None:
    """A warning on stderr."""
    typer.echo(f"{typer.style('note:', fg='yellow')} {_render.clean(text)}", err=True)


@contextlib.contextmanager
def stopping(halt: Halt) -> Iterator[None]:
    """The first Ctrl-C (or SIGTERM) ends the run after the current batch, the second one immediately."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _: object) -> None:
        if halt.reason is not None:
            raise KeyboardInterrupt
        halt.stop("interrupted")
        typer.echo("finishing the current batch (press Ctrl-C again to stop now)", err=True)

    # A signal that the parent process had ignored, as nohup does, stays ignored.
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
    """Progress, and the countdown of a wait: in the bar on a terminal, else one line per wait on stderr."""
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


class Terminal(Monitor):
    """Shows on the terminal what an operation reports; `quiet` shows warnings only."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def warn(self, text: str) -> None:
        warn(text)

    def begin(self, source: str, target: str, remarks: Sequence[str]) -> None:
        if not self._quiet:
            typer.echo(_render.clean(f"{source} -> {target}"), err=True)
            for remark in remarks:
                warn(remark)

    def step(self, verb: str) -> contextlib.AbstractContextManager[tuple[Progress | None, Announce | None]]:
        return showing(verb, quiet=self._quiet)

    def interruptible(self, halt: Halt) -> contextlib.AbstractContextManager[None]:
        return stopping(halt)


def print_counts(counts: Counts) -> None:
    """Print one line with the outcome of the facts; "0 changed" if there was nothing to do."""
    changed = counts.written + counts.updated
    said = f"{counts.written} written, {counts.updated} updated" if changed else "0 changed"
    typer.echo(f"{said}, {counts.unchanged} unchanged, {counts.rejected} rejected, of {counts.read} read")


def print_losses(losses: list[Loss]) -> None:
    """Print the values that the target does not keep unchanged, with an example of each."""
    if not losses:
        typer.echo("no field is lost or changed")
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
    """Print a plan."""
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
    seconds = "unknown (no rate limit)" if plan.seconds is None else f"{plan.seconds:.0f} s"
    typer.echo(f"calls  {plan.calls.read} to read, {plan.calls.write} to write; minimum duration: {seconds}")
    for note in plan.notes:
        typer.echo(f"note   {_render.clean(note)}")


def emit_report(schema: str, report: Report) -> None:
    """Print a run as one JSON document."""
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
    """Print a run."""
    from memctl.migrate.verify import Row

    print_counts(report.counts)
    if report.counts.read:
        print_losses(report.losses)
    if (found := report.verification) is not None:
        typer.echo(
            f"verified: {found.same + found.declared} match, {found.differs} differ, {found.missing} missing, "
            f"{found.errors} unreadable"
        )
        faults: list[Row] = [row for row in found.rows if row.symbol != "*" or row.fields]
        for row in faults[:20]:
            typer.echo(row_line(row), err=True)
        if len(faults) > 20:
            typer.echo(f"and {len(faults) - 20} more; list all with memctl verify", err=True)
    for problem in report.problems:
        typer.echo(f"{typer.style('error:', fg='red', bold=True)} {_render.clean(problem)}", err=True)
    if report.rejects_file:
        typer.echo(f"rejected records: {_render.clean(report.rejects_file)}", err=True)
    if report.limited:
        typer.echo("only the first facts were moved because of --limit", err=True)
    typer.echo(f"run {report.run}" + (f"; to undo it: memctl undo {report.run}" if report.undoable else ""))
    if report.halted:
        why = "time limit reached" if report.halted == "max-duration" else "interrupted"
        typer.echo(f"{why}; progress is saved. To resume:\n  {_render.clean(command)}", err=True)


def row_line(row: Any) -> str:
    """A row of a comparison on one line: symbol, owner, id, and the differing fields."""
    said = [row.symbol, _render.line(row.user), str(row.id or "-")]
    if row.fields:
        said.append(",".join(row.fields))
    if row.declared:
        said.append(f"(declared: {','.join(row.declared)})")
    if row.detail:
        said.append(_render.line(row.detail))
    return " ".join(said)
