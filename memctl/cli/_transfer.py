"""What the commands that move and compare facts share: options, patience, progress, and how a run is shown."""

from __future__ import annotations

import contextlib
import re
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memctl.cli import _options, _render
from memctl.core.errors import UsageError
from memctl.core.fact import KINDS
from memctl.runtime import settings

if TYPE_CHECKING:
    from memctl.migrate.job import Report
    from memctl.migrate.plan import Loss, Plan
    from memctl.migrate.selection import Selection
    from memctl.runtime.retry import Halt
    from memctl.store.duckdb.ledger import Ledger
    from memctl.store.ledger_records import Counts

_RATE = re.compile(r"(\d+(?:\.\d+)?)(?:/([smh]))?", re.ASCII)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)", re.ASCII)
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

SERVICE = ("url", "agent", "core_memory")

BackendOptions = dict[str, dict[str, Any]]


def selection_options(function: _options.F) -> _options.F:
    """Which facts a command is about."""
    return _options.decorate(
        function,
        click.option("--user", "users", multiple=True, metavar="NAME", help="Whose facts; may be repeated."),
        click.option("--all-users", is_flag=True, help="Everyone's facts."),
        click.option("--user-map", metavar="FILE", help="CSV of from,to: owners that change their names on the way."),
        click.option("--since", metavar="WHEN", help="Only what was recorded or changed since then."),
        click.option("--kinds", metavar="KIND,...", help=f"Only these kinds of facts: {', '.join(KINDS)}."),
        click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N facts."),
    )


def ledger_option(function: _options.F) -> _options.F:
    """Where the ledger is."""
    option = click.option(
        "--ledger", metavar="FILE", envvar="MEMCTL_LEDGER", help="The ledger's file. [in the data folder]"
    )
    return option(function)


def selection(given: dict[str, Any], *, default_all: bool = False) -> Selection:
    """The selection the options ask for. Raises UsageError for an unknown kind, or when nobody was named."""
    from memctl.migrate.selection import Selection, load_user_map

    users: tuple[str, ...] = given["users"]
    if users and given["all_users"]:
        raise UsageError("--user and --all-users exclude each other")
    if not users and not given["all_users"] and not default_all:
        raise UsageError("whose facts?", hint="give --user NAME, or --all-users")
    kinds = tuple(kind.strip() for kind in (given["kinds"] or "").split(",") if kind.strip())
    if wrong := [kind for kind in kinds if kind not in KINDS]:
        raise UsageError(f"unknown kind {wrong[0]!r}", where="--kinds", hint=f"kinds: {', '.join(KINDS)}")
    return Selection(
        users=users,
        user_map=load_user_map(given["user_map"]) if given["user_map"] else {},
        since=_options.when(given["since"]),
        kinds=kinds,
        limit=given["limit"],
    )


def open_ledger(path: str | None) -> Ledger:
    """The ledger in `path`, or in the data folder."""
    from memctl.store.duckdb.ledger import Ledger

    return Ledger(
        Path(path).expanduser() if path else settings.data_folder() / "ledger.duckdb", settings.load().lock_timeout
    )


def table_options(function: _options.F) -> _options.F:
    """How to read a source that memctl did not make."""
    return _options.decorate(
        function,
        click.option("--table", metavar="NAME", help="Read this table of the source, which memctl did not make."),
        click.option("--map", "mapping", metavar="COLUMN=FIELD,...", help="What its columns are of a fact."),
        click.option("--layout", metavar="NAME", help="A table layout the source's adapter knows, in place of --map."),
    )


def service_options(function: _options.F) -> _options.F:
    """What a service has to be told; each goes to that end of the command which takes it."""
    return _options.decorate(
        function,
        click.option("--url", metavar="URL", help="Address of the service's server. [the service's own]"),
        click.option("--agent", metavar="ID", help="The agent that holds the memory, where a user is an agent."),
    )


def backend_options(
    store: str | None,
    lock_timeout: float | None,
    source: str | None = None,
    given: dict[str, Any] | None = None,
    target: str | None = None,
) -> BackendOptions:
    """What `--store` and `--lock-timeout` mean for the backend `local`, `--table` and its like for the source, and
    `--url` and its like for whichever end takes them.

    Raises UsageError for an option that neither end takes, or that both do.
    """
    told = given or {}
    local = {"path": settings.store_file(store) if store else None, "lock_timeout": lock_timeout}
    table = {name: told.get(name) for name in ("table", "mapping", "layout")}
    service = [(_taker(name, source, target), {name: told[name]}) for name in SERVICE if told.get(name) is not None]
    found: BackendOptions = {}
    for backend, named in (("local", local), (source or "", table), *service):
        values = {name: value for name, value in named.items() if value is not None}
        if values:
            found[backend] = found.get(backend, {}) | values
    return found


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


def rate(text: str | None) -> float | None:
    """Calls a second in "10/s", "600/m", "36000/h" or "10"."""
    if text is None:
        return None
    found = _RATE.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise UsageError(f"cannot read {text!r} as a rate", where="--rate", hint="use 10/s, 600/m or 3600/h")
    return float(found[1]) / _SECONDS[found[2] or "s"]


def duration(text: str | None) -> float | None:
    """Seconds in "90", "90s", "15m", "2h" or "1d"."""
    if text is None:
        return None
    found = _DURATION.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise UsageError(f"cannot read {text!r} as a duration", where="--max-duration", hint="use 90s, 15m, 2h or 1d")
    return float(found[1]) * _SECONDS[found[2]]


def command_line() -> str:
    """What the user typed, to be typed again."""
    return shlex.join(["memctl", *sys.argv[1:]])


def warn(text: str) -> None:
    """A warning on stderr."""
    click.echo(f"{click.style('note:', fg='yellow')} {_render.clean(text)}", err=True)


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
        click.echo("finishing the batch in flight; once more to stop at once", err=True)

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
                click.echo(_render.clean(f"{why} in {left:.0f} s"), err=True)
            told[0] = left

        yield (progress if bar else None), announce


def print_counts(counts: Counts) -> None:
    """One line of what became of the facts; "0 changed" when nothing had to be done."""
    changed = counts.written + counts.updated
    said = f"{counts.written} written, {counts.updated} updated" if changed else "0 changed"
    click.echo(f"{said}, {counts.unchanged} unchanged, {counts.rejected} rejected, of {counts.read} read")


def print_losses(losses: list[Loss]) -> None:
    """What will not be in the target as it is in the source, with an example each."""
    if not losses:
        click.echo("everything is kept as it is")
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
    click.echo(f"from   {_render.clean(plan.source_identity)}")
    click.echo(f"to     {_render.clean(plan.target_identity)}  ({plan.mode})")
    kinds = sorted({kind for counts in plan.users.values() for kind in counts}, key=KINDS.index)
    rows = [
        (user, *(str(counts.get(kind, 0)) for kind in kinds), str(sum(counts.values())))
        for user, counts in plan.users.items()
    ]
    click.echo(f"facts  {plan.facts} of {len(plan.users)} users")
    if rows:
        _render.table(("user", *kinds, "facts"), rows, wrap="user")
    print_losses(plan.losses())
    seconds = "unknown, no rate limit is known" if plan.seconds is None else f"at least {plan.seconds:.0f} s"
    click.echo(f"calls  {plan.calls.read} to read, {plan.calls.write} to write; time at the rate limit: {seconds}")
    click.echo(f"money  {'unknown, no price is known' if plan.money is None else plan.money}")
    for note in plan.notes:
        click.echo(f"note   {_render.clean(note)}")


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
        click.echo(
            f"verified: {found.same + found.declared} as planned, {found.differs} differ, {found.missing} missing, "
            f"{found.errors} unreadable"
        )
        faults: list[Row] = [row for row in found.rows if row.symbol != "*" or row.fields]
        for row in faults[:20]:
            click.echo(row_line(row), err=True)
        if len(faults) > 20:
            click.echo(f"and {len(faults) - 20} more; memctl verify shows all", err=True)
    for problem in report.problems:
        click.echo(f"{click.style('error:', fg='red', bold=True)} {_render.clean(problem)}", err=True)
    if report.rejects_file:
        click.echo(f"what was rejected, and why: {_render.clean(report.rejects_file)}", err=True)
    if report.limited:
        click.echo("only the first facts were taken, as --limit says", err=True)
    click.echo(f"run {report.run}" + (f"; memctl undo {report.run} takes it back" if report.undoable else ""))
    if report.halted:
        why = "the time given is up" if report.halted == "max-duration" else "interrupted"
        click.echo(f"{why}; what was acknowledged is saved. To go on:\n  {_render.clean(command)}", err=True)


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
