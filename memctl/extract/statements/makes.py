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


_MORE_TRAITS = late(
    rf"(?:[,.] (?:from (?=\d))?{_TRAIT}(?= *(?:[,;!)]|\.(?!\d)|$)| (?:and|with|but|so|for)\b))+", re.IGNORECASE
)
""" "A Ford Transit, 2021, white": the year and the colour are told after it."""
_ARTICLE = late(r"^(?:the|an?) ", re.IGNORECASE)


def with_make(draft: Draft, text: str) -> Draft:
    """`draft` of a possession with its make, if the words after it in `text` say it."""
    value = draft.object or ""
    at = text.find(value, draft.quote[0]) if draft.predicate == "owns" and draft.op == "assert" and value else -1
    if at < 0:
        return draft
    end, whole = at + len(value), value
    make = compiled(_MAKE).match(text, end) if _THING.fullmatch(value) else None
    if make is not None:
        end, whole = make.end(), f"{value}, {_ARTICLE.sub('', make['o'])}"
    traits = _MORE_TRAITS.match(text, end)
    if traits is not None:
        whole += traits[0].replace(".", ",").rstrip()
    if whole == value:
        return draft
    built = traits is not None and draft.valid_at is not None and str(draft.valid_at.year) in traits[0]
    return msgspec.structs.replace(
        draft,
        object=whole,
        phrase=draft.phrase.replace(value, whole),
        valid_at=None if built else draft.valid_at,
        precision=None if built else draft.precision,
    )
