"""Resident memory and speed of a migration, file -> local store -> file, each step in a separate process.

python benchmarks/migrate_memory.py [facts] [users]     1,000,000 facts of 1,000 users must stay under 500 MB
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from synthetic import facts

from memctl.core.fact import encode_lines

MEMCTL = str(Path(sys.executable).parent / "memctl")
LIMIT_MB = 500
STEPS = ("file -> store", "repeated", "store -> file")


def run(arguments: Iterable[str], environment: dict[str, str]) -> tuple[dict[str, int], float, float]:
    """The counts of a migration, its seconds, and the peak memory (MB) of all migrations so far."""
    started = time.perf_counter()
    done = subprocess.run([MEMCTL, *arguments, "--json"], env=environment, stdout=subprocess.PIPE, check=True)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return json.loads(done.stdout)["counts"], seconds, peak


def main(number: int, users: int) -> tuple[list[float], float]:
    """Print and return the seconds of each of the `STEPS` and the peak memory in MB."""
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source.jsonl", Path(folder) / "target.jsonl"
        with source.open("wb") as file:
            file.writelines(encode_lines(facts(users, number // users)))
        environment = {
            **os.environ,
            "HOME": folder,
            "XDG_DATA_HOME": folder,
            "MEMCTL_LEDGER": f"{folder}/ledger.duckdb",
        }
        into = ["migrate", "--all-users", "--from", str(source), "--to", "local"]
        out = ["migrate", "--all-users", "--from", "local", "--to", str(target)]
        for name, arguments in zip(STEPS, (into, into, out), strict=True):
            counts, seconds, peak = run(arguments, environment)
            taken.append(seconds)
            print(
                f"{name:<15} {counts['read']:>9,} read, {counts['written']:>9,} written, {seconds:6.0f} s, "
                f"{counts['read'] / seconds:7,.0f} facts/s, peak so far {peak:4.0f} MB",
                flush=True,
            )
    return taken, peak


if __name__ == "__main__":
    _, most = main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000,
        int(sys.argv[2]) if len(sys.argv) > 2 else 1_000,
    )
    if most > LIMIT_MB:
        sys.exit(f"more than {LIMIT_MB} MB")
