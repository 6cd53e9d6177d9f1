"""Named relatives of other people: "Annika's sister Maud", "my sister lives with her husband, Karl"."""

import re
from collections.abc import Iterator

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft, article
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.people.apposed import apposed
from memctl.extract.people.name_patterns import NOT_NAMES, ONE_NAME
from memctl.extract.people.strangers import may_be_a_person
from memctl.extract.rule_tables import compiled, lexicon
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.kinship import CHILD, FAMILY, canonical, suits

_WHICH = rf"(?:(?:{lexicon('WHICH_RELATIVE')}|late|live-in) )*"
_KIN = rf"{_WHICH}(?P<rel>{lexicon('RELATIVE')}|twin (?:sister|brother)|best friend|ex)"
_LINK = r"(?:,|'s called| is called| called| named|'s name is)? "
_UNTIL = rf"(?={ONE_NAME}(?: {ONE_NAME})?(?:$|[,.;!)]| (?:and|who|from)\b))"
""" "Her husband is Colin, a postman"."""
_NAMED = rf"(?P<name>{ONE_NAME}(?: {ONE_NAME})?)(?!'s|\w)"
_OF_NAME = KeyedPattern(
    rf"(?<!\bmy )(?<!\bour )\b(?P<owner>{ONE_NAME})'s {_KIN}{_LINK}{_NAMED}",
    re.IGNORECASE,
)
_OF_RELATIVE = KeyedPattern(
    rf"\b(?:my|our|me|ma) {_WHICH}(?P<owner>{lexicon('RELATIONS')})'s {_KIN}{_LINK}{_NAMED}",
    re.IGNORECASE,
)
_OF_PRONOUN = KeyedPattern(rf"\b(?P<owner>her|his) {_KIN}(?:{_LINK}|(?P<is> is ){_UNTIL}){_NAMED}", re.IGNORECASE)
OF_NAMES = KeyedGroup(_OF_NAME, _OF_RELATIVE)
OF_PRONOUNS = KeyedGroup(_OF_PRONOUN)
_NAMED_JUST = late(rf"(?<!\bin )(?<!\bat )(?<!\bto )(?<!\bfrom )(?<!\bnear )(?P<name>{ONE_NAME}),? (?:and|plus|&) $")
""" "Then Marcus and his boyfriend Leo, and my brother Jamal": the boyfriend of Marcus."""
_ANY_NAME = late(rf"(?<!\bin )(?<!\bat )(?<!\bto )(?<!\bfrom )(?<!\bnear )\b(?P<name>{ONE_NAME})\b(?!['’]s)")
_TOLD_MORE = r",? \(?(?:an? (?:{JOB_TRAITS} )*{JOBS}|\d\d)\b"
_PRONOUN = {"her": "she", "his": "he"}


def of_names(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The drafts of "Annika's sister Maud" and "my sister's husband Karl"."""
    for match in _OF_NAME.finditer(text):
        if may_be_a_person(match["owner"]):
            yield from _draft(match, match["owner"], None, span)
    for match in _OF_RELATIVE.finditer(text):
        if canonical(match["owner"]) in FAMILY:
            yield from _draft(match, match["owner"].lower(), match["owner"].lower(), span)


def of_pronouns(text: str, span: tuple[int, int], other: tuple[str, str] | None) -> Iterator[Draft]:
    """The drafts of "her husband, Karl" in a sentence about `other`, a name and a relation."""
    if other is None:
        return
    for match in _OF_PRONOUN.finditer(text):
        if _names_another(text[: match.start()], other[0]):
            continue
        certain = not match["is"] or is_given_name(match["name"]) or compiled(_TOLD_MORE).match(text, match.end())
        if certain and suits(_PRONOUN[match["owner"].lower()], other) and match["name"] != other[0]:
            yield from _draft(match, other[0], other[1] or None, span)
            yield from apposed(match["name"], "", text, match.end("name"), span)


def _names_another(before: str, person: str) -> bool:
    """Whether the person whom the words `before` "her husband" name last is not `person`."""
    just = _NAMED_JUST.search(before)
    if just and just["name"] not in person.split() and may_be_a_person(just["name"]):
        return True
    named = [one["name"] for one in _ANY_NAME.finditer(before) if is_given_name(one["name"])]
    return bool(named) and named[-1] not in person.split()


def _draft(match: re.Match[str], subject: str, owner: str | None, span: tuple[int, int]) -> Iterator[Draft]:
    relation, name = canonical(match["rel"].lower().removeprefix("twin ")), match["name"]
    if name.split()[-1] in NOT_NAMES:
        name = name.rpartition(" ")[0]
    if not name or name.split()[0] in NOT_NAMES or not may_be_a_person(name):
        return
    yield Draft(
        subject=subject,
        owner=owner,
        predicate="has_child" if relation in CHILD else f"has_{relation.replace(' ', '_')}",
        object=name,
        phrase=f"has {article(relation)} called {name}",
        quote=span,
        confidence=0.8,
        category="people",
    )
