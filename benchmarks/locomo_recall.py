"""Recall of evidence on LoCoMo: of the turns an answer rests on, how many are among the first ten found.

    python benchmarks/locomo_recall.py locomo10.json [--embedder SPEC [--base-url URL]] [--extractor rules|none]
        [--k 10] [--jsonl FILE]

Every conversation is ingested into a temporary store as the memory of one user, through the same code as `memctl
ingest`, and every question goes through the same code as `memctl search`. A hit counts as the turns its source names,
each turn once; recall of a question is the share of its evidence turns among the first k, averaged over questions. The
answers are never looked at.

Categories as in the paper (Maharana et al. 2024): 1 multi-hop, 2 temporal, 3 open-domain, 4 single-hop. Category 5,
whose questions have no answer in the conversation, is left out, and so are questions without any evidence. Evidence
ids are taken as written: "D8:6; D9:17" is two ids, "D:11:26" is D11:26, "D30:05" is D30:5, and what names no turn
("D") is dropped.
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

from memctl.core.fact import Fact
from memctl.ingest.scan import Options
from memctl.ingest.session_extraction import Recipe
from memctl.store.duckdb.local_store import LocalStore

CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop"}
_EVIDENCE = re.compile(r"D:?(\d+):(\d+)")


def main() -> None:
    """Measure the files named on the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, help="LoCoMo JSON: a sample or a list of samples")
    parser.add_argument("--embedder", help="as in `memctl ingest --embedder`; the shipped static model if left out")
    parser.add_argument("--base-url", help="where an OpenAI-compatible embedder answers")
    parser.add_argument("--extractor", default="rules", choices=("rules", "none"))
    parser.add_argument("--k", type=int, default=10, help="how many hits a question gets")
    parser.add_argument("--jsonl", type=Path, help="write one line a question here")
    arguments = parser.parse_args()
    samples = [sample for file in arguments.files for sample in _samples(file)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.duckdb"
        store = LocalStore(path, embedder=arguments.embedder, base_url=arguments.base_url)
        started = time.perf_counter()
        turns = _ingest(store, samples, Path(folder) / "transcripts", arguments.extractor)
        ingested = time.perf_counter()
        rows = [row for sample in samples for row in _ask(store, sample, arguments.k)]
        asked = time.perf_counter()
        name = store.statistics().embedder
    _print(rows, arguments.k)
    print(
        f"embedder {name}, extractor {arguments.extractor}; {turns} turns ingested in {ingested - started:.1f} s, "
        f"{len(rows)} questions in {asked - ingested:.1f} s"
    )
    if arguments.jsonl:
        arguments.jsonl.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _samples(file: Path) -> list[dict[str, Any]]:
    content = json.loads(file.read_text(encoding="utf-8"))
    return content if isinstance(content, list) else [content]


def _ingest(store: LocalStore, samples: Iterable[dict[str, Any]], folder: Path, extractor: Any) -> int:
    for sample in samples:
        file = folder / sample["sample_id"] / "conversation.json"
        file.parent.mkdir(parents=True)
        dialogue = {"sample_id": sample["sample_id"], "conversation": sample["conversation"]}
        file.write_text(json.dumps(dialogue), encoding="utf-8")
    report = store.ingest([str(folder)], Options(recipe=Recipe(extractor=extractor)))
    if report.rejects:
        sys.exit(f"not ingested: {report.rejects}")
    return report.episodes


def _ask(store: LocalStore, sample: dict[str, Any], k: int) -> list[dict[str, Any]]:
    turns = {
        turn["dia_id"]
        for name, session in sample["conversation"].items()
        if re.fullmatch(r"session_\d+", name)
        for turn in session
    }
    rows = []
    for question in sample["qa"]:
        evidence = _evidence(question.get("evidence", ()), turns)
        if question["category"] not in CATEGORIES or not evidence:
            continue
        hits = store.search(sample["sample_id"], question["question"], k)
        found = _turns([hit.fact for hit in hits])[:k]
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


def _evidence(raw: Iterable[str], turns: set[str]) -> set[str]:
    ids = {f"D{int(session)}:{int(turn)}" for text in raw for session, turn in _EVIDENCE.findall(text)}
    return ids & turns


def _turns(facts: Iterable[Fact]) -> list[str]:
    """The turns the facts rest on, each once; the first of a fact's own turns stands for it."""
    return list(dict.fromkeys(fact.source.turns[0] for fact in facts if fact.source.turns))


def _print(rows: list[dict[str, Any]], k: int) -> None:
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
