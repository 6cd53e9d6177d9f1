"""Recall of evidence on LoCoMo: the share of the turns that support an answer among the first ten results.

    python benchmarks/locomo_recall.py locomo10.json [--embedder SPEC [--base-url URL]] [--extractor rules|neural|none]
        [--k 10] [--jsonl FILE]

Every conversation is ingested into a temporary store as the memory of one user with the code of `memctl ingest`, and
every question is searched with the code of `memctl search`. A hit counts as the turns its source names, each turn once;
recall of a question is the share of its evidence turns among the first k, averaged over questions. The answers are
never read.

Categories as in the paper (Maharana et al. 2024): 1 multi-hop, 2 temporal, 3 open-domain, 4 single-hop. Category 5,
whose questions have no answer in the conversation, and questions without evidence are excluded. Evidence ids are read
leniently: "D8:6; D9:17" is two ids, "D:11:26" is D11:26, "D30:05" is D30:5, and ids of no turn ("D") are dropped.
"""

import argparse
import json
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import Any

import locomo

from memctl.backends.contract import Query
from memctl.core.fact import Fact
from memctl.ingest.scan import Options
from memctl.ingest.session_extraction import Recipe
from memctl.workspace import Workspace

CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop"}
_EVIDENCE = re.compile(r"D:?(\d+):(\d+)")


def main() -> None:
    """Measure the files named on the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, help="LoCoMo JSON: a sample or a list of samples")
    parser.add_argument("--embedder", help="as in `memctl ingest --embedder`; default: the static model")
    parser.add_argument("--base-url", help="base URL of an OpenAI-compatible embedder")
    parser.add_argument("--extractor", default="rules", choices=("rules", "neural", "none"))
    parser.add_argument("--k", type=int, default=10, help="number of results per question")
    parser.add_argument("--jsonl", type=Path, help="write one line per question to this file")
    arguments = parser.parse_args()
    samples = locomo.samples(arguments.files)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.duckdb"
        store = Workspace(path, embedder=arguments.embedder, base_url=arguments.base_url)
        started = time.perf_counter()
        turns = _ingest(store, samples, Path(folder) / "transcripts", arguments.extractor)
        ingested = time.perf_counter()
        rows = [row for sample in samples for row in ask(store, sample, arguments.k)]
        asked = time.perf_counter()
        name = store.statistics().embedder
    print_table(rows, arguments.k)
    print(
        f"embedder {name}, extractor {arguments.extractor}; {turns} turns ingested in {ingested - started:.1f} s, "
        f"{len(rows)} questions in {asked - ingested:.1f} s"
    )
    if arguments.jsonl:
        arguments.jsonl.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _ingest(store: Workspace, samples: Iterable[dict[str, Any]], folder: Path, extractor: Any) -> int:
    locomo.write_transcripts(samples, folder)
    report = store.ingest([str(folder)], Options(recipe=Recipe(extractor=extractor)))
    if report.rejects:
        sys.exit(f"not ingested: {report.rejects}")
    return report.episodes


def ask(store: Workspace, sample: dict[str, Any], k: int) -> list[dict[str, Any]]:
    turns = {
        turn["dia_id"]
        for name, session in sample["conversation"].items()
        if re.fullmatch(r"session_\d+", name)
        for turn in session
    }
    rows = []
    for question in sample["qa"]:
        evidence = evidence_of(question.get("evidence", ()), turns)
        if question["category"] not in CATEGORIES or not evidence:
            continue
        hits = store.search(Query(sample["sample_id"], question["question"], k))
        found = turns_of([hit.fact for hit in hits])[:k]
        rows.append(
            {
                "conversation": sample["sample_id"],
                "category": CATEGORIES[question["category"]],
                "question": question["question"],
                "evidence": sorted(evidence),
                "found": found,
                "recall": len(evidence & set(found)) / len(evidence),
            }
        )
    return rows


def evidence_of(raw: Iterable[str], turns: set[str]) -> set[str]:
    ids = {f"D{int(session)}:{int(turn)}" for text in raw for session, turn in _EVIDENCE.findall(text)}
    return ids & turns


def turns_of(facts: Iterable[Fact]) -> list[str]:
    """The first source turn of each fact, without repetitions."""
    return list(dict.fromkeys(fact.source.turns[0] for fact in facts if fact.source.turns))


def print_table(rows: list[dict[str, Any]], k: int) -> None:
    print(f"LoCoMo evidence recall@{k} over distinct turns, categories 1-4, {len(rows)} questions: ", end="")
    print(f"{fmean(row['recall'] for row in rows):.4f}")
    for by in ("category", "conversation"):
        groups = defaultdict(list)
        for row in rows:
            groups[row[by]].append(row["recall"])
        for group, recalls in sorted(groups.items()):
            print(f"  {group:<12} {fmean(recalls):.4f}  n={len(recalls)}")


if __name__ == "__main__":
    main()
