"""Foods, animals, plants, materials and medicines: what people cannot eat, and what their bodies react to."""

import re
from functools import cache
from itertools import repeat

from memctl.core.late_pattern import late
from memctl.extract.rule_tables import compiled, records

LONGEST = 6
"""Words of a substance: "the orange dye in cough syrup"."""
_BEFORE_THE_NOUN = late(
    r"^(?:(?:only|some|any|the|my|our|an?|certain|all|most|(?:anything|owt|nowt|stuff|things|food|dishes) (?:with|"
    r"containing|made (?:with|of|from))) )+",
    re.IGNORECASE,
)
_AFTER_THE_NOUN = late(r",? (?:of|in|from|with|on|at|when|like|especially|if|specifically)\b.*", re.IGNORECASE)
_NO_PART = late(
    r"\b(?:is|are|was|were|has|have|had|do|does|did|can|will|i|i'm|he|she|they|we|it|you|half|everyone's|people's)\b",
    re.IGNORECASE,
)
_MANNER = late(
    r"\s+(?:(?:like|so|as|too)\b.*|(?:some|a (?:bit|little|lot)|quite|really|bad|badly|proper|properly|now|lol|sadly|"
    r"tho|btw|also|here|only|apparently|mildly|severely|terribly|slightly)(?: \w+)?)$",
    re.IGNORECASE,
)


@cache
def _table() -> dict[str, frozenset[str]]:
    return {key: frozenset(value.split("|")) for entry in records("substances") for key, value in entry.items()}


def substance(text: str) -> str | None:
    """`text` without words about the manner after it, if it is a substance: "cats" of "cats some"."""
    named = text.partition(" like ")[2]
    short = text if named and substance(named) else _MANNER.sub("", text)
    noun = _AFTER_THE_NOUN.sub("", _BEFORE_THE_NOUN.sub("", short)).casefold().rstrip(" 0123456789").split()
    if not 0 < len(noun) <= LONGEST or _NO_PART.search(short):
        return None
    return short if _ends_in_substance(noun) else None


def is_food(noun: str) -> bool:
    """True for "mushrooms" and "goat's cheese"."""
    last = noun.casefold().split()[-1]
    return not {last, last.removesuffix("s"), last.removesuffix("es")}.isdisjoint(_table()["foods"])


def _ends_in_substance(noun: list[str]) -> bool:
    table, last = _table(), noun[-1].strip("'\"’.")
    one = {last, last.removesuffix("s"), last.removesuffix("es"), last.removesuffix("ies") + "y"}
    if one & table["qualified"]:
        return len(noun) > 1
    if any(one & names for key, names in table.items() if key != "endings"):
        return True
    ends = any(map(str.endswith, one, repeat(tuple(table["endings"]))))
    return ends or bool(compiled("{MEDICINE}|(?:{PET})s?").fullmatch(last))
