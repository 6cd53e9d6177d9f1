"""Clauses about a person who has not been introduced: "Gerry is a bus conductor in Malta"."""

import re
from collections.abc import Iterable
from functools import lru_cache

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.filters.object_types import is_opening
from memctl.extract.grammar.clauses import ADVERBS, Head
from memctl.extract.grammar.subject_endings import spelt_out
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.patterns.wordlist import Remembered, words
from memctl.extract.people.name_patterns import NOT_NAMES, ONE_NAME
from memctl.extract.people.named_subjects import GENITIVE
from memctl.extract.rule_tables import compiled, lexicon
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.kinship import SEVERAL
from memctl.extract.vocabulary.verbs import FORMS

_OWNED_BY = (
    rf"(?:(?:{ONE_NAME}|(?:my|our|me|ma) (?:{lexicon('RELATIONS')}))'s|his|her|their) (?:{lexicon('WHICH_RELATIVE')} )*"
    rf"{lexicon('RELATIVE')},? "
)
""" "Prakash's wife Meenakshi", "her son Ben": who somebody is to a person that is not the speaker."""
_STRANGER = late(
    rf"\W*(?:(?:and|but|so|also|btw|oh|update:) )*(?P<owned>{_OWNED_BY})?(?:(?-i:Little|Wee|Poor|Old|Young|Baby) "
    rf"(?={ONE_NAME}))?(?P<name>(?:(?-i:Mrs?|Ms|Dr|Prof|Auntie?|Uncle|Father|Sister|Tante|Tía|Tío|Tita|Tito|Ate|Kuya|"
    rf"Lola|Lolo|Nan|Nana|Nanay|Tatay)\.? )?{ONE_NAME}(?: {ONE_NAME})?)(?P<gen>'s)?(?=\s|,)",
    re.IGNORECASE,
)


_HEARSAY = KeyedPattern(
    r"\b(?:apparently|supposedly|allegedly|rumou?r\w*|they say|chapter|novel|character|series|episode)\b", re.IGNORECASE
)


_LAB_VALUES = frozenset(
    words("ferritin cholesterol hba1c a1c bmi tsh ldl hdl bp bloods platelets haemoglobin hemoglobin")
)


_NOBODY = frozenset(
    words(
        "war peace life love marriage divorce death grief retirement work money time age army navy police church state "
        "god silence bread rain snow winter summer spring autumn nature fate karma home sleep hunger pain faith hope "
        "luck naitwa management parliament government brexit covid office shop school company team firm studio clinic "
        "hospital choir club class band headquarters"
    )
)
""" "War is a long time", "Army retired"."""


_COMPOUND = late(
    r"[\w'-]+-(?:free|based|only|friendly|wise|style|related|like|proof|level|time|in|up|off|out|on|ready|safe|rich|"
    r"heavy)",
    re.IGNORECASE,
)
""" "Dairy-free is a must": an adjective at the start of a sentence."""


@lru_cache(maxsize=1024)
def may_be_a_person(name: str) -> bool:
    """False for a capitalised word that is not a name: a verb, a relation, a city, a tool."""
    spoken = name.split()
    first = spoken[0].casefold()
    return not (
        name.isupper()
        or any(map(str.isdigit, name))
        or _COMPOUND.fullmatch(spoken[-1])
        or first in _LAB_VALUES
        or first in _NOBODY
        or first in FORMS
        or first in ADVERBS
        or spoken[0] in NOT_NAMES
        or spoken[-1] in NOT_NAMES
        or name.removesuffix("s") in NOT_NAMES
        or is_opening(spoken[0])
        or compiled(
            "(?:{NATIONALITY}|{CITIES}|{TOOLS}|{PROGRAMMING}|{PLATFORMS}|{LANGUAGES}|(?:{RELATIONS})|(?:{PET})|"
            "{EVENT})s?"
        ).fullmatch(name)
    )


_BEFORE_NAMES = frozenset(
    words(
        "and but so also btw oh my our me ma his her their little wee poor old young baby mr mrs ms dr prof auntie "
        "aunti uncle father sister tante tía tío tita tito ate kuya lola lolo nan nana nanay tatay"
    )
)
"""Words that may stand before the name with which a clause opens."""


def _opens_with_no_name(word: str) -> bool:
    """True for the first word of a clause if it is neither a name nor before one."""
    if not word.isalpha() or word.casefold() in _BEFORE_NAMES:
        return False
    folded = word.casefold()
    return not word[0].isupper() or folded in FORMS or folded in ADVERBS or word in NOT_NAMES or is_opening(word)


_no_names = Remembered(_opens_with_no_name)


def stranger(text: str) -> tuple[str, str] | None:
    """ "Gerry is a plumber": a name that has not been introduced, and the clause after the name."""
    if _no_names[text.partition(" ")[0]]:
        return None
    match = _STRANGER.match(text)
    if match is None or (match.string[match.end() : match.end() + 1] == "," and not match["owned"]):
        return None
    if not may_be_a_person(match["name"]) or _HEARSAY.search(text):
        return None
    after = text[match.end() :]
    if match["owned"]:
        after = after.removeprefix(",")
    if match["gen"]:
        return (match["name"], spelt_out(after)) if GENITIVE.match(after) else None
    return match["name"], after


def is_predicate(after: str) -> bool:
    """True if the words after a name begin with its verb: "sold the Corolla"."""
    first = after.split(None, 1)[0].casefold() if after.strip() else ""
    return first in ("is", "was") or FORMS.get(first, ("", ""))[1] in ("past", "s")


def tells_of_a_name(clause: str) -> bool:
    """Whether a clause says what somebody with a first name did, and nothing of the speaker: "Rhys came off it"."""
    named = stranger(clause)
    return named is not None and is_predicate(named[1]) and is_given_name(named[0]) and not _OF_SPEAKER.search(named[1])


_OF_SPEAKER = late(r"\b(?:i|me|my|mine|we|us|our)\b", re.IGNORECASE)
STRANGERS_THRESHOLD = 0.7
"""Drafts about a name without a relation need more confidence than this: "Sharla's in Wahoo" may be a shop."""
OF_STRANGERS = frozenset(
    words(
        "job_title lives_in works_at age has_condition allergic_to intolerant_to diet studies studied_at hometown "
        "nationality relationship_status birthday takes_medication plans event speaks avoids has_pet learning trait"
    )
)
"""Predicates that make a capitalised word a person: of "Quarkus" nobody says that it lives in Cork."""

_OF_PEOPLE = frozenset({"likes", "dislikes", "prefers", "hobby", "habit", "owns"})
"""What is said of "Huw", which is a first name; "Quarkus" may like a file too."""
_AGED = late(
    r"[^,.;!?]*?(?:\bis|'s) (?:(?:only|just|now|nearly|already) )*(?:[a-z]+\b|\d{1,3}(?: years?\b| yrs?\b| ?y/?o\b|"
    r"(?: now| already)?(?:,| and| but)(?! (?:the|our|this|[\w-]+ is) )))",
    re.IGNORECASE,
)
_OF_THINGS = KeyedPattern(
    r"\b(?:apps?|versions?|releases?|frameworks?|librar(?:y|ies)|servers?|services?|sites?|websites?|code|repos?|"
    r"builds?|software|tools?|stack|databases?|api|plugins?|upgrad\w+|migrat\w+|deploy\w*)\b",
    re.IGNORECASE,
)


def of_person(drafts: list[Draft], person: tuple[str, str], verb_head: Head, text: str) -> list[Draft]:
    """The `drafts` about a `person`, by name and relation, without those that such a person cannot have.

    `text` is the turn from the clause on.
    """
    subject, relation = person
    for draft in drafts:
        draft.subject = subject
    if subject == relation:
        drafts = [draft for draft in drafts if draft.predicate != "name"]
    if relation in SEVERAL:
        drafts = [draft for draft in drafts if draft.predicate != "age"]
    if not relation:
        drafts = of_strangers(drafts, subject, verb_head, text)
    for draft in drafts:
        draft.owner = relation or None
    return drafts


def of_strangers(drafts: Iterable[Draft], name: str, head: Head, said: str) -> list[Draft]:
    """The drafts of a clause about a name without a relation that make the name a person.

    `said` is the turn from the clause on: "turned 9", "is nine", "is 9 years old" and "is 9 and plays chess" tell the
    age of a person; the 3 of "Quarkus is 3" is a version.
    """
    aged = (
        head.pronoun in ("he", "she")
        or head.lemma == "turn"
        or is_given_name(name)
        or (_AGED.match(said) and not _OF_THINGS.search(said))
    )
    return [
        draft
        for draft in drafts
        if (draft.predicate in OF_STRANGERS or (draft.predicate in _OF_PEOPLE and is_given_name(name)))
        and draft.confidence > STRANGERS_THRESHOLD
        and (draft.predicate != "age" or aged)
    ]
