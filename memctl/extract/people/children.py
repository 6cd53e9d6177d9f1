"""Lists of the speaker's children with their ages: "the kids, Deniz 13, Melek 9", "Kids. Corey's 15, Jade is 12".

Brothers and sisters in a list with the speaker stand here too: "I'm one of four: Declan, Niamh, me and Orla".
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.people.name_patterns import NOT_NAMES, ONE_NAME, named
from memctl.extract.vocabulary.date_words import in_figures
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.kinship import canonical

AGE_IN_WORDS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    "eighteen|nineteen"
)
ANY_AGE_IN_WORDS = (
    r"(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
    rf"(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|{AGE_IN_WORDS})"
)
_AGE = rf"(?:\d{{1,2}}|{AGE_IN_WORDS})\b(?! ?(?:[ap]m\b|o'clock|:\d|%|\.\d|(?:weeks?|months?|days?|hours?|minutes?)\b))"
_GROUP = (
    r"(?P<rel>kid|boy|girl|son|daughter|grandkid|grandson|granddaughter|nephew|niece|child|grandchild|"
    r"(?:little|wee) one)(?:s|ren)"
)
LISTS = KeyedPattern(
    rf"(?:(?P<mine>\b(?:my|our|(?:i|we)(?:'ve| have)(?: got)?) )|(?P<bare>^\W*(?:(?:and|so|but|btw|oh|the),? )*)|"
    rf"(?:[,;(] ?|\band )(?:the )?)(?P<count>(?:two|three|four|five|[2-5]) )?(?:(?:own|lovely|little|wee) )*{_GROUP}"
    rf"(?P<link>(?:'|'s)?(?: names)?(?:,|:|;| -)?(?: (?:are|r))?(?: called| named)?) (?=(?:baby |little )?{ONE_NAME})",
    re.IGNORECASE,
)
_AMONG_US = late(
    r"\W*(?:(?:yes|so|well|it's|it is|there's|there are|that's|we're|we are|for|only|just|\d|two|three|four|five|six|"
    r"seven|people|persons|of us)\W+)*(?:me|myself|us|my \w+|i(?=,| and\b))\b"
    r"(?!.*\b(?:has|have|had|got|his|her|their|[a-z]+'s)\b)",
    re.IGNORECASE,
)
""" "Me, my husband and the kids, Deniz 13, Melek 9"."""
_MEMBER = late(
    rf"(?:(?:baby|little|wee|then|and|&|n|plus|the|our|my) )*(?P<name>{ONE_NAME})(?:,? \(?(?P<short>{ONE_NAME})\)?,?)?"
    r"(?P<told>'s|,? (?:who(?:'s|s| is| has)?|(?:and )?s?he(?:'s|s| is| has)|is|aged?)\b)?"
    rf"(?: (?:just|now|only|turned|already))*(?:,|:| -)? (?P<brackets>\((?:(?:aged?|is|(?:s?he|who)(?:'s|s| is)) )?)?"
    rf"(?P<age>{_AGE})(?: ?(?:years?(?: old)?|yrs?|y/?o)\b)?(?: (?:now|already))?\)?",
    re.IGNORECASE,
)
_NEXT = late(r"(?:[,;]|(?=\s(?:and|&|n|plus|then)\s))\s?(?:(?:and|&|n|plus|then)\s)?", re.IGNORECASE)
_LAST = late(rf"(?:(?:baby|little|wee|the) )*(?P<name>{ONE_NAME})(?=$|[.;!)])", re.IGNORECASE)
HEADING = KeyedPattern(
    rf"(?:^|[.!?\n]\s*)(?:(?:my|our|the|so|ok|and|now),? )*{_GROUP}\s*[.:]\s+(?={ONE_NAME}(?:'s| is) {_AGE})",
    re.IGNORECASE,
)
_UNDER_HEADING = late(rf"(?:^|[,;.] |\band )(?P<name>{ONE_NAME})(?:'s| is) (?P<age>{_AGE})", re.IGNORECASE)
ONE_OF_US = KeyedPattern(
    r"\b(?:i'm|im|i am) (?:the )?(?:one|number [a-z\d]+|eldest|oldest|youngest|second|third|fourth|fifth) "
    r"of (?:three|four|five|six|seven|eight|nine|ten|\d{1,2})(?: (?:kids|children|siblings))?(?:[:,]|\.(?= in order\b))"
    rf" (?:in order(?: of age)?[:,]? )?(?P<list>(?=[^.!?\n]*\b(?:me|myself)\b)(?:{ONE_NAME}|(?:me|myself),)[^.!?\n]*)",
    re.IGNORECASE,
)
""" "I'm one of five: Declan, Niamh, me and Orla"."""
_SIBLING = late(
    rf"(?:(?:then|and|the baby|little) )*(?P<name>{ONE_NAME})(?: (?:our|the) [a-z ]{{3,20}})?", re.IGNORECASE
)
_BETWEEN = late(r",(?: and| then| and then)? |,? (?:and|then|&|and then) ")
_SENTENCES = 2
"""Sentences below a heading that may tell of children."""


class Child(NamedTuple):
    """A member of a list: the name, a short form of it, and the age, or "" for either."""

    name: str
    short: str
    age: str


def children(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The drafts of the lists of the speaker's children in a sentence."""
    for match in LISTS.finditer(text):
        listed, told = _listed(text, match.end())
        if not listed or (len(listed) == 1 and not (match["mine"] and match["count"])):
            continue
        if match["mine"] or (match["bare"] is not None and _announces(match, listed, told)) or _is_among_us(match):
            for child in listed:
                yield from _child(child, canonical(_one(match["rel"])), span)


def under_heading(text: str) -> Iterator[Draft]:
    """The drafts of the children of "Kids. Corey's 15, plays bass. Jade is 12"."""
    for match in HEADING.finditer(text):
        after = re.split(r"(?<=[.!?\n])\s+", text[match.end() :])[:_SENTENCES]
        end = match.end() + len(" ".join(after))
        for child in _UNDER_HEADING.finditer(text[match.end() : end]):
            span = (match.end() + child.start("name"), match.end() + child.end())
            yield from _child(Child(child["name"], "", child["age"]), canonical(_one(match["rel"])), span)


def siblings(text: str) -> Iterator[Draft]:
    """The drafts of the speaker's brothers and sisters in a list: "one of five: Declan, Niamh, me and Orla"."""
    for match in ONE_OF_US.finditer(text):
        members = [one for one in _BETWEEN.split(match["list"]) if one.casefold() not in ("me", "myself")]
        found = [_SIBLING.fullmatch(one.strip()) for one in members]
        names = [one["name"] for one in found if one and one["name"] not in NOT_NAMES]
        if len(names) == len(members):
            for name in names:
                yield named(name, "sibling", match.span("list"))


def _one(rel: str) -> str:
    return {"boy": "son", "girl": "daughter", "kid": "child"}.get(rel.lower(), rel)


def _listed(text: str, at: int) -> tuple[list[Child], bool]:
    """The members of a list from `at` on, and whether a word such as "who's" says that a number is an age."""
    found, told = list[Child](), False
    while (member := _MEMBER.match(text, at)) and member["name"] not in NOT_NAMES:
        short = member["short"] or ""
        if short and short.casefold() not in member["name"].casefold():
            break
        found.append(Child(member["name"], short, in_figures(member["age"])))
        told = told or bool(member["told"] or member["brackets"])
        step = _NEXT.match(text, member.end())
        if step is None:
            return found, told
        at = step.end()
    last = _LAST.match(text, at) if found else None
    if last and last["name"] not in NOT_NAMES:
        found.append(Child(last["name"], "", ""))
    return found, told


def _announces(match: re.Match[str], listed: list[Child], told: bool) -> bool:
    """Whether "kids:" at the start of a sentence has a list of children below it, and no menu."""
    linked = match["count"] or match["link"].strip("' ")
    return bool(linked) and (told or any(is_given_name(child.name) for child in listed))


def _is_among_us(match: re.Match[str]) -> bool:
    return _AMONG_US.match(match.string[: match.start()]) is not None


def _child(child: Child, rel: str, span: tuple[int, int]) -> Iterator[Draft]:
    yield named(child.name, rel, span)
    if child.age:
        yield age_of(child.name, rel, child.age, span)
    if child.short:
        yield known_as(child.name, rel, child.short, span)


def age_of(name: str, rel: str, age: str, span: tuple[int, int]) -> Draft:
    """The draft of the age of a relative."""
    return Draft(
        subject=name,
        owner=rel,
        predicate="age",
        object=age,
        phrase=f"is {age} years old",
        quote=span,
        confidence=0.8,
        category="identity",
    )


def known_as(name: str, rel: str, short: str, span: tuple[int, int]) -> Draft:
    """The draft of the name by which a relative goes."""
    return Draft(
        subject=name,
        owner=rel,
        predicate="preferred_name",
        object=short,
        phrase=f"goes by {short}",
        quote=span,
        confidence=0.8,
        category="identity",
    )
