"""A fuzzing campaign in a separate process, for a time or a number of inputs, with limits on memory and time.

    python -m torture.campaign SECONDS INPUTS SEED REPORT

Inputs with a new result (another message or another error) are kept and mutated again. An input that takes longer than
LIMIT ends the process, even in C code; it is then in the file next to the report.
"""

import json
import os
import re
import resource
import signal
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

from torture.mutation import steps
from torture.promises import Target
from torture.targets import targets

LIMIT = 20.0
"""The limit per input in seconds, far more than any needs, so that load on the machine causes no failure."""
ROOM = 1536 * 2**20
"""The limit of address space in bytes, in addition to that of the process after all imports."""
KEPT = 200
_VARIABLE = re.compile(r"[\d\W]+")


def most_memory() -> int:
    """The peak memory of this process in bytes. getrusage would include that of the parent process before the fork."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def main(seconds: float, inputs: int, seed: int, report: Path) -> None:
    """Fuzz until the time or the number of inputs is reached, and write the findings to `report`."""
    all_targets = list(targets().values())
    limit_memory()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    chance = Random(seed)
    pools = {target.name: list(target.seeds) for target in all_targets}
    seen: dict[str, set[str]] = {target.name: set() for target in all_targets}
    failures: list[dict[str, Any]] = []
    done = 0
    until = time.monotonic() + seconds
    while done < inputs and time.monotonic() < until and len(failures) < 20:
        target = all_targets[done % len(all_targets)]
        pool = pools[target.name]
        data = target.worsen(chance.choice(pool), steps(chance))
        report.with_suffix(".input").write_bytes(data)
        report.write_text(json.dumps({"stuck": target.name}))
        signal.setitimer(signal.ITIMER_REAL, LIMIT)
        happened = attempt(target, data)
        signal.setitimer(signal.ITIMER_REAL, 0)
        done += 1
        kind = shape(happened)
        if kind in seen[target.name]:
            continue
        seen[target.name].add(kind)
        if happened.startswith("!"):
            failures.append({"target": target.name, "error": happened[1:], "input": data.hex()})
        if len(pool) < KEPT:
            pool.append(data)
    peak = most_memory()
    kinds = sum(map(len, seen.values()))
    report.write_text(
        json.dumps({"inputs": done, "targets": len(all_targets), "kinds": kinds, "peak": peak, "found": failures})
    )


def attempt(target: Target, data: bytes) -> str:
    """A description of the result; it starts with `!` if the result is a failure."""
    try:
        return target.run(data)
    except (Exception, MemoryError) as error:  # every unexpected exception is a finding
        import traceback

        frames = traceback.extract_tb(error.__traceback__)[-3:]
        way = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
        return f"!{type(error).__name__}: {str(error)[:200]} ({way})"


def shape(happened: str) -> str:
    """The description without numbers and punctuation, so that equal results at other positions are equal."""
    return _VARIABLE.sub(" ", happened)[:300]


def limit_memory() -> None:
    """Limit the memory of this process to its current size plus ROOM."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    if pages:
        most = pages * os.sysconf("SC_PAGE_SIZE") + ROOM
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
