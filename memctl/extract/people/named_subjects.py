"""The person that a clause is about, told by its subject: "my sister Emma lives …", "Mum's a nurse"."""

import re
from collections.abc import Mapping
from itertools import pairwise

from memctl.core.late_pattern import late
from memctl.extract.filters.object_types import is_opening
from memctl.extract.grammar.subject_endings import spelt_out, without_pronoun
from memctl.extract.patterns.keyed_pattern import KeyedGroup, OpeningPattern
from memctl.extract.patterns.wordlist import words
from memctl.extract.people.name_patterns import NOT_NAMES, ONE_NAME, REL, SIDE, WHOSE
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.kinship import GROUPS

_WITH_COLLEAGUE = late(r" (?:in|at|from) (?:the|my|our|a)\b", re.IGNORECASE)
""" "My partner at the firm" is one in business."""
_AGE_IN_WORDS = (
    r"(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
    r"(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|"
    r"six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen)"
)
GENITIVE = late(
    r" (?:(?:(?:just|also|now|still|back|always|really|very|so|already|currently|recently|not|a bit|got|been|had) "
    r")*(?:an? |allergic|vegan|vegetarian|veggie|from|married|divorced|widowed|single|engaged|called|the |\d|in [A-Z]|"
    r"(?:up|out|down|over|away|back|still) (?:in|at|on) |"
    r"pregnant|retired|diabetic|coeliac|celiac|asthmatic|autistic|deaf|blind|gluten|lactose|(?:left|right)-handed|at |"
    r"on |off |into |(?:turn|study|mov|com|liv|work|do|go|learn|gett|train|retir|expect|hav|tak|start|stay|recover|"
    r"wait)ing\b|moved|started|arthritis|dementia|diabetes|asthma|cancer|[a-z]+itis\b))"
)
_AGED = late(rf" (?:only |just |nearly )?{_AGE_IN_WORDS}(?=$|[,.;!)]| (?:and|but|now|years old)\b)", re.IGNORECASE)
""" "Cody's eighteen", if Cody is known as a person. "My sister's two" are her children, so one to five are left out."""
FOND_NAMES = "mum|mam|mom|mummy|mommy|dad|daddy|nan|nana|gran|granny|grandma|grandad|granddad|grandpa|hubby|wifey"
_BARE = rf"(?:{FOND_NAMES}|mother|father|grandmother|grandfather)"
""" "Mum lives in Cork": relatives that need no "my"."""
_OWNING = "mums|moms|mams|dads|nans|grans|grandads|grandmas"
""" "Mums a nurse": "is", without its apostrophe."""
_GROUP = (
    r"(?:(?:(?:my|our) )?(?:mum|mom|mam) and dad|(?:my|our) (?:mum|mom) and (?:step)?dad|(?:my|our|the) (?:two |"
    r"three |four |older |younger |big |little )*(?:parents|folks|kids|children|grandparents|grandkids|in-?laws|"
    r"sisters|brothers|sons|daughters|twins|boys|girls|flatmates|housemates))"
)

_BEFORE_SUBJECT = r"\W*(?:(?:and|but|so|also|btw|oh|update:) )*"
SUBJECT_WORDS = frozenset(f"{FOND_NAMES}|mother|father|grandmother|grandfather|{_OWNING}".split("|")) | frozenset(
    words(
        "my our missus wife husband half law laws inlaws boyfriend girlfriend gf bf eldest youngest oldest twins boys "
        "girls kids lads children parents folks grandparents grandkids sisters brothers sons daughters flatmates "
        "housemates da mate bro sis sister brother cousin uncle aunt auntie son daughter nephew niece fella lad pal"
    )
)
"""A subject that the next patterns match has one of these words."""
_OF_SEVERAL = OpeningPattern(rf"{_BEFORE_SUBJECT}(?P<rel>{_GROUP})\b(?!')", re.IGNORECASE)
_OF_ONE = OpeningPattern(
    rf"{_BEFORE_SUBJECT}(?:{WHOSE} {SIDE}(?P<rel>{REL})|(?P<bare>{_BARE}))(?P<gen>'s)?\b|"
    rf"{_BEFORE_SUBJECT}(?P<owning>{_OWNING})\b(?!')",
    re.IGNORECASE,
)
_OF_RELATIVES = KeyedGroup(_OF_SEVERAL, _OF_ONE)
_OPENERS = frozenset(words("and but so also btw oh"))


def _tells(after: str) -> bool:
    """Whether the words after "Ana's" are said of Ana: "a nurse", "eighteen"; not "nurse" or "eighteen friends"."""
    return GENITIVE.match(after) is not None or _AGED.match(after) is not None


def named_subject(text: str, known: Mapping[str, tuple[str, str]]) -> tuple[str, str, str] | None:
    """ "my sister Emma lives …" at the start of a clause: subject, relation, and the clause after the subject.

    `known` are the people named before, by their name in lower case: "Emma lives …".
    """
    if not _OF_RELATIVES.possible(text):
        return _known_subject(text, known) if known else None
    group = _OF_SEVERAL.match(text)
    if group:
        several = "parents" if " and " in group["rel"] else group["rel"].split()[-1].lower()
        several = GROUPS.get(several, several)
        return several, several, text[group.end() :]
    match = _OF_ONE.match(text)
    if match is None:
        return _known_subject(text, known) if known else None
    rel, at = (match["rel"] or match["bare"] or match["owning"][:-1]).lower(), match.end()
    if match["bare"] and not text[at:].strip(" ,.!?"):
        return None  # "Yes mum" speaks to her, not of her.
    if rel == "partner" and _WITH_COLLEAGUE.match(text[at:]):
        return None
    if match["gen"] or match["owning"]:
        return (rel, rel, spelt_out(text[at:])) if _tells(text[at:]) else None
    name = re.match(rf",? (?:(?:called|named) )?(?P<name>{ONE_NAME}(?: {ONE_NAME})?),?(?P<gen>'s)?", text[at:])
    if name and name["name"] not in NOT_NAMES and not is_opening(name["name"].split()[0]):
        after = text[at + name.end() :]
        if not name["gen"]:
            return name["name"], rel, without_pronoun(after)
        return (name["name"], rel, spelt_out(after)) if _tells(after) else None
    return rel, rel, without_pronoun(text[at:])


_KNOWN = late(
    r"\W*(?:(?:and|but|so|also|btw|oh|update:) )*(?P<name>[\w\-]+)(?: \([^()]{2,40}\))?(?P<gen>'s)?(?=\s)",
    re.IGNORECASE,
)


def _known_subject(text: str, known: Mapping[str, tuple[str, str]]) -> tuple[str, str, str] | None:
    first = text.partition(" ")[0]
    word = first.casefold()
    if first.isalnum() and word not in _OPENERS and word not in known and word.removesuffix("s") not in known:
        return None
    match = _KNOWN.match(text)
    word = match["name"].casefold() if match else ""
    person = known.get(word) or known.get(word.removesuffix("s"))
    if match is None or person is None:
        return None
    after = text[match.end() :]
    if match["gen"] or word not in known:
        return (*person, spelt_out(after)) if _tells(after) else None
    return *person, after


_NEXT = late(
    r"(?P<name>[A-ZÀ-Þ](?:(?<=[,;] .)|(?<=\band .)|(?<=\bbut .))[\w-]+)(?:(?P<gen>'s)|"
    r" +(?:(?:also|just|still|now|already) )?(?:is|was|has|lives|works|moved|turned|got)\b)"
)
_DEPENDENT = late(
    r"\b(?:if|whether|unless|says?|said|think|thinks|thought|hopes?|wish|told|heard|claims|imagine|when|once|until|"
    r"before|after|not|where|like)\b",
    re.IGNORECASE,
)
_VERB = late(r"(?:'s|'re| is| are| was| has| have| lives?| works?| got| went| [a-z]+ed)\b", re.IGNORECASE)
""" "Me and Callum got engaged" has one subject."""


def by_subject(text: str, known: Mapping[str, tuple[str, str]]) -> list[tuple[int, str]]:
    """The parts of a sentence that tell of one named person after another, each with its offset: "Hector's in El Paso,
    Ray works in Austin"."""
    cuts = [0]
    for match in () if text[1:].islower() else _NEXT.finditer(text):
        told = GENITIVE.match(text, match.end("gen")) if match["gen"] else _VERB.search(text, cuts[-1], match.start())
        known_name = match["name"].casefold() in known or is_given_name(match["name"])
        if told and known_name and not _DEPENDENT.search(text):
            cuts.append(match.start())
    return [(at, text[at:end]) for at, end in pairwise([*cuts, len(text)])]
