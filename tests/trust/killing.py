"""What the tests of kills share: a command in a process of its own, run to its end or killed at a moment, and what is
left behind."""

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
"""At how many moments each command is killed; `make torture` takes 20."""
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
    """Run a command to its end: in this process, or in one of its own if `program` says what stands for `memctl`."""
    if program is None:
        return in_process.run(arguments)
    return forked.run([*program, *arguments], text=True)


def breaking(owner: str, function: str, number: signal.Signals, call: int = 1) -> tuple[str, ...]:
    """A memctl of small batches that is sent this signal in the so manieth call of a function, once it has done its
    work; `owner` is its module, or `module:class`."""
    return (sys.executable, "-c", _BREAKING, owner, function, str(int(number)), str(call))


def killed(
    after: float, *arguments: str, program: tuple[str, ...] = MEMCTL, number: signal.Signals = signal.SIGKILL
) -> bool:
    """The same, killed (or sent another signal) `after` so many seconds; whether it was still at work then."""
    command = [*program, *arguments]
    running = forked.Process(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after)
    at_work = running.poll() is None
    running.send_signal(number)
    running.wait()
    return at_work


def moments(name: str, takes: float) -> Iterator[float]:
    """KILLS moments, in seconds, of a command that takes so long: the same of a command every time, all over its work
    (in the first fifth it is still being loaded)."""
    chance = random.Random(name)
    for _ in range(KILLS):
        yield takes * chance.uniform(0.2, 1.0)


def held(backend: str) -> list[str]:
    """Every fact of a backend as JSON, in no order; a time of this very run reads "now"."""
    exported = memctl("export", "--from", backend, "--all-users", "-q")
    assert exported.returncode in (0, 4), exported.stderr
    return sorted(_TIME.sub(lambda at: '"now"' if _BEGAN <= at[1] < _ENDS else at[0], exported.stdout).splitlines())


def left_over(home: Path) -> list[str]:
    """Files of memctl's that no command would read again."""
    return [path.name for path in home.rglob("*") if path.name.endswith(_HALVES)]
