"""Quality of the memory in one table: facts that an extractor stores, results of search, and correct dates.

    python benchmarks/quality.py PATH [PATH ...] [--extractor rules|neural] [--embedder SPEC] [--misses]

None of the data is part of this repository. The kind of a PATH is detected from its content; rows without data name the
files that they need.

    a folder of annotated conversations, as `extraction.py` describes it
    a folder with transcripts and questions about them: questions.json, or questions_fixtures.json, which asks about
        fixtures/transcripts of this repository. A list of
        {"user" or "transcript", "question" or "q", "answer_regex" or "keywords", "answerable": false if it is not}
    a folder of chats, each a file {"messages": [{"id", "role", "content", "created_at"}, ...],
        "questions": [{"question", "evidence": [message id, ...]}, ...]}
    a file of LoCoMo

MRR: the mean over answerable questions of 1/rank of the first of twenty hits whose text or quote answers the question
(`keywords` may also be in the turns of its source). recall@10: as in `locomo_recall.py`.
"""

import argparse
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import extraction
import grounding
import locomo
import locomo_recall

from memctl.backends.contract import Hit, Query
from memctl.ingest.scan import Options
from memctl.ingest.session_extraction import ExtractorName, Recipe
from memctl.workspace import Workspace

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "transcripts"
HITS = 20
"""The number of hits in which an answer is looked for."""


class Table:
    """The rows measured so far, and the mismatches."""

    def __init__(self, extractor: ExtractorName = "rules", embedder: str | None = None) -> None:
        self.extractor, self.embedder = extractor, embedder
        self.facts = extraction.Report(extractor)
        self.rows: dict[str, list[str]] = {"search MRR": [], "chats recall@10": [], "LoCoMo recall@10": [], "dates": []}
        self.misses: list[str] = []

    def add(self, kind: str, name: str, value: float, number: int) -> None:
        """Add a row: a mean or share over `number` questions."""
        self.rows[kind].append(f"{kind + ': ' + name:<45} {value:.3f}  n={number}")

    def store(self, folder: Path, transcripts: Path) -> Workspace:
        """A store in `folder` with the transcripts of each user."""
        workspace = Workspace(folder / "store.duckdb", embedder=self.embedder)
        report = workspace.ingest([str(transcripts)], Options(recipe=Recipe(extractor=self.extractor)))
        if report.rejects:
            raise SystemExit(f"not ingested: {report.rejects}")
        return workspace

    def text(self) -> str:
        """The whole table."""
        needs = {
            "search MRR": "a folder with questions.json",
            "chats recall@10": "a folder of chats with questions",
            "LoCoMo recall@10": "a file of LoCoMo",
            "dates": "a file of LoCoMo",
        }
        facts = self.facts.table() or "facts: no data (needs a folder with gold.json)"
        missing = {kind: [f"{kind}: no data (needs {need})"] for kind, need in needs.items()}
        return "\n".join([facts, *(row for kind, rows in self.rows.items() for row in rows or missing[kind])])


def chats(table: Table, folder: Path) -> None:
    """Recall of evidence in the chats of a folder."""
    with tempfile.TemporaryDirectory() as scratch:
        transcripts = Path(scratch) / "transcripts"
        documents = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))}
        for name, document in documents.items():
            (transcripts / name).mkdir(parents=True)
            messages = [message | {"timestamp": message["created_at"]} for message in document["messages"]]
            (transcripts / name / "chat.json").write_text(json.dumps({"messages": messages}), encoding="utf-8")
        workspace = table.store(Path(scratch), transcripts)
        recalls = []
        for name, document in documents.items():
            for question in document["questions"]:
                evidence = set(question["evidence"])
                if not evidence:
                    continue
                hits = workspace.search(Query(name, question["question"], 10))
                turns = set(locomo_recall.turns_of([hit.fact for hit in hits])[:10])
                recalls.append(len(evidence & turns) / len(evidence))
                if not evidence & turns:
                    table.misses.append(f"search: {name}: {question['question']}")
    table.add("chats recall@10", folder.name, fmean(recalls), len(recalls))


def questions(table: Table, file: Path) -> None:
    """The rank of the first answer to the questions of a file."""
    rows = [row for row in json.loads(file.read_text(encoding="utf-8")) if row.get("answerable", True)]
    gold_file = file.parent / "gold.json"
    gold = json.loads(gold_file.read_text(encoding="utf-8"))["transcripts"] if gold_file.is_file() else {}
    with tempfile.TemporaryDirectory() as scratch:
        transcripts = FIXTURES if file.stem.endswith("_fixtures") else file.parent / "transcripts"
        messages: dict[str, list[str]] = {}
        if gold:
            transcripts = Path(scratch) / "transcripts"
            for name, one in gold.items():
                (transcripts / one["user"]).mkdir(parents=True, exist_ok=True)
                source = file.parent / "transcripts" / f"{name}.json"
                shutil.copy(source, transcripts / one["user"])
                document = json.loads(source.read_text(encoding="utf-8"))
                messages[name] = [message["content"] for message in document["messages"]]
        workspace = table.store(Path(scratch), transcripts)
        ranks = []
        for row in rows:
            name = row.get("transcript", "")
            user, question = row.get("user") or gold[name]["user"], row.get("question") or row["q"]
            hits = workspace.search(Query(user, question, HITS))
            answers = (number for number, hit in enumerate(hits, 1) if answered(row, hit, messages.get(name, [])))
            rank = next(answers, None)
            ranks.append(1 / rank if rank else 0.0)
            if rank != 1:
                table.misses.append(f"search (rank {rank}): {user}: {question}")
    table.add("search MRR", f"{file.parent.name}/{file.stem}", fmean(ranks), len(ranks))


def answered(row: dict[str, Any], hit: Hit, messages: list[str]) -> bool:
    """True if a hit answers a question."""
    text = f"{hit.fact.text or ''} {hit.fact.source.quote or ''}"
    if "answer_regex" in row:
        return re.search(row["answer_regex"], text, re.IGNORECASE) is not None
    numbers = [int(turn) for turn in hit.fact.source.turns or () if turn.isdigit()]
    turns = " ".join(messages[number] for number in numbers if number < len(messages))
    return extraction.mentions(row["keywords"], extraction.plain(f"{text} {turns}"))


def locomo_file(table: Table, file: Path) -> None:
    """Recall of evidence and correct dates on a file of LoCoMo."""
    try:
        samples = locomo.samples([file])
    except (ValueError, KeyError, TypeError):
        raise SystemExit(f"{file}: not a file of LoCoMo") from None
    with tempfile.TemporaryDirectory() as scratch:
        locomo.write_transcripts(samples, Path(scratch) / "transcripts")
        workspace = table.store(Path(scratch), Path(scratch) / "transcripts")
        rows = [row for sample in samples for row in locomo_recall.ask(workspace, sample, 10)]
    table.add("LoCoMo recall@10", file.stem, fmean(row["recall"] for row in rows), len(rows))
    dates = grounding.measure(file)
    table.add("dates", f"{file.stem}, resolved correctly", dates["accuracy"], int(dates["questions"]))


def measure(table: Table, path: Path) -> None:
    """Measure all data of a path."""
    if path.is_file():
        locomo_file(table, path)
        return
    steps: list[tuple[str, Callable[[Table, Path], None]]] = [
        ("gold.json", lambda table, _: table.facts.transcripts(path)),
        ("sentences.json", lambda table, _: table.facts.sentences(path)),
        ("pairs.json", lambda table, _: table.facts.pairs(path)),
        ("questions.json", questions),
        ("questions_fixtures.json", questions),
    ]
    present = [(name, step) for name, step in steps if (path / name).is_file()]
    for name, step in present:
        step(table, path / name)
    if not present:
        if not any(path.glob("*.json")):
            raise SystemExit(f"{path}: neither annotated conversations, questions, chats nor LoCoMo")
        chats(table, path)


def main() -> None:
    """Measure the paths and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH")
    parser.add_argument("--extractor", default="rules", choices=("rules", "neural"))
    parser.add_argument("--embedder", help="as in `memctl ingest --embedder`; default: the static model")
    parser.add_argument("--misses", action="store_true", help="also print what did not match")
    options = parser.parse_args()
    table = Table(options.extractor, options.embedder)
    for path in options.paths:
        measure(table, path)
    print(table.text())
    if options.misses:
        print(*table.facts.misses, *table.misses, sep="\n")


if __name__ == "__main__":
    main()
