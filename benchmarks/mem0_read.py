"""memctl's overhead when reading mem0's platform: 10,000 memories of 20 users from the loopback emulator.

python benchmarks/mem0_read.py      memctl's own share of the time must stay under 15 %

The same pages are read by mem0's own client alone, and by memctl, which converts them to facts. The share is the
additional processor time of memctl, divided by its total time. The emulator, in a separate process, waits 20 ms before
each response, less than a real network and database would take. The share without that wait is printed too.
"""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from memctl_mem0 import sdk
from memctl_mem0.platform.adapter import Mem0Adapter
from memctl_mem0.platform.client import ANYBODY, LARGEST_PAGE

TESTS = Path(__file__).parents[1] / "tests"
USERS, MEMORIES = 20, 10_000
WAIT = 0.02
LIMIT = 0.15
REPEATS = 5


def serve(pipe: Connection) -> None:
    """Run a filled emulator and send its address and key; each message from the pipe sets the wait, None ends it."""
    sys.path.insert(0, str(TESTS))
    emulator = import_module("emulators.mem0_platform")
    began = datetime(2026, 1, 1, tzinfo=UTC)
    with emulator.serve() as platform:
        for number in range(MEMORIES):
            platform.put(
                memory=f"User {number % USERS} said on day {number // 500} that thing number {number} matters.",
                user_id=f"user {number % USERS}",
                agent_id="assistant" if number % 3 else None,
                metadata={"source": "chat", "number": number},
                categories=["personal_details", "misc"],
                created_at=began + timedelta(minutes=number),
            )
        pipe.send((platform.url, platform.key))
        while (wait := pipe.recv()) is not None:
            platform.faults[:] = [emulator.Fault("", delay=wait, times=10**9)] if wait else []
            pipe.send(wait)


def by_client(url: str, key: str) -> int:
    """Read everything with mem0's client alone, in the same order as memctl; returns the number of memories."""
    client = sdk.mem0().MemoryClient(api_key=key, host=url)
    client.client.get("/v1/entities/")
    found = 0

    def page(filters: dict[str, Any], number: int, size: int) -> dict[str, Any]:
        answer: dict[str, Any] = client.get_all(
            filters=filters, page=number, page_size=size, show_expired=True, include_merged=True
        )
        return answer

    for filters in ({"AND": [{"user_id": "*"}, ANYBODY]}, ANYBODY):
        page(filters, 1, 1)
    for user in range(USERS):
        filters = {"AND": [{"user_id": f"user {user}"}, ANYBODY]}
        page(filters, 1, 1)
        number, more = 1, True
        while more:
            answer = page(filters, number, LARGEST_PAGE)
            found, number, more = found + len(answer["results"]), number + 1, answer["next"] is not None
    client.client.close()
    return found


def by_memctl(url: str, key: str) -> int:
    """Read everything as facts; returns their number."""
    with Mem0Adapter(key, url=url) as mem0:
        return sum(len(page.facts) for user in mem0.users() for page in mem0.read(user))


def fastest(read: Callable[[str, str], int], url: str, key: str) -> tuple[float, float]:
    """The shortest time of several readings in seconds, and the lowest processor time of this process."""
    taken, worked = [], []
    for _ in range(REPEATS):
        began, busy = time.perf_counter(), time.process_time()
        found = read(url, key)
        taken.append(time.perf_counter() - began)
        worked.append(time.process_time() - busy)
        if found != MEMORIES:
            sys.exit(f"{found} memories were read, not {MEMORIES}")
    return min(taken), min(worked)


def main() -> None:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(theirs,))
    server.start()
    share = 1.0
    try:
        url, key = ours.recv()
        for wait in (0.0, WAIT):
            ours.send(wait)
            ours.recv()
            _, before = fastest(by_client, url, key)
            whole, worked = fastest(by_memctl, url, key)
            share = (worked - before) / whole
            print(
                f"{1000 * wait:2.0f} ms wait per response: {whole:.2f} s, {MEMORIES / whole:,.0f} memories/s; "
                f"memctl's own share {worked - before:.2f} s ({share:.1%})"
            )
    finally:
        ours.send(None)
        server.join()
    if share > LIMIT:
        sys.exit(f"more than {LIMIT:.0%}")


if __name__ == "__main__":
    main()
