"""Names of pets that follow after the pet: "We have one cow and her name is Clover"."""

import re
from collections.abc import Iterable

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.grammar.clauses import ADVERBS
from memctl.extract.people.people import NOT_NAMES, ONE_NAME
from memctl.extract.vocabulary.verbs import FORMS

_PET_CALLED = late(
    rf"[^?;]{{0,40}}?(?:(?:\b(?:her|his|its) name(?:'s| is| was)|\b(?:he|she|it)(?:'s| is) (?:called|named)|"
    rf"\b(?:called|named|calling|naming|name|christened)(?: (?:her|him|it))?) (?P<name>{ONE_NAME})|[,.!] "
    rf"(?P<alone>{ONE_NAME})(?=[.!]|$))",
    re.IGNORECASE,
)


def name_pets(drafts: Iterable[Draft], text: str) -> None:
    """Add such names to the drafts of the pets, in place."""
    for draft in drafts:
        value = draft.object or ""
        if draft.predicate != "has_pet" or draft.op != "assert" or re.search(r"[A-ZÀ-Þ]|\band\b|s$", value):
            continue
        at = text.find(value, draft.quote[0])
        called = _PET_CALLED.match(text, at + len(value)) if at >= 0 else None
        name = called and (called["name"] or called["alone"])
        if name and name not in NOT_NAMES and name.lower() not in FORMS and name.lower() not in ADVERBS:
            draft.object, draft.phrase = f"{value} called {name}", f"{draft.phrase} called {name}"
