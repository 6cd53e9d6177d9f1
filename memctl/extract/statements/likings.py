"""Which likings last: "I love jazz", but not "I love the new menu", which praises what is there at the moment."""

import re
from collections.abc import Sequence

from memctl.core.late_pattern import late

_KNOWN_THE = late(
    r"the (?:(?:ocean|sea|beach|outdoors|mountains|forest|woods|desert|rain|snow|sun|cold|heat|summer|winter|city|"
    r"countryside|theat(?:er|re)|gym|opera|ballet|internet|dark|night|smell|taste|sound|feeling)"
    r"(?=$| (?:air|breeze|life|in|at|by|of|near|around)\b)|"
    r"colou?r \w+|idea of|\w+ (?:genre|series|books|movies|films|games|novels))\b"
)


_GENERIC = late(
    r"an? (?:good|nice|cold|hot|strong|proper|well[- ]\w+|cup of|glass of|decent|cheeky) |"
    r"an? \w+(?: \w+)? (?:sale|roast|breakfast|pint|show|fair|market|quiz|night|bath|curry|brew|"
    r"party)$"
    r"|my (?:\w+ )?(?:class|classes|club|choir|gym|allotment|garden|commute|bosse?s?|neighbou?rhood|"
    r"bike|car|coworkers|colleagues)$",
    re.IGNORECASE,
)
""" "I love a car boot sale" is about car boot sales in general; "my spin class" is lasting."""


def tastes(items: Sequence[str], said: str) -> list[str]:
    """The lasting likings in a list; "the" before the first holds for all: "I love the dark sky and green scenery"."""
    if re.match(r"the\b", said, re.IGNORECASE) and not (items and said.startswith(items[0]) and taste(items[0])):
        return []
    return list(filter(taste, items))


def taste(item: str) -> bool:
    """False for a momentary liking: "the upside-down poses", "my new job", "a walk"."""
    if re.match(
        r"(?:my|our|an?|another|every|more|time|family|friends|people|home|life|work|school)\b(?! (?-i:[A-Z]))",
        item,
        re.IGNORECASE,
    ):
        return bool(_GENERIC.match(item))
    if re.match(r"the\b", item, re.IGNORECASE):
        return bool(re.search(r"[A-Z]", item[4:]) or _KNOWN_THE.match(item.lower()))
    return True
