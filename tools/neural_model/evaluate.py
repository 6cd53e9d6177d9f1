"""Score readings and changes against the labels of a part of the training set: precision and recall."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from memctl.extract.neural.changes import ANY, DOUBTS, ENDS, GATE, ChangeReader
from memctl.extract.neural.decoding import Reading
from tools.neural_model.changes import pairs, voices, written
from tools.neural_model.examples import split_of


class Counts(NamedTuple):
    """The numbers of correct claims, of the model's claims, and of labelled claims."""

    right: int
    given: int
    wanted: int

    @property
    def precision(self) -> float:
        """The share of the model's claims that are correct."""
        return self.right / max(1, self.given)

    @property
    def recall(self) -> float:
        """The share of the labelled claims that the model gives."""
        return self.right / max(1, self.wanted)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.right / max(1, self.given + self.wanted)


def matches(reading: Reading, claim: dict[str, Any], text: str) -> bool:
    """True if a reading equals the claim in predicate, polarity, subject, and half of the object's words."""
    if reading.predicate != claim["predicate"] or reading.over != (claim.get("op") == "retract"):
        return False
    ours = _words(text[slice(*reading.object)])
    theirs = _words(claim["object"])
    common = len(ours & theirs)
    if 2 * common < len(ours | theirs):
        return False
    subject = claim.get("subject")
    if (subject is None) != (reading.subject is None):
        return False
    return subject is None or bool(_words(subject) & _words(reading.subject or ""))


def score(
    turns: Iterable[dict[str, Any]], read: Callable[[dict[str, Any]], Sequence[Reading]], threshold: float = 0.0
) -> tuple[Counts, dict[str, Counts]]:
    """The counts over all turns and by predicate, of readings of at least `threshold` confidence."""
    right: Counter[str] = Counter()
    given: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    for turn in turns:
        claims = list(turn["claims"])
        wanted.update(claim["predicate"] for claim in claims)
        for reading in read(turn):
            if reading.confidence < threshold:
                continue
            given[reading.predicate] += 1
            match = next((claim for claim in claims if matches(reading, claim, turn["turn"])), None)
            if match is not None:
                claims.remove(match)
                right[reading.predicate] += 1
    by = {name: Counts(right[name], given[name], wanted[name]) for name in sorted(given | wanted)}
    return Counts(sum(right.values()), sum(given.values()), sum(wanted.values())), by


def changes_read(model: ChangeReader, part: str) -> Iterator[str]:
    """How well the changes that the voices of a part tell are read: a line for the turns, and one per threshold.

    `said` are the pairs of the turns of fixtures/training with the claims before them, `written` those of its folder
    changes.
    """
    rng = random.Random(0)
    turns = [pair for voice, turns in voices().items() if split_of(voice) == part for pair in pairs(turns, rng, 0.0)]
    for name, found in (("said", turns), ("written", [pair for voice, pair in written() if split_of(voice) == part])):
        alone = [pair for pair in found if pair.fact == ANY]
        passed = {pair.turn for pair in alone if model.ends(pair.turn, ANY) >= GATE}
        kept = [pair.turn in passed for pair in alone if pair.ended]
        read = sum(pair.turn in passed for pair in alone)
        yield (
            f"changes {name}: of {len(alone)} turns {read / len(alone):.2f} are read further, "
            f"of the {len(kept)} that end something {sum(kept) / len(kept):.2f}"
        )
        facts = [pair for pair in found if pair.fact != ANY]
        scored = [
            (model.ends(pair.turn, pair.fact) if pair.spoken_of and pair.turn in passed else 0.0, pair.ended)
            for pair in facts
        ]
        ended = sum(over for _, over in scored)
        for threshold in sorted({0.5, 0.7, 0.9, 0.98, DOUBTS, ENDS}):
            counts = Counts(
                sum(over for score, over in scored if score >= threshold),
                sum(score >= threshold for score, _ in scored),
                ended,
            )
            yield f"{threshold:.2f}  {counts.precision:.3f}  {counts.recall:.3f}  of {len(scored)}, {ended} ended"


def _words(text: str) -> set[str]:
    return {word.strip(".,;:!?'\"").casefold() for word in text.split()} - {"the", "a", "an", "my", "our", ""}
