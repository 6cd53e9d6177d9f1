"""What happened to the speaker or to people they know and matters by itself, with or without a day: a theft, a fall, an
operation, a birth, the end of a love: "someone nicked my bike", "Geth got laid off", "Aroha had a girl".

The words around it must assert it, and say whose it is: "my", or a name or relation that is known.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.events.event_dates import absolute
from memctl.extract.grammar.segmentation import HIDDEN
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.rule_tables import filled
from memctl.extract.time.dates import Grounded, certain
from memctl.extract.vocabulary import kinship

_VALUABLES = (
    r"(?:(?:[\w-]+ ){0,3}?(?:bike|bicycle|e-?bike|fixie|motorbike|scooter|moped|car|van|truck|trailer|caravan|boat|"
    r"canoe|phone|mobile|laptop|ipad|tablet|camera|wallet|purse|handbag|bag|backpack|rucksack|suitcase|passport|tools|"
    r"toolbox|guitar|violin|cello|trumpet|pram|jewellery|wedding ring|catalytic converter|generator|quad|tractor|"
    r"tv|chickens|sheep|hives))\b"
)
_MACHINES = (
    r"(?:van|car|truck|lorry|tractor|motorbike|boiler|fridge|freezer|washing machine|dishwasher|oven|cooker|heating|"
    r"generator)"
)
_BODY = (
    r"(?:(?:left |right )?(?:arm|wrist|elbow|shoulder|collarbone|rib|ribs|hip|leg|knee|ankle|foot|toe|finger|thumb|"
    r"hand|nose|jaw|back|neck|calf|hamstring|achilles|acl|mcl|meniscus|groin|quad|cruciate|eardrum|pelvis|skull))\b"
)
_OPERATED = (
    r"(?:hip|knee|shoulder|eye|eyes|cataract|cataracts|heart valve|valve|prostate|thyroid|gallbladder|appendix|bunion|"
    r"hernia)"
)
_HURT = r"(?:broke|broken|fractured|sprained|twisted|tore|torn|dislocated|ruptured|strained|injured|hurt)"
_SACKED = r"(?:laid off|made redundant|fired|sacked|let go)"
_WHO = r"(?P<who>(?!(?:i|we|he|she|it|they|you|who)\b)[^\W\d_][\w'’-]+)"
_DONE = r"(?: has| have|'s|'ve| just| finally| only| actually)*"


_PAST = {"broken": "broke", "torn": "tore"}


class _Kind(NamedTuple):
    """A kind of event: its words, and what is stored, with the `o` of the match, about the person `who`, if any."""

    pattern: KeyedPattern
    value: str


def _kind(pattern: str, value: str) -> _Kind:
    return _Kind(KeyedPattern(filled(pattern), re.IGNORECASE), value)


_KINDS = (
    _kind(
        rf"\b(?:someone|somebody|some \w+|they|thieves|kids|burglars){_DONE} (?:stole|stolen|nicked|pinched|swiped) "
        rf"(?:my|our) (?P<o>{_VALUABLES})",
        "had my {o} stolen",
    ),
    _kind(
        rf"\b(?:my|our) (?P<o>{_VALUABLES})(?:'s| was| were| has| have| just| got| been)+ "
        r"(?:stolen|nicked|pinched|robbed)\b",
        "had my {o} stolen",
    ),
    _kind(
        rf"\b(?:(?:i|we){_DONE} |^)(?P<v>{_HURT}) (?:my|the) (?P<o>{_BODY})(?! (?:out|off|on the line|for|over)\b)",
        "{v} my {o}",
    ),
    _kind(
        rf"\b(?:did|done) my (?P<o>{_BODY}) (?:in|at|on|again|playing|running|last|yesterday|today|this)\b"
        r"(?! (?:exercises|stretches|physio))",
        "injured my {o}",
    ),
    _kind(rf"\b{_WHO}{_DONE}(?: got| was| been| is)+ (?P<o>{_SACKED})\b(?! (?:up|about|by)\b)", "was {o}"),
    _kind(
        rf"\b{_WHO}{_DONE} (?:had|has had|got|gets) (?:his|her|their|the|a)(?: new)? (?:left |right |other )?"
        rf"(?P<o>{_OPERATED}) "
        r"(?:done|replaced|operated(?: on)?|removed|fixed|taken out|replacement)\b",
        "had a {o} operation",
    ),
    _kind(
        rf"\bi{_DONE} (?:had|got) (?:my|the) (?:left |right |other )?(?P<o>{_OPERATED}) "
        r"(?:done|replaced|operated(?: on)?|removed|taken out)\b",
        "had a {o} operation",
    ),
    _kind(
        rf"\b{_WHO}{_DONE} (?:fell[\w' ]{{0,30}} and )?(?P<v>{_HURT}) (?:his|her|their|the) (?P<o>{_BODY})",
        "{v} the {o}",
    ),
    _kind(
        rf"\b{_WHO}{_DONE} (?:had|gave birth to) (?:the |her |their |a )(?:baby )?"
        r"(?P<o>baby|girl|boy)\b(?! (?:friend|in|shower))",
        "had a {o}",
    ),
    _kind(
        rf"\b(?:my|our|the) (?P<o>{_MACHINES})(?:'s| has| just| finally| completely)* (?:died|packed up)\b(?! again)",
        "'s {o} broke down",
    ),
    _kind(
        rf"\b(?:my|our|the) (?P<o>{_MACHINES})(?:'s| has| just)* failed (?:its|the) (?:mot|test|inspection)\b",
        "'s {o} failed the inspection",
    ),
    _kind(
        rf"\b(?:i|we){_DONE} (?:crashed|wrote off|totalled) (?:my|the|our) "
        r"(?P<o>car|van|truck|motorbike|bike|scooter)\b",
        "crashed my {o}",
    ),
    _kind(
        r"\b(?:my|our) (?:(?:old|little|poor|big|sweet|lovely) )*(?P<o>(?:{PET}))(?:'s| has| just| sadly)* "
        r"(?:died|passed away|was put (?:down|to sleep)|(?:had to be|been) put (?:down|to sleep))\b",
        "'s {o} died",
    ),
)
_BROKE_UP = (
    r"(?:broke(?:n)? up|split up|split|separated|called it quits)(?=$|[,.;!]| (?:in|last|on|this|after|again|"
    r"yesterday|today|and|so|because|recently)\b)|are (?P<done>done|over|finished)(?=$|[,.;!])"
)
_APART = KeyedPattern(
    rf"(?:^|[,.;!] |\b(?:so|and|well|but) )(?:(?P<a>[^\W\d_][\w'-]+) and (?:i|me)|(?:me|i) (?:and|n|&) "
    rf"(?P<b>[^\W\d_][\w'-]+)){_DONE} (?:{_BROKE_UP})|\b(?:i|we){_DONE} (?:broke up|split up|separated|finished),? "
    r"(?:with|me and) (?P<c>[^\W\d_][\w'-]+)",
    re.IGNORECASE,
)
_PARTNERS = frozenset(
    ("girlfriend", "boyfriend", "partner", "fiancé", "fiancée", "husband", "wife", "fiance", "fiancee")
)
_BORN = KeyedPattern(
    r"(?P<who>(?-i:[A-ZÀ-Þ][\w'-]+(?: [A-ZÀ-Þ][\w'-]+){0,2})), .{0,40}?\b\d(?:[.,]\d+)? ?(?:kg|kilos?|lbs?|pounds)\b",
    re.IGNORECASE,
)
""" "Mina, 6 October, 08:52, 3.1 kg"."""
TURNING_POINTS = KeyedGroup(*(kind.pattern for kind in _KINDS), _APART, _BORN)
_NOT_SO = late(
    r"\b(?:not|never|nearly|almost|if|would|could|might|may|should|hope|hoping|wish|imagine|dream\w*|dreamt|afraid|"
    r"scared|worried|pretend|as if|like|unless|until|when|says?|said|used to|"
    r"haven't|hasn't|didn't|wasn't|isn't|aren't|won't)\b",
    re.IGNORECASE,
)


def turning_points(
    text: str, span: tuple[int, int], at: datetime | None, people: Mapping[str, tuple[str, str]]
) -> Iterator[Draft]:
    """The events of a sentence; `people` are those known by name, in lower case."""
    if HIDDEN in text:
        return
    for kind in _KINDS:
        for match in _found(kind.pattern, text):
            who = match.groupdict().get("who")
            person = _person(who, text[: match.start("who")], people) if who else None
            if who and person is None:
                continue
            told = match.groupdict("")
            value = kind.value.format(
                o=told.get("o"), v=_PAST.get(told.get("v", "").lower(), told.get("v", "").lower())
            )
            yield _draft(value, match, text, span, at, person)
    for match in _found(_APART, text):
        name = match["a"] or match["b"] or match["c"]
        known = people.get(name.casefold())
        if (known is not None and known[1] in _PARTNERS) or (name[0].isupper() and not match["done"]):
            yield _draft(f"broke up with {known[0] if known else name}", match, text, span, at, None)
    for match in _found(_BORN, text):
        if certain(match[0], at):
            yield _draft("was born", match, text, span, at, (match["who"], ""))


def _found(pattern: KeyedPattern, text: str) -> Iterator[re.Match[str]]:
    if pattern.possible(text):
        yield from (one for one in pattern.finditer(text) if not _NOT_SO.search(text, 0, one.end()))


def _person(who: str, before: str, people: Mapping[str, tuple[str, str]]) -> tuple[str, str] | None:
    """The known person or relative called `who`, after the words `before`; not "sven's wife"."""
    name = who.casefold()
    if before.endswith(("'s ", "\u2019s ")):
        return None
    if (known := people.get(name)) is not None:
        return known
    if kinship.canonical(name) in kinship.FAMILY - kinship.SEVERAL and _MY_OWN.search(before):
        return kinship.the_only(name, people.values()) or (name, name)
    return None


_MY_OWN = late(r"(?:^|[,.;:!–-] |\b(?:my|our|and|but|so|then|because|that|btw) )$", re.IGNORECASE)


def _draft(
    value: str,
    match: re.Match[str],
    text: str,
    span: tuple[int, int],
    at: datetime | None,
    person: tuple[str, str] | None,
) -> Draft:
    day = _day(match, text, at)
    return Draft(
        predicate="event",
        object=value.removeprefix("'s "),
        phrase=absolute(value, [day] if day else []),
        quote=span,
        subject=person[0] if person else None,
        owner=person[1] or None if person else None,
        confidence=0.8,
        category="events",
        valid_at=day.start if day else None,
        precision=day.precision if day else None,
    )


_OTHER_CLAUSE = late(
    r"[.;:!?]|, (?:and|but|so|i|we|he|she|they|my|the)\b|\b(?:and|but|so|because) (?:i|we|he|she|they|my)\b"
)


def _day(match: re.Match[str], text: str, at: datetime | None) -> Grounded | None:
    """The day on which it happened: one that the clause names, and that is over."""
    for one in certain(text, at, future=False):
        between = text[match.end() : one.span[0]] if one.span[0] >= match.end() else text[one.span[1] : match.start()]
        past = at is None or one.start <= at.astimezone(one.start.tzinfo)
        if one.role == "at" and past and not _OTHER_CLAUSE.search(between) and len(between) < 50:
            return one
    return None
