"""Ages beside names, of people without a relation and of animals: "an apprentice, Goran, 19", "boys, Sten 8, Kai 5"."""

import re
from collections.abc import Iterator, Mapping

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.word_masks import DIGIT
from memctl.extract.patterns.wordlist import words
from memctl.extract.people.apposed import apposed
from memctl.extract.people.children import ANY_AGE_IN_WORDS, age_of
from memctl.extract.people.name_patterns import NOT_NAMES, ONE_NAME
from memctl.extract.people.strangers import may_be_a_person
from memctl.extract.rule_tables import compiled
from memctl.extract.vocabulary.date_words import in_figures
from memctl.extract.vocabulary.given_names import is_given_name

_NUMBER = rf"(?:\d{{1,2}}|{ANY_AGE_IN_WORDS})"
_AGED = KeyedPattern(
    rf"(?P<lead>(?:^|[,.;:(–—-] ?|\b[a-z]+ ))(?:(?-i:Old|Little|Wee|Young|Baby|Poor) )?"
    rf"(?P<name>{ONE_NAME}(?: {ONE_NAME})?),(?P<item> [a-z' -]{{2,30}},)? "
    rf"(?P<who>he's |she's )?(?:aged |now )?(?P<age>{_NUMBER})(?P<years> (?:years?|yrs?)(?! old))?"
    r"(?: (?:years?|yrs?) old| ?y/?o)?(?: now| already)?(?=$|[;!)]|\.(?!\d)|,(?! ?\d)| and "
    rf"(?!{_NUMBER}\b))",
    re.IGNORECASE,
)
_LISTED = KeyedPattern(
    r"(?<!\bhis )(?<!\bher )(?<!\btheir )(?<!'s )(?:\b(?:kids|boys|girls|children|sons|daughters|twins|grandkids|"
    r"grandchildren|nephews|nieces|lads|wee ones|little ones|cats|dogs|ferrets|rabbits|hens|horses|ponies)"
    rf"[,:(–—-]+ ?|(?:^|[.!] )(?:boy|girl) )(?P<list>{ONE_NAME} {_NUMBER}(?: who [^,.;!?]{{2,30}})?"
    rf"(?:(?:,| and|, and| &) (?:(?:boy|girl) )?{ONE_NAME} {_NUMBER}"
    r"(?! ?(?:[ap]m|%|:|kg|mg|weeks|months|days|hours|minutes|o'clock))\b)+)",
    re.IGNORECASE,
)
AGES = KeyedGroup(words=(DIGIT, *re.findall(r"[a-z]{3,}", _NUMBER)))
"""What a sentence has that tells an age in years."""
_MEMBER = late(rf"(?P<name>{ONE_NAME}) (?P<age>{_NUMBER})\b", re.IGNORECASE)
_MONTHS = late(r" ?(?:weeks?|months?|days?|mths?|wks?)\b", re.IGNORECASE)
_BEING = (
    r"\b(?:(?:{RELATIONS})|(?:{PET})|boy|girl|man|woman|guy|lady|lass|lad|fella|bloke|chap|person|someone|"
    r"somebody|apprentice|trainee|sub|intern|student|newcomer|(?:new|young) one|hound|mare|foal|stallion)s?\b"
)
_APPOINTED = frozenset(words("with see meet meeting for ring call by until till"))
""" "Lunch with Goran, 12": a time of day."""
_NOT_BEFORE = frozenset(words("the in at of from near to on into its it's i'm im am it i"))
""" "In Leith, 58", "it's Goran, 29": a place, or the speaker."""
_NEAR = 30
"""Characters before a name in which a word may say who that is."""
_NOON = 12
_BOSS = late(r"\b(?:boss|manager)\b", re.IGNORECASE)
_PLACED = late(r"\b(?:in|at|from|near|of) (?:\w+ )?$", re.IGNORECASE)
_BOND = late(r"\b(?:girlfriend|boyfriend|partner|wife|husband|married|together)\b", re.IGNORECASE)
""" "A girlfriend? Yes: Linh, five years": for so long."""
_SPEAKER = late(r"\b(?:i'?m|i am|my name|me)\b", re.IGNORECASE)
_TOLD = frozenset({"hometown", "job_title", "nationality", "lives_in", "allergic_to", "diet"})


def aged_names(text: str, before: str, span: tuple[int, int], known: Mapping[str, tuple[str, str]]) -> Iterator[Draft]:
    """The drafts of ages beside names, and of the items after them; `before` is the sentence before `text`."""
    found = list(_AGED.finditer(text))
    for match in found:
        name, cue = match["name"], match["lead"].strip().lower()
        person = known.get(name.casefold())
        noon = cue in _APPOINTED and in_figures(match["age"]).isdigit() and int(in_figures(match["age"])) <= _NOON
        if noon or cue in _NOT_BEFORE or _is_so_long(match, before) or (match["who"] and cue.isalpha()):
            continue  # "Ana and Bea, she's nine": one of them
        if person is None and not _is_being(match, before, alone=bool(known) and len(found) == 1):
            continue
        yield _age(person or (name, ""), match["age"], span)
        items = apposed(*(person or (name, "")), text, match.end(), span)
        yield from (one for one in items if one.predicate in _TOLD)
    for match in _LISTED.finditer(text):
        for member in _MEMBER.finditer(match["list"]):
            if member["name"] not in NOT_NAMES and not _MONTHS.match(match.string, match.start("list") + member.end()):
                yield _age(known.get(member["name"].casefold(), (member["name"], "")), member["age"], span)


def _is_so_long(match: re.Match[str], before: str) -> bool:
    """Whether "years" without "old" says for how long: "my wife Ana, 8 years", "Goran, my baker, 30 years"."""
    if not match["years"]:
        return False
    near = match.string[: match.start("name")]
    return match["item"] is not None or not match["age"].isdigit() or _BOND.search(f"{before} {near}") is not None


def _is_being(match: re.Match[str], before: str, *, alone: bool) -> bool:
    """Whether a capitalised word is the name of a person or an animal, by the words around it, or by the word itself if
    the sentence has it `alone` and somebody else is known: "Goran, 12, Ana, 14" may be the points of a game, and the
    first name of a chat the speaker's.
    """
    name = match["name"]
    if not may_be_a_person(name):
        return False
    near = match.string[max(0, match.start("name") - _NEAR) : match.start("name")]
    if _SPEAKER.search(near) or _PLACED.search(near):
        return False
    if alone and is_given_name(name.split()[0]):
        return True
    if _BOSS.search(f"{before} {near}"):
        return False
    plural = name.endswith("s") and not name.endswith("ss")  # "Screws, eleven"
    more = not plural and (match["item"] or match.string[match.end() : match.end() + 1] == ",")
    around = f"{before if more else ''} {near} {match['item'] or ''}"
    return compiled(_BEING).search(around) is not None


def _age(person: tuple[str, str], age: str, span: tuple[int, int]) -> Draft:
    draft = age_of(*person, in_figures(age), span)
    draft.owner = draft.owner or None
    return draft
