"""Which earlier claims a turn ends, as the second of the two built-in models reads them.

The rules and the first model read what a turn says. Many ends are said in words of their own: "Aldi is done, last shift
was Sunday", "a lad from Paisley gave 1,400 for the bike". This model reads a claim in words together with a turn that
has a word of it, and before that the turn alone, because most turns end nothing.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.dialogue.corrections import retraction
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.grammar.segmentation import sentences
from memctl.extract.neural.drafts import NAME
from memctl.extract.neural.encoding import encode, parts
from memctl.extract.neural.files import opened
from memctl.extract.patterns.wordlist import words

LASTING = frozenset({"name", "birthday", "nationality", "hometown", "event", "speaks", "allergic_to", "pronouns"})
"""Predicates of claims that no later turn ends, except to correct them."""
ANY = ""
"""What the model reads in place of a claim when it is asked whether a turn ends anything."""
GATE = 0.5
"""From this probability on that a turn ends anything, the claims are read with it."""
DOUBTS, ENDS = 0.7, 0.95
"""From these probabilities on a claim is in doubt, and over."""
FILE = "changes.onnx"
MOST = 30
"""Claims that are read with one turn; of more, those named last."""


_SMALL = frozenset(
    words(
        "the a an my me to in of at on i it and for with is no not every when always never that this as by be from "
        "your our his her their about"
    )
)
_WORD = late(r"[^\W_]+")
_STEM = 5
"""Letters of a word that are compared: "checklists" is "checklist"."""


def stems(text: str) -> set[str]:
    """The beginnings of the words of a text, without small words."""
    return {word[:_STEM] for word in _WORD.findall(text.lower()) if word not in _SMALL}


def fact_words(subject: str | None, predicate: str, value: str, phrase: str) -> str:
    """A claim as the model reads it: "I lives in Leeds", "Ana works as a nurse", "rule: answer in metric"."""
    if predicate == "instruction":
        return f"rule: {value}"
    return f"{subject or 'I'}{'' if phrase.startswith(chr(39)) else ' '}{phrase}"


class ChangeReader:
    """The shipped model. Reading a claim with a turn takes two milliseconds."""

    def __init__(self, folder: Path) -> None:
        """Open the model in `folder`. Raises UsageError without the extra, Fatal if a file is missing or damaged."""
        self._session: Any = opened(folder / FILE)

    def ends(self, text: str, fact: str) -> float:
        """The probability that a turn ends a claim in words, or with ANY that it ends anything."""
        import numpy as np

        highest = 0.0
        for start, end in parts(text):
            tokens = encode(text[start:end], fact)
            inputs = {"rows": tokens.rows, "types": tokens.types, "cases": tokens.cases}
            (logit,) = self._session.run(["ends"], {name: np.array(of, np.int64) for name, of in inputs.items()})
            highest = max(highest, float(1 / (1 + np.exp(-logit[0]))))
        return highest


def changes(text: str, earlier: EarlierDrafts, drafts: Iterable[Draft], model: ChangeReader) -> Iterator[Draft]:
    """Retractions and doubts of the claims that a turn ends, as far as its other `drafts` do not end them."""
    standing = _standing(text, earlier, list(drafts))
    if not standing or model.ends(text, ANY) < GATE:
        return
    for old in standing:
        fact = fact_words(old.subject, old.predicate, old.object or "", old.phrase)
        probability = model.ends(text, fact)
        if probability >= DOUBTS:
            end = retraction(old, _place(text, fact, model))
            yield msgspec.structs.replace(
                end, confidence=probability, doubt=probability < ENDS, extractor=NAME, denial=False, corrects=False
            )


def _standing(text: str, earlier: EarlierDrafts, drafts: Iterable[Draft]) -> list[Draft]:
    """The last live claims that may end, of which a turn has a word, and that `drafts` neither repeat nor end."""
    spoken = stems(text)
    said = {(one.subject, one.predicate, one.slot, (one.object or "").casefold()) for one in drafts}
    live = [one for values in earlier.live.values() for one in values.values()]
    kept = [one for one in live if one.predicate not in LASTING and one.object and one.key[:4] not in said]
    return [one for one in kept if spoken & stems(f"{one.object} {one.slot or ''} {one.subject or ''}")][-MOST:]


def _place(text: str, fact: str, model: ChangeReader) -> tuple[int, int]:
    """The sentence of a turn that ends a claim."""
    found = list(sentences(text))
    if len(found) < 2:
        return 0, len(text.rstrip())
    best = max(found, key=lambda one: model.ends(one.text, fact))
    return best.start, best.start + len(best.text)
