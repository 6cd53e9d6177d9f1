"""Speed of rule-based extraction: turns per second through redaction and rules on short chat, one process.

    python benchmarks/rules_speed.py locomo.json [--repeat 3]

Processor time of the fastest repeat, so that other load on the machine is excluded. The rules are measured in the
steady state of a process that reads many turns: what patterns compute after some texts is computed before. `redaction`
is `redact` alone.
`every_pattern` is the time with every rule and pattern tried on every sentence, divided by the time of the rules as
they are.
"""

import argparse
import gc
import json
import time
from collections.abc import Callable
from pathlib import Path

import locomo

from memctl.extract.extractor import extract
from memctl.extract.patterns.hints import HintIndex
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.rule_index import RuleIndex
from memctl.extract.secrets import redact
from memctl.transcripts.model import Session


def best(work: Callable[[], object], repeat: int) -> float:
    """The processor time of the fastest of `repeat` runs, in seconds."""
    times = []
    for _ in range(repeat):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def warm_up(work: Callable[[], object]) -> None:
    """Let all patterns and rules that `work` tries compute what they otherwise compute only after some texts."""
    work()
    for one in gc.get_objects():
        if isinstance(one, KeyedPattern | KeyedGroup | RuleIndex | HintIndex):
            one.left = min(one.left, 1)
        if isinstance(one, KeyedPattern):
            one.left_with_key = min(one.left_with_key, 1)
    for _ in range(2):
        work()  # First the keys are computed, then the patterns for lower case.


def try_everything() -> None:
    """Try every rule and pattern on every text from now on."""
    setattr(RuleIndex, "due", lambda index, _: tuple(index.needs))  # noqa: B010 -- mypy takes it for a mistake
    for pattern in [one for one in gc.get_objects() if isinstance(one, KeyedPattern | KeyedGroup)]:
        pattern.bit = pattern.left = 0
        if isinstance(pattern, KeyedPattern):
            pattern.in_lower_case, pattern.left_with_key = None, 0


def turns_per_second(file: Path, repeat: int = 3) -> float:
    """Turns of a file of LoCoMo that the rules read in a second of processor time."""
    talks = sessions(file)
    read = reader(talks)
    warm_up(read)
    return sum(len(talk.turns) for talk in talks) / best(read, repeat)


def reader(talks: list[Session]) -> Callable[[], object]:
    """A function that reads all sessions."""
    return lambda: [extract(talk, "user") for talk in talks]


def sessions(file: Path) -> list[Session]:
    """All sessions of a file of LoCoMo."""
    return [session for sample in locomo.samples([file]) for session in locomo.sessions(sample)]


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("locomo", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    talks = sessions(options.locomo)
    texts = [turn.text for session in talks for turn in session.turns]
    claims = sum(len(extract(session, "user")) for session in talks)
    read = reader(talks)
    warm_up(read)
    rules = best(read, options.repeat)
    redaction = best(lambda: [redact(text) for text in texts], options.repeat)
    try_everything()
    every = best(read, options.repeat)
    print(
        json.dumps(
            {
                "turns": len(texts),
                "claims": claims,
                "turns_per_second": round(len(texts) / rules),
                "every_pattern": round(every / rules, 2),
                "redaction_turns_per_second": round(len(texts) / redaction),
            }
        )
    )


if __name__ == "__main__":
    main()
