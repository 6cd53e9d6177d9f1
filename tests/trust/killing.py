"""Helpers for tests that kill processes: run a command in a separate process to its end or kill it, and read the state
that it leaves."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import forked
import in_process

KILLS = int(os.environ.get("MEMCTL_KILLS", "1"))
"""The number of moments at which each command is killed; `make torture` uses 20."""
_TIME = re.compile(r'"(\d{4}-\d\d-\d\dT[^"]+Z)"')
_BEGAN, _ENDS = (f"{datetime.now(UTC) + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S}" for minutes in (-1, 24 * 60))
_HALVES = (".half", ".rebuilt", ".restored", ".memctl-new")
MEMCTL = (str(Path(sys.executable).parent / "memctl"),)
_BREAKING = """
import os, pkgutil, sys
from memctl.cli.app import main
from memctl.ingest import pipeline as run

owner, name, number, left = pkgutil.resolve_name(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
del sys.argv[1:5]
run.BATCH_TURNS = run.CHUNK_TURNS = 2
real = getattr(owner, name)

def breaks(*given, **more):
    global left
    done = real(*given, **more)
    left -= 1
    if not left:
        os.kill(os.getpid(), number)
    return done

setattr(owner, name, breaks)
main()
"""


def memctl(*arguments: str, program: tuple[str, ...] | None = None) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end: in this process, or in a separate one if `program` is given (instead of `memctl`)."""
    if program is None:
        return in_process.run(arguments)
    return forked.run([*program, *arguments], text=True)


def breaking(owner: str, function: str, number: signal.Signals, call: int = 1) -> tuple[str, ...]:
    """A memctl with small batches that gets this signal at the end of the given call (counted from 1) of a function;
    `owner` is the function's module, or `module:class`."""
    return (sys.executable, "-c", _BREAKING, owner, function, str(int(number)), str(call))


def killed(
    after: float, *arguments: str, program: tuple[str, ...] = MEMCTL, number: signal.Signals = signal.SIGKILL
) -> bool:
    """Run a command and kill it (or send another signal) `after` seconds; returns whether it was still running."""
    command = [*program, *arguments]
    running = forked.Process(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after)
    at_work = running.poll() is None
    running.send_signal(number)
    running.wait()
    return at_work


def moments(name: str, takes: float) -> Iterator[float]:
    """KILLS moments (in seconds) in the run of a command that takes `takes` seconds, the same for every run and spread
    over its work (in the first fifth it is still loading)."""
    chance = random.Random(name)
    for _ in range(KILLS):
        yield takes * chance.uniform(0.2, 1.0)


def facts_in(backend: str) -> list[str]:
    """Every fact of a backend as JSON, without an order; a time of this test run becomes "now"."""
    exported = memctl("export", "--from", backend, "--all-users", "-q")
    assert exported.returncode in (0, 4), exported.stderr
    return sorted(_TIME.sub(lambda at: '"now"' if _BEGAN <= at[1] < _ENDS else at[0], exported.stdout).splitlines())


def left_over(home: Path) -> list[str]:
    """Files of memctl that no command would read again."""
    return [path.name for path in home.rglob("*") if path.name.endswith(_HALVES)]
