"""Temporal grounding on LoCoMo: how often a date grounded in the evidence turn agrees with the "when" answer.

Metric. Of the questions of category 2 whose gold answer names a date that can be parsed ("7 May 2023", "The week
before 9 June 2023", "2022", "June 2023"), a question is a hit if at least one period grounded in one of its evidence
turns, from the text and the session's time, agrees with the gold period; if the evidence turns ground no period, the
days of their messages are used. Two periods agree if they overlap and the grounded one is at most 1.5 times as long as
the gold one (so the right year does not answer a question about a day; a week may start on Monday or be the seven days
before). Answers without a date ("her mother", "four months") are excluded and counted. Only dates are measured, not
whether the date belongs to the right event, and a turn with two dates has two chances.

    python benchmarks/grounding.py locomo.json [--misses]
"""

import argparse
import json
import re
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import locomo

from memctl.extract.time.dates import Grounded, ground


def gold_period(answer: Any) -> tuple[datetime, datetime] | None:
    """The period in a gold answer, None if there is none."""
    text = re.sub(r"(\d)`", r"\1", str(answer)).strip(" .")
    text = re.sub(r"(\d)(?=[A-Z])", r"\1 ", text).replace("Janury", "January")
    if re.fullmatch(r"(?:19|20)\d\d", text):
        text = f"in {text}"
    elif not re.search(r"\b(?:19|20)\d\d\b", text):
        return None
    named = [one for one in ground(text, None) if not one.vague]
    return (named[0].start, named[0].end) if named else None


def agrees(one: tuple[datetime, datetime], gold: tuple[datetime, datetime]) -> bool:
    """Whether the periods overlap and `one` is at most 1.5 times as long as `gold`."""
    overlap = one[0] < gold[1] and gold[0] < one[1]
    return overlap and one[1] - one[0] <= (gold[1] - gold[0]) * 1.5


def measure(path: Path, *, show_misses: bool = False) -> dict[str, float]:
    """Hits, misses and excluded questions of all conversations of the file."""
    asked = hits = baseline = left_out = 0
    started = time.perf_counter()
    for conversation in locomo.samples([path]):
        talk = conversation["conversation"]
        turns: dict[str, tuple[datetime, str]] = {
            turn["dia_id"]: (locomo.session_time(talk[f"{key}_date_time"]), turn["text"])
            for key, session in talk.items()
            if re.fullmatch(r"session_\d+", key)
            for turn in session
        }
        for question in conversation["qa"]:
            if question["category"] != 2:
                continue
            evidence = [turns[turn] for turn in question["evidence"] if turn in turns]
            gold = gold_period(question.get("answer"))
            if gold is None or not evidence:
                left_out += 1
                continue
            asked += 1
            found: list[Grounded] = [one for at, text in evidence for one in ground(text, at)]
            days = [at.replace(hour=0, minute=0) for at, _ in evidence]
            messages = [(day, day + timedelta(days=1)) for day in days]
            periods = [(one.start, one.end) for one in found] or messages
            baseline += any(agrees(one, gold) for one in messages)
            if any(agrees(one, gold) for one in periods):
                hits += 1
            elif show_misses:
                print(question["question"], "|", question["answer"], "|", [str(p[0])[:10] for p in periods], evidence)
    return {
        "questions": asked,
        "left_out": left_out,
        "hits": hits,
        "accuracy": hits / asked if asked else 0.0,
        "message_date_alone": baseline / asked if asked else 0.0,
        "seconds": round(time.perf_counter() - started, 2),
    }


def main() -> None:
    """Measure one LoCoMo file and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("locomo", type=Path)
    parser.add_argument("--misses", action="store_true", help="print the missed questions")
    options = parser.parse_args()
    print(json.dumps(measure(options.locomo, show_misses=options.misses)))


if __name__ == "__main__":
    main()
