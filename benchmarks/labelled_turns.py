"""Precision and recall of the rules, and of the rules with the models, on the labelled turns of fixtures/training.

    python -m benchmarks.labelled_turns [--part train|dev|test]

Each turn is read alone, after the message before it. A claim is correct if it has the polarity of a label of the turn,
is about the speaker or about somebody else as the label is, and has at least half of the words of its object. The
models were trained on the part train, and the confidence of the first was fitted on dev. The last lines say how well
the second model reads what a turn ends: precision and recall by threshold.
"""

import argparse
from datetime import UTC, datetime
from typing import Any

from memctl.core.claim import DENIAL, DOUBT, Claim
from memctl.extract.extractor import extract
from memctl.extract.neural.model import NeuralReader, reader
from memctl.transcripts.model import Session, Turn
from tools.neural_model.evaluate import changes_read
from tools.neural_model.examples import read, split_of

WRITER = "writer"
SAID_AT = datetime(2025, 6, 10, 12, tzinfo=UTC)


def claims(turn: dict[str, Any], model: NeuralReader | None) -> list[Claim]:
    """What is read from one turn, without what has no meaning by itself."""
    said = [Turn(turn_id="turn", role="user", text=turn["turn"], at=SAID_AT)]
    if turn.get("before"):
        said.insert(0, Turn(turn_id="before", role="assistant", text=turn["before"], at=SAID_AT))
    session = Session(session_id="s", source_format="training", turns=tuple(said))
    found = extract(session, WRITER, skip=frozenset({"before"}), model=model)
    return [one for one in found if DENIAL not in one.categories and DOUBT not in one.categories]


def matches(claim: Claim, label: dict[str, Any]) -> bool:
    """Whether a claim is that of a label."""
    if (claim.op == "retract") != (label.get("op") == "retract"):
        return False
    if (claim.subject == WRITER) != (label.get("subject") is None):
        return False
    said, wanted = words(claim.object or ""), words(label["object"])
    return bool(said & wanted) and 2 * len(said & wanted) >= len(wanted)


def words(text: str) -> set[str]:
    """The words of an object, without articles and possessives."""
    return {word.strip(".,;:!?'\"()").casefold() for word in text.split()} - {
        "the",
        "a",
        "an",
        "my",
        "our",
        "their",
        "",
    }


def main() -> None:
    """Print a line for the rules, one for the rules with the model, and those of the changes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("train", "dev", "test"), default="test")
    part = parser.parse_args().part
    turns = [turn for turn in read() if split_of(turn["voice"]) == part]
    for name, model in (("rules", None), ("rules and model", reader())):
        told = [(claims(turn, model), turn["claims"]) for turn in turns]
        given = [any(matches(claim, label) for label in labels) for found, labels in told for claim in found]
        wanted = [any(matches(claim, label) for claim in found) for found, labels in told for label in labels]
        print(
            f"{name:<16} {len(turns)} turns, precision {sum(given)} of {len(given)} ({sum(given) / len(given):.3f}), "
            f"recall {sum(wanted)} of {len(wanted)} ({sum(wanted) / len(wanted):.3f})"
        )
    print(*changes_read(reader().changes, part), sep="\n")


if __name__ == "__main__":
    main()
