"""Named relatives of other people: "Annika's sister Maud", "my sister lives with her husband, Karl"."""

import re
from collections.abc import Iterable, Iterator

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft, article
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.people.apposed import apposed
from memctl.extract.people.name_patterns import NOT_NAMES, ONE_NAME, named
from memctl.extract.people.strangers import may_be_a_person
from memctl.extract.rule_tables import compiled, lexicon
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.kinship import CHILD, FAMILY, canonical, suits

_WHICH = rf"(?:(?:{lexicon('WHICH_RELATIVE')}|late|live-in) )*"
_KIN = rf"{_WHICH}(?P<rel>{lexicon('RELATIVE')}|twin (?:sister|brother)|best friend|ex|boy|little (?:boy|girl))"
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
_THEY_HAVE = KeyedPattern(
    rf"\b(?:they|she|he)(?:'ve got| have got| has got| have| has) (?:(?:two|three|four) (?:kids|children)[,:]? )?"
    rf"(?P<first>{ONE_NAME})(?=,|$|[.;(]| (?:and|who|\()|(?:'s|s)? \d)",
    re.IGNORECASE,
)
""" "My daughter is Ann. They have Elsie, nine, and Jack"."""
_AND_NEXT = late(rf"(?:^|,|\s)(?:and|&) (?P<name>{ONE_NAME})(?=,|$|[.;(]| (?:who|\())")
OF_PRONOUNS = KeyedGroup(_OF_PRONOUN, _THEY_HAVE)
_NAMED_JUST = late(rf"(?<!\bin )(?<!\bat )(?<!\bto )(?<!\bfrom )(?<!\bnear )(?P<name>{ONE_NAME}),? (?:and|plus|&) $")
""" "Then Marcus and his boyfriend Leo, and my brother Jamal": the boyfriend of Marcus."""
_ANY_NAME = late(rf"(?<!\bin )(?<!\bat )(?<!\bto )(?<!\bfrom )(?<!\bnear )\b(?P<name>{ONE_NAME})\b(?!['’]s)")
_TOLD_MORE = r",? \(?(?:an? (?:{JOB_TRAITS} )*{JOBS}|\d\d)\b"
_PRONOUN = {"her": "she", "his": "he"}
_NAMES_OF_CHILDREN = {"boy": "son", "little boy": "son", "little girl": "daughter"}
_CHILD_OF_A_CHILD = {"son": "grandson", "daughter": "granddaughter"}
_CHILD_OF_A_SIBLING = {"son": "nephew", "daughter": "niece"}
_SIBLINGS = frozenset({"brother", "sister", "sibling"})


def of_names(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The drafts of "Annika's sister Maud" and "my sister's husband Karl"."""
    for match in _OF_NAME.finditer(text):
        if may_be_a_person(match["owner"]):
            yield from _draft(match, match["owner"], None, span)
    for match in _OF_RELATIVE.finditer(text):
        if canonical(match["owner"]) in FAMILY:
            yield from _draft(match, match["owner"].lower(), match["owner"].lower(), span)


def of_pronouns(
    text: str, span: tuple[int, int], people: Iterable[tuple[str, str] | None], kin: tuple[str, str] | None
) -> Iterator[Draft]:
    """The drafts of "her husband, Karl" in a sentence about one of `people`, by name and relation, the likeliest first.

    "She" is the first person named who can be a "she". In "they have Elsa", one of them is `kin`, or one of `people`.
    """
    candidates = [one for one in people if one is not None]
    for match in _OF_PRONOUN.finditer(text):
        pronoun = _PRONOUN[match["owner"].lower()]
        other = next((one for one in candidates if suits(pronoun, one) and one[0] != match["name"]), None)
        if other is None or _names_another(text[: match.start()], other[0]):
            continue
        if not match["is"] or is_given_name(match["name"]) or compiled(_TOLD_MORE).match(text, match.end()):
            yield from _draft(match, other[0], other[1] or None, span)
            yield from apposed(match["name"], "", text, match.end("name"), span)
    parent = next((one for one in (*candidates, kin) if one and canonical(one[1]) in CHILD | _SIBLINGS), None)
    if parent is not None:
        yield from _children(text, span, parent)


def _children(text: str, span: tuple[int, int], other: tuple[str, str]) -> Iterator[Draft]:
    """The children of a child or of a sister of the speaker: "They have Elsie, nine, and Jack"."""
    match = _THEY_HAVE.search(text)
    if match is None:
        return
    ends = [match.end("first"), *(one.end("name") for one in _AND_NEXT.finditer(text, match.end("first")))]
    for end in ends:
        name = text[:end].split()[-1]
        items = list(apposed(name, "", text, end, span))
        if may_be_a_person(name) and (is_given_name(name) or any(one.predicate == "age" for one in items)):
            yield from _related("child", name, other[0], other[1] or None, span)
            yield from items


def _names_another(before: str, person: str) -> bool:
    """Whether the person whom the words `before` "her husband" name last is not `person`."""
    just = _NAMED_JUST.search(before)
    if just and just["name"] not in person.split() and may_be_a_person(just["name"]):
        return True
    named = [one["name"] for one in _ANY_NAME.finditer(before) if is_given_name(one["name"])]
    return bool(named) and named[-1] not in person.split()


def _draft(match: re.Match[str], subject: str, owner: str | None, span: tuple[int, int]) -> Iterator[Draft]:
    spoken = match["rel"].lower().removeprefix("twin ")
    relation, name = canonical(_NAMES_OF_CHILDREN.get(spoken, spoken)), match["name"]
    if name.split()[-1] in NOT_NAMES:
        name = name.rpartition(" ")[0]
    if not name or name.split()[0] in NOT_NAMES or not may_be_a_person(name):
        return
    yield from _related(relation, name, subject, owner, span)


def _related(relation: str, name: str, subject: str, owner: str | None, span: tuple[int, int]) -> Iterator[Draft]:
    """The draft of a relative of somebody, and what he is to the speaker: a child of the speaker's child."""
    theirs = canonical(owner or "")
    if relation in CHILD and theirs in CHILD:
        yield named(name, _CHILD_OF_A_CHILD.get(relation, "grandchild"), span)
    elif relation in _CHILD_OF_A_SIBLING and theirs in _SIBLINGS:
        yield named(name, _CHILD_OF_A_SIBLING[relation], span)
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
