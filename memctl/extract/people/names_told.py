"""Names that follow a relation without one: "I have a lodger. He's called Emmanuel"."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.people import people
from memctl.extract.people.apposed import apposed
from memctl.extract.people.name_patterns import NOT_NAMES, ONE_NAME, named
from memctl.extract.people.named_subjects import FOND_NAMES
from memctl.extract.people.pets_told import pets_told
from memctl.extract.people.professionals import PROFESSIONALS, professionals
from memctl.extract.people.strangers import may_be_a_person
from memctl.extract.people.told_alone import told_alone
from memctl.extract.people.told_later import told_later
from memctl.extract.rule_tables import compiled
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.kinship import SEVERAL, canonical, fits

_FULL_NAME = rf"(?P<name>{ONE_NAME}(?: {ONE_NAME})?)"
_TOLD_FIRST = KeyedPattern(
    r"(?:^|[,;–—(-] ?|\b(?:and|but) )(?:and |but |oh,? |well,? )?(?:(?P<owner>his|her) name(?:'s| is)|"
    rf"(?P<who>he|she)(?:'s|s| is)(?: (?P<called>called|named))?) {_FULL_NAME}(?=$|[,.;!)–—]| -| (?:btw|by the way)\b)",
    re.IGNORECASE,
)
_TOLD_LAST = KeyedPattern(
    rf"(?:^|[,;–—(-] ?|\b(?:and|but) ){_FULL_NAME} is (?P<owner>his|her) name\b(?P<who>)(?P<called>)", re.IGNORECASE
)
TOLD = KeyedGroup(_TOLD_FIRST, _TOLD_LAST, *PROFESSIONALS.patterns)
ASKED = ("relatives", "names_told")
"""The rules for a question: it may name "my sister Ann", but does not tell who "Ann from work" is."""
_PRONOUN = {"his": "he", "her": "she"}
_NEW = (
    r"\b(?:my|our|(?:have|has|got|'ve|met|is|'s) (?:got )?(?:an?|one))(?: (?!late\b|ex\b)[a-z]+)? "
    r"(?P<rel>{RELATIONS})\b(?!'s\b(?! (?:an?|the|in|at|on|from|[a-z]+ing)\b)|-)"
)
_FONDLY = late(
    rf"(?:^|(?<!my )(?<!our )\b)(?P<rel>{FOND_NAMES})\b(?!['’]s (?!(?:at|in|on|with|back|here|got)\b))", re.IGNORECASE
)
""" "Visited Mum today. Her name's Edna"."""
_ANY = r"\b(?:{RELATIONS})s?\b"
_ANOTHER = r"\b(?:(?:{PET})s?|girl|woman|man|guy|lady|bloke|someone|somebody|(?<!is a )(?<!'s a )(?:{JOBS}))\b"
_OF_ANYONE = frozenset({"youngest", "eldest", "oldest", "little one"})
""" "The youngest" may be a child of other people."""
_ANCESTORS = frozenset({"mother", "father", "grandmother", "grandfather"})
_BORN = late(r"\b(?:born|arrived|pregnant|expecting|birth(?! (?:mother|father))|labour|labor|due)\b", re.IGNORECASE)
""" "My wife had a long labour. Her name is Juno" is of the baby."""
_POSSESSED = late(r"\b(?:his|her|their|has|had)\b", re.IGNORECASE)
_SOON = 20
"""Characters after a relation in which a name may be that of the relative."""
_NAME = late(r"(?<!^)(?<![.!?] )\b(?!I\b)[A-ZÀ-Þ][\w-]+")


def relatives_named(
    text: str,
    span: tuple[int, int],
    due: Container[str],
    before: str,
    other: tuple[str, str] | None,
    earlier: str,
    known: Mapping[str, tuple[str, str]],
) -> list[Draft]:
    """The relatives and pets that a sentence names after the sentence `before`, where "she" is `other`.

    `earlier` is what the turn says before the sentence, and `due` names the rules to try. `known` are named before.
    """
    found = list(people.relations(text, span)) if "relatives" in due else []
    if "told_later" in due:
        keys = {one.key for one in found}
        found += [one for one in told_later(text, before, span) if one.key not in keys]
    if "names_told" in due:
        found += [one for one in professionals(text, span) if not _is_named(one, found)]
    if "pets_told" in due and not any(one.predicate == "has_pet" for one in found):
        found += pets_told(text, before, earlier, span)
    if found:
        return found
    told = list(told_name(text, before, other, span, earlier)) if "names_told" in due else []
    return told or list(told_alone(text, span, before, other, known))


def _is_named(one: Draft, found: Iterable[Draft]) -> bool:
    """Whether the person of a draft is among those `found`, with or without a title."""
    name = (one.object or "").split()
    return any(draft.object and draft.object.split()[-1] in name for draft in found)


def told_name(
    text: str, before: str, other: tuple[str, str] | None, span: tuple[int, int], earlier: str
) -> Iterator[Draft]:
    """The relative whose name a sentence tells, with the age and the job after it."""
    told = _TOLD_FIRST.search(text) or _TOLD_LAST.search(text)
    if (
        told is None
        or _BORN.search(text)
        or _BORN.search(before)
        or told["name"] in NOT_NAMES
        or not may_be_a_person(told["name"])
    ):
        return
    if told["who"] and not told["called"] and not is_given_name(told["name"]):
        return  # "She's Sicilian"
    pronoun = (told["who"] or _PRONOUN[told["owner"].lower()]).lower()
    relation = _relation(text[: told.start()]) or _relation(before)
    if not relation and other is not None and other[0] == other[1] and not compiled(_ANOTHER).search(before):
        relation = other[0]
    if relation and canonical(relation) in _ANCESTORS and compiled(_ANOTHER).search(earlier):
        return  # "We got a lizard. Dad paid. His name is Craig"
    if not relation or relation in SEVERAL or relation in _OF_ANYONE or not fits(pronoun, relation):
        return
    yield named(told["name"], relation, span)
    yield from apposed(told["name"], canonical(relation), text, told.end("name"), span)


def _names_soon(after: str) -> bool:
    """Whether a name follows the word for a relation closely."""
    return any(match.start() < _SOON and match[0] not in NOT_NAMES for match in _NAME.finditer(after))


def _relation(text: str) -> str:
    """The one relation that a text names, without a name: "my wife's a vet"."""
    found = list(compiled(_NEW).finditer(text)) or list(_FONDLY.finditer(text))
    if len(found) != 1 or len(compiled(_ANY).findall(text)) != 1 or _POSSESSED.search(text):
        return ""
    if compiled(_ANOTHER).search(text) or _names_soon(text[found[0].end("rel") :]):
        return ""
    return found[0]["rel"].lower()
