"""The make of a thing that somebody has, told after it: "I've got a new phone, a Pixel 8"."""

import re

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.rule_tables import compiled

_THING = late(
    r"(?:an?|my|our|the) (?:(?:new|used|second[- ]?hand|old|first|proper|little|big|cheap) )*(?:car|van|truck|"
    r"e-?bike|bike|bicycle|motorbike|motorcycle|scooter|phone|laptop|computer|tablet|camera|guitar|bass|piano|keyboard|violin|tv|telly|oven|"
    r"cooker|tractor|boat|caravan|camper ?van|watch|printer|drone|console|mower|sewing machine|telescope|pram|buggy)",
    re.IGNORECASE,
)
_TRAIT = (
    r"(?:second[- ]?hand|used|new|old|red|blue|green|white|black|grey|gray|silver|orange|yellow|brown|pink|purple|"
    r"electric|hybrid|diesel|automatic|cheap|(?:19|20)\d\d)"
)
_MAKE = (
    r"(?: (?:as well|too|now|finally|yesterday|today))*(?:,|:| -| –| —| \(|[.!]+) *(?:it's |its |it is )?"
    rf"(?P<o>(?:(?:the|an?) |(?={_TRAIT} )|(?=[\w-]+ (?:[\w-]*\d|(?-i:[A-Z])[\w-]* [\w-]*\d)))(?:{_TRAIT},? )*"
    r"(?:(?!{WEEKDAYS}|{MONTHS}\b)(?-i:[A-ZÀ-Þ])[\w-]+(?: (?-i:[A-Z0-9])[\w-]*)*|[a-z]+ [a-z]*\d[\w-]*)"
    r"(?: (?:19|20)\d\d)?)(?=$|[,.;!?)]| (?:with|w|from|for|in|off|so|but|and|which|that|on|at)\b)"
)
""" "A bike, second-hand Ridgeback", "a car!! mazda cx5 2019": a name with an article, a trait or a number."""


_ARTICLE = late(r"^(?:the|an?) ", re.IGNORECASE)


def with_make(draft: Draft, text: str) -> Draft:
    """`draft` of a possession with its make, if the words after it in `text` say it."""
    value = draft.object or ""
    if draft.predicate != "owns" or draft.op != "assert" or not _THING.fullmatch(value):
        return draft
    at = text.find(value, draft.quote[0])
    make = compiled(_MAKE).match(text, at + len(value)) if at >= 0 else None
    if make is None:
        return draft
    whole = f"{value}, {_ARTICLE.sub('', make['o'])}"
    return msgspec.structs.replace(draft, object=whole, phrase=draft.phrase.replace(value, whole))
