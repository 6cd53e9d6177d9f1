"""Relations told after the name: "Ffion rang, that's my daughter", "Edgar came by. He's my nephew", "Wanda from work".

Of several people that the words before name, none is chosen.
"""

import re
from collections.abc import Iterator

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern, OpeningPattern
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
_THE_OWN = (
    r"missus|wife|husband|hubby|other half|girlfriend|boyfriend|gf|bf|ex|ex-wife|ex-husband|boss|manager|landlord|"
    r"landlady|apprentice|neighbou?r|flatmate|lodger|mother[- ]in[- ]law|father[- ]in[- ]law|old man"
)
""" "Jude's the wife": the speaker's own."""
_THE = rf"(?:{_THE_OWN}|partner|daughter|son|boy|girl|lad|brother|sister)"
""" "That's the daughter" is the speaker's own too; "Ann is the sister" may be another's."""
_WHOSE_LATER = rf"(?:(?:my|our|me) {SIDE}(?P<rel>{REL})|the (?P<the>{_THE}))"
_THE_LATER = KeyedPattern(
    rf"(?:^|[,;(–—-] ?|\b(?:and|btw|oh),? )(?P<who>that|he|she|who)(?:'s|s| is) the (?P<rel>{_THE}){_ENDS}",
    re.IGNORECASE,
)
_BRACKETED = KeyedPattern(
    rf"(?P<name>{_FULL_NAME}) ?\((?:(?:s?he|that)(?:'s|s| is) )?(?:(?:(?:my|our) {SIDE}|the )?(?P<rel>{_THE_OWN}|"
    rf"partner|flatmate|housemate|roommate|colleague|friend|best friend|best mate)|"
    rf"(?:my|our) {SIDE}(?P<kin>{REL}))(?=[,)])",
    re.IGNORECASE,
)
""" "Josh (partner, 6 years)", "Keith (the ex)"."""
_AT_THE_END = KeyedPattern(rf"\((?:(?P<who>s?he|that)(?:'s|s| is) )?{_WHOSE_LATER}\)", re.IGNORECASE)
""" "Mia got me onto it (my girlfriend)"."""
_ALONE = OpeningPattern(rf"\W*{_WHOSE_LATER}(?P<after>$|[.,;!]| (?:in|from|at) )", re.IGNORECASE)
""" "Petra reckons I snore. My wife."""
_IS_THE = KeyedPattern(
    rf"(?:^|[,;(–—-] ?|\b(?:and|but|so|cause|cos) )(?P<name>{_FULL_NAME})(?:'s|s| is|,) the "
    rf"(?P<rel>(?!boss|manager|old man)(?:{_THE_OWN}))(?P<kin>(?!))?{_ENDS}",
    re.IGNORECASE,
)
""" "Jude's the wife"."""
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
TOLD_LATER = KeyedGroup(
    _TOLD_LATER,
    _THE_LATER,
    _BRACKETED,
    _AT_THE_END,
    _ALONE,
    _IS_THE,
    _FROM_WORK,
    _LATER_NAMED,
    _NAME_OF,
    _OF_MINE,
)
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
_ANYBODY = r"\b(?:(?:{RELATIONS})s?|(?:{PET})s?|girl|woman|man|guy|lady|bloke|someone|somebody|they)\b"
_FEAST = late(r"\b(?:father|mother)'?s'? day\b", re.IGNORECASE)
_HE_FIRST = late(r"(?:(?!\b(?-i:[A-ZÀ-Þ])(?!\b)[\w-]+\b(?<!\bI)).)*?\b(?:he|she)\b", re.IGNORECASE)
""" "She says Ann is late" is about another person too; in "Ann says she told me" she is Ann."""


def told_later(text: str, before: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The drafts of the relations that a sentence tells after the name, which may be in the sentence `before`."""
    for match in (*_TOLD_LATER.finditer(text), *_THE_LATER.finditer(text)):
        name = _only_person(text[: match.start()]) or ("" if match.start() else _only_person(before))
        fond = match["rel"].lower() in _FONDLY and not _AGE_NEXT.match(text, match.end())
        if name and not fond and _suits(match, name):
            yield from _told(name, match["rel"], text, match.end(), span)
    yield from _without_verb(text, before, span)
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


def _without_verb(text: str, before: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The drafts of relations beside a name, or after it in brackets or in a sentence without a verb."""
    bracketed = "(" in text
    for match in (*(_BRACKETED.finditer(text) if bracketed else ()), *_IS_THE.finditer(text)):
        name = _without_opening(match["name"])
        if name:
            yield from _told(name, match["rel"] or match["kin"], text, match.end(), span)
    for match in _AT_THE_END.finditer(text) if bracketed else ():
        name = _only_person(text[: match.start()])
        if name:
            yield from _told(name, match["rel"] or match["the"], text, match.end(), span)
    alone = _ALONE.match(text)
    if alone and before and not _VERB.search(text) and (name := _only_person(before)):
        yield from _told(name, alone["rel"] or alone["the"], text, alone.start("after"), span)


def _without_opening(name: str) -> str:
    """The name in "So Keith"; "" if there is none."""
    first, _, rest = name.partition(" ")
    name = rest if rest and not may_be_a_person(first) and not _TITLE.match(first) else name
    return name if may_be_a_person(name) else ""


def _told(name: str, relation: str, text: str, at: int, span: tuple[int, int]) -> Iterator[Draft]:
    """The relation of a person, with the age, the trade and the home after it."""
    if canonical(relation) in SEVERAL:
        return
    yield named(name, {"boy": "son", "lad": "son", "girl": "daughter"}.get(relation.lower(), relation), span)
    yield from apposed(name, canonical(relation), text, at, span)


_VERB = late(
    r"\b(?:is|was|are|were|has|had|have|will|would|can|does|did|[a-z]+'(?:s|ll|d)|says?|said|thinks?|wants?|makes?|went|"
    r"came|comes|works|lives|got|gets|never|always|i|we|he|she|they|it)\b",
    re.IGNORECASE,
)
_TITLE = late(r"(?:Dr|Prof|Mrs?|Ms)\b")
_AGE_NEXT = late(r", \d{1,2}\b")


def _suits(match: re.Match[str], name: str) -> bool:
    pronoun, relation = match["who"].lower(), match["rel"].lower()
    return canonical(relation) not in SEVERAL and (pronoun not in ("he", "she") or fits(pronoun, relation))


def _only_person(text: str) -> str:
    """The one person that `text` names, "" if there is none or another one.

    In "Neil rang from Adelaide" only Neil is a person; "a call from Neil" names him too.
    """
    text = _FEAST.sub(" ", text)
    if not text.strip() or compiled(_ANYBODY).search(text) or _TWO.search(text) or _HE_FIRST.match(text):
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
