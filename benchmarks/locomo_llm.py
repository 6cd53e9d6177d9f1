"""Recall of evidence on LoCoMo with facts of a model in addition to the turns, from recorded answers.

    python benchmarks/locomo_llm.py locomo10.json [--k 10] [--extractor llm|rules|none]

LoCoMo includes the observations that a language model made in every session, each with its source turn. A server on the
loopback interface answers memctl's requests with the observations of the lines in the request; everything else is the
code of `memctl ingest --extractor llm`: windows, requests through the openai package, parsing, validation, the fold,
the store. This measures how much such facts help a search, with the questions and the metric of locomo_recall.py.
"""

import argparse
import re
import sys
import tempfile
import time
from collections import defaultdict
from importlib import import_module
from pathlib import Path
from typing import Any

import locomo
import locomo_recall

from memctl.core.tokenization import sentences
from memctl.ingest.llm_costs import Prices
from memctl.ingest.llm_options import ModelOptions
from memctl.ingest.scan import Options
from memctl.ingest.session_extraction import Recipe
from memctl.workspace import Workspace

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Measure the files named on the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, help="LoCoMo JSON: a sample or a list of samples")
    parser.add_argument("--extractor", default="llm", choices=("llm", "rules", "none"))
    parser.add_argument("--k", type=int, default=10, help="number of results per question")
    arguments = parser.parse_args()
    sys.path.insert(0, str(HERE.parent / "tests"))
    emulator = import_module("emulators.openai_chat")
    samples = locomo.samples(arguments.files)
    with tempfile.TemporaryDirectory() as folder, emulator.serve() as server:
        server.reader = Recorded(samples, emulator)
        store = Workspace(Path(folder) / "store.duckdb")
        options = Options(
            recipe=Recipe(extractor=arguments.extractor, model="recorded"),
            model=ModelOptions(name="recorded", base_url=server.url, prices=Prices(input=1.0, output=1.0)),
        )
        started = time.perf_counter()
        locomo.write_transcripts(samples, Path(folder) / "transcripts")
        report = store.ingest([str(Path(folder) / "transcripts")], options)
        if report.rejects:
            sys.exit(f"not ingested: {report.rejects}")
        took = time.perf_counter() - started
        rows = [row for sample in samples for row in locomo_recall.ask(store, sample, arguments.k)]
    locomo_recall.print_table(rows, arguments.k)
    print(f"extractor {arguments.extractor}: {report.added} facts of {report.turns} turns in {took:.1f} s")
    if report.model:
        print(f"  {report.model.windows} windows, refused {report.model.refused}, corrected {report.model.corrected}")


class Recorded:
    """A model that answers with LoCoMo's own observations of each line."""

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
                for observations in session.values():
                    for text, ids in observations:
                        for id_ in [ids] if isinstance(ids, str) else ids:
                            if id_ in texts:
                                self.observed[texts[id_]].append(text)

    def __call__(self, message: str) -> list[dict[str, Any]]:
        """The facts of the lines of a message that are not context."""
        return [
            self.emulator.fact(
                line, sentences(line.text)[0], "observation", None, text, category="events", subject=line.who
            )
            for line in self.emulator.lines(message)
            if not line.context
            for text in self._of(line)
        ]

    def _of(self, line: Any) -> list[str]:
        exact = self.observed.get((line.who, line.text))
        if exact:
            return exact
        # In the transcript a photo's caption follows the text.
        for (who, text), observations in self.observed.items():
            if who == line.who and line.text.startswith(text):
                return observations
        return []


if __name__ == "__main__":
    main()
