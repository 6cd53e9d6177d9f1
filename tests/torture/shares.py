"""A campaign of guided fuzzing: the targets one after the other, each for an equal share of the time, in separate
processes.

    python -m torture.shares SECONDS SEED FOLDER [TARGET ...]

Prints a line per target and a summary, and writes FOLDER/report.json. Exits with 1 if anything was found.
"""

import json
import re
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from torture.targets import targets

SHORTEST = 10
"""The minimum seconds left of a share for which a process is started again after an input has ended it."""
AFTER = 300
"""Seconds that a process may take beyond its share: for imports, and for an input that libFuzzer must stop."""
_COVERED = re.compile(r"cov: (\d+) ft: (\d+)")
_COUNTED = re.compile(r"^#(\d+)\t", re.MULTILINE)
_PEAK = re.compile(r"rss: (\d+)Mb")


def main(seconds: float, seed: int, folder: Path, names: list[str]) -> int:
    """Fuzz all targets; returns the exit code."""
    share = max(int(seconds / len(names)), 1)
    results = []
    for name in names:
        one = _share(name, share, seed, folder)
        results.append(one)
        print(
            f"{name:<28} {one['inputs']:>9,} inputs  {one['edges']:>5,} edges  {one['features']:>6,} features  "
            f"{one['peak']:>4} MB  {one['ended']} ended the process",
            flush=True,
        )
    findings = {path.name: path.read_text(encoding="utf-8") for path in sorted((folder / "found").glob("*.txt"))}
    ended = sum(one["ended"] for one in results)
    inputs, peak = sum(one["inputs"] for one in results), max(one["peak"] for one in results)
    report = {"seconds": share * len(names), "inputs": inputs, "peak": peak, "ended": ended, "found": findings}
    (folder / "report.json").write_text(json.dumps(report | {"targets": results}, indent=1))
    features = sum(one["features"] for one in results)
    print(
        f"guided: {inputs:,} inputs to {len(names)} readers and mappings in {share} s each, {features:,} features, "
        f"peak {peak} MB, {len(findings)} promises broken, {ended} inputs that ended a process"
    )
    return 1 if findings or ended else 0


def _share(name: str, seconds: int, seed: int, folder: Path) -> dict[str, Any]:
    one: dict[str, Any] = {"target": name, "inputs": 0, "edges": 0, "features": 0, "peak": 0, "ended": 0}
    until = time.monotonic() + seconds
    left = seconds
    log = folder / "logs" / f"{targets()[name].folder}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    while left >= min(SHORTEST, seconds) and one["ended"] < 5:
        arguments = [sys.executable, "-m", "torture.guided", name, str(left), str(seed + one["ended"]), str(folder)]
        code: int | None = None
        # libFuzzer stops an input that hangs; if it cannot, the process is killed here.
        with log.open("wb") as file, suppress(subprocess.TimeoutExpired):
            code = subprocess.run(
                arguments, cwd=Path(__file__).parents[1], stdout=file, stderr=file, check=False, timeout=left + AFTER
            ).returncode
        log_text = log.read_text(encoding="utf-8", errors="replace")
        counted, covered = _COUNTED.findall(log_text), _COVERED.findall(log_text)
        one["inputs"] += int(counted[-1]) if counted else 0
        one["edges"], one["features"] = map(int, covered[-1]) if covered else (one["edges"], one["features"])
        one["peak"] = max(one["peak"], *map(int, _PEAK.findall(log_text)), 0)
        if code == 0:
            break
        one["ended"] += 1
        log.rename(log.with_suffix(f".{one['ended']}.log"))
        left = int(until - time.monotonic())
    return one


if __name__ == "__main__":
    chosen = sys.argv[4:] or list(targets())
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), chosen))
