"""Facts per second into and out of the embedded PostgreSQL, with vectors of 384 dimensions, and the time of a search.

python benchmarks/postgres_copy.py [facts]
"""

import fcntl
import random
import statistics
import sys
import tempfile
import time
from array import array
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from memctl_postgres import embedded
from memctl_postgres.adapter import PostgresAdapter
from synthetic import facts

from memctl.backends.contract import Query
from memctl.core.fact import Embedding

DIM = 384
BATCH = PostgresAdapter.capabilities.batch_size


def timed(work: Callable[[], object]) -> float:
    """The seconds that the work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def vectors(number: int) -> list[tuple[float, ...]]:
    """Random vectors around a hundred centres, like those of texts around topics; in single precision, like those of
    models."""
    chance = random.Random(1)
    centres = [[chance.gauss(0, 1) for _ in range(DIM)] for _ in range(100)]
    return [
        tuple(array("f", [value + chance.gauss(0, 0.5) for value in centres[n % 100]]).tolist()) for n in range(number)
    ]


def main(number: int) -> None:
    pool = vectors(min(number, 20_000))
    per_user = min(number, 1000)
    made = [
        msgspec.structs.replace(fact, embedding=Embedding(model="random", vector=pool[n % len(pool)]))
        for n, fact in enumerate(facts(max(number // per_user, 1), per_user))
    ]
    batches = [made[i : i + BATCH] for i in range(0, len(made), BATCH)]
    with tempfile.TemporaryDirectory(prefix="memctl-bench-") as parent:
        folder = Path(parent) / "postgres"
        started = time.perf_counter()
        lease = embedded.lease(folder, linger=0.0)
        first = time.perf_counter() - started
        adapter = PostgresAdapter(data_folder=folder, init=True, embed=lambda query: pool[len(query)])
        adapter.init()
        write = timed(lambda: [adapter.write(batch) for batch in batches])
        index = timed(lambda: adapter.settle([], datetime.now(UTC) + timedelta(hours=1)))
        again = timed(lambda: [adapter.write(batch) for batch in batches])
        users = list(adapter.users())
        read = timed(lambda: [page for user in users for page in adapter.read(user)])
        one = [timed(lambda n=n: adapter.search(Query(users[n % len(users)], "night train"))) for n in range(30)]
        everyone = [timed(lambda: adapter.search(Query(None, "night train"))) for _ in range(10)]
        adapter.close()
        lease.close()
        with (folder / "keeper.lock").open() as kept:
            fcntl.flock(kept, fcntl.LOCK_EX)
    total = len(made)
    print(f"facts, vectors of {DIM} dimensions               {total:>9,}")
    print(f"first start, with initdb                      {first:>9.1f} s")
    print(f"written by COPY, facts/s                      {total / write:>9,.0f}")
    print(f"HNSW index built afterwards                   {index:>9.1f} s")
    print(f"written and indexed, facts/s                  {total / (write + index):>9,.0f}")
    print(f"written again, all unchanged, facts/s         {total / again:>9,.0f}")
    print(f"read with their vectors, facts/s              {total / read:>9,.0f}")
    print(f"search of a user with {per_user:,} facts, median     {statistics.median(one) * 1000:>9.1f} ms")
    print(f"search of all users, median                   {statistics.median(everyone) * 1000:>9.1f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
