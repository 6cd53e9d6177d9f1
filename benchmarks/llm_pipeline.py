"""memctl's own cost of extraction by a model: its processor time per window, and the tokens that it sends.

    python benchmarks/llm_pipeline.py [locomo10.json ...]

Without files, 2,000 short turns of a synthetic chat are read into the memory of a user who has 1,000 facts already.
The model is a function that answers at once with one fact for every second line, so that only memctl's own work is
measured: redaction, splitting into windows, finding the nearest existing facts, writing the prompt, storing and
parsing the answer, validation, vectors, the fold and the commit. The time of an ingest without facts is subtracted.
Storing an answer, which mostly waits for the disk, is reported separately.
"""

import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from memctl.core.fact import Fact, Source, derive_id
from memctl.extract.llm.client import Completion
from memctl.ingest import llm_options
from memctl.ingest.attribution import Attribution
from memctl.ingest.llm_options import ModelOptions
from memctl.ingest.llm_requests import Asker, Question
from memctl.ingest.llm_usage import Use
from memctl.ingest.scan import Options
from memctl.ingest.session_extraction import Recipe
from memctl.store.model import Answer
from memctl.workspace import Workspace

TURNS, FACTS = 2_000, 1_000
_WORDS = (
    *("garden", "window", "coffee", "river", "music", "painting", "summer", "train", "teacher", "bicycle", "kitchen"),
    *("letter", "market", "mountain", "library", "dinner", "holiday", "football", "camera", "sister", "brother"),
    *("cousin", "neighbour", "doctor", "office", "project", "meeting", "report", "flight", "hotel"),
)


def main() -> None:
    """Measure and print."""
    files = [Path(name) for name in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [str(path) for path in files] or [str(_chat(folder / "alice" / "chat.jsonl").parent.parent)]
        none, _ = _measure(folder, "none", paths)
        took, use = _measure(folder, "llm", paths)
        rules, _ = _measure(folder, "rules", paths)
        print(f"CPU time of an ingest: {none:.2f} s without facts, {rules:.2f} s with rules, {took:.2f} s with a model")
        print(f"extraction per window of 40 turns: {1000 * (took - none) / use.windows:.1f} ms of CPU time")
        print(f"storing an answer: {1000 * use.keeping / use.windows:.1f} ms, mostly waiting for the disk")
        per = 1000 / use.turns
        tokens = (use.input_tokens * per, use.output_tokens * per)
        print(
            f"1,000 turns: {use.windows * per:.0f} windows, {tokens[0]:,.0f} input and {tokens[1]:,.0f} output tokens"
        )


class _Timed(Use):
    """The use of the model, and the time for storing answers."""

    keeping: float = 0.0
    keeping_processor: float = 0.0


def _measure(folder: Path, extractor: Any, paths: list[str]) -> tuple[float, Any]:
    """The processor time of an ingest into a memory with facts, and the use of the model."""
    store = Workspace(folder / f"{extractor}.duckdb")
    store.write(_facts("alice"))
    use = _Timed(model="instant")
    llm_options.open_asker = lambda options, store, **_: Asker(store, _Instant(store, use), use)
    options = Options(
        recipe=Recipe(extractor=extractor, model="instant"),
        model=ModelOptions(name="instant"),
        attribution=Attribution(user="alice"),
    )
    started = time.process_time()
    use.turns = store.ingest(paths, options).turns
    return time.process_time() - started - use.keeping_processor, use


class _Instant:
    """A model that answers at once."""

    error = None
    over = False

    def __init__(self, store: Any, use: _Timed) -> None:
        self.store, self.use = store, use

    def accepts(self, answer: Answer) -> bool:
        return True

    def finish(self) -> None:
        return

    def obtain(self, questions: Sequence[Question]) -> dict[str, Answer]:
        answers = [self._answer(question) for question in questions]
        wall, processor = time.perf_counter(), time.process_time()
        for answer in answers:
            # One transaction per answer, as when answers arrive one by one.
            with self.store.writing() as tx:
                tx.keep_answers([answer])
        self.use.keeping += time.perf_counter() - wall
        self.use.keeping_processor += time.process_time() - processor
        return {answer.key: answer for answer in answers}

    def _answer(self, question: Question) -> Answer:
        facts = [
            {"o": line.text[:40], "s": line.turn.speaker or question.window.user_id, "p": "event"}
            for number, line in enumerate(question.window.lines, 1)
            if line.asked and number % 2
        ]
        text = json.dumps({"facts": facts})
        answer = question.answer("instant", "answered", Completion(text=text, finish="stop"), text)
        self.use.asked += 1
        self.use.input_tokens += answer.input_tokens
        self.use.output_tokens += answer.output_tokens
        return answer


def _chat(path: Path) -> Path:
    made = random.Random(7)
    path.parent.mkdir(parents=True)
    at = datetime(2025, 1, 1, tzinfo=UTC)
    lines = []
    for number in range(TURNS):
        words = " ".join(made.choices(_WORDS, k=made.randint(6, 24)))
        at += timedelta(minutes=3)
        lines.append(
            json.dumps({"role": "user", "content": f"I saw {words}.", "created_at": at.isoformat(), "id": number})
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _facts(user: str) -> list[Fact]:
    made = random.Random(8)
    at = datetime(2024, 1, 1, tzinfo=UTC)
    texts = [f"{user} likes the {' '.join(made.choices(_WORDS, k=4))}." for _ in range(FACTS)]
    return [
        Fact(
            id=derive_id("known", str(number)),
            user_id=user,
            kind="fact",
            text=text,
            subject=user,
            predicate="owns",
            object=f"{text} {number}",
            created_at=at,
            source=Source(system="benchmark"),
        )
        for number, text in enumerate(texts)
    ]


if __name__ == "__main__":
    main()
