"""Statements without an owner: "8 weeks old now" after talk of a puppy, "op on the 18th" after talk of a cat.

They are about whoever was talked about just before. If that may be somebody else than the speaker, they are of nobody.
"""

import re
from collections.abc import Collection, Iterable
from functools import cache

from memctl.core.late_pattern import late
from memctl.core.subjects import is_relation
from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.patterns.wordlist import words, words_with_digits
from memctl.extract.people.sentence_subjects import names_speaker
from memctl.extract.rule_tables import lexicon

_OF_A_BEING = frozenset(
    words(
        "measure age has_condition takes_medication dose allergic_to intolerant_to diet trait job_title works_at "
        "nationality"
    )
)
"""Predicates of a person or an animal: without a subject, of the one who was talked about."""
_OF_A_BODY = KeyedPattern(
    r"\b(?:op|operation|surgery|scan|jabs?|vaccin\w*|boosters?|x-?ray|mri|biopsy|blood tests?|bloods|results|vet|"
    r"check-?up|procedure|appointment|appt|chemo|physio|cataracts?)\b",
    re.IGNORECASE,
)
"""Plans that anybody may have who is ill."""
_SENTENCE = late(r"[^.!?\n]*[.!?\n]*")
_PRONOUNS = frozenset(words("he she his her him hers they their hes shes"))

_VISITED = frozenset(words("physio therapist instructor chiropractor"))


@cache
def _beings() -> frozenset[str]:
    """The words for relatives, friends and animals, and their plurals."""
    nouns = {word for name in ("PET", "RELATIONS") for word in lexicon(name).replace("\n", " ").split("|")}
    nouns = {word.strip() for word in nouns if word.strip().isalpha()} | set(words("baby son daughter kid child"))
    return frozenset((nouns | {f"{noun}s" for noun in nouns} | _PRONOUNS) - _VISITED)


_CONCLUDES = late(r"\W*so,? [\w-]+(?: then)?\W*$", re.IGNORECASE)
""" "So pescatarian": about the one who spoke before."""
_QUESTION = late(r"[^.!?\n]*\?")


def last_question(text: str) -> str:
    """The last question of a message. The answer is about the person in it."""
    return next(reversed(_QUESTION.findall(text)), "")


def without_unnamed_owners(drafts: Iterable[Draft], text: str, before: str, people: Collection[str]) -> list[Draft]:
    """`drafts` of a turn without those that name nobody and may be about somebody else.

    `before` is the message before the turn, `people` are those named so far, in lower case.
    """
    drafts = list(drafts)
    introduced = [draft.quote for draft in drafts if draft.predicate == "name" and draft.subject is None]
    return [
        draft
        for draft in drafts
        if draft.quote in introduced or not _is_unowned(draft, text, before, people)  # "Name's Earl, 61"
    ]


def _is_bare_relation(draft: Draft, text: str, before: str, people: Collection[str]) -> bool:
    """ "Husband is Obinna" after talk of a sister: her husband."""
    start, end = draft.quote
    said = text[start:end]
    bare = re.match(r"(?:and |so |but )?(?:new |current )?([\w ]+?)(?:'s|,| is)", said, re.IGNORECASE)
    if names_speaker(said) or not bare or bare[1].casefold() not in _beings():
        return False
    spoken = words_with_digits(f"{before} {text[:start]}")
    return any(name in spoken for name in people if name != (draft.object or "").casefold())


def _is_unowned(draft: Draft, text: str, before: str, people: Collection[str]) -> bool:
    if draft.subject is not None or draft.op != "assert" or draft.extractor is not None:
        return False
    if is_relation(draft.predicate):
        return _is_bare_relation(draft, text, before, people)
    if draft.predicate not in _OF_A_BEING and not (
        draft.predicate == "plans" and _OF_A_BODY.search(draft.object or "")
    ):
        return False
    start, end = draft.quote
    if names_speaker(text[start:end]):
        return False
    if _CONCLUDES.match(text[max(0, start - 3) : end]) and before:
        return True
    earlier = [one for one in _SENTENCE.findall(text[:start]) if one.strip()]
    spoken = words_with_digits(earlier[-1] if earlier else before)
    if "me" in spoken:
        return False  # "She took me off lisinopril. Metformin 1000 twice a day."
    return not _beings().isdisjoint(spoken) or any(name in spoken for name in people)
