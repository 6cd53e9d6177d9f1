"""Recall of LoCoMo evidence in the blocks of `memctl context`, for budgets of 300, 800 and 1,500 tokens.

    python benchmarks/context_recall.py locomo10.json [--tokens 300 800 1500] [--every N]

Every conversation is ingested as in `locomo_recall.py`, and a block is made for every question. Three figures, averaged
over questions:

    evidence  the share of a question's evidence turns that the block shows, directly or through a fact read from them
    turns     the same without the facts
    words     of the stems of the expected answer that are not in the question, the share that is in the block

Baselines of the same budget: the best turns of `memctl search` until the next one does not fit, and the last turns. All
lines have the format of the block.
"""

import argparse
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import locomo
from locomo_recall import CATEGORIES, evidence_of

from memctl.backends.contract import Hit, Query
from memctl.context.lines import item_of, shown
from memctl.core.fact import Fact
from memctl.core.tokenization import stems
from memctl.ingest.scan import Options
from memctl.memory import Memory
from memctl.report.tokens import estimator
from memctl.workspace import Workspace

COUNT = estimator()
BASELINE_HITS = 200


class Question(NamedTuple):
    user: str
    text: str
    answer: set[str]
    evidence: set[str]


class Block(NamedTuple):
    """The turns that a block shows, the turns that are only sources of its facts, its text, and its size in tokens."""

    turns: set[str]
    by_facts: set[str]
    text: str
    tokens: int


def main() -> None:
    """Measure the files named on the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, help="LoCoMo JSON: a sample or a list of samples")
    parser.add_argument("--tokens", nargs="+", type=int, default=[300, 800, 1500])
    parser.add_argument("--every", type=int, default=1, metavar="N", help="ask every N-th question only")
    arguments = parser.parse_args()
    samples = locomo.samples(arguments.files)
    with tempfile.TemporaryDirectory() as folder:
        store = Workspace(Path(folder) / "store.duckdb")
        locomo.write_transcripts(samples, Path(folder) / "transcripts")
        store.ingest([str(Path(folder) / "transcripts")], Options())
        asked = [question for sample in samples for question in questions(sample)][:: arguments.every]
        print(f"LoCoMo evidence in a block, categories 1-4, {len(asked)} questions")
        print(f"{'block':<22}{'budget':>7}{'evidence':>10}{'turns':>8}{'words':>8}{'tokens':>8}")
        records = {fact.id: fact for user in store.users() for page in store.read(user) for fact in page.facts}
        for tokens in arguments.tokens:
            measure("memctl context", asked, tokens, lambda question, size: in_context(store, records, question, size))
            measure("best turns", asked, tokens, lambda question, size: best_turns(store, question, size))
            measure("last turns", asked, tokens, lambda question, size: last_turns(records.values(), question, size))


def measure(name: str, asked: list[Question], tokens: int, make: Callable[[Question, int], Block]) -> None:
    """Print a row of the table."""
    rows = []
    for question in asked:
        block = make(question, tokens)
        assert block.tokens <= tokens, question
        wanted = question.answer - set(stems(question.text))
        words = len(wanted & set(stems(block.text))) / len(wanted) if wanted else None
        rows.append(
            (recall(question, block.turns | block.by_facts), recall(question, block.turns), words, block.tokens)
        )
    evidence, turns, words, size = (
        fmean(value for value in column if value is not None) for column in zip(*rows, strict=True)
    )
    print(f"{name:<22}{tokens:>7}{evidence:>10.3f}{turns:>8.3f}{words:>8.3f}{size:>8.0f}", flush=True)


def recall(question: Question, turns: set[str]) -> float:
    return len(question.evidence & turns) / len(question.evidence)


def questions(sample: dict[str, Any]) -> Iterator[Question]:
    """The questions of the categories that have evidence."""
    talk = sample["conversation"]
    turns = {turn["dia_id"] for name, said in talk.items() if re.fullmatch(r"session_\d+", name) for turn in said}
    for question in sample["qa"]:
        evidence = evidence_of(question.get("evidence", ()), turns)
        if question["category"] in CATEGORIES and evidence:
            answer = set(stems(str(question.get("answer", ""))))
            yield Question(sample["sample_id"], question["question"], answer, evidence)


def in_context(store: Workspace, records: dict[Any, Fact], question: Question, tokens: int) -> Block:
    """The block of `memctl context`."""
    context = Memory(store).context(question.user, question.text, tokens)
    shown_records = [records[item.id] for section in context.sections for item in section.items]
    turns = {turn for fact in shown_records if fact.kind == "episode" for turn in fact.source.turns}
    facts = {turn for fact in shown_records if fact.kind != "episode" for turn in fact.source.turns}
    return Block(turns, facts, context.text, context.tokens)


def best_turns(store: Workspace, question: Question, tokens: int) -> Block:
    """The hits of a search among the turns, until one does not fit."""
    return until_full((hit.fact for hit in turn_hits(store, question.user, question.text)), tokens)


@cache
def turn_hits(store: Workspace, user: str, query: str) -> list[Hit]:
    """The best turns for a query; the same for every budget."""
    return store.search(Query(user, query, BASELINE_HITS, kinds=("episode",)))


def last_turns(records: Iterable[Fact], question: Question, tokens: int) -> Block:
    """The end of the conversation."""
    mine = [fact for fact in records if fact.user_id == question.user and fact.kind == "episode"]
    return until_full(reversed(mine), tokens)


def until_full(turns: Iterable[Fact], tokens: int) -> Block:
    lines, ids, used = [], set(), 0
    for turn in turns:
        line = f"- {shown(item_of(turn, turn.text, None), 'text')}\n"
        used += COUNT(line)
        if used > tokens:
            used -= COUNT(line)
            break
        lines.append(line)
        ids.update(turn.source.turns)
    return Block(ids, set(), "".join(lines), used)


if __name__ == "__main__":
    main()
