"""How much of a medicine somebody takes: "bisoprolol 2,5 and ramipril 5", "up to 10 on the amlodipine"."""

import re

from memctl.core.late_pattern import late

_UNIT = r"(?:mg|mcg|µg|g|ml|iu|units?|puffs?|milligrams?|micrograms?)"
_NUMBER = rf"\d++(?:[.,]\d+)?+(?: ?{_UNIT}\b)?+"
_OFTEN = (
    r"(?: (?:(?:once|twice|three times|four times|two times) (?:a day|daily)|daily|a day|nightly|bid|at night|mornings|"
    r"(?:in the|every|each) (?:morning|evening|night))|/day)?"
)
_NO_DOSE = (
    r"(?! ?(?:euros?|dollars?|bucks?|pounds?|quid|cents?|rupees|tablets? left|packs?|boxes|people|patients|"
    r"years?|months?|weeks?|days?|times|hours?|minutes?|am\b|pm\b|%|/|:\d|o'clock|st\b|nd\b|rd\b|th\b))"
)
_AFTER = late(
    rf"(?:'s)?(?: (?:retard|xr|er|is|was|went|gone|goes|going|up|down|back|to|now|at|dose|from \d[\d.,]*(?: ?mg)?"
    rf"(?= to)))*,? (?P<o>{_NUMBER}{_OFTEN}){_NO_DOSE}(?=$|[\s,.;!)])(?! ?(?:->|→|to \d|-|–))",
    re.IGNORECASE,
)
_BEFORE = late(
    rf"(?<![\d.,/])(?P<o>{_NUMBER})(?: of| on)?(?: the| my| some)? $",
    re.IGNORECASE,
)
_TO = late(r"\b(?:to|up to|down to) $", re.IGNORECASE)


def amount_of(text: str, start: int, end: int) -> str | None:
    """The amount that `text` tells of the medicine at `start` to `end`, None if it tells none."""
    if after := _AFTER.match(text, end):
        return after["o"].rstrip(",.")
    before = _BEFORE.search(text[:start])
    if before and (_TO.search(text[: before.start()]) or re.search(rf"\d ?{_UNIT}", before["o"])):
        return before["o"]
    return None


_HAS_UNIT = late(rf"\d ?(?P<unit>{_UNIT}|micrograms?|tablets?|drops|iu)\b", re.IGNORECASE)


def with_unit_of(old: str | None, amount: str) -> str:
    """A new amount, with the unit of the old one if it has none: "10" after "5 mg" is "10 mg"."""
    unit = _HAS_UNIT.search(old or "")
    return f"{amount} {unit['unit']}" if unit and amount.replace(".", "").replace(",", "").isdigit() else amount
