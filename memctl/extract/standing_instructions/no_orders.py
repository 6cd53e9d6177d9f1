"""Words that look like an order and are none, or that are one only with the words before them.

"No Scot ever circled back", "no, I'm not on the tablets", "never put that in a letter again".
"""

import re

from memctl.core.late_pattern import late
from memctl.extract.vocabulary.verbs import FORMS

_NO_ORDER = late(
    r"no,? (?:i|i'?m|i'?ve|we|he|she|it|they|he'?s|she'?s|it'?s|we'?re|they'?re)\b.*|"
    r"no (?:[\w'-]+ ){1,3}ever (?!again\b|in\b|for\b|with\b|at\b|on\b|please\b|pls\b|to\b|unless\b|when\b|if\b|"
    r"from\b)\w.*|"
    r"no more [\w ]+ after (?:\d+|[a-z]+) (?:years?|months?|weeks?)\b.*|"
    r"if i ever\b.*\bassume i(?:'ve| have| am|'?m)\b.*|"
    r"go (?:on|ahead),? but\b.*|"
    r"(?:ask|remind|tell|nudge|warn) me(?: again)? (?:every|each|on|in the) (?:single )?(?:\w+day|day|week|month|"
    r"morning|evening|night)s?",
    re.IGNORECASE,
)
_POINTER = late(
    r"(?P<order>(?:never|don'?t|do not) (?:ever )?\w+) (?:that|this)(?P<rest>(?: (?:in|to|at|on|from|for|with|"
    r"again)\b.*)?)",
    re.IGNORECASE,
)
_POINTS_AT_WORDS_BEFORE = late(
    r"(?:.*[,:] )?(?:please |pls |just |then |always )*(?:do|use|keep|follow|stick to|go with) (?:that|this|those|the "
    r"same)(?= (?:and|too|instead|please|pls)\b|$|[,.;]).*",
    re.IGNORECASE,
)
""" "Once I join, do that": only the words before tell what."""
_OF_A_PERSON = late(
    r"(?P<before>(?:[^\"“'‘/]|(?<=\w)'(?=\w))*?)(?<![\w/])(?<!, for )(?:him|her|his|hers)\b(?!/)"
    r"(?! (?-i:[A-ZÀ-Þ]))",
    re.IGNORECASE,
)
_PERSON_BEFORE = late(
    r"\b(?:my|our|an?|any|every|each|the|some|who\w*|they|he|she|pronouns?|someone|somebody|anyone|nobody)\b|"
    r"(?<=\w )(?-i:(?!I\b)[A-ZÀ-Þ])[\w-]+",
    re.IGNORECASE,
)
_QUOTED = late(r"[\"“]([^\"“”\n]{2,40})[\"”]")
_HEARD = 200
"""Characters before an order in which it may quote what it is about."""
_LABEL = late(
    r"(?:change of plans?|new plan|correction|update|with one (?:addition|exception|change)|"
    r"for (?:this|that|these|those)|(?:since|while|as) [^:,]{3,40}):\s+",
    re.IGNORECASE,
)
_START_BY = late(r"(?:you|u) (?:can|could|may) (?:start|begin) by (?P<doing>[a-z]+ing) ", re.IGNORECASE)


def is_no_order(goal: str) -> bool:
    """True for an answer, a report, a joke, or an order without what is to be said."""
    return _NO_ORDER.fullmatch(goal) is not None


def said_whole(goal: str, before: str) -> str | None:
    """An order without its label, with what it points back to in the words `before` it; None if that is not there."""
    goal = _LABEL.sub("", goal, count=1)
    start = _START_BY.match(goal)
    verb = FORMS.get(start["doing"].lower()) if start else None
    if start and verb:
        goal = f"{verb[0]} {goal[start.end() :]}"
    if _POINTS_AT_WORDS_BEFORE.fullmatch(goal) or _is_of_somebody(goal):
        return None
    pointer = _POINTER.fullmatch(goal)
    if pointer is None:
        return goal
    quoted = _QUOTED.findall(before[-_HEARD:])
    return f'{pointer["order"]} "{quoted[-1]}"{pointer["rest"]}' if quoted else None


def _is_of_somebody(goal: str) -> bool:
    """Whether an order is about "him" or "her" and does not say who that is: "don't use his dad's name"."""
    person = _OF_A_PERSON.match(goal)
    return person is not None and _PERSON_BEFORE.search(person["before"]) is None
