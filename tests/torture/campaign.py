"""A fuzzing campaign in a process of its own: so many seconds, or so many inputs, with a limit on memory and on time.

    python -m torture.campaign SECONDS INPUTS SEED REPORT

Inputs that made something new happen (another answer, another error) are kept and made worse again. An input that takes
longer than LIMIT ends the process, C code included; it is then in the file beside the report.
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
"""Seconds an input may take: far beyond what any does, so that a busy machine makes no failure."""
ROOM = 1536 * 2**20
"""Bytes of address space beyond what the process has once all is imported."""
KEPT = 200
_VARIABLE = re.compile(r"[\d\W]+")


def most_memory() -> int:
    """The most bytes this process held. getrusage would count what its parent held before it became this one."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def main(seconds: float, inputs: int, seed: int, report: Path) -> None:
    """Fuzz until the time or the inputs are over, and write what was found to `report`."""
    all_targets = list(targets().values())
    limit_memory()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    chance = Random(seed)
    pools = {target.name: list(target.seeds) for target in all_targets}
    seen: dict[str, set[str]] = {target.name: set() for target in all_targets}
    found: list[dict[str, Any]] = []
    done = 0
    until = time.monotonic() + seconds
    while done < inputs and time.monotonic() < until and len(found) < 20:
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
            found.append({"target": target.name, "error": happened[1:], "input": data.hex()})
        if len(pool) < KEPT:
            pool.append(data)
    peak = most_memory()
    kinds = sum(map(len, seen.values()))
    report.write_text(
        json.dumps({"inputs": done, "targets": len(all_targets), "kinds": kinds, "peak": peak, "found": found})
    )


def attempt(target: Target, data: bytes) -> str:
    """What happened; it begins with `!` where that must not be."""
    try:
        return target.run(data)
    except (Exception, MemoryError) as error:  # whatever comes is what is looked for
        import traceback

        frames = traceback.extract_tb(error.__traceback__)[-3:]
        way = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
        return f"!{type(error).__name__}: {str(error)[:200]} ({way})"


def shape(happened: str) -> str:
    """What happened without its numbers and signs, so that the same in another place is the same."""
    return _VARIABLE.sub(" ", happened)[:300]


def limit_memory() -> None:
    """Let this process have ROOM beyond what it has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    if pages:
        most = pages * os.sysconf("SC_PAGE_SIZE") + ROOM
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
