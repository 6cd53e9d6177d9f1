"""What somebody does at recurring times: "I swim on Tuesdays", "Fridays I work from home", "we eat at noon"."""

import re

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.events.events import CHAT
from memctl.extract.grammar.clauses import Clause, Head
from memctl.extract.grammar.segmentation import HIDDEN
from memctl.extract.patterns.wordlist import words
from memctl.extract.time.recurring import AT_AN_HOUR, CLOCK, ON_DAYS, ONE_WEEK, RECURRING
from memctl.extract.vocabulary.verbs import third_person

_FRONTED = late(
    rf"(?:(?:and|but|so|then) )?(?P<when>(?:on )?{ON_DAYS}(?:{CLOCK})?)(?: when [\w' ]{{3,30}})?,? "
    r"(?:(?:always|usually|normally|mostly) )?(?=(?:i|we)\b(?!'))",
    re.IGNORECASE,
)
""" "On Sundays we have roast at my mum's"."""
_OPENS_TIME = late(r"(?:on|every|each|the)\b", re.IGNORECASE)
_NEXT_CLAUSE = late(
    rf"\s*(?:,(?! ?(?:on )?(?:every|each|{ON_DAYS})\b)|(?<!\bSt)(?<!\bSv)(?<!\bMr)(?<!\bDr)(?<!\bMrs)\.(?=\s|$)|"
    r"[;!?()—–…]|\s-\s|\b(?:but|so|(?:now )?(?:because|bc|cos|coz|cuz)|since|when|if|which|while|though|lol)\b|"
    r"\band (?=(?:i|we|my|it|he|she|they|the)\b|[a-z]+s (?:me|us|him|her|them|it)\b))",
    re.IGNORECASE,
)
_NO_ROUTINE = frozenset(
    words(
        "think say know feel love like hate want need hope tell hear look mean lose forget get wish prefer enjoy be "
        "try miss say guess bet swear start stop hang expect ask wonder remember dislike decide find"
    )
)
_ONCE = frozenset(words("have start leave fly go travel see meet visit come arrive return"))
""" "I see him Monday and Tuesday" may be about one week, "I see him Mondays" is not."""
_GOES_ON = late(
    rf"{CLOCK}|,? (?:now|with|at|in|on|for|from|to|after|before|till?|until|by|along|round|around|near|and|together|"
    r"without|bar|except|apart from|against|as|over|about)\b",
    re.IGNORECASE,
)
""" "Every evening with Ramon", not "every evening Ramon and me"."""
_PARTICIPLE = late(r"\w+ed\b", re.IGNORECASE)
_IS_NOUN = late(r"(?:is|are|was|were|'s|isn't|aren't)\b", re.IGNORECASE)
""" In "practice is Mondays", "practice" is a noun."""
_UNKNOWN_VERB = late(
    r"(?:(?:and|but|so|then) )?(?:i|we) (?:(?:also|always|usually|normally|mostly|still|now|only|just) )*"
    r"(?P<verb>(?!(?:am|was|were|had|did|will|would|could|should|might|must|may|can|cannot|shall|never|dont|cant|wont|"
    r"didnt)\b)[a-z]{3,}(?<!ed)(?<!ing)(?<!ly)(?<!o)(?<![^s]s))(?P<rest> .+)",
    re.IGNORECASE,
)
_DAILY = late(
    rf"(?:(?:get|wake) up|go to (?:bed|sleep)|(?:have|eat) (?:breakfast|lunch|dinner|supper)|(?:start|finish) work)"
    rf"(?: {AT_AN_HOUR})",
    re.IGNORECASE,
)
""" "I get up at half five": every day, if no day is named."""
LONGEST_ROUTINE = 12
"""Words after the verb of a routine."""


def routine(clause: Clause, head: Head, offset: tuple[int, int]) -> list[Draft]:
    """What is done at recurring times: "I swim on Tuesdays"."""
    if (
        (head.tense, head.prog) not in (("present", False), ("perfect", True))
        or head.neg
        or head.modal
        or head.stopped
        or head.can
        or head.lemma == "give up"
    ):
        return []
    rest = _NEXT_CLAUSE.split(head.rest)[0].strip()
    if (head.lemma == "have" and _PARTICIPLE.match(rest)) or _IS_NOUN.match(rest):
        return []
    if _DAILY.fullmatch(f"{head.lemma} {rest}"):
        return [_habit(head.lemma, rest, offset)]
    return [] if head.lemma in _NO_ROUTINE else _at_recurring_times(clause, head.lemma, rest, offset)


def of_unknown_verb(clause: Clause, offset: tuple[int, int]) -> list[Draft]:
    """The routine of a clause whose verb is in no list: "I curl on Thursdays"."""
    if not RECURRING.possible(clause.text):
        return []
    fronted = _FRONTED.match(clause.text)
    matched = _UNKNOWN_VERB.match(clause.text, fronted.end() if fronted else 0)
    if matched is None or matched["verb"].lower() in _NO_ROUTINE:
        return []
    rest = _NEXT_CLAUSE.split(matched["rest"])[0].strip()
    return _at_recurring_times(clause, matched["verb"].lower(), rest, offset)


def _at_recurring_times(clause: Clause, lemma: str, rest: str, offset: tuple[int, int]) -> list[Draft]:
    fronted = _FRONTED.match(clause.text)
    if fronted and not RECURRING.search(rest):
        when = fronted["when"]
        rest = f"{rest} {when[0].lower() + when[1:] if _OPENS_TIME.match(when) else when}".strip()
    times = RECURRING.search(rest)
    if times is None or HIDDEN in rest or len(rest.split()) > LONGEST_ROUTINE:
        return []
    if not _GOES_ON.match(rest, times.end()):
        rest = rest[: times.end()]
    if CHAT.search(rest) or (lemma in _ONCE and ONE_WEEK.fullmatch(times[0])):
        return []
    return [_habit(lemma, rest, offset)]


def _habit(lemma: str, rest: str, offset: tuple[int, int]) -> Draft:
    return Draft(
        predicate="habit",
        object=f"{lemma} {rest}",
        phrase=f"{third_person(lemma)} {rest}",
        quote=offset,
        confidence=0.8,
        category="routine",
    )
