"""Words for relatives, friends and colleagues, and the usual name of each relation."""

import re
from collections.abc import Iterable

from memctl.core.subjects import ONE_RELATIVE
from memctl.extract.patterns.wordlist import words
from memctl.extract.vocabulary.given_names import is_name_of

CHILD = frozenset({"daughter", "son", "kid", "child", "baby", "boy", "girl", "toddler", "twin"})
FAMILY = frozenset(
    words(
        "wife husband spouse partner fiancé fiancée fiance fiancee girlfriend boyfriend sister brother "
        "mother mom mum father dad stepmother stepfather stepmum stepdad stepson stepdaughter stepbrother stepsister "
        "son daughter grandmother grandma grandfather grandpa grandson granddaughter child aunt uncle cousin nephew "
        "niece parents kids children grandparents grandkids in-laws sisters brothers sons daughters twins boys girls "
        "mother-in-law father-in-law brother-in-law sister-in-law roommate flatmates housemates"
    )
)
"""Relatives whose facts are kept even without a name."""
_SAME = ONE_RELATIVE | {
    "grandma": "grandmother",
    "grandpa": "grandfather",
    "nan": "grandmother",
    "nana": "grandmother",
    "gran": "grandmother",
    "granny": "grandmother",
    "granddad": "grandfather",
    "grandad": "grandfather",
    "other half": "partner",
    "eldest": "child",
    "youngest": "child",
    "oldest": "child",
    "twin": "child",
    "little one": "child",
    "wee one": "child",
    "newborn": "child",
    "best friend": "friend",
    "bestie": "friend",
    "best mate": "friend",
    "mate": "friend",
    "bro": "brother",
    "sis": "sister",
    "lad": "son",
    "lass": "daughter",
    "auntie": "aunt",
    "cofounder": "co-founder",
    "grandkid": "grandchild",
    "counselor": "counsellor",
    "adviser": "advisor",
    "personal trainer": "trainer",
    "line manager": "manager",
    "mum-in-law": "mother-in-law",
    "mom-in-law": "mother-in-law",
    "dad-in-law": "father-in-law",
    "buddy": "friend",
    "neighbour": "neighbor",
    "coworker": "colleague",
    "co-worker": "colleague",
    "flatmate": "roommate",
    "housemate": "roommate",
}
_NEVER_MEANS = {
    "he": frozenset(
        words(
            "wife fiancée girlfriend sister mother stepmother stepmum stepdaughter stepsister daughter grandmother "
            "granddaughter aunt niece mother-in-law sister-in-law daughter-in-law goddaughter godmother landlady girl"
        )
    ),
    "she": frozenset(
        words(
            "husband fiancé boyfriend brother father stepfather stepdad stepson stepbrother son grandfather grandson "
            "uncle nephew father-in-law brother-in-law son-in-law godson godfather boy"
        )
    ),
}
"""Relatives that a pronoun cannot stand for."""
SEVERAL = frozenset(
    words(
        "parents kids grandparents grandkids in-laws sisters brothers sons daughters twins boys girls flatmates "
        "housemates"
    )
)
GROUPS = {"folks": "parents", "inlaws": "in-laws", "children": "kids"}


def fits(pronoun: str, relation: str) -> bool:
    """False for "she" of a father and "he" of a wife. "Nana" is a grandmother, and a title of men in Ghana."""
    if relation.lower() == "nana":
        return True
    if pronoun != "they" and canonical(relation) in SEVERAL:
        return False  # "My parents say we might move, mum's new job, she's an interpreter"
    return canonical(relation) not in _NEVER_MEANS.get(pronoun, ())


def must_fit(pronoun: str, relation: str) -> bool:
    """True for "he" of a brother: of him and a person without a relation, he may be the one as well as the other."""
    opposite = {"he": "she", "she": "he"}.get(pronoun, "")
    return canonical(relation) in _NEVER_MEANS.get(opposite, ())


def suits(pronoun: str, person: tuple[str, str]) -> bool:
    """True if a pronoun may stand for a person, by the relation or else by the name: "she" is not Matthias."""
    name, relation = person
    if pronoun == "they" and name != relation and (must_fit("he", relation) or must_fit("she", relation)):
        return False  # "My husband Greg's parents, they're in Omaha"
    return fits(pronoun, relation) and (must_fit(pronoun, relation) or is_name_of(pronoun, name))


def the_only(relation: str, known: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    """The person of `known` (with the relation) meant by "my wife"; None for relations that several people may have."""
    name = canonical(relation)
    if name not in ONE_RELATIVE.values():
        return None
    people = {person for person in known if canonical(person[1]) == name and person[0] != person[1]}
    return people.pop() if len(people) == 1 else None


def spellings(relation: str) -> frozenset[str]:
    """The words for a relation: "mother" gives "mum", "mom", …"""
    name = canonical(relation)
    return frozenset({relation.lower(), name, *(word for word, same in _SAME.items() if same == name)})


def canonical(relation: str) -> str:
    """The usual name of a relation: "mum" gives "mother", "the eldest" "child"."""
    rel = relation.lower()
    rel = re.sub(r"^ex ", "ex-", re.sub(r" in law$", "-in-law", rel))
    return _SAME.get(rel, rel)


def same_person(one: tuple[str, str] | None, rel: str) -> bool:
    """True if `one` is a named person with the relation `rel`, whatever its spelling."""
    return (
        one is not None
        and one[0] != one[1]
        and (canonical(one[1]) == canonical(rel) or (canonical(rel) in CHILD and canonical(one[1]) in CHILD))
    )
