"""Plans in the simple present, which only their day tells from what is done again and again: "I see the cardiologist on
9 April", "we play in Hull on 12 July", "I join the council in March", "I am to sing at the gala on 2 May".
"""

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.grammar.clauses import Clause, Head
from memctl.extract.patterns.wordlist import words
from memctl.extract.time.dates import Grounded
from memctl.extract.vocabulary.date_words import ENGLISH_MONTHS, alternation
from memctl.extract.vocabulary.verbs import FORMS

_TO_COME = late(r"(?:due |all set |set )?to (?P<verb>[a-z]+)(?: (?P<o>.+))?", re.IGNORECASE)
_NUMBERED = late(rf"\d|\b(?:{alternation(ENGLISH_MONTHS)})\b|\btomorrow\b", re.IGNORECASE)
_OFTEN = late(
    r"\b(?:always|usually|normally|often|sometimes|every|each|again|only|never|mostly|already|everyday|daily|weekly|"
    r"monthly|paid|rent)\b",
    re.IGNORECASE,
)
""" "I always see her on the 9th", "we get paid on the 28th"."""
_NO_DAY = late(r"of\b", re.IGNORECASE)
""" "The whole of November"."""
_LISTED = late(r"\d(?:st|nd|rd|th)?,? (?:and |or |to )?$")
""" "I see Ana on 12, 14 and 15 May"."""
_ONE = late(r"(?:an?|the|my|our|another) ", re.IGNORECASE)
""" "I have a training on 3 June", not "I have to see her on 3 June" and "we have 30 guests on 3 June"."""
_STEPS = frozenset(
    words(
        "join leave quit start begin retire move marry enter go fly travel drive come return finish graduate open "
        "launch take become emigrate sail"
    )
)
"""Verbs that are done once on a day of the week or in a month: "on Tuesday I drive to Hull", "I join them in March"."""
_DONE_ON_A_DAY = _STEPS.union(
    words(
        "see meet visit play perform sing speak lecture present defend film shoot record submit run swim sit host read "
        "teach interview get collect sign exchange complete attend compete race row ride cycle have take arrive land "
        "hand deliver give exhibit cook stop work move audition"
    )
)


def to_come(head: Head, rest: str) -> tuple[str, str] | None:
    """The verb of "I am to see the dentist" and the words after it."""
    found = _TO_COME.fullmatch(rest) if head.lemma == "be" and head.tense == "present" else None
    known = FORMS.get(found["verb"].lower()) if found is not None else None
    if found is None or known is None or known[1] != "base":
        return None
    return found["verb"].lower(), found["o"] or ""


def is_plan(clause: Clause, head: Head, dates: Sequence[Grounded]) -> bool:
    """Whether a verb in the simple present is a plan because of the first of the `dates` of its clause."""
    if head.tense != "present" or head.prog or not dates or head.lemma not in _DONE_ON_A_DAY:
        return False
    day = dates[0]
    if (
        _NO_DAY.match(clause.text, day.span[0])
        or _LISTED.search(clause.text[: day.span[0]])
        or (head.lemma == "have" and not _ONE.match(head.rest))
    ):
        return False
    if len(dates) > 1 and not _NUMBERED.search(clause.text[slice(*day.span)]):
        return False  # "We fly home for Christmas, 19 Dec to 8 Jan"
    if _OFTEN.search(clause.text) or (day.precision != "day" and head.lemma not in _STEPS):
        return False
    return head.lemma in _STEPS or _NUMBERED.search(clause.text[slice(*day.span)]) is not None


def beginning(dates: Sequence[Grounded], head: Head, at: datetime | None) -> list[Grounded]:
    """`dates`, with the days from which something is done as those of a plan: "from 1 July I work in Bremen"."""
    if at is None or head.tense not in ("present", "future"):
        return list(dates)
    return [msgspec.structs.replace(one, role="at") if one.role == "since" and one.start > at else one for one in dates]
