"""The cost of interactive commands, and of searches through the API, as ratios.

Whole processes are compared with `import typer, duckdb` in CPU time (user and system), which depends least on the load
of the machine, and searches with a plain cosine in SQL.

python benchmarks/interactive.py [facts]

Eight simultaneous `memctl add`, and reopening after `kill -9`, are in seconds of wall time.
"""

import itertools
import multiprocessing
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import msgspec
from synthetic import facts

import memctl
from memctl.core.fact import Fact
from memctl.store.duckdb import instances
from memctl.store.duckdb.database import Database
from memctl.workspace import Workspace

RUNS = 7
BATCH = 20_000
MEMCTL = str(Path(sys.executable).parent / "memctl")
IMPORTS = [sys.executable, "-c", "import typer, duckdb"]
USER, QUERY = "user00042", "green tea in Lisbon"
COSINE = """
    SELECT unit, array_inner_product(embedding, ?::FLOAT[128]) AS score FROM vectors
    WHERE user_id = ? ORDER BY score DESC LIMIT 10
"""


class Figures(NamedTuple):
    """What was measured in one store."""

    commands: dict[str, tuple[float, float]]
    """Ratio to `import typer, duckdb` and peak memory in MB of each command."""
    search: float
    held_search: float
    """Ratios to a plain cosine on an open connection."""
    last_add: float
    """Seconds until the last of eight simultaneous adds ended."""
    failed_adds: int
    reopened: float
    """Seconds to open the store after `kill -9`."""


def process(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """CPU seconds of a process, and its peak memory in MB."""
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as running:
        _, status, usage = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise SystemExit(f"{command} ended with {running.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def processes(commands: dict[str, tuple[list[str], dict[str, str]]]) -> dict[str, tuple[float, float]]:
    """Print each command's CPU time and its ratio to the first command's. The commands are run alternately.

    Returns the ratio and the peak memory in MB of each command.
    """
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    # The first round fills the file cache.
    for _ in range(RUNS + 1):
        for name, (command, environment) in commands.items():
            times[name].append(process(command, environment))
    first = 0.0
    measured = {}
    for name, runs in times.items():
        seconds, peak = statistics.median(cpu for cpu, _ in runs[1:]), max(mb for _, mb in runs)
        first = first or seconds
        measured[name] = (seconds / first, peak)
        print(f"{name:<36} {seconds * 1000:5.0f} ms  {seconds / first:5.2f} x  {peak:4.0f} MB")
    return measured


def cpu(call: Callable[[], object]) -> float:
    """Median CPU seconds of a call."""
    times = []
    for _ in range(2 * RUNS + 2):
        started = time.process_time()
        call()
        times.append(time.process_time() - started)
    return statistics.median(times[2:])


def hits(memory: memctl.Memory) -> list[tuple[object, float]]:
    """The hits with rounded scores: two searches differ in the last digits of a 32-bit number."""
    return [(hit.fact.id, round(hit.score, 5)) for hit in memory.search(USER, QUERY)]


def searches(path: Path) -> tuple[float, float]:
    """Print and return the time of searches through the API relative to a plain cosine on an open connection.

    First with a connection for each search, then with `hold=True`.
    """
    with memctl.open(path) as memory, memctl.open(path, hold=True) as held:
        vector = memory.backend.spec().open().embed_one(QUERY)
        if hits(memory) != hits(held):
            raise SystemExit("a held connection finds other hits")
        held.close()
        with instances.connected(path, read_only=True) as connection:
            bare = cpu(lambda: connection.execute(COSINE, [vector, USER]).fetchall())
        print(f"{'plain cosine, open connection':<36} {bare * 1000:5.1f} ms   1.00 x")
        opened, kept = (cpu(lambda one=one: one.search(USER, QUERY)) for one in (memory, held))
        for name, seconds in (("API search", opened), ("API search, hold=True", kept)):
            print(f"{name:<36} {seconds * 1000:5.1f} ms  {seconds / bare:5.2f} x")
    return opened / bare, kept / bare


def at_once(environment: dict[str, str], number: int = 8) -> tuple[float, int]:
    """Print and return the seconds until the last of `number` simultaneous adds ended, and how many failed."""
    started = time.perf_counter()
    adds = [
        subprocess.Popen([MEMCTL, "add", USER, f"I live in house {n}."], env=environment, stdout=subprocess.DEVNULL)
        for n in range(number)
    ]
    ends: dict[int, float] = {}
    while len(ends) < number:
        for n, add in enumerate(adds):
            if n not in ends and add.poll() is not None:
                ends[n] = time.perf_counter() - started
        time.sleep(0.005)
    failed = sum(add.returncode != 0 for add in adds)
    print(f"{number} simultaneous memctl add: the last one ended after {max(ends.values()):.1f} s, ", end="")
    print(f"{os.cpu_count()} cores, {failed} failed")
    return max(ends.values()), failed


def in_process(function: Callable[..., object], *arguments: object) -> None:
    """Call a function in a new process and wait for it."""
    worker = multiprocessing.get_context("spawn").Process(target=function, args=arguments)
    worker.start()
    worker.join()


def _fill(path: Path, number: int) -> None:
    store = Workspace(path)
    for batch in batches(number):
        store.write(batch)


def _write_until_killed(path: Path) -> None:
    store = Workspace(path)
    for batch in batches(1_000_000):
        store.write([msgspec.structs.replace(fact, id=uuid4()) for fact in batch])


def reopened(path: Path) -> float:
    """Print and return the longest time in seconds to open the store after a writer was killed at several moments."""
    log = path.with_name(f"{path.name}.wal")
    slowest = 0.0
    for delay in (0.0, 0.5, 1.0, 2.0):
        writer = multiprocessing.get_context("spawn").Process(target=_write_until_killed, args=(path,))
        began = time.time()
        writer.start()
        while not (log.exists() and log.stat().st_size and log.stat().st_mtime > began):
            time.sleep(0.01)
        time.sleep(delay)
        os.kill(writer.pid or 0, signal.SIGKILL)
        writer.join()
        started = time.perf_counter()
        with Database(path).reading() as connection:
            connection.execute("SELECT count(*) FROM records").fetchall()
        slowest = max(slowest, time.perf_counter() - started)
    print(f"reopening after kill -9, maximum of 4: {slowest:.2f} s")
    return slowest


def batches(number: int) -> Iterator[list[Fact]]:
    """Synthetic facts in batches, 1,000 per user."""
    remaining = facts(number // 1000, 1000)
    while batch := list(itertools.islice(remaining, BATCH)):
        yield batch


def main(number: int) -> Figures:
    """Fill a store with so many facts, measure, and print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        path, changed = Path(folder) / "store.duckdb", Path(folder) / "changed.duckdb"
        # Runs in a separate process: Linux counts the memory of a process also for the processes that it starts.
        in_process(_fill, path, number)
        shutil.copy(path, changed)
        piped = {**os.environ, "MEMCTL_STORE": str(path), "HOME": folder, "MEMCTL_NEURAL_MODEL": ""}
        piped.pop("COLUMNS", None)
        # As after an installation by pip, with compiled modules.
        piped.pop("PYTHONDONTWRITEBYTECODE", None)
        terminal, adding = {**piped, "COLUMNS": "100"}, {**piped, "MEMCTL_STORE": str(changed)}
        print(f"{number:,} facts, 1,000 of each user")
        commands = processes(
            {
                "import typer, duckdb": (IMPORTS, piped),
                "memctl search": ([MEMCTL, "search", USER, QUERY], piped),
                "memctl search --all-users": ([MEMCTL, "search", "--all-users", QUERY], piped),
                "memctl facts, pipe": ([MEMCTL, "facts", USER], piped),
                "memctl facts, 100 columns": ([MEMCTL, "facts", USER], terminal),
                "memctl facts --json": ([MEMCTL, "facts", USER, "--json"], piped),
                "memctl users, pipe": ([MEMCTL, "users"], piped),
                "memctl users, 100 columns": ([MEMCTL, "users"], terminal),
                "memctl add": ([MEMCTL, "add", USER, "I moved to Ghent."], adding),
                "memctl add --kind fact": ([MEMCTL, "add", USER, "Works at Portavo.", "--kind", "fact"], adding),
            }
        )
        opened, held = searches(path)
        last_add, failed_adds = at_once(adding)
        return Figures(commands, opened, held, last_add, failed_adds, reopened(changed))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
