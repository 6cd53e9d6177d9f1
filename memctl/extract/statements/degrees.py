"""The subject of a degree: physics of "a degree in physics", none of "a degree in Glasgow"."""

import re

from memctl.core.late_pattern import late
from memctl.extract.grammar.noun_phrases import noun
from memctl.extract.rule_tables import compiled

_FURTHER = late(r",.*|\s+(?:and|then) (?:an?|my|minor)\s.*", re.IGNORECASE)
""" "In physics and a PhD from York": what follows is another degree."""


def subject(text: str) -> str | None:
    """The subject of a degree in `text`. None for a single word or a name, unless it is known to be a subject."""
    found = noun(_FURTHER.sub("", text))
    if found is None:
        return None
    words = found.split()
    named = len(words) == 1 or words[0][0].isupper()
    return None if named and not compiled(r".*\b(?:{SUBJECT})").fullmatch(found) else found
