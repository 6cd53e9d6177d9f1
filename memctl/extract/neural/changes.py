"""Which earlier claims a turn ends, as the second of the two built-in models reads them.

The rules and the first model read what a turn says. Many ends are said in words of their own: "Aldi is done, last shift
was Sunday", "a lad from Paisley gave 1,400 for the bike". This model reads a claim in words together with a turn that
has a word of it, and before that the turn alone, because most turns end nothing.
"""

from collections.abc import Container, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.dialogue.corrections import retraction
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.filters.assertion_filter import joke_follows
from memctl.extract.filters.fiction import fictional
from memctl.extract.filters.pasted_text import hide_pasted
from memctl.extract.grammar.segmentation import plain, sentences
from memctl.extract.neural.drafts import NAME
from memctl.extract.neural.encoding import encode, parts
from memctl.extract.neural.files import opened
from memctl.extract.patterns.wordlist import words
from memctl.extract.people.sentence_subjects import of_another

LASTING = frozenset({"name", "birthday", "nationality", "hometown", "event", "speaks", "allergic_to", "pronouns"})
"""Predicates of claims that no later turn ends, except to correct them."""
ANY = ""
"""What the model reads in place of a claim when it is asked whether a turn ends anything."""
GATE = 0.5
"""From this probability on that a turn ends anything, the claims are read with it."""
DOUBTS, ENDS = 0.7, 0.95
"""From these probabilities on a claim is in doubt, and over."""
FILE = "changes.onnx"
REACH, MOST = 300, 30
"""How many of the last claims are looked at, and how many of them are read with one turn."""


_SMALL = frozenset(
    words(
        "the a an my me to in of at on i it and for with is no not every when always never that this as by be from "
        "your our his her their about"
    )
)
_OWN = frozenset(
    words("owns has_pet uses lives_in works_at job_title studies habit hobby likes diet goal relationship_status")
)
"""What nobody else ends: "my brother sold his Vespa" leaves that of the speaker, but a doctor changes a dose."""
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
    blank = "" if phrase.startswith("'") else " "
    return f"{subject or 'I'}{blank}{phrase}"


class ChangeReader:
    """The reader of changes. Reading a claim with a turn takes milliseconds."""

    def __init__(self, folder: Path) -> None:
        """Open the model in `folder`. Raises UsageError without the extra, Fatal if a file is missing or damaged."""
        self._session: Any = opened(folder / FILE)

    def ends(self, text: str, fact: str) -> float:
        """The probability that a part of a turn ends a claim in words, or with ANY that it ends anything."""
        import numpy as np

        tokens = encode(text, fact)
        inputs = {"rows": tokens.rows, "types": tokens.types, "cases": tokens.cases}
        (logit,) = self._session.run(["ends"], {name: np.array(values, np.int64) for name, values in inputs.items()})
        return float(1 / (1 + np.exp(-logit[0])))


def changes(text: str, earlier: EarlierDrafts, drafts: Iterable[Draft], model: ChangeReader) -> Iterator[Draft]:
    """Retractions and doubts of the claims that a turn ends and that its other `drafts` do not name."""
    visible = hide_pasted(plain(text))
    if fictional(visible) or any(joke_follows(one.text) for one in sentences(visible)):
        return
    said = {(one.subject, one.predicate, one.slot, (one.object or "").casefold()) for one in drafts}
    for start, end in parts(text):
        part = text[start:end]
        standing = _standing(visible[start:end], earlier, said)
        if standing and model.ends(part, ANY) >= GATE:
            for old, probability, (first, last) in _ended(part, standing, model):
                said.add(old.key[:4])
                draft = retraction(old, (start + first, start + last))
                yield msgspec.structs.replace(
                    draft, confidence=probability, doubt=probability < ENDS, extractor=NAME, corrects=False
                )


def _standing(text: str, earlier: EarlierDrafts, said: Container[tuple[str | None, ...]]) -> list[Draft]:
    """The last live claims that may end, of which a text without quotations has a word, without those of the keys in
    `said`."""
    spoken = stems(text)
    lately = islice(reversed(earlier.standing.values()), REACH)
    kept = [one for one in lately if one.predicate not in LASTING and one.object and one.key[:4] not in said]
    named = [one for one in kept if spoken & stems(f"{one.object} {one.slot or ''} {one.subject or ''}")]
    return [one for one in named if earlier.is_live(one)][:MOST]


def _ended(text: str, standing: Iterable[Draft], model: ChangeReader) -> Iterator[tuple[Draft, float, tuple[int, int]]]:
    """The claims that a text ends or puts in doubt, with the probability, and the sentence that does it."""
    for old in standing:
        fact = fact_words(old.subject, old.predicate, old.object or "", old.phrase)
        probability = model.ends(text, fact)
        if probability >= DOUBTS:
            first, last = _place(text, fact, model)
            if old.subject is not None or old.predicate not in _OWN or not of_another(text[first:last], {}):
                yield old, probability, (first, last)


def _place(text: str, fact: str, model: ChangeReader) -> tuple[int, int]:
    """The sentence of a text that ends a claim."""
    found = list(sentences(text))
    if len(found) < 2:
        return 0, len(text.rstrip())
    best = max(found, key=lambda one: model.ends(one.text, fact))
    return best.start, best.start + len(best.text)
