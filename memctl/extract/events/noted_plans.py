"""Plans named by any noun and their day: "branding is 7 June", "lambing starts 20 April", and with a time of day also
without a verb, "memory clinic, thursday 4 june 11.20".
"""

import re

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.events import event_dates
from memctl.extract.time.dates import Grounded
from memctl.extract.vocabulary import kinship
from memctl.extract.vocabulary.date_words import ENGLISH_MONTHS, alternation
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.verbs import FORMS

PREPOSITIONS = (
    r"(?: at \d{1,2}(?:[:.]\d\d)?(?: ?[ap]m)?)?(?:,| -| –|:)?"
    r"(?: (?:on|at|in|for|to|by|until|till|from|next|this|the|as of|around|early|late|mid))*"
)
SENTENCE = late(
    r"^(?:set|book|schedule|arrange|plan|call|make|get|see|take|put|move|try|need)\b(?: up| in)? (?:an?|the|my|our)\b|"
    r"^\w+ing (?:about|for|of|on|to|my|our|his|her|their|its|an?|the)\b|"
    r"\b(?:has|have|had|is|are|got|being|been|he|she|they|we|i|im|ive|hes|shes|theyre|off)\b",
    re.IGNORECASE,
)
_NO_OCCASION = (
    r"(?!(?:it|this|that|these|those|there|here|he|she|they|who|what|which|when|where|why|how|not|no|never|if|and|but|"
    r"or|so|then|today|tomorrow|tonight|yesterday|now|only|just|even|date|dates|day|dob|born|birthday|birthdays|name|age|i|you|we|"
    r"christmas|easter|eid|ramadan|diwali|holiday|holidays|election|elections|referendum|final|finals|eclipse|cup|"
    r"one|ones|rest|latest|earliest|soonest|next|first|last|favou?rite|version|update|release|season|episode|payday|rent|"
    r"his|her|their|your|can|could|may|might|would|should|will|shall|must|maybe|perhaps|probably|cancelled|due|bday|bdays|baby|pb|to|away|off|of|from|in|on|at|with|for|by|up|out|"
    r"down|over|again|back|hip|knee|eye|ear|foot|hand|shoulder|tooth|wrist|ankle|elbow)\b)"
)
_NOUNS = rf"(?P<o>(?:{_NO_OCCASION}[^\W\d_][\w'&-]* ){{0,3}}?{_NO_OCCASION}[^\W\d_][\w&-]+)"
_TOLD_OF_A_DAY = late(
    rf"(?:(?P<whose>my|our|the) )?{_NOUNS}(?P<link>'s| is| are| will be|'ll be| (?:is |are )?(?:now )?booked(?: in)?|"
    r" starts?| begins?)"
    rf"(?: now| finally| also| set| fixed| planned)*(?P<due> due)?{PREPOSITIONS}",
    re.IGNORECASE,
)
""" "Branding is 7 June", "lambing starts 20 April"."""
_NOTED = late(
    rf"(?:(?P<whose>my|our) )?{_NOUNS}(?P<link>)(?P<due>)(?: (?:for|with|at|in) [\w'. ]{{2,30}}?)?"
    rf"(?: again)?(?:, (?:for|with|at|in) [\w'. ]{{2,30}}?)*{PREPOSITIONS}",
    re.IGNORECASE,
)
_AT_A_TIME = late(r",? (?:at )?(?:(?:[01]?\d|2[0-3])[:.][0-5]\d|\d{1,2} ?[ap]m)\b", re.IGNORECASE)
""" "Memory clinic, in the Royal, thursday 4 june 11.20": with its time of day, any noun is an occasion."""
_FULL_DAY = late(rf"\b(?:{alternation(ENGLISH_MONTHS)})\b|day\b.*\d", re.IGNORECASE)


def of_any_noun(before: str, day: str, after: str, at: tuple[int, int]) -> Draft | None:
    """The plan that the words `before` a `day` name, whatever its noun; with a time `after` it also without a verb."""
    matched = _TOLD_OF_A_DAY.fullmatch(before) if _FULL_DAY.search(day) else None
    if matched is None and _AT_A_TIME.match(after):
        matched = _NOTED.fullmatch(before)
    if matched is None:
        return None
    what, whose, link = matched["o"], (matched["whose"] or "").lower(), matched["link"].strip().lower()
    nouns = what.split()
    forms = [FORMS.get(word.lower(), ("", ""))[1] for word in nouns]
    if {"s", "past"} & {*forms} or (forms[0] == "base" and len(nouns) > 1) or SENTENCE.search(what):
        return None
    if kinship.canonical(nouns[-1]) in kinship.FAMILY or any(is_given_name(word) for word in nouns):
        return None
    link = "due" if matched["due"] else link
    begins = link.startswith(("start", "begin", "due"))
    if link == "due" and whose == "" and what[0].isupper() and " are " not in before:
        return None  # "Shawna's due 20 June"
    if not link and (what[0].isupper() and len(nouns) == 1):
        return None  # "Mina, 6 February, 08:52, 3.1 kg"
    if not link and (nouns[0].endswith("ed") or forms[0] == "base"):
        return None
    if (begins or not link) and link != "due" and (whose == "the" or not what[1:].islower()):
        return None
    own = f"their {what}" if whose in ("my", "our") else what if not what[1:2].islower() else what[0].lower() + what[1:]
    return Draft(
        predicate="plans",
        object=f"{what} {link}" if begins else what,
        phrase=f"expects this: {own} {link}" if begins else f"expects {'the ' * (whose == 'the')}{own}",
        quote=at,
        confidence=0.8,
        category="plans",
    )


def on_its_day(draft: Draft, day: Grounded, after: str) -> Draft:
    """A plan with its `day` and the time of day that the words `after` it name."""
    draft.phrase = event_dates.absolute(event_dates.at_time(draft.phrase, after), [day])
    return draft
