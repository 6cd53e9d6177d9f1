"""Names that follow a relation without one: "I have a lodger. He's called Emmanuel"."""

import re
from collections.abc import Container

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft, article
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.people import people
from memctl.extract.people.name_patterns import NOT_NAMES, ONE_NAME
from memctl.extract.people.strangers import may_be_a_person
from memctl.extract.rule_tables import compiled
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.kinship import CHILD, SEVERAL, canonical, fits

TOLD = KeyedPattern(
    r"(?:^|[,;–—-] ?|\b(?:and|but) )(?:and |but |oh,? |well,? )?(?:(?P<owner>his|her) name(?:'s| is)|"
    rf"(?P<who>he|she)(?:'s|s| is)(?: (?P<called>called|named))?) (?P<name>{ONE_NAME}(?: {ONE_NAME})?)(?=$|[,.;!)–—-])",
    re.IGNORECASE,
)
_PRONOUN = {"his": "he", "her": "she"}
_NEW = (
    r"\b(?:my|our|(?:have|has|got|'ve|met|is|'s) (?:got )?(?:an?|one))(?: (?!late\b|ex\b)[a-z]+)? "
    r"(?P<rel>{RELATIONS})\b(?!'s\b(?! (?:an?|the|in|at|on|from|[a-z]+ing)\b)|-)"
)
_ANY = r"\b(?:{RELATIONS})s?\b"
_ANOTHER = r"\b(?:(?:{PET})s?|girl|woman|man|guy|lady|bloke|someone|somebody|(?<!is a )(?<!'s a )(?:{JOBS}))\b"
_OF_ANYONE = frozenset({"youngest", "eldest", "oldest", "little one"})
""" "The youngest" may be a child of other people."""
_ANCESTORS = frozenset({"mother", "father", "grandmother", "grandfather"})
""" "We got a lizard. Dad paid. His name is Craig"."""
_BORN = late(r"\b(?:born|arrived|pregnant|expecting|birth(?! (?:mother|father))|labour|labor|due)\b", re.IGNORECASE)
""" "My wife had a long labour. Her name is Juno" is of the baby."""
_POSSESSED = late(r"\b(?:his|her|their|has|had)\b", re.IGNORECASE)
_NAME = late(r"(?<!^)(?<![.!?] )\b(?!I\b)[A-ZÀ-Þ][\w-]+")


def relatives_named(
    text: str, span: tuple[int, int], due: Container[str], before: str, other: tuple[str, str] | None
) -> list[Draft]:
    """The relatives and pets that a sentence names after the sentence `before`, where "she" is `other`."""
    found = list(people.relations(text, span)) if "relatives" in due else []
    told = told_name(text, before, other, span) if "names_told" in due and not found else None
    return [told] if told else found


def told_name(text: str, before: str, other: tuple[str, str] | None, span: tuple[int, int]) -> Draft | None:
    """The relative whose name a sentence tells."""
    told = TOLD.search(text)
    if (
        told is None
        or _BORN.search(text)
        or _BORN.search(before)
        or told["name"] in NOT_NAMES
        or not may_be_a_person(told["name"])
    ):
        return None
    if told["who"] and not told["called"] and not is_given_name(told["name"]):
        return None  # "She's Sicilian"
    pronoun = (told["who"] or _PRONOUN[told["owner"].lower()]).lower()
    relation = _relation(text[: told.start()]) or _relation(before)
    if not relation and other is not None and other[0] == other[1] and not compiled(_ANOTHER).search(before):
        relation = "" if canonical(other[0]) in _ANCESTORS else other[0]
    if not relation or relation in SEVERAL or relation in _OF_ANYONE or not fits(pronoun, relation):
        return None
    rel = canonical(relation)
    return Draft(
        predicate="has_child" if rel in CHILD else f"has_{rel.replace('-', '_').replace(' ', '_')}",
        object=told["name"],
        phrase=f"has {article(rel)} called {told['name']}",
        quote=span,
        confidence=0.85,
        category="family" if rel not in ("boss", "manager", "colleague", "friend") else "people",
    )


def _relation(text: str) -> str:
    """The one relation that a text names, without a name: "my wife's a vet"."""
    found = list(compiled(_NEW).finditer(text))
    if len(found) != 1 or len(compiled(_ANY).findall(text)) != 1 or _POSSESSED.search(text):
        return ""
    if compiled(_ANOTHER).search(text) or _NAME.search(text[found[0].end("rel") :][:20]):
        return ""
    return found[0]["rel"].lower()
