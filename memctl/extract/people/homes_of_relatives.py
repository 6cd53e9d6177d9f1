"""Homes beside relatives: "my sister Ilka in Leeds had a baby", "one son in Oslo, Sten"."""

import re
from collections.abc import Iterator, Mapping

from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.people.name_patterns import NOT_NAMES, ONE_NAME, REL, SIDE, named
from memctl.extract.people.strangers import may_be_a_person
from memctl.extract.rule_tables import lexicon
from memctl.extract.vocabulary.kinship import FAMILY, canonical, the_only

_TOWN = (
    rf"in (?P<o>(?-i:(?=[A-ZÀ-Þ]))(?:{lexicon('CITIES')}|{lexicon('TOWNS')}|{lexicon('REGION')}))"
    rf"(?:, (?P<later>{ONE_NAME})(?=$|[,.;!)]))?(?=$|[,.;!)]| (?!(?:last|this|next|today|yesterday|tomorrow|for|on|"
    r"when|while|at|with|till|until|right|i|we)\b)(?-i:[a-z]))"
)
_HOME = KeyedPattern(
    r"(?:(?:^\W*|[,;.] |\b(?:and|but) )(?:(?:and|but|so|yes|well|oh),? )*(?:my|our) |"
    r"\b(?:live|lives|living|stay|stays|staying|moved in|moving in) with (?:my|our) |"
    r"\b(?:i|we)(?:'ve| have)?(?: got)? (?:an?|one) )"
    rf"{SIDE}(?P<rel>{REL})(?: (?P<name>{ONE_NAME}))? {_TOWN}",
    re.IGNORECASE,
)
HOMES = KeyedGroup(_HOME)


def homes_of_relatives(text: str, span: tuple[int, int], known: Mapping[str, tuple[str, str]]) -> Iterator[Draft]:
    """The drafts of the homes of the speaker's relatives in a sentence, and of the names told after them."""
    for match in _HOME.finditer(text):
        relation, name = match["rel"].lower(), match["name"] or match["later"] or ""
        if name in NOT_NAMES or (name and not may_be_a_person(name)):
            continue
        if canonical(relation) not in FAMILY and not name:
            continue
        person = (name, relation) if name else the_only(relation, known.values()) or (relation, relation)
        if name and not match["name"]:
            yield named(name, relation, span)
        yield Draft(
            subject=person[0],
            owner=person[1],
            predicate="lives_in",
            object=match["o"],
            phrase=f"lives in {match['o']}",
            quote=span,
            confidence=0.8,
            category="home",
        )
