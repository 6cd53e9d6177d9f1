"""Turns per second of an ingest into a new store with 1, 2, 4 and 8 processes.

python benchmarks/ingest_processes.py [turns]

The turns are those of `fixtures/training`, repeated, in sessions of 100. More processes than the machine has cores are
not tried. Wall time: other load on the machine changes the result.
"""

import itertools
import json
import os
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from memctl.ingest.scan import Options
from memctl.workspace import Workspace

TRAINING = Path(__file__).parents[1] / "fixtures" / "training"
SESSION = 100
PROCESSES = (1, 2, 4, 8)


def write_transcripts(folder: Path, number: int) -> None:
    """Write so many turns, one session of each user."""
    lines = itertools.chain.from_iterable(
        file.read_text(encoding="utf-8").splitlines() for file in sorted(TRAINING.glob("*.jsonl"))
    )
    turns = itertools.islice(itertools.cycle([json.loads(line)["turn"] for line in lines]), number)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for user in itertools.count():
        if not (session := list(itertools.islice(turns, SESSION))):
            return
        path = folder / f"user{user:04}" / "chat.jsonl"
        path.parent.mkdir(parents=True)
        with path.open("w", encoding="utf-8") as file:
            for place, turn in enumerate(session):
                at = start + timedelta(minutes=place)
                file.write(json.dumps({"role": "user", "content": turn, "timestamp": at.isoformat()}) + "\n")


def main(number: int) -> dict[int, float]:
    """Print and return the turns per second by the number of processes."""
    speeds = {}
    with tempfile.TemporaryDirectory() as folder:
        transcripts = Path(folder) / "transcripts"
        write_transcripts(transcripts, number)
        for jobs in (jobs for jobs in PROCESSES if jobs <= (os.cpu_count() or 1)):
            with Workspace(Path(folder) / f"store{jobs}.duckdb") as store:
                started = time.perf_counter()
                store.ingest([str(transcripts)], Options(jobs=jobs))
                speeds[jobs] = number / (time.perf_counter() - started)
            ratio = speeds[jobs] / speeds[1]
            print(f"ingest with {jobs} processes: {speeds[jobs]:6,.0f} turns/s, {ratio:4.2f} x", flush=True)
    return speeds


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60_000)
