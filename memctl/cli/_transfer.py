"""What the commands that move and compare facts share: progress, interruption, and printed results."""

from __future__ import annotations

import contextlib
import shlex
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from memctl.cli import _render
from memctl.core.fact import KINDS
from memctl.runtime.progress import Monitor

if TYPE_CHECKING:
    from memctl.migrate.job import Report
    from memctl.migrate.plan import Loss, Plan
    from memctl.migrate.verify import Row, Verification
    from memctl.runtime.progress import Progress
    from memctl.runtime.retry import Announce, Halt, Reason
    from memctl.store.ledger_records import Counts


def command_line() -> str:
    """The command that the user typed, to run again."""
    return shlex.join(["memctl", *sys.argv[1:]])


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
        shown: list[float] = [0.0]

        def progress(done: int, total: int | None, item: str) -> None:
            state[:] = [done, total]
            if bar:
                bar(done, total or 0, item)

        def announce(why: str, left: float) -> None:
            if bar:
                bar(state[0], state[1] or 0, f"{why} in {left:.0f} s")
            elif not quiet and left > shown[0]:
                typer.echo(_render.clean(f"{why} in {left:.0f} s"), err=True)
            shown[0] = left

        yield (progress if bar else None), announce


class Terminal(Monitor):
    """Shows on the terminal what an operation reports; `quiet` shows warnings only."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def warn(self, text: str) -> None:
        _render.warn(text)

    def begin(self, source: str, target: str, remarks: Sequence[str]) -> None:
        if not self._quiet:
            typer.echo(_render.clean(f"{source} -> {target}"), err=True)
            for remark in remarks:
                _render.warn(remark)

    def step(self, verb: str) -> contextlib.AbstractContextManager[tuple[Progress | None, Announce | None]]:
        return showing(verb, quiet=self._quiet)

    def interruptible(self, halt: Halt) -> contextlib.AbstractContextManager[None]:
        return stopping(halt)


def print_counts(counts: Counts) -> None:
    """Print one line with the outcome of the facts; "0 changed" if there was nothing to do."""
    changed = counts.written + counts.updated
    said = f"{counts.written} written, {counts.updated} updated" if changed else "0 changed"
    newer = f"{counts.newer} newer in the target, " if counts.newer else ""
    earlier = f" ({counts.rejected_earlier} of them reported earlier)" if counts.rejected_earlier else ""
    rejected = f"{counts.rejected} rejected{earlier}"
    _render.wrapped(f"{said}, {counts.unchanged} unchanged, {newer}{rejected}, of {counts.read} read")


def _left_out(count: int, reason: str) -> str:
    return _render.clean(f"{count}: {reason}; --include-retired moves them")


def said_kinds(kinds: Mapping[str, int]) -> str:
    """The number of records by kind, with episodes separate: "13 facts and 49 episodes"."""
    episodes = kinds.get("episode", 0)
    facts = sum(kinds.values()) - episodes
    parts = [_render.count(facts, "fact")] if facts or not episodes else []
    return " and ".join([*parts, _render.count(episodes, "episode")] if episodes else parts)


def print_losses(losses: list[Loss], *, others: bool = False) -> None:
    """Print the values that the target does not keep unchanged, with an example of each; `others` are not moved."""
    if not losses:
        typer.echo("no field of the other records is lost or changed" if others else "no field is lost or changed")
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


LISTED_USERS = 20
"""Users of a plan that the terminal shows, those with the most records."""


def print_plan(plan: Plan) -> None:
    """Print a plan."""
    _render.behind("from   ", plan.source_identity)
    _render.behind("to     ", f"{plan.target_identity}  ({plan.mode})")
    kinds = sorted({kind for counts in plan.users.values() for kind in counts}, key=KINDS.index)
    largest = sorted(plan.users.items(), key=lambda item: -sum(item[1].values()))[:LISTED_USERS]
    rows = [
        (user, *(str(counts.get(kind, 0)) for kind in kinds), str(sum(counts.values()))) for user, counts in largest
    ]
    records = said_kinds(sum(map(Counter, plan.users.values()), Counter()))
    _render.behind("moves  ", f"{records} of {_render.count(len(plan.users), 'user')}")
    if rows:
        _render.table(("user", *kinds, "records"), rows, wrap="user")
    if len(plan.users) > len(rows):
        _render.wrapped(f"and {len(plan.users) - len(rows)} more users; --json lists all")
    for reason, count in plan.rejects.items():
        _render.behind("reject ", f"{count}: {reason}")
    for reason, count in plan.left_out.items():
        _render.behind("omit   ", _left_out(count, reason))
    if plan.users:
        print_losses(plan.losses(), others=bool(plan.rejects or plan.left_out))
    seconds = "unknown (no rate limit)" if plan.seconds is None else f"{plan.seconds:.0f} s"
    calls = f"{plan.calls.read} to read, {plan.calls.write} to write"
    _render.behind("calls  ", f"{calls}; minimum duration: {seconds}")
    for note in plan.notes:
        _render.behind("note   ", note)


def emit_report(schema: str, report: Report, **more: Any) -> None:
    """Print a run as one JSON document, with `more` fields."""
    verification = report.verification
    _render.emit_json(
        schema,
        {
            "run": report.run,
            "undoable": report.undoable,
            "plan": report.plan,
            "counts": report.counts,
            "losses": report.losses,
            "left_out": report.left_out,
            "reasons": report.reasons,
            "rejects_file": report.rejects_file,
            "problems": report.problems,
            "only_in_target": report.only_in_target,
            "verification": verification,
            "halted": report.halted,
            **more,
        },
    )


def print_report(report: Report, command: str) -> None:
    """Print a run."""
    print_counts(report.counts)
    if report.counts.read > report.counts.rejected:
        print_losses(report.losses, others=bool(report.counts.rejected or report.left_out))
    for reason, count in report.left_out.items():
        _render.wrapped(f"left out {_left_out(count, reason)}")
    if extra := sum(map(len, report.only_in_target.values())):
        _render.wrapped(
            f"{_render.count(extra, 'fact')} only in the target, no longer in the source; memctl verify lists them"
        )
    print_removed(report)
    if report.verification is not None:
        _print_verification(report.verification)
    for problem in report.problems:
        typer.echo(f"{typer.style('error:', fg='red', bold=True)} {_render.clean(problem)}", err=True)
    print_rejects(report.reasons, report.rejects_file)
    if report.limited:
        typer.echo("only the first facts were moved because of --limit", err=True)
    typer.echo(f"run {report.run}" + (f"; to undo it: memctl undo {report.run}" if report.undoable else ""))
    print_halted(report.halted, command)


LISTED_REASONS = 5
"""Reasons of rejects that the terminal shows, the most frequent."""


def print_rejects(reasons: Mapping[str, int], file: str | None) -> None:
    """Print why records were rejected, if any were, and the file with them."""
    for reason, number in Counter(reasons).most_common(LISTED_REASONS):
        typer.echo(f"{number} rejected: {_render.clean(reason)}", err=True)
    if file:
        typer.echo(f"rejected records: {_render.clean(file)}", err=True)


def print_halted(reason: Reason | None, command: str) -> None:
    """Print why a run ended early, if it did, and the command that resumes it."""
    if reason:
        why = "time limit reached" if reason == "max-duration" else "interrupted"
        typer.echo(f"{why}; progress is saved. To resume:\n  {_render.clean(command)}", err=True)


def print_removed(report: Report) -> None:
    """Print what a run deleted, or why it deleted nothing."""
    removed = report.removed
    if removed is None:
        return
    gone, retired = (sum(map(len, ids.values())) for ids in (removed.deleted, removed.retired))
    if removed.held_back:
        typer.echo(
            f"{typer.style('error:', fg='red', bold=True)} nothing was deleted: {_render.clean(removed.held_back)}; "
            "check the source, then raise --max-delete or use --force",
            err=True,
        )
    elif gone or retired:
        typer.echo(f"{gone + retired} deleted: {gone} no longer in the source, {retired} no longer true")
    if removed.backup:
        typer.echo(f"deleted and overwritten facts: {_render.clean(removed.backup)}", err=True)


def _print_verification(result: Verification) -> None:
    _render.wrapped(
        f"verified: {result.same + result.declared} match, {result.differs} differ, {result.missing} missing, "
        + (f"{result.newer} newer in the target, " if result.newer else "")
        + f"{result.errors} unreadable"
    )
    faults = [row for row in result.rows if row.symbol != ">" and (row.symbol != "*" or row.fields)]
    for row in faults[:20]:
        typer.echo(row_line(row), err=True)
    if len(faults) > 20:
        typer.echo(f"and {len(faults) - 20} more; list all with memctl verify", err=True)


def row_line(row: Row) -> str:
    """A row of a comparison on one line: symbol, owner, id, and the differing fields."""
    said = [row.symbol, _render.line(row.user) or "-", str(row.id or "-")]
    if row.fields:
        said.append(",".join(row.fields))
    if row.declared:
        said.append(f"(declared: {','.join(row.declared)})")
    if row.detail:
        said.append(_render.line(row.detail))
    return " ".join(said)
