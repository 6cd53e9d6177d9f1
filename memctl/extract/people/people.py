"""Named relatives, friends and pets, and clauses about them."""

import re
from collections.abc import Iterable, Iterator

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.filters.object_types import is_opening
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.wordlist import spoken_words, vocabulary
from memctl.extract.people import children, pet_names
from memctl.extract.people.apposed import apposed, may_last
from memctl.extract.people.name_patterns import (
    AGE,
    NAMES,
    NOT_NAMES,
    NUMBER,
    ONE_NAME,
    REL,
    SHORT_NAME,
    SIDE,
    TITLED,
    TOLD_AGE,
    WHOSE,
    named,
    split_names,
)
from memctl.extract.rule_tables import compiled, lexicon
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.kinship import canonical
from memctl.extract.vocabulary.verbs import FORMS

_RELATION = KeyedPattern(
    (
        rf"\b{WHOSE} {SIDE}(?P<rel>{REL})(?P<several>s?)(?P<link>(?:'s)?(?:(?:,)? (?:(?:is|are|was) (?:now )?|now is "
        r")?(?:an? (?:fella|fellow|guy|woman|lady|man|lass|lad|girl|bloke|chap|person) )?(?:called|calld|named|cried)|"
        rf",|:|'s name is|'s name's|,? name of| name is| now is| is now| is| was|'s)?) (?P<name>{NAMES}){TOLD_AGE}"
    ),
    re.IGNORECASE,
)
_BARE_RELATION = KeyedPattern(
    r"(?:^|[,;:(–—]\s*|\s-\s|\b(?:and|so|but) )(?:(?:new|current|old|second|main|lead) )?(?P<rel>best man|maid of "
    r"honou?r|wife|husband|boss|manager|line manager|supervisor|girlfriend|boyfriend|gf|bf|partner|fiancée?|landlord|"
    r"landlady|physio|therapist|doctor|dentist|vet|daughter|son|sister|brother|best mate|best friend|flatmate|"
    r"roommate|midwife|coach|trainer|tutor|mum|mom|dad|nan|gran|grandma|grandad|mother|father|accountant|lodger|"
    r"colleague|gp|solicitor|hubby|missus|cousin|niece|nephew|grandson|granddaughter)\b(?P<link>'s name is|'s called|"
    rf"'s| is called| is|, called|, named|:|,| \()?(?:(?<=\()| )(?P<name>{TITLED}|{ONE_NAME})(?:(?P<age>,? \(?"
    r"\d{1,2}\b(?! ?(?:[ap]m|%|o'clock|:|/|"
    r"(?:weeks|months|days|hours|minutes|years? (?:ago|in|older|younger)|times|kids|of|mg|km|"
    r"units?|words?|pages?)\b)))|(?! (?:and|says|said|thinks|told)\b))(?=$|[\s,.;!)'])",
    re.IGNORECASE,
)
""" "Supervisor is Prof. Adeyemi", "wife's called Bettina"."""
_THE_RELATION = KeyedPattern(
    r"(?:^|[.!?;:—–,] )the (?:(?:other|older|younger|young|wee|little|new|eldest|youngest) )*(?P<rel>nephew|niece|"
    r"cousin|lad|lass|brother|sister|son|daughter|girlfriend|boyfriend|landlord|landlady|boss|flatmate|housemate|"
    rf"roommate|grandson|granddaughter|uncle|auntie?)(?P<link>,|'s called| is called|'s name is) (?P<name>{TITLED}|"
    rf"{ONE_NAME}(?: {ONE_NAME})?)(?P<age>(?!))?(?=$|[,.!;)])",
    re.IGNORECASE,
)
""" "The nephew, Fintan": the speaker's own, unless a sentence before names somebody else's."""
_REL_NAMED = KeyedPattern(
    (
        r"\b(?<!\b[Ii]n )(?<!\b[Aa]t )(?<!\b[Oo]n )(?<!\b[Bb]y )(?<!\b[Nn]ear )(?<!\b[Nn]ot )(?<!^From )(?:(?<!\bof "
        rf")(?P<name>{ONE_NAME})(?:, (?:by the way|btw|incidentally|of course),)?(?:, (?:is |that'?s |who'?s )?| is "
        r"|'s | \((?:she's |he's |that's )?))(?:my|our|me) "
        rf"{SIDE}(?P<rel>{REL})(?=\W*$|[,.;:!?)(–—]| (?:but|who|in|at|from|on|of|with|for|since|so|too|now|is|has|by|"
        r"btw|lol|not|then|as|because)\b| -)(?P<age>(?!))?"
    ),
    re.IGNORECASE,
)
_SIBLINGS = KeyedPattern(
    (
        r"(?:\b(?:i've|i have|i've got|i got|we have|we've|we've got)|^(?:got|have)|, got(?= an? (?:lil|little|wee|"
        rf"baby) )) (?:got )?(?:an? |\d |one |two |three |four )?{SIDE}(?P<rel>sister|brother|son|daughter|kid|child|"
        r"newborn|cousin|nephew|niece|twin|aunt|auntie|uncle|boyfriend|girlfriend|partner|friend|neighbou?r|stepson|"
        r"stepdaughter|stepbrother|stepsister|grandson|granddaughter|godson|goddaughter|housemate|flatmate|roommate|"
        r"(?:boy|girl)(?=s)|(?<=lil )(?:girl|boy)|(?<=little )(?:girl|boy)|(?<=wee )(?:girl|boy))(?:s|ren)?(?:,| -| –|"
        rf":| called| named) (?:called |named )?(?P<name>{NAMES}){TOLD_AGE}"
    ),
    re.IGNORECASE,
)
_FURTHER = late(
    rf"(?:,|\band|\bplus|&) (?:an?|one|another|two|three) {SIDE}(?P<rel>{REL})(?:s|ren)?(?:,| called| named) "
    rf"(?:called |named )?(?P<name>{NAMES}){TOLD_AGE}",
    re.IGNORECASE,
)
""" "I have a sister called Ann and a brother called Bob": the second."""
_BESIDE = late(
    rf",? (?:and|&) (?:our |my )?{SIDE}(?P<rel>{REL}),? (?P<name>{ONE_NAME}(?: {ONE_NAME})?){TOLD_AGE}", re.IGNORECASE
)
""" "My uncle Fergal and aunt Deirdre": the second."""
_OUR_TWO = KeyedPattern(
    rf"\b(?:our|my) (?P<rel>two|three|four)(?:,|:| -| –| \() ?(?P<name>{ONE_NAME}{AGE}?(?:, {ONE_NAME}{AGE}?)*(?:,? "
    rf"and |,? & ){ONE_NAME}{AGE}?)(?P<age>(?!))?",
    re.IGNORECASE,
)
""" "Our two, Isla and Rory": children."""
_SHORT = late(SHORT_NAME, re.IGNORECASE)
_YEARS = late(r"[\w-] ?(?:years?|yrs?)\b(?! old)", re.IGNORECASE)
_AGES = late(
    r",? ?\(?(?P<o>\d{1,2}(?:, \d{1,2})*,? (?:and|&) \d{1,2})\b"
    r"(?! ?(?:[ap]m|o'clock|weeks|months|days|hours|minutes)\b)"
)
_REPORTS_TO = KeyedPattern(
    rf"\b(?:i|we) (?:now |currently )?report to (?P<name>{ONE_NAME}(?: {ONE_NAME})?)(?P<age>(?!))?", re.IGNORECASE
)
_ENDED = KeyedPattern(
    (
        r"\b(?:passed(?: away| on)?|died|put .{2,30} (?:down|to sleep)|split(?: up)?|broke up|separated|divorc\w+|"
        r"lost (?:our|my|the)|late (?:wife|husband)|widow(?:er|ed)?|funeral|grave|if i could|had i)\b"
    ),
    re.IGNORECASE,
)
_SPOUSE = KeyedPattern(
    (
        r"(?<!\bif )\b(?:my|our) (?!ex|late|future|friend's|boss's|sister's|brother's)(?:lovely |dear |beautiful |"
        r"wonderful |own )?(?P<rel>wife|husband)\b(?!'s ex|-to-be| to be\b|'d have\b| (?:would(?:'ve| "
        r"have)|used to|loved|adored|always [a-z]+(?:ed|id))\b)"
    ),
    re.IGNORECASE,
)


_NAMING = KeyedGroup(_RELATION, _BARE_RELATION, _THE_RELATION, _SIBLINGS, _REL_NAMED, _REPORTS_TO, _OUR_TWO)
RELATIVES = KeyedGroup(*_NAMING.patterns, children.LISTS, pet_names.PET_NAMED, _SPOUSE)
"""What a sentence has that introduces somebody."""
_PET_WORDS = vocabulary(lexicon("PET"))
_SOMEBODY = vocabulary(REL) | _PET_WORDS | vocabulary("report|got|have|ve|our")


def relations(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """Named relatives, friends and pets, and a spouse without a name."""
    spoken = spoken_words(text)
    if _SOMEBODY.isdisjoint(spoken):
        return
    for pattern in _NAMING.patterns if _NAMING.possible(text) else ():
        for match in pattern.finditer(text):
            yield from _named(match, span)
            if pattern is _RELATION and (beside := _BESIDE.match(text, match.end("name"))):
                yield from _named(beside, span)
            for further in _FURTHER.finditer(text, match.end("name")) if pattern is _SIBLINGS else ():
                yield from _named(further, span)
    yield from children.children(text, span)
    ended = _ENDED.search(text) is not None
    if not ended and not _PET_WORDS.isdisjoint(spoken):
        yield from pet_names.pets(text, span)
    if not ended and _SPOUSE.search(text):
        yield Draft(
            predicate="relationship_status",
            object="married",
            phrase="is married",
            quote=span,
            confidence=0.75,
            category="family",
        )


_OWNED = late(r"(?:'s)?,?(?: (?:is|are|was) (?:called|named))?", re.IGNORECASE)
_OF_A_PERSON = late(
    r",? (?:and |\()?(?:he|she)(?:(?:'s| is) (?:(?:only|just|nearly|now) )*(?:\d|an?\b|from\b|in\b|the\b|my\b|our\b)|"
    r" (?:lives|works)\b)",
    re.IGNORECASE,
)


_NAME_ENDS = late(r"$|[.;!]|, (?!(?:an?|the) )")
""" "My dad's Joe, drives a bus": his name."""


def _is_owner(match: re.Match[str]) -> bool:
    """True if the relative may own what is named: "my dad's Toyota", "my neighbour's is called Tofu".

    "My dad's Bob, he's 60" is about a person.
    """
    groups = match.groupdict()
    link = groups.get("link") or ""
    if groups.get("several") and not link and not re.search(r",| and | & ", match["name"]):
        return True  # "my mums Fiat"
    if not link.startswith("'s") or not _OWNED.fullmatch(link):
        return False
    return link != "'s" or not (
        _OF_A_PERSON.match(match.string, match.end("name"))
        or (is_given_name(match["name"]) and _NAME_ENDS.match(match.string, match.end("name")))
    )


_OF_ANOTHER = late(r"(?:\b(?:he|she|they)|(?<!\w)(?!I\b|We\b)[A-ZÀ-Þ][\w-]+) (?:has|have|had|got|with)(?: got)? $")
""" "Ruth has the twins, Isla and Rory"."""
_ANCESTORS = frozenset({"father", "mother", "grandfather", "grandmother"})
""" "My father was Arthur Penrose" stays true; "my boss was Arthur" does not."""
_PLACED_AFTER = late(r"^\W*[A-ZÀ-Þ][\w-]+ (?:[a-z]+ ){1,4}(?:from|to) $")
""" "Neil rang from Adelaide, that's my son": not the place."""


def _is_place(match: re.Match[str]) -> bool:
    """True for a place before a relation: "Neil rang from Adelaide, that's my son"."""
    return match.re is _REL_NAMED.compiled() and _PLACED_AFTER.search(match.string[: match.start()]) is not None


_NOT_SO = late(r"\b(?:almost|nearly|would have|(?:wanted|going) to (?:name|call)) (?:\w+ )?$", re.IGNORECASE)
""" "We almost named our baby Milana"."""


def _names_nobody(match: re.Match[str], spoken: str) -> bool:
    """True if the word for a relation does not say who the named person is.

    "My dad's Toyota" is a thing, "Sister Wangari" a nun, "DAD PASSED" in capitals, and in "us three, mum and dad,
    Bilal" Bilal is another person.
    """
    before, link = match.string[: match.start()], match.groupdict().get("link")
    if _NOT_SO.search(before) or (match[0][:4].lower() == "the " and _OF_ANOTHER.search(before)):
        return True
    if match["name"].isupper() and (match["name"].lower() in FORMS or link == ":"):
        return True  # "My dad LOST the envelope", "Physio: ITB"
    if link == "," and match.string.startswith("'s ", match.end("name")):
        return True  # "My sister in law, Bas's sister Anouk"
    was = match.groupdict().get("link") == " was"
    if was and not (canonical(spoken) in _ANCESTORS and is_given_name(match["name"].split()[0])):
        return True
    if _is_owner(match) or (spoken.isupper() and len(spoken) > 2):
        return True
    if spoken.lower() in ("boy", "girl"):
        return not (
            match.re.pattern in (_SIBLINGS.compiled().pattern, _FURTHER.pattern)
            or match[0].lower().startswith(("my ", "our ", "the "))
        )
    if match.re is not _BARE_RELATION.compiled():
        return False
    if not match["link"]:
        return spoken in ("Sister", "Brother", "Father", "Mother")
    if match["link"] == "," and not is_given_name(match["name"].split()[0]) and " " not in match["name"]:
        return not match["age"]  # "Midwife, Aarhus"
    return match["link"] == "," and bool(re.search(r"(?:,|\band) $", match.string[: match.start("rel")]))


_FIRST_NAME = late(r"(?<![\w'-])([A-ZÀ-Þ][\w-]+) $")
""" "Tom Baker, my cousin": the word before "Baker"."""
_PLURAL = late(r"(?:s|ren)\b", re.IGNORECASE)


def _names(match: re.Match[str]) -> list[tuple[str, str | None]]:
    """The names of a match, each with the age after it: one if the word for the relation is of one person.

    A first name before "Baker, my cousin" belongs to it.
    """
    if re.match(r"(?:Dr|Prof|Mr|Mrs|Ms|Smt)\b", match["name"]):
        return [(match["name"], None)]
    if "rel" not in match.groupdict():
        return [(match["name"], None)]
    names = list(split_names(match["name"]))
    first = _FIRST_NAME.search(match.string[: match.start("name")]) if match.re is _REL_NAMED.compiled() else None
    if first and names and is_given_name(first[1]):
        return [(f"{first[1]} {names[0][0]}", None)]
    several = match.re is _OUR_TWO.compiled() or _PLURAL.match(match.string, match.end("rel"))
    return names if several else names[:1]  # "My brother Kwasi and Efua are here": she may be his wife


def _is_a_name(name: str) -> bool:
    """False for "That" of "that's my son", for a nationality, and for a small word in capitals."""
    small = name.isupper() and name.capitalize() in NOT_NAMES
    return not (small or is_opening(name) or compiled("{NATIONALITY}").fullmatch(name))


def _named(match: re.Match[str], span: tuple[int, int]) -> Iterator[Draft]:
    """The drafts of named people, and of the ages after their names: "the twins Isla and Rory (4)"."""
    spoken = match.groupdict().get("rel") or "manager"
    spoken = "child" if match.re is _OUR_TWO.compiled() else spoken
    if _names_nobody(match, spoken) or _is_place(match):
        return
    rel = canonical(spoken)
    names = [(name, age) for name, age in _names(match) if _is_a_name(name)]
    if not names:
        return
    last = NUMBER.search(match["age"] or "")
    ages = [age or (last[0] if last else None) for _, age in names]
    if spoken.lower() == "twin" or re.search(r"\btwins\b", match[0], re.IGNORECASE):
        ages = [next((age for age in ages if age), None)] * len(names)
    elif last and len(names) > 1:
        ages = [age for _, age in names]
    together = _AGES.match(match.string, match.end("name")) if len(names) > 1 else None
    if together and len(told := NUMBER.findall(together["o"])) == len(names):
        ages = told
    for (name, _), age in zip(names, ages, strict=True):
        yield named(name, rel, span)
        if (
            age
            and rel not in ("boss", "manager")
            and not (may_last(rel) and _YEARS.search(match.string, match.start()))
        ):
            yield children.age_of(name, rel, age, span)
        if short := _SHORT.match(match.string, match.end("name")):
            yield children.known_as(name, rel, short["called"] or short["short"], span)
    if len(names) == 1 and match.groupdict().get("link") != " was":
        at = match.end() if match.re is _REL_NAMED.compiled() else match.end("name")
        after = apposed(names[0][0], rel, match.string, at, span)
        yield from (draft for draft in after if draft.predicate != "age" or not ages[0])


def owns_subject(text: str, name: str) -> bool:
    """True for "my sister Yolanda's backyard", after which "she" is not Yolanda for certain."""
    after = text.partition(name)[2]
    return after.startswith("'s ") and not _OF_A_SUBJECT.match(after)


_OF_A_SUBJECT = late(
    r"'s (?:[a-z]+ing|[a-z]+ed|\d+|an?|the|in|at|on|from|not|never|just|now|still|also|only|got|been|my|our|gone|so|"
    r"too|very|all|always|really|quite|as|like|up|out|off|away|back|home|here|there|one|going|great|fine|ok)\b"
)


def introduced(drafts: Iterable[Draft]) -> dict[str, tuple[str, str]]:
    """The people that `drafts` name, by name and by short name in lower case, with their relation."""
    known = list(drafts)
    return {
        draft.object.casefold(): (draft.object, draft.predicate.removeprefix("has_").replace("_", "-"))
        for draft in known
        if draft.op == "assert"
        and draft.object
        and " " not in draft.object
        and draft.predicate.startswith("has_")
        and draft.predicate not in ("has_pet", "has_condition")
    } | {
        draft.object.casefold(): (draft.subject, draft.owner)
        for draft in known
        if draft.predicate == "preferred_name" and draft.object and draft.subject and draft.owner
    }
