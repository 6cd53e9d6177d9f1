"""Seconds that a volume report of a large local store takes, compared with a plain count of its rows.

python benchmarks/report_volume.py [facts] [store]

The store is created if it does not exist (a million facts take two minutes), in a temporary folder or at `store`.
"""

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import msgspec
from synthetic import facts

from memctl.core.fact import Fact
from memctl.workspace import Workspace

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 540
"""The number of days before NOW over which the facts are spread evenly."""


def make(store: Workspace, number: int) -> None:
    """Fill the store with `number` facts of a thousand users."""
    users = min(1000, number)
    made = facts(users, -(-number // users))
    while batch := list(islice(made, 10_000)):
        store.write([_dated(fact, place) for place, fact in enumerate(batch)])


def _dated(fact: Fact, place: int) -> Fact:
    return msgspec.structs.replace(fact, created_at=NOW - timedelta(days=place * 7919 % DAYS, minutes=place % 1440))


def main(number: int, path: Path) -> None:
    from memctl.report.volume import measure

    store = Workspace(path)
    if not path.exists():
        make(store, number)
    started = time.perf_counter()
    detail = store.check().detail
    counted = time.perf_counter() - started
    started, worked = time.perf_counter(), time.process_time()
    volume = measure(store, now=NOW)
    took, used = time.perf_counter() - started, time.process_time() - worked
    print(detail)
    print(f"facts                {volume.facts:>10,}")
    print(f"volume report, s     {took:>10.2f}")
    print(f"CPU, all cores, s    {used:>10.2f}")
    print(f"plain row count, s   {counted:>10.2f}")


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        main(size, Path(sys.argv[2]) if len(sys.argv) > 2 else Path(folder) / "store.duckdb")
