"""Dates in the clause of an event that are the day of something else: "bought the house, keys on 1 December"."""

import re

from memctl.core.late_pattern import late
from memctl.extract.events.event_dates import of_another_phrase
from memctl.extract.grammar.clauses import Clause, Head
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.patterns.wordlist import words
from memctl.extract.time.dates import Grounded

OTHER_CLAUSE = KeyedPattern(
    r",[^,]*\b(?:[a-z]{2,}ing|due)\b|,[^,]*\b(?:is|are|was|were|will|starts?|ends?)\b|,[^,]*'s\b",
    re.IGNORECASE,
)


_OTHER_DAY = late(
    r"\bto [a-z]+ .*\bby (?:the )?$|\bbooked\b|\b(?:for|start(?:ing|s)(?: on| in| from)?) (?:the )?$|\bduring [^,]+$",
    re.IGNORECASE,
)
""" "Agreed to finish it by 4 May", "got it booked, 4 May": that is not the day on which they did so."""


_RESCHEDULE = frozenset(words("move push change shift switch postpone reschedule delay bring put extend"))
_TO_A_DAY = late(r"\b(?:to|till|until|back|forward|on)(?: the| early| late)* $", re.IGNORECASE)
""" "Moved the fitting to 25 February": not moved on that day."""
_AFTER_COMMA = late(r", (?!.*\band\b)[^,]*$")


def is_of_a_purpose(head: Head, before: str) -> bool:
    """Whether the words between the verb of a plan and a date give the date to another clause, or to what the plan is
    for: "I'm writing a speech for my party on the 24th"."""
    return OTHER_CLAUSE.search(before) is not None or (head.lemma in _PREPARING and " for " in f" {before}")


_PREPARING = frozenset(
    words("write prepare make bake buy plan organise organize look practise practice get save train")
)


def is_of_another(clause: Clause, head: Head, date: Grounded) -> bool:
    """Whether the words between the verb of an event and a date show that it is not the day of the event."""
    before = clause.text[head.rest_at : date.span[0]]
    if OTHER_CLAUSE.search(before) or _OTHER_DAY.search(before):
        return True
    day = clause.text[slice(*date.span)]
    if head.lemma in _RESCHEDULE and (_TO_A_DAY.search(before) or day.startswith(("to ", "until "))):
        return True
    return _AFTER_COMMA.search(before) is not None and of_another_phrase(clause.text, head.rest_at, date)
