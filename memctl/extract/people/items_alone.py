"""Sentences of items about the person of the sentence before: "Goran. Baker in Leeds.", "Ana sails. 36, nurse"."""

import re
from collections.abc import Mapping

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.people.apposed import AGED, LONGEST_ITEM, apposed, of_item
from memctl.extract.people.last_mentioned import mentioned
from memctl.extract.people.name_patterns import ONE_NAME
from memctl.extract.people.sentence_subjects import names_i, names_speaker
from memctl.extract.people.strangers import may_be_a_person
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.verbs import FORMS

_NAME_ONLY = late(
    rf"\W*(?:(?:one|two|just|only|yes|my|the|our|his|her|[a-z]+),? )?(?P<name>{ONE_NAME}(?: {ONE_NAME})?)\W*",
    re.IGNORECASE,
)
_ITEM = late(r"[^,;(–—]+")
_DESCRIBING = frozenset({"age", "job_title", "hometown", "nationality"})
_LONGEST_NAME = 40
"""Characters of a sentence that is nothing but a name, at most."""
_GROWN = 13
"""From this number on, it is an age: a smaller one may be a time of day or a size."""


def items_alone(
    text: str,
    span: tuple[int, int],
    before: str,
    other: tuple[str, str] | None,
    known: Mapping[str, tuple[str, str]],
) -> list[Draft]:
    """The drafts of a sentence without a subject and a verb about the one person of the sentence `before`.

    That person is `other`, or whoever is named by a sentence that is nothing but a name; if nobody is `known`, that may
    be the speaker.
    """
    if not before or (other is None and len(before) > _LONGEST_NAME):
        return []
    first = _ITEM.match(text)
    if first is None or first[0].count(" ") > LONGEST_ITEM or names_speaker(text):
        return []
    if any(FORMS.get(word.casefold(), ("", ""))[1] in ("s", "past") for word in first[0].split()):
        return []
    alone = _NAME_ONLY.fullmatch(before)
    if alone and known and may_be_a_person(alone["name"]):
        person = known.get(alone["name"].casefold(), (alone["name"], ""))
    elif other is None or names_i(before) or mentioned(before, known) != {other}:
        return []
    else:
        person, alone = other, None
    opening = first[0].strip()
    if not any(one.predicate in _DESCRIBING for one in of_item(*person, opening, span)):
        return []
    found = list(apposed(*person, f", {text}", 0, span))
    return found if _is_certain(person, alone is not None, opening, found) else []


def _is_certain(person: tuple[str, str], alone: bool, opening: str, found: list[Draft]) -> bool:
    """Whether the items are about the `person`: after a name `alone` one is enough, otherwise an age and another."""
    age = next((one.object or "" for one in found if one.predicate == "age"), "")
    if not alone:
        return bool(age) and len(found) > 1
    named = bool(person[1]) or is_given_name(person[0].split()[0])
    return named or len(found) > 1 or (AGED.fullmatch(opening) is not None and age.isdigit() and int(age) >= _GROWN)
