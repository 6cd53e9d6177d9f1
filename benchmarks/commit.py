"""CPU time of one commit of 400 turns, into a new store and after other commits: of 40 new users each, or of one user.

python benchmarks/commit.py [commits]
"""

import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from memctl.ingest import pipeline
from memctl.ingest.scan import Options
from memctl.workspace import Workspace

TURNS, USERS = 400, 40
PLACES = ("Oslo", "Rome", "Lima", "Paris", "Quito", "Riga", "Perth", "Pune")
THINGS = ("tea", "coffee", "chess", "tennis", "hiking", "jazz", "opera", "sushi")
RELATIVES = ("sister", "brother", "mother", "father", "boss", "neighbour", "cousin", "uncle")


def turns(number: int, users: int) -> Iterator[dict[str, str]]:
    """The turns of one commit: of users who are in no other commit, or of one user for all commits."""
    chance = random.Random(number)
    for turn in range(TURNS):
        text = chance.choice(
            (
                f"I live in {chance.choice(PLACES)}.",
                f"I like {chance.choice(THINGS)} number {number * TURNS + turn}.",
                f"My {chance.choice(RELATIVES)} lives in {chance.choice(PLACES)}.",
                f"I work at {chance.choice(PLACES)} Labs.",
            )
        )
        user = "user" if users == 1 else f"user{number}-{turn % users}"
        at = f"2026-01-{1 + turn // 24:02}T{turn % 24:02}:00:{number % 60:02}Z"
        yield {"role": "user", "content": text, "created_at": at, "user_id": user, "session_id": f"{number}-{user}"}


def seconds(commits: int, users: int) -> list[float]:
    """CPU seconds of each commit into one store."""
    taken: list[float] = []
    commit = pipeline.commit

    def timed(*arguments: Any, **options: Any) -> Any:
        started = time.process_time()
        committed = commit(*arguments, **options)
        taken.append(time.process_time() - started)
        return committed

    with tempfile.TemporaryDirectory() as parent, patch.object(pipeline, "commit", timed):
        store = Workspace(Path(parent) / "store.duckdb")
        for number in range(commits):
            file = Path(parent) / f"{number}.jsonl"
            file.write_text("".join(f"{json.dumps(turn)}\n" for turn in turns(number, users)))
            store.ingest([str(file)], Options())
    return taken


def main(commits: int) -> None:
    for users in (USERS, 1):
        taken = seconds(commits, users)
        first, last = (statistics.median(part) for part in (taken[1:4], taken[-3:]))
        whose = f"{users} new users" if users > 1 else "the same user in every commit"
        print(
            f"{whose:<32}{first * 1000:>6.0f} ms for a first commit, {last * 1000:>6.0f} ms after {commits - 2} commits"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 16)
