"""Medicines that somebody else was put on: "the doctor put my mum on insulin", "they've started Eira on adalimumab"."""

import re
from collections.abc import Iterator, Mapping
from functools import cache

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.rule_tables import compiled
from memctl.extract.statements.amounts import amount_of
from memctl.extract.vocabulary.kinship import the_only

_PRONOUNS = frozenset({"him", "her", "she", "he"})
_UNREAL = late(
    r"\b(?:if|whether|could|might|may|maybe|perhaps|would|should|wants?|wanted|not|never|nearly|almost|thinking|until|"
    r"used to|years ago|once|will|going to|gonna|offered)\b|n't\b",
    re.IGNORECASE,
)


@cache
def _put() -> re.Pattern[str]:
    return compiled(
        r"\b(?:(?:put|puts|started|switched|moved|has|have|got) (?P<who>(?:my|our) (?:{RELATIONS}|{PET})|"
        r"(?!(?:me|us|it|you|them|my|our|the)\b)[^\W\d][\w-]+)(?: back| straight| over| up| down| now)? (?:on|onto|to)"
        r"(?: to)?|(?:gave|given|gives|prescribed) (?P<given>(?:my|our) (?:{RELATIONS}|{PET})|"
        r"(?!(?:me|us|it|you|them|my|our|the)\b)[^\W\d][\w-]+))"
        r"(?: (?:the|some|a low dose of))? (?P<o>{MEDICINE})(?![\w-])"
    )


def put_on(
    text: str, span: tuple[int, int], people: Mapping[str, tuple[str, str]], other: tuple[str, str] | None
) -> Iterator[Draft]:
    """The medicines that people other than the speaker were put on, with their doses. `people` are those known by their
    name in lower case, `other` is the one called "she"."""
    for match in _put().finditer(text):
        person = _person(match["who"] or match["given"], people, other)
        if person is None or _UNREAL.search(text[: match.end()]):
            continue
        subject, owner = person
        drug = match["o"]
        taken = Draft(
            subject=subject,
            owner=owner or None,
            predicate="takes_medication",
            object=drug,
            phrase=f"takes {drug}",
            quote=span,
            confidence=0.8,
            category="health",
        )
        yield taken
        if amount := amount_of(text, match.start("o"), match.end("o")):
            phrase = f"takes {drug} {amount}"
            yield msgspec.structs.replace(taken, predicate="dose", slot=drug.lower(), object=amount, phrase=phrase)


def _person(words: str, people: Mapping[str, tuple[str, str]], other: tuple[str, str] | None) -> tuple[str, str] | None:
    """The subject and owner that `words` name, None if they name nobody who is known."""
    told = words.casefold()
    if told in _PRONOUNS:
        return other
    if told.startswith(("my ", "our ")):
        relation = told.partition(" ")[2]
        return the_only(relation, people.values()) or (relation, relation)
    return people.get(told)
