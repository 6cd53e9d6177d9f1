"""How well search finds what answers a question: recall of evidence turns, and the rank of the first answer.

    python benchmarks/search_quality.py [--locomo FILE] [--chats FOLDER] [--annotated FOLDER]
        [--asked QUESTIONS TRANSCRIPTS] [--misses]

Every set is ingested into a temporary store with the code of `memctl ingest`, and every question is searched with the
code of `memctl search`. All options can be repeated, and each prints one row:

    --locomo FILE           recall@10 of evidence turns on LoCoMo; see locomo_recall.py
    --chats FOLDER          the same on chats of a user with an assistant (BEAM): *.json with `messages` ({"id", "role",
                            "content", "created_at"}) and `questions` ({"question", "evidence": [ids]})
    --annotated FOLDER      mean reciprocal rank among 20 hits: gold.json and transcripts/ as in extraction.py, and
                            questions.json: [{"transcript", "q", "keywords", "answerable"}]
    --asked QUESTIONS TRANSCRIPTS
                            the same: a file of [{"user", "question", "answer_regex"}], and the transcripts, in one
                            folder per user

A hit answers a question of an annotated set if its text, its quote or one of its source turns has one of the keywords;
of an asked set, if its text or quote matches the pattern. Questions without an answer or evidence are excluded.
"""

import argparse
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import Any

import locomo
from extraction import mentions, plain
from locomo_recall import ask, turns_of

from memctl.backends.contract import Hit, Query
from memctl.ingest.scan import Options
from memctl.ingest.session_extraction import Recipe
from memctl.workspace import Workspace

K = 10
"""Turns that recall counts."""
DEPTH = 20
"""Hits among which the first answer is looked for."""


class Row:
    """One question: how well it was answered, from 0 to 1, and its hits."""

    def __init__(self, user: str, question: str, score: float, hits: Sequence[Hit]) -> None:
        self.user, self.question, self.score, self.hits = user, question, score, hits


def recall_locomo(files: Sequence[Path]) -> list[Row]:
    """Recall@10 of every question of LoCoMo files."""
    samples = locomo.samples(files)
    with ingested(lambda folder: locomo.write_transcripts(samples, folder)) as store:
        answers = [answer for sample in samples for answer in ask(store, sample, K)]
    return [Row(answer["conversation"], answer["question"], answer["recall"], ()) for answer in answers]


def recall_chats(folder: Path) -> list[Row]:
    """Recall@10 of every question of a folder of chats; each chat is a user."""
    chats = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))}

    def write(target: Path) -> None:
        for name, chat in chats.items():
            messages = [message | {"timestamp": message["created_at"]} for message in chat["messages"]]
            (target / name).mkdir(parents=True)
            (target / name / "chat.json").write_text(json.dumps({"messages": messages}), encoding="utf-8")

    rows = []
    with ingested(write) as store:
        for name, chat in chats.items():
            for asked in chat["questions"]:
                if evidence := set(asked["evidence"]):
                    hits = store.search(Query(name, asked["question"], K))
                    turns = turns_of(hit.fact for hit in hits)[:K]
                    rows.append(Row(name, asked["question"], len(evidence & set(turns)) / len(evidence), hits))
    return rows


def rank_annotated(folder: Path) -> list[Row]:
    """The reciprocal rank of the first answer for every answerable question of an annotated set."""
    users = {name: gold["user"] for name, gold in _read(folder / "gold.json")["transcripts"].items()}
    messages = {name: _read(folder / "transcripts" / f"{name}.json")["messages"] for name in users}

    def write(target: Path) -> None:
        for name, user in users.items():
            (target / user).mkdir(parents=True)
            shutil.copy(folder / "transcripts" / f"{name}.json", target / user)

    def answers(asked: dict[str, Any], hit: Hit) -> bool:
        said = messages[asked["transcript"]]
        turns = [said[int(turn)]["content"] for turn in hit.fact.source.turns or () if turn.isdigit()]
        return mentions(asked["keywords"], plain(" ".join([*_texts(hit), *turns])))

    rows = []
    with ingested(write) as store:
        for asked in _read(folder / "questions.json"):
            if asked["answerable"]:
                user = users[asked["transcript"]]
                hits = store.search(Query(user, asked["q"], DEPTH))
                rows.append(
                    _ranked(users[asked["transcript"]], asked["q"], [answers(asked, hit) for hit in hits], hits)
                )
    return rows


def rank_asked(questions: Path, transcripts: Path) -> list[Row]:
    """The reciprocal rank of the first answer for every question of a file that has a pattern of its answer."""
    rows = []
    with ingested(lambda target: shutil.copytree(transcripts, target, dirs_exist_ok=True)) as store:
        for asked in _read(questions):
            if pattern := asked.get("answer_regex"):
                hits = store.search(Query(asked["user"], asked["question"], DEPTH))
                right = [re.search(pattern, " ".join(_texts(hit)), re.IGNORECASE) is not None for hit in hits]
                rows.append(_ranked(asked["user"], asked["question"], right, hits))
    return rows


def mean(rows: Iterable[Row]) -> float:
    """The figure of a set: the mean over its questions."""
    return fmean(row.score for row in rows)


@contextmanager
def ingested(write: Callable[[Path], Any]) -> Iterator[Workspace]:
    """A temporary store with the transcripts that `write` puts into a folder."""
    with tempfile.TemporaryDirectory() as folder:
        transcripts = Path(folder) / "transcripts"
        transcripts.mkdir()
        write(transcripts)
        store = Workspace(Path(folder) / "store.duckdb")
        store.ingest([str(transcripts)], Options(recipe=Recipe(extractor="rules")))
        yield store


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _texts(hit: Hit) -> tuple[str, str]:
    return hit.fact.text, hit.fact.source.quote or ""


def _ranked(user: str, question: str, right: Sequence[bool], hits: Sequence[Hit]) -> Row:
    return Row(user, question, 1 / (1 + right.index(True)) if True in right else 0.0, hits)


def print_misses(rows: Iterable[Row]) -> None:
    """Print the questions that the first hit does not answer, and the first three hits."""
    for row in rows:
        if row.score < 1:
            print(f"  {row.score:.2f} {row.user}: {row.question}")
            for hit in row.hits[:3]:
                parts = ", ".join(f"{name} {part:.2f}" for name, part in hit.parts.items())
                print(f"       {hit.score:.2f} {hit.fact.kind}: {' '.join(hit.fact.text.split())[:100]} ({parts})")


def main() -> None:
    """Measure the sets named on the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--locomo", type=Path, action="append", default=[], metavar="FILE")
    parser.add_argument("--chats", type=Path, action="append", default=[], metavar="FOLDER")
    parser.add_argument("--annotated", type=Path, action="append", default=[], metavar="FOLDER")
    pair = ("QUESTIONS", "TRANSCRIPTS")
    parser.add_argument("--asked", type=Path, nargs=2, action="append", default=[], metavar=pair)
    parser.add_argument("--misses", action="store_true", help="print what the first hit does not answer")
    arguments = parser.parse_args()
    sets = [
        *((f"recall@{K} {file}", recall_locomo([file])) for file in arguments.locomo),
        *((f"recall@{K} {folder}", recall_chats(folder)) for folder in arguments.chats),
        *((f"MRR {folder}", rank_annotated(folder)) for folder in arguments.annotated),
        *((f"MRR {questions}", rank_asked(questions, folder)) for questions, folder in arguments.asked),
    ]
    for name, rows in sets:
        print(f"{mean(rows):.4f}  n={len(rows):<4}  {name}")
        if arguments.misses:
            print_misses(rows)


if __name__ == "__main__":
    main()
