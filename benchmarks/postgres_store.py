"""Compare the store in PostgreSQL with the store in a file, as ratios of one run on one machine.

python benchmarks/postgres_store.py [facts, 100,000 by default]
"""

import multiprocessing
import os
import queue
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from memctl_postgres import embedded
from synthetic import facts

from memctl.backends.contract import Query
from memctl.core.errors import Locked
from memctl.workspace import Workspace

BATCH = 10_000
PER_USER = 1000
WRITERS = 16
SECONDS = 20.0
"""The number of seconds for which the writers write."""
PLACES = ("Oslo", "Rome", "Lima", "Paris")


def timed(work: Callable[[], object]) -> float:
    """The seconds that the work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def bulk(stores: Sequence[Workspace], number: int) -> list[float]:
    """Facts per second written to each store; the batches alternate between the stores."""
    made = list(facts(max(number // PER_USER, 1), min(number, PER_USER)))
    # Without shuffling, each batch would have the facts of a single user.
    random.Random(1).shuffle(made)
    seconds = [0.0] * len(stores)
    for first in range(0, len(made), BATCH):
        for place, store in enumerate(stores):
            seconds[place] += timed(lambda first=first, store=store: store.write(made[first : first + BATCH]))
    return [len(made) / each for each in seconds]


def searches(stores: Sequence[Workspace], number: int, times: int = 40) -> list[list[float]]:
    """The seconds of each search of a user, for each store; the searches alternate between the stores."""
    chance = random.Random(2)
    seconds: list[list[float]] = [[] for _ in stores]
    for _ in range(times):
        user = f"user{chance.randrange(max(number // PER_USER, 1)):05}"
        for place, store in enumerate(stores):
            query = Query(user, f"which {chance.choice(('tea', 'trains', 'shipping', 'peanuts'))} on the way to Oslo")
            seconds[place].append(timed(lambda store=store, query=query: store.search(query)))
    return seconds


def commands(addresses: Sequence[str], times: int = 8) -> list[float]:
    """The median seconds of `memctl search` in a new process, for each store, alternately."""
    program = str(Path(sys.executable).parent / "memctl")
    seconds: list[list[float]] = [[] for _ in addresses]
    for _ in range(times):
        for place, address in enumerate(addresses):
            command = [program, "search", "user00000", "green tea", "--store", address]
            seconds[place].append(
                timed(lambda command=command: subprocess.run(command, check=True, capture_output=True))
            )
    return [statistics.median(each) for each in seconds]


def writer(address: str, number: int, ready: Any, outcomes: Any) -> None:
    """Write small facts about separate users for a while; puts the numbers of successful and of refused writes."""
    # A model that reads the turns would take most of the time, in both stores.
    os.environ["MEMCTL_NEURAL_MODEL"] = ""
    written = refused = 0
    with Workspace(address, lock_timeout=60) as store:
        # The first write loads modules, and is not measured.
        store.add(f"writer{number}-0", ["I live in Oslo."])
        ready.wait()
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            try:
                store.add(f"writer{number}-{written % 5}", [f"I live in {PLACES[written % 4]}.", f"Note {written}."])
                written += 1
            except Locked:
                refused += 1
    outcomes.put((written, refused))


def writers(address: str, number: int) -> tuple[float, int]:
    """Writes per second of `number` processes together, and the number refused. Raises RuntimeError if one died."""
    context = multiprocessing.get_context("spawn")
    ready, outcomes = context.Barrier(number), context.Queue()
    processes = [context.Process(target=writer, args=(address, each, ready, outcomes)) for each in range(number)]
    for process in processes:
        process.start()
    counted: list[tuple[int, int]] = []
    while len(counted) < number:
        with suppress(queue.Empty):
            counted.append(outcomes.get(timeout=1))
        if any(process.exitcode for process in processes):
            # The other writers would wait for the dead one forever.
            for process in processes:
                process.terminate()
            raise RuntimeError("a writer died; the reason is above")
    for process in processes:
        process.join()
    return sum(written for written, _ in counted) / SECONDS, sum(refused for _, refused in counted)


def report(name: str, file: float, server: float, goal: str, unit: str) -> None:
    print(f"{name:<44}{file:>10,.1f}{server:>12,.1f} {unit:<8}{server / file:>7.2f}   goal {goal}", flush=True)


def main(number: int) -> None:
    with tempfile.TemporaryDirectory(prefix="memctl-bench-") as parent, embedded.lease(Path(parent) / "server"):
        addresses = [str(Path(parent) / "store.duckdb"), f"postgres:{parent}/server"]
        with Workspace(addresses[0]) as file, Workspace(addresses[1]) as server:
            stores = [file, server]
            file.spec().open().embed(["the model is loaded before the clock starts"])
            print(f"{number:,} facts, {PER_USER:,} per user" + " " * 23 + "file  PostgreSQL            ratio")
            report("bulk write, facts/s", *bulk(stores, number), ">= 0.8", "")
            searches(stores, number, 5)
            rows = [sorted(each) for each in searches(stores, number)]
            report("search of a user, median", *(statistics.median(each) * 1000 for each in rows), "<= 0.5", "ms")
            report("search of a user, 95th percentile", *(each[-3] * 1000 for each in rows), "", "ms")
        report("memctl search, new process", *(each * 1000 for each in commands(addresses)), "<= 1.5", "ms")
        empty = [str(Path(parent) / "writers.duckdb"), f"{addresses[1]}?schema=writers"]
        (here, refused_here), (there, refused_there) = (writers(address, WRITERS) for address in empty)
        report(f"{WRITERS} writers, writes/s", here, there, ">= 8", "")
        print(f"refused writes: {refused_here} in the file, {refused_there} in PostgreSQL")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
