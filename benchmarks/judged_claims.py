"""Precision of the rules by claims that were judged by hand, one by one.

    python benchmarks/judged_claims.py [PREDICATE ...] [--part train|dev|test]

fixtures/training/judged/claims.jsonl has a line per turn of the training set with the claims that the rules of November
2026 read from it, each judged right or wrong. For each part of the set this prints how many of either are still read,
and how many claims are new and not judged yet. Denials and doubts are left out, because they mean nothing without an
earlier claim. With predicates, their wrong, lost and new claims are listed; those of the part `test` are only counted,
so that nobody tunes to them.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from memctl.core.claim import DENIAL, DOUBT, Claim
from memctl.extract.extractor import extract
from memctl.transcripts.model import Session, Turn

TRAINING = Path(__file__).resolve().parent.parent / "fixtures" / "training"
JUDGED = TRAINING / "judged" / "claims.jsonl"
WRITER = "writer"
SAID_AT = datetime(2025, 6, 10, 12, tzinfo=UTC)
"""The time of every turn, for which the dates of the claims were judged."""


class Read(NamedTuple):
    """What is compared of a claim; `subject` None is the writer, and times are dates."""

    turn: str
    predicate: str
    object: str | None
    subject: str | None
    op: str
    since: str | None
    until: str | None


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a JSONL file."""
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def judged() -> dict[Read, tuple[str, bool]]:
    """The judged claims, with their part of the set and whether they are right; of equal ones the worse counts."""
    known: dict[Read, tuple[str, bool]] = {}
    for line in lines(JUDGED):
        for claim in line["claims"]:
            read = Read(
                line["turn"], claim["predicate"], claim.get("object"), claim.get("subject"), claim.get("op", "assert"),
                claim.get("from"), claim.get("until"),
            )  # fmt: skip
            right = claim["right"] and known.get(read, ("", True))[1]
            known[read] = line["part"], right
    return known


def read_now() -> dict[Read, tuple[str, Claim]]:
    """The claims that the rules read today, with their turns."""
    found: dict[Read, tuple[str, Claim]] = {}
    for path in sorted(TRAINING.glob("*.jsonl")):
        for line in lines(path):
            asked = line.get("before")
            before = [Turn(turn_id="before", role="assistant", text=asked, at=SAID_AT)] if asked else []
            turn = Turn(turn_id="turn", role="user", text=line["turn"], at=SAID_AT)
            session = Session(session_id="s", source_format="training", turns=(*before, turn))
            key = sha256(line["turn"].encode()).hexdigest()[:16]
            for claim in extract(session, WRITER, skip=frozenset({"before"})):
                if DENIAL in claim.categories or DOUBT in claim.categories:
                    continue
                subject = None if claim.subject == WRITER else claim.subject
                dates = [f"{at:%Y-%m-%d}" if at else None for at in (claim.valid_at, claim.invalid_at)]
                found[Read(key, claim.predicate, claim.object, subject, claim.op, *dates)] = line["turn"], claim
    return found


def main() -> None:
    """Print a line per part of the set, and the claims of the given predicates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("predicates", nargs="*")
    parser.add_argument("--part", choices=("train", "dev", "test"))
    arguments = parser.parse_args()
    known, now = judged(), read_now()
    parts = {read.turn: part for read, (part, _) in known.items()}
    before = Counter(known.values())
    still = Counter(known[read] for read in now if read in known)
    new = Counter(parts.get(read.turn, "other") for read in now if read not in known)
    for part in (arguments.part,) if arguments.part else ("train", "dev", "test"):
        right, wrong = still[part, True], still[part, False]
        print(
            f"{part:<6} right {right} of {before[part, True]}, wrong {wrong} of {before[part, False]}, "
            f"precision of the judged {right / (right + wrong):.3f}, not judged {new[part]}"
        )
    for predicate in arguments.predicates:
        for read in sorted(known.keys() | now.keys(), key=str):
            part, right = known.get(read, (parts.get(read.turn, "other"), None))
            lost = read not in now
            if read.predicate != predicate or part == "test" or (right and not lost) or (right is False and lost):
                continue
            state = "lost" if lost else "wrong" if right is False else "new"
            text = "" if lost else f"{now[read][1].text}  <- {' '.join(now[read][0].split())[:200]}"
            print(f"{state:<6} {read.op} {read.subject or WRITER} {read.predicate} {read.object}  {text}")


if __name__ == "__main__":
    main()
