"""Start-up time of whole processes relative to `python -c "import typer"` and `"import typer, duckdb"`.

python benchmarks/startup.py [facts]

The processes are run alternately, so that the ratios depend less on load. Needs typer for the comparison.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from synthetic import facts

from memctl.workspace import Workspace

RUNS = 15
MEMCTL = str(Path(sys.executable).parent / "memctl")


def seconds(command: list[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return time.perf_counter() - started


def compare(label: str, command: list[str], other: list[str], environment: dict[str, str]) -> None:
    reference = f"memctl {other[1]}" if other[0] == MEMCTL else repr(other[-1])
    ratios, ours, theirs = [], [], []
    for _ in range(RUNS + 1):
        ours.append(seconds(command, environment))
        theirs.append(seconds(other, environment))
        ratios.append(ours[-1] / theirs[-1])
    # The first pair fills the file cache.
    print(
        f"{label:<28} {statistics.median(ours[1:]) * 1000:4.0f} ms, "
        f"{statistics.median(theirs[1:]) * 1000:4.0f} ms for {reference}, ratio {statistics.median(ratios[1:]):.2f}"
    )


def main(number: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.duckdb"
        store = Workspace(path)
        made = list(facts(number // 1000, 1000))
        for start in range(0, len(made), 20_000):
            store.write(made[start : start + 20_000])
        environment = {**os.environ, "MEMCTL_STORE": str(path), "HOME": folder}
        python = [sys.executable, "-c"]
        compare("memctl --help", [MEMCTL, "--help"], [*python, "import typer"], environment)
        search = [MEMCTL, "search", "user00042", "green tea in Lisbon"]
        compare(f"memctl search, {number:,} facts", search, [*python, "import typer, duckdb"], environment)
        compare("memctl context", [MEMCTL, "context", *search[2:]], search, environment)
        everyone = [MEMCTL, "search", "--all-users", "green tea in Lisbon"]
        compare("memctl search --all-users", everyone, [*python, "import typer, duckdb"], environment)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
