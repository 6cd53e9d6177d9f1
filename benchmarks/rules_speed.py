"""Speed of the offline extractor: turns a second through redaction and rules on short chat, one process.

    python benchmarks/rules_speed.py locomo.json [--repeat 3]

Processor time, the best of the repeats: other work on the machine is not ours to count. `redaction` is `redact` alone.
"""

import argparse
import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from memctl.extract.extractor import extract
from memctl.extract.secrets import redact
from memctl.transcripts.model import Session, Turn


def sessions(path: Path) -> list[Session]:
    """Every LoCoMo session of the file; each speaker is a human."""
    found: list[Session] = []
    for conversation in json.loads(path.read_text()):
        talk = conversation["conversation"]
        for key in talk:
            if not re.fullmatch(r"session_\d+", key):
                continue
            at = datetime.strptime(talk[f"{key}_date_time"], "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)
            turns = tuple(
                Turn(turn_id=turn["dia_id"], role="user", text=turn["text"], speaker=turn["speaker"], at=at)
                for turn in talk[key]
            )
            found.append(Session(source_format="locomo", session_id=f"{conversation['sample_id']}/{key}", turns=turns))
    return found


def best(work: Callable[[], object], repeat: int) -> float:
    """The shortest of `repeat` runs, in seconds of processor time."""
    times = []
    for _ in range(repeat):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("locomo", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    talks = sessions(options.locomo)
    texts = [turn.text for session in talks for turn in session.turns]
    claims = sum(len(extract(session, "user")) for session in talks)
    rules = best(lambda: [extract(session, "user") for session in talks], options.repeat)
    redaction = best(lambda: [redact(text) for text in texts], options.repeat)
    print(
        json.dumps(
            {
                "turns": len(texts),
                "claims": claims,
                "turns_per_second": round(len(texts) / rules),
                "redaction_turns_per_second": round(len(texts) / redaction),
            }
        )
    )


if __name__ == "__main__":
    main()
