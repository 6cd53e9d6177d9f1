"""Relations told after the name: "Ffion rang, that's my daughter", "Edgar came by. He's my nephew", "Wanda from work".

Of several people that the words before name, none is chosen.
"""

import re
from collections.abc import Iterator

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.people.apposed import apposed
from memctl.extract.people.name_patterns import ONE_NAME, REL, SIDE, named
from memctl.extract.people.strangers import may_be_a_person
from memctl.extract.rule_tables import compiled
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.kinship import SEVERAL, canonical, fits

_FULL_NAME = rf"(?:(?:(?-i:Dr|Prof|Mrs?|Ms)\b)\.? )?{ONE_NAME}(?: {ONE_NAME})?"
_ENDS = r"(?=$|[,.;:!?)(–—]| (?:but|who|in|at|from|on|with|since|so|too|now|btw|lol|and|she|he|shes|hes)\b| -)"
_TOLD_LATER = KeyedPattern(
    r"(?:^|[,;(–—-] ?|\b(?:and|btw|oh),? )(?P<who>that|he|she|who)(?:'s|s| is) (?:my|our|me) "
    rf"{SIDE}(?P<rel>{REL}){_ENDS}",
    re.IGNORECASE,
)
_FROM_WORK = KeyedPattern(
    rf"(?P<name>{_FULL_NAME}),? \(?from (?:(?:my )?work|(?:the|my|our) office|(?:my|our) (?:team|department|"
    rf"dept|shift|ward))\b(?! (?:and|to) (?:home|there))",
    re.IGNORECASE,
)
_PHONED = late(r"\b(?:call|ring|rang|phon|text|mail|messag|skyp|facetim|video)\w* $", re.IGNORECASE)
""" "I ring Ann from work": it is the speaker who is there."""
_LATER_NAMED = KeyedPattern(
    rf"(?:\b(?:my|our) {SIDE}(?P<rel>{REL})|(?:^|[,;] )(?P<bare>mum|mam|mom|dad|nan|gran|grandma|grandad))\b"
    rf"(?! (?-i:[A-ZÀ-Þ]))[^,.;:!?]{{3,50}}, (?P<name>{_FULL_NAME})"
    r"(?=, (?:(?:s?he(?:'s|s| is) )?\d{1,2}(?=$|[,.;!)]| (?:and|n|&) )|(?:an?|retired) ))",
    re.IGNORECASE,
)
""" "My father called from Lagos, Augustin, 76"."""
_NAME_OF = KeyedPattern(
    rf"(?:^|[,;] )(?P<name>{_FULL_NAME}) is (?:my|our) {SIDE}(?P<rel>{REL})'?s name\b|"
    rf"\bname of (?:my|our) {SIDE}(?P<rel2>{REL}) (?:is|was|:) (?P<name2>{_FULL_NAME})",
    re.IGNORECASE,
)
_OF_MINE = KeyedPattern(
    rf"(?P<name>{_FULL_NAME})(?:,| is|'s) an? (?:[a-z]+ ){{0,2}}(?P<rel>{REL}) of (?:mine|ours)\b|"
    rf"\ban? (?:[a-z]+ ){{0,2}}(?P<rel2>{REL}) of (?:mine|ours),? (?:called |named )?(?P<name2>{_FULL_NAME})"
    r"(?=$|[,.;!)]| (?:is|has|was|who|lives|works|and)\b)",
    re.IGNORECASE,
)
""" "Solveig, an old friend of mine"."""
TOLD_LATER = KeyedGroup(_TOLD_LATER, _FROM_WORK, _LATER_NAMED, _NAME_OF, _OF_MINE)
_CAPITALISED = late(rf"(?P<cue>\b[a-z]+ )?(?<![\w'-])(?P<name>{_FULL_NAME})(?!\w|'s (?!(?:an?|the|in|at|on)\b))")
_PLACED = frozenset({"in ", "at ", "from ", "near ", "to ", "of ", "on ", "the ", "a ", "an ", "for ", "into "})
_FONDLY = frozenset(
    {"boy", "girl", "lad", "lass", "baby", "mate", "bro", "pal", "buddy", "man", "old man", "sis", "kid"}
)
""" "That's my girl!" tells no relation."""
_TWO = late(rf"{ONE_NAME}(?:,| and|,? &|,? or) {ONE_NAME}")
_DOES = late(
    r" (?:also |just |always |still )?(?:rang|phoned|call(?:s|ed)|text(?:s|ed)|wrote|writes|emailed|sa(?:id|ys)|thinks|"
    r"reckons|wants|visit(?:s|ed)|lent|lends|drove|drives|loves|hates|works|lives|teaches|told|tells|ask(?:s|ed)|"
    r"help(?:s|ed)|taught|came|comes|does|cooks|cooked|baked|cleans|minds|looks after|popped)\b"
)
_ANYBODY = r"\b(?:(?:{RELATIONS})s?|(?:{PET})s?|girl|woman|man|guy|lady|bloke|someone|somebody|he|she|they)\b"


def told_later(text: str, before: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The drafts of the relations that a sentence tells after the name, which may be in the sentence `before`."""
    for match in _TOLD_LATER.finditer(text):
        name = _only_person(text[: match.start()]) or ("" if match.start() else _only_person(before))
        if name and match["rel"].lower() not in _FONDLY and _suits(match, name):
            yield named(name, match["rel"], span)
    for match in _FROM_WORK.finditer(text):
        if may_be_a_person(match["name"]) and not _PHONED.search(text[: match.start()]):
            yield named(match["name"], "colleague", span)
    for match in _LATER_NAMED.finditer(text):
        if may_be_a_person(match["name"]):
            relation = match["rel"] or match["bare"]
            yield named(match["name"], relation, span)
            yield from apposed(match["name"], canonical(relation), text, match.end("name"), span)
    for match in (*_NAME_OF.finditer(text), *_OF_MINE.finditer(text)):
        name = match["name"] or match["name2"]
        if may_be_a_person(name):
            yield named(name, match["rel"] or match["rel2"], span)


def _suits(match: re.Match[str], name: str) -> bool:
    pronoun, relation = match["who"].lower(), match["rel"].lower()
    return canonical(relation) not in SEVERAL and (pronoun not in ("he", "she") or fits(pronoun, relation))


def _only_person(text: str) -> str:
    """The one person that `text` names, "" if there is none or another one.

    In "Neil rang from Adelaide" only Neil is a person; "a call from Neil" names him too.
    """
    if not text.strip() or compiled(_ANYBODY).search(text) or _TWO.search(text):
        return ""
    people = {
        match["name"]: (match["cue"] or "").lower()
        for match in _CAPITALISED.finditer(text)
        if may_be_a_person(match["name"]) and (match.start("name") > 0 or _opens(match, text))
    }
    certain = [name for name, cue in people.items() if cue not in _PLACED] or list(people)
    return certain[0] if len(certain) == 1 else ""


def _opens(match: re.Match[str], text: str) -> bool:
    """Whether the first word of a text is a name: "Neil rang"."""
    return is_given_name(match["name"].split()[0]) or _DOES.match(text, match.end()) is not None
