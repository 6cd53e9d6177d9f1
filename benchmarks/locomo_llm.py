"""Recall of evidence on LoCoMo with a model's facts beside the sentences, from recorded answers.

    python benchmarks/locomo_llm.py locomo10.json [--k 10] [--extractor llm|rules|none]

LoCoMo brings, for every session, the observations a language model made of it, each with the turn it rests on. A server
on the loopback interface answers memctl's questions with those observations of the lines it is shown, and all else is
what `memctl ingest --extractor llm` does: windows, requests through the openai package, parsing, verdicts, the fold,
the store. What is measured is how far facts of that kind help a search; the questions are asked and counted as
locomo_recall.py does.
"""

import argparse
import importlib.util
import json
import re
import sys
import tempfile
import time
from collections import defaultdict
from importlib import import_module
from pathlib import Path
from typing import Any

from memctl.core.tokenization import sentences
from memctl.ingest.llm_costs import Prices
from memctl.ingest.llm_options import ModelOptions
from memctl.ingest.scan import Options
from memctl.ingest.session_extraction import Recipe
from memctl.store.duckdb.local_store import LocalStore

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Measure the files named on the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, help="LoCoMo JSON: a sample or a list of samples")
    parser.add_argument("--extractor", default="llm", choices=("llm", "rules", "none"))
    parser.add_argument("--k", type=int, default=10, help="how many hits a question gets")
    arguments = parser.parse_args()
    sys.path.insert(0, str(HERE.parent / "tests"))
    recall, emulator = _module(HERE / "locomo_recall.py"), import_module("emulators.openai_chat")
    samples = [sample for file in arguments.files for sample in recall._samples(file)]
    with tempfile.TemporaryDirectory() as folder, emulator.serve() as server:
        server.reader = Recorded(samples, emulator)
        store = LocalStore(Path(folder) / "store.duckdb")
        options = Options(
            recipe=Recipe(extractor=arguments.extractor, model="recorded"),
            model=ModelOptions(name="recorded", base_url=server.url, prices=Prices(input=1.0, output=1.0)),
        )
        started = time.perf_counter()
        report = _ingest(store, samples, Path(folder) / "transcripts", options)
        took = time.perf_counter() - started
        rows = [row for sample in samples for row in recall._ask(store, sample, arguments.k)]
    recall._print(rows, arguments.k)
    print(f"extractor {arguments.extractor}: {report.added} facts of {report.turns} turns in {took:.1f} s")
    if report.model:
        print(f"  {report.model.windows} windows, refused {report.model.refused}, corrected {report.model.corrected}")


class Recorded:
    """A reader that says of each line what LoCoMo's own model observed of it."""

    def __init__(self, samples: list[dict[str, Any]], emulator: Any) -> None:
        self.emulator = emulator
        self.observed: dict[tuple[str, str], list[str]] = defaultdict(list)
        for sample in samples:
            texts = {
                turn["dia_id"]: (turn["speaker"], " ".join(turn["text"].split()))
                for name, session in sample["conversation"].items()
                if re.fullmatch(r"session_\d+", name)
                for turn in session
            }
            for session in sample["observation"].values():
                for found in session.values():
                    for text, ids in found:
                        for id_ in [ids] if isinstance(ids, str) else ids:
                            if id_ in texts:
                                self.observed[texts[id_]].append(text)

    def __call__(self, message: str) -> list[dict[str, Any]]:
        """The facts of the lines of a message that are not context."""
        return [
            self.emulator.fact(line, sentences(said)[0], "observation", None, text, category="events", subject=line.who)
            for line in self.emulator.lines(message)
            if not line.context
            for said in [line.text]
            for text in self._of(line)
        ]

    def _of(self, line: Any) -> list[str]:
        exact = self.observed.get((line.who, line.text))
        if exact:
            return exact
        # A picture's caption follows the words in the transcript.
        for (who, text), observations in self.observed.items():
            if who == line.who and line.text.startswith(text):
                return observations
        return []


def _ingest(store: LocalStore, samples: list[dict[str, Any]], folder: Path, options: Options) -> Any:
    for sample in samples:
        file = folder / sample["sample_id"] / "conversation.json"
        file.parent.mkdir(parents=True)
        dialogue = {"sample_id": sample["sample_id"], "conversation": sample["conversation"]}
        file.write_text(json.dumps(dialogue), encoding="utf-8")
    report = store.ingest([str(folder)], options)
    if report.rejects:
        sys.exit(f"not ingested: {report.rejects}")
    return report


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"benchmark_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
