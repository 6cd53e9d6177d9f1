"""Sentences that open with a name and have no verb: "My mum rang. Yvonne, 70.", "The boss. Warren Tully, decent bloke".

The sentence before, or the question, mentions a relative without a name: this is the name. If the name is
known, what follows it is about that person.
"""

import re
from collections.abc import Iterator, Mapping

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.wordlist import words
from memctl.extract.people.apposed import apposed
from memctl.extract.people.name_patterns import NOT_NAMES, ONE_NAME, named
from memctl.extract.people.strangers import may_be_a_person
from memctl.extract.rule_tables import compiled
from memctl.extract.vocabulary.given_names import is_given_name, is_name_of
from memctl.extract.vocabulary.kinship import SEVERAL, canonical, must_fit

_OPENS = late(
    r"\W*(?:(?:and|so|but|also|oh|only|just|yes|yeah|yep|it's|its|plus) ,?)*"
    rf"(?P<name>{ONE_NAME}(?: {ONE_NAME})?)(?P<after>(?=,|;| ?\(| [–—-] )|\W*$)"
)
_UNNAMED = (
    r"(?:\b(?:my|our|me|the|an?|new|own|one) (?:(?!late\b|ex\b|old\b)[a-z]+ )?|^\W*(?:(?:and|so|but) )?)"
    r"(?P<rel>{RELATIONS}|sous chef|sous|chef|cook|gardener|cleaner|carer|home help|fella|bloke|nanny|au pair|labourer)"
    r"\b(?!'s\b(?! (?:an?|the|in|at|on|from|here|back|coming|moving|[a-z]+ing)\b)|-|\w)"
)
_FOR_WHOM = r" (?:for|to|from|with|at) (?:my |our |me )?(?:{RELATIONS})(?:'s)?(?=\W|$)"
""" "A home help for Dad": not the one who is meant."""
_ANY = r"\b(?:{RELATIONS})s?\b"
_ANOTHER = late(
    r"\b(?:his|her|their|whose|someone|woman|man|guy|lady|girl|she|he|born|arrived|called|named|name|names|"
    r"cat|dog|pup|puppy|kitten|horse|hen)\b",
    re.IGNORECASE,
)
_ROLES = frozenset({"fella", "bloke", "chap", "lad", "boy", "girl", "lass", "baby", "old man", "newborn", "twin"})
""" "I met a fella" tells no relation."""
_ONE_OF_SEVERAL = frozenset(
    words("kid child apprentice friend colleague flatmate housemate roommate lodger neighbor teammate intern")
)
_AGED_NEXT = late(r",? ?\(?\d{1,2}(?:[,.;)]|$)")
_OWN = late(r"\b(?:my|our|me|have|'ve|ve|got|hired|found|took on|met|seeing|bringing)\b", re.IGNORECASE)
""" "We hired a chef. Rita."; "she left with a chef. Rita!" tells nothing."""
_SHORT, _ASIDE = 4, 8
"""Words of a sentence between a question about somebody and the name, alone or with an age: "Kumasi. Akosua."."""


def told_alone(
    text: str,
    span: tuple[int, int],
    before: str,
    other: tuple[str, str] | None,
    known: Mapping[str, tuple[str, str]],
) -> Iterator[Draft]:
    """The drafts of a sentence that opens with a name: the relation that `before` tells, and the items after the name.

    `before` is the sentence before, and `other` the person asked about or spoken of.
    """
    opening = _OPENS.match(text)
    if opening is None or not may_be_a_person(opening["name"]) or opening["name"] in NOT_NAMES:
        return
    name, at = opening["name"], opening.end("name")
    person = known.get(name.casefold())
    if person is not None:
        yield from apposed(*person, text, at, span)
        return
    if _TO_YOU.search(before):
        return
    just_told = unnamed(before)
    asked = other is not None and other[0] == other[1] and len(before.split()) < _ASIDE and not _ANOTHER.search(before)
    relation = just_told or (other[0] if other and asked else _listed(before, other))
    if not relation or relation in SEVERAL or relation in _ROLES or not _may_be_called(relation, name):
        return
    items = list(apposed(name, canonical(relation), text, at, span))
    alone = not opening["after"].strip(" ,;(–—-") and at + len(opening["after"]) == len(text)
    given = is_given_name(name.split()[0])
    certain = ("age", "job_title", "hometown") if just_told else ("age",)
    told = items if given else [one for one in items if one.predicate in certain]
    own = _OWN.search(before) or before.strip(" .!").casefold() == just_told
    if told or (alone and given and before and (own or (asked and len(before.split()) < _SHORT))):
        yield named(name, relation, span)
        yield from items


def _listed(before: str, other: tuple[str, str] | None) -> str:
    """The relation of the next one of a list: "Otis, 9, builds catapults. Willa, 5"."""
    last = _OPENS.match(before) if other and other[1] in _ONE_OF_SEVERAL else None
    return (
        other[1] if other and last and last["name"] == other[0] and _AGED_NEXT.match(before, last.end("name")) else ""
    )


def _may_be_called(relation: str, name: str) -> bool:
    """False for a mother called Paul."""
    return not any(must_fit(one, relation) and not is_name_of(one, name) for one in ("he", "she"))


def unnamed(text: str) -> str:
    """The one relation that a text names, without a name: "So my mum rang"."""
    text = compiled(_FOR_WHOM).sub(" ", text)
    found = list(compiled(_UNNAMED).finditer(text))
    if len(found) != 1 or len(compiled(_ANY).findall(text)) > 1 or _ANOTHER.search(text):
        return ""
    if _NAMED_BEFORE.search(text[: found[0].start()] + found[0][0][: found[0].start("rel") - found[0].start()]):
        return ""
    if any(may_be_a_person(one[0]) for one in _NAMES.finditer(text) if one.start() > found[0].start()):
        return ""
    return found[0]["rel"].lower()


_NAMED_BEFORE = late(r"[A-ZÀ-Þ][\w-]+(?:,|'s|s| is| was) (?:my|our|the|an?|me) (?:[a-z]+ )?$")
""" "Máté, the husband, fell"."""
_TO_YOU = late(r"\b(?:you|u|ya|this app|this thing|this)\b", re.IGNORECASE)
""" "My daughter set you up. Karen, 51, from Hull": the speaker."""
_NAMES = late(r"(?<!^)(?<![.!?] )\b(?!I\b)[A-ZÀ-Þ][\w-]+")
