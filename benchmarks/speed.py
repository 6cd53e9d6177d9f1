"""What memctl has to be fast at: all figures of one sitting in one table, with the goal of each.

python benchmarks/speed.py [--locomo locomo.json]

Takes about twenty minutes and 6 GB in the folder for temporary files. Seconds and ratios of wall time are only
comparable on a machine that does nothing else. `interactive` and the other modules say how each figure is measured.
Facts are extracted by the rules alone, also where the extra `neural` is installed.
"""

import argparse
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import bulk_write
import ingest_processes
import interactive
import migrate_memory
import rules_speed

SMALL, LARGE = 100_000, 1_000_000
Row = tuple[str, str, str, str]
"""What was measured, the figure when the goal was set (on other machines), the figure now, the goal."""


def alone(measure: Callable[..., Any], *arguments: object) -> Any:
    """What a function returns in a new process, whose memory does not depend on earlier measurements."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, *arguments).result()


def commands(small: interactive.Figures, large: interactive.Figures) -> list[Row]:
    """The rows of commands and of searches through the API."""

    def ratio(name: str) -> str:
        return f"{small.commands[name][0]:.2f} ×, {large.commands[name][0]:.2f} ×"

    adds = small.commands["memctl add"][0] / small.commands["memctl search"][0]
    lists = [
        *(small.commands[f"memctl facts{way}"][0] for way in (", pipe", ", 100 columns", " --json")),
        *(large.commands[f"memctl users{way}"][0] for way in (", pipe", ", 100 columns")),
    ]
    return [
        (
            "search through the API with `hold=True` / a plain cosine",
            "10 ×",
            f"{small.held_search:.1f} ×, {large.held_search:.1f} ×",
            "3 ×",
        ),
        ("the same, the store opened for each search", "25-36 ×", f"{small.search:.0f} ×, {large.search:.0f} ×", ""),
        ("`memctl search` / `import typer, duckdb`", "1.4-1.6 ×", ratio("memctl search"), "1.4 ×"),
        ("`memctl search --all-users`", "-, 3.5 ×", ratio("memctl search --all-users"), "-, 2 ×"),
        ("`memctl add` / `memctl search`", "3 ×", f"{adds:.2f} ×", "1.3 ×"),
        (
            "eight `memctl add` at once, until the last one ends",
            "2.4 s",
            f"{small.last_add:.1f} s, {small.failed_adds} failed",
            "2 s, none fails",
        ),
        ("`memctl facts` and `users`, 1,000 rows", "4 ×", f"{min(lists):.2f}-{max(lists):.2f} ×", "1.5 ×"),
        ("opening the store after `kill -9` of a bulk write", "", f"-, {large.reopened:.2f} s", "2 s"),
    ]


def writing(locomo: Path | None, users: int) -> list[Row]:
    """The rows of extraction, ingest, bulk writes and migration, and the memory of a migration."""
    rules = f"{alone(rules_speed.turns_per_second, locomo):,.0f}" if locomo else "no data (needs a file of LoCoMo)"
    whole, bare = alone(bulk_write.main, 50_000)
    speeds = alone(ingest_processes.main, 60_000)
    (into, again, _), peak = alone(migrate_memory.main, LARGE, users)
    ingest = ", ".join(f"{jobs}: {speed / speeds[1]:.2f} ×" for jobs, speed in speeds.items() if jobs > 1)
    return [
        ("turns per second through the rules, LoCoMo, one core", "1,630", rules, "4,000"),
        (
            "60,000 turns: ingest with several processes / with one",
            "4: 1.9 ×",
            f"{ingest or '-'} ({os.cpu_count()} cores)",
            "4: 3.2 ×, 8: 5 ×",
        ),
        (
            "facts per second into the store; rows alone",
            "8,500; 18,300",
            f"{whole:,.0f}; {bare:,.0f}",
            "20,000",
        ),
        (
            "migration of 1,000,000 facts into the store, verified; again",
            "324 s",
            f"{into:.0f} s; {again:.0f} s",
            "120 s; 30 s",
        ),
        ("memory of a migration", "461-517 MB", f"{peak:.0f} MB", "500 MB"),
    ]


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--locomo", type=Path)
    options = parser.parse_args()
    os.environ["MEMCTL_NEURAL_MODEL"] = ""
    rows = commands(alone(interactive.main, SMALL), alone(interactive.main, LARGE))
    rows += writing(options.locomo, users=1000)
    print("\nTwo figures are for 100,000 and for 1,000,000 facts.\n")
    for row in [("what", "when the goal was set", "now", "goal"), ("---",) * 4, *rows]:
        print(f"| {' | '.join(row)} |".replace("|  |", "| |"))


if __name__ == "__main__":
    main()
