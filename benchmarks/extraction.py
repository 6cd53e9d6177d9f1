"""Quality of an extractor on annotated conversations: precision, recall, traps and updates in one table.

    python benchmarks/extraction.py SET [SET ...] [--extractor rules|neural] [--misses]

A SET is a folder with any of these files; keywords are alternatives, `&` joins words that must all occur, and case,
accents and punctuation do not count.

    transcripts/NAME.json  {"messages": [{"role", "content", "timestamp"}, ...]}
    gold.json              {"transcripts": {NAME: {"user", "owner_names", "facts": [...], "traps": [...]}}}
    sentences.json         [{"id", "type": "fact" or "trap", "text", ...}, ...]
    pairs.json             [{"id", "messages": [{"text", "timestamp"}, ...], "current": [...], "gone": [...]}, ...],
                           or ["text", "update"] without an expectation, which --misses lists for a person to judge

A fact of gold.json, and every expectation, has `about` ("user" or a name), `about_alts`, `keywords`, `context` (one of
them occurs too, if there are any) and `anti` (none of them occurs); facts also have `kind`, `current` and `optional`.

Metrics. Precision: of the current facts, the share that match an expected current fact; a match with an expected fact
that has ended is stale. Unmatched facts are listed with --misses, to be judged by a person. Recall: of the expected
facts that are not optional, the share that match a stored fact, current or not. A trap is violated if a current fact
matches its wrong reading. A pair is right if all of `current` and none of `gone` match current facts.
"""

import argparse
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from memctl.core.fact import Fact
from memctl.core.timeline import is_current
from memctl.extract.extractor import extract
from memctl.extract.neural import model as shipped_model
from memctl.extract.secrets import redact
from memctl.reconcile import fold, to_fact
from memctl.transcripts.model import Session, Turn


def plain(text: object) -> str:
    """Words in lower case without accents, between blanks."""
    letters = unicodedata.normalize("NFKD", str(text or ""))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter)).lower()
    return f" {re.sub(r'[^a-z0-9]+', ' ', bare).strip()} "


def mentions(keywords: Iterable[str], text: str) -> bool:
    """True if one of `keywords` occurs at the start of a word of `text`.

    Words of up to three letters have to be whole. After a number no digit may follow, so "29" occurs in "29th".
    """
    for keyword in keywords:
        parts = [plain(part).strip() for part in keyword.split("&")]
        if all(parts) and all(re.search(rf"\b{part}{_end(part)}", text) for part in parts):
            return True
    return False


def _end(part: str) -> str:
    if part[-1].isdigit():
        return r"(?!\d)"
    return r"s?\b" if len(part) <= 3 else ""


def matches(expected: dict[str, Any], fact: Fact, owners: frozenset[str]) -> bool:
    """True if a stored fact has the expected content, about the expected person."""
    own = plain(fact.subject).strip() in owners
    said = " ".join(str(part or "") for part in (fact.predicate, fact.object, "" if own else fact.subject))
    text = plain(fact.text) + plain(said.replace("_", " "))
    if own:
        text = text.replace(plain(fact.subject), " ", 1)
    names = [expected["about"], *expected.get("about_alts", ())]
    about = own if expected["about"] == "user" else mentions(names, plain(fact.subject)) or mentions(names, text)
    if expected["about"] == "user" and not own:
        about = mentions(expected["keywords"], plain(fact.subject))
    wanted = mentions(expected["keywords"], text) and (
        not expected.get("context") or mentions(expected["context"], text)
    )
    return about and wanted and not mentions(expected.get("anti", ()), text)


def facts(messages: Iterable[dict[str, Any]], user: str, extractor: str = "rules") -> list[Fact]:
    """The facts of one conversation."""
    turns = tuple(
        Turn(
            turn_id=str(number),
            role=message.get("role", "user"),
            text=redact(message.get("content") or message["text"]).text,
            at=datetime.fromisoformat(message["timestamp"]) if message.get("timestamp") else None,
        )
        for number, message in enumerate(messages)
    )
    session = Session(source_format="benchmark", session_id="session", turns=turns)
    model = shipped_model.reader() if extractor == "neural" else None
    return [to_fact(belief) for belief in fold(extract(session, user, model=model))]


class Report:
    """The counts over all sets, and the mismatches."""

    def __init__(self, extractor: str = "rules") -> None:
        self.extractor = extractor
        self.counts: Counter[str] = Counter()
        self.misses: list[str] = []
        self.now = datetime.now(UTC)

    def current(self, stored: list[Fact]) -> list[Fact]:
        return [fact for fact in stored if is_current(fact, self.now)]

    def transcripts(self, folder: Path) -> None:
        """Score the annotated transcripts of a set."""
        for name, gold in json.loads((folder / "gold.json").read_text(encoding="utf-8"))["transcripts"].items():
            document = json.loads((folder / "transcripts" / f"{name}.json").read_text(encoding="utf-8"))
            stored = facts(document["messages"], gold["user"], self.extractor)
            owners = frozenset(plain(owner).strip() for owner in (gold["user"], *gold.get("owner_names", ())))
            for fact in self.current(stored):
                found = [one for one in gold["facts"] if matches(one, fact, owners)]
                right = any(one["current"] for one in found)
                trapped = not found and any(matches(trap, fact, owners) for trap in gold.get("traps", ()))
                outcome = "right" if right else "stale" if found else "trap" if trapped else "unmatched"
                self.counts[f"stored {outcome}"] += 1
                if not right:
                    self.misses.append(f"{outcome}: {name}: {fact.text}")
            for one in gold["facts"]:
                if one["optional"]:
                    continue
                recalled = any(matches(one, fact, owners) for fact in stored)
                for kind in ("all", one["kind"]):
                    self.counts[f"gold {kind}"] += 1
                    self.counts[f"recalled {kind}"] += recalled
                if not recalled:
                    self.misses.append(f"missed: {name}: {one['statement']}")

    def sentences(self, folder: Path) -> None:
        """Score the single sentences of a set: facts that are found, and traps that are violated."""
        for row in json.loads((folder / "sentences.json").read_text(encoding="utf-8")):
            stored = self.current(facts([row], "someone", self.extractor))
            hit = any(matches(row, fact, frozenset({"someone"})) for fact in stored)
            self.counts[f"sentences {row['type']}"] += 1
            self.counts[f"hit {row['type']}"] += hit
            if hit == (row["type"] == "trap"):
                self.misses.append(f"sentence ({row['type']}): {row['text']}")

    def pairs(self, folder: Path) -> None:
        """Score the updates of a set."""
        for pair in json.loads((folder / "pairs.json").read_text(encoding="utf-8")):
            if isinstance(pair, list):
                self._unscored(pair)
                continue
            stored = self.current(facts(pair["messages"], "someone", self.extractor))
            owners = frozenset({"someone"})
            kept = all(any(matches(one, fact, owners) for fact in stored) for one in pair["current"])
            gone = not any(matches(one, fact, owners) for one in pair["gone"] for fact in stored)
            self.counts["pairs"] += 1
            self.counts["pairs right"] += kept and gone
            if not (kept and gone):
                self.misses.append("pair: " + " | ".join(message["text"] for message in pair["messages"]))

    def _unscored(self, texts: list[str]) -> None:
        """List the current facts after an update without an expectation."""
        messages = [{"text": text, "timestamp": f"2025-0{month}-03T10:00:00Z"} for month, text in enumerate(texts, 3)]
        now = "; ".join(fact.text for fact in self.current(facts(messages, "someone", self.extractor)))
        self.counts["pairs unscored"] += 1
        self.misses.append(f"to be judged: {' | '.join(texts)} -> {now or 'nothing'}")

    def table(self) -> str:
        """The table of all metrics."""
        counts = self.counts
        stored = sum(count for name, count in counts.items() if name.startswith("stored "))
        rows = [
            ("precision of current facts", counts["stored right"], stored),
            ("  stale", counts["stored stale"], stored),
            ("  violate a trap", counts["stored trap"], stored),
            ("  to be judged", counts["stored unmatched"], stored),
            ("recall of required facts", counts["recalled all"], counts["gold all"]),
            *(
                (f"  {name.removeprefix('gold ')}", counts[f"recalled {name.removeprefix('gold ')}"], counts[name])
                for name in sorted(counts)
                if name.startswith("gold ") and name != "gold all"
            ),
            ("sentences: facts found", counts["hit fact"], counts["sentences fact"]),
            ("sentences: traps violated", counts["hit trap"], counts["sentences trap"]),
            ("update pairs right", counts["pairs right"], counts["pairs"]),
        ]
        lines = [f"{name:<28} {part:>4} of {whole:<4} {part / whole:.3f}" for name, part, whole in rows if whole]
        if counts["pairs unscored"]:
            lines.append(f"{'update pairs to be judged':<28} {counts['pairs unscored']:>4}    (--misses lists them)")
        return "\n".join(lines)


def main() -> None:
    """Measure the sets and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+", metavar="SET")
    parser.add_argument("--extractor", default="rules", choices=("rules", "neural"))
    parser.add_argument("--misses", action="store_true", help="also print what did not match")
    options = parser.parse_args()
    report = Report(options.extractor)
    for folder in options.sets:
        for name, score in (
            ("gold.json", report.transcripts),
            ("sentences.json", report.sentences),
            ("pairs.json", report.pairs),
        ):
            if (folder / name).is_file():
                score(folder)
    print(report.table())
    if options.misses:
        print(*report.misses, sep="\n")


if __name__ == "__main__":
    main()
