"""How much of a medicine somebody takes: "bisoprolol 2,5 and ramipril 5", "up to 10 on the amlodipine"."""

import re

from memctl.core.late_pattern import late

_UNIT = r"(?:mg|mcg|µg|g|ml|iu|units?|puffs?|milligrams?|micrograms?|millilitres?)"
_PORTION = r"(?:puffs?|drops?|tablets?|tabs?|capsules?|pills?|patch(?:es)?|pumps?|sprays?|sachets?|spoons?|spoonfuls?)"
_SPELT = (
    r"(?:(?:one|two|a|three|five) hundred(?: and (?:twenty|twenty-five|fifty|seventy-five))?|"
    r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
    r"(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|"
    r"one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen)"
)
_NUMBER = rf"\d++(?:[.,]\d+)?+(?: ?{_UNIT}\b)?+"
_TIMES = (
    r"(?:(?:once|twice|(?:three|four|two|[234]) times|[234] ?x|x ?[234]) "
    r"(?:(?:a|in the|in|per|every) (?:day|week)|daily)|"
    r"daily|weekly)"
)
_OFTEN = (
    rf"(?: (?:{_TIMES}|a day|nightly|bid|at (?:night|bedtime)|mornings|morning and (?:night|evening)|"
    r"every (?:second|other) day|"
    r"(?:in the|every|each) (?:morning|evening|night))|/day)?"
)
_NO_DOSE = (
    r"(?! ?(?:euros?|dollars?|bucks?|pounds?|quid|cents?|rupees|tablets? left|packs?|boxes|people|patients|"
    r"years?|months?|weeks?|days?|times|hours?|minutes?|am\b|pm\b|%|/|:\d|o'clock|st\b|nd\b|rd\b|th\b))"
)
_LINK = (
    r"(?:'s)?(?: (?:retard|xr|er|is|was|went|gone|goes|going|up|down|back|to|now|at|dose|from \d[\d.,]*(?: ?mg)?"
    r"(?= to)))*,?"
)
_AFTER = late(
    rf"{_LINK} (?P<o>{_NUMBER}{_OFTEN}){_NO_DOSE}(?=$|[\s,.;!)])(?! ?(?:->|→|to \d|-|–))",
    re.IGNORECASE,
)
_IN_WORDS = late(
    rf"{_LINK}(?: at night,?| cream,?| gel,?| spray,?)? (?P<o>{_SPELT} {_UNIT}{_OFTEN})(?=$|[\s,.;!)])",
    re.IGNORECASE,
)
""" "Bisoprolol, five milligrams twice daily"."""
_PORTIONS = late(
    rf"{_LINK} (?P<o>(?:{_SPELT}|an?|\d|half an?) {_PORTION}(?: (?:in |on )?(?:each|both|every) "
    r"(?:side|eyes?|nostrils?|ears?))?(?: (?:a|per|at|every|each|in the) "
    r"(?:day|night|bedtime|morning|evening|week)| twice(?: a day| daily)?|"
    r" once(?: a day| daily)?| daily| nightly| morning and (?:night|evening))?)"
    r"(?=$|[\s,.;!)])(?! (?:left|ago|of|away))",
    re.IGNORECASE,
)
""" "Latanoprost, one drop each eye"."""
_BEFORE = late(
    rf"(?<![\d.,/])(?P<o>{_NUMBER})(?: of| on)?(?: the| my| some)? $",
    re.IGNORECASE,
)
_TO = late(r"\b(?:to|up to|down to) $", re.IGNORECASE)


def amount_of(text: str, start: int, end: int) -> str | None:
    """The amount that `text` tells of the medicine at `start` to `end`, None if it tells none."""
    if after := _AFTER.match(text, end):
        return after["o"].rstrip(",.")
    if told := amount_in_words(text, end):
        return told
    before = _BEFORE.search(text[:start])
    if before and (_TO.search(text[: before.start()]) or re.search(rf"\d ?{_UNIT}", before["o"])):
        return before["o"]
    return None


def amount_in_words(text: str, end: int) -> str | None:
    """The amount in words or in drops and tablets after the medicine that ends at `end`: "five milligrams"."""
    after = _PORTIONS.match(text, end) or _IN_WORDS.match(text, end)
    return after["o"] if after else None


_HAS_UNIT = late(rf"\d ?(?P<unit>{_UNIT}|micrograms?|tablets?|drops|iu)\b", re.IGNORECASE)


def with_unit_of(old: str | None, amount: str) -> str:
    """A new amount, with the unit of the old one if it has none: "10" after "5 mg" is "10 mg"."""
    unit = _HAS_UNIT.search(old or "")
    return f"{amount} {unit['unit']}" if unit and amount.replace(".", "").replace(",", "").isdigit() else amount
