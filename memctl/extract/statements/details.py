"""Details given with their noun: "my postcode is EH6 7AB", "the repo is called tidepool", "port is 8089"."""

import re
from collections.abc import Iterator
from functools import cache

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.grammar.segmentation import HIDDEN
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.wordlist import spoken_words, vocabulary
from memctl.extract.rule_tables import filled

_CODE = (
    r"(?:[A-Z]{1,3}\d{1,3}[A-Z]? ?\d?[A-Z]{2,3}|#?\d[\d,./:xX-]*(?: ?(?:%|k|cm|mm|kg|lbs?|stone|inches|in|quid|"
    r"pounds|euros?|dollars|people|million|billion|lakhs?|crores?|grand|thousand|m|bn|hours?|mins?|minutes|miles|km|"
    r"months?|weeks?|years?))?(?: (?:a|per|each) (?:day|week|month|year|hour|way))?|[£$€] ?\d[\d,.]*k?(?: (?:a|"
    r"per) (?:day|week|month|year|hour))?|[A-Z]{1,4}[- ]?\d[\w-]*)"
)
_NAME = r"(?:[A-ZÀ-Þ][\w'’&.+-]*(?: (?:of|the|de|and|&|[A-ZÀ-Þ0-9][\w'’&.+-]*))*)"
_HANDLE = (
    r"(?:@[\w.]{2,}|[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|dev|app|me|co|uk|de|fr|example|info|eu|nl|se|no|ca|"
    r"au)\b(?:/[\w/-]*)?)"
)
_END = (
    r"(?=$|[,;!)–—]|\.(?:\s|$)| (?:and|but|so|now|because|if|in|at|by|for|with|on|not|these|these days|btw|which|"
    r"though|instead)\b)"
)
_PATTERNS: tuple[str, ...] = (
    rf"(?:my|our) (?:new |current |old )?(?P<s>(?:[\w'-]+ ){{0,2}}?{{DETAIL}})(?:'s| is| are|:| =)(?: now| about|"
    rf" around| still| currently| just| only| under| on| in| called| named| an?)* (?P<o>{_CODE}|{_HANDLE}|"
    rf"(?-i:{_NAME})){_END}",
    rf"(?:my|our|(?:the )?(?=(?:new )?(?:project|repo|repository|app|product|startup|server)\b)) ?"
    rf"(?:new )?(?P<s>{{DETAIL}})(?:'s| is)(?: now)? (?:called|named) (?P<o>(?-i:{_NAME})|"
    rf"[a-z][\w-]{{2,}}){_END}",
    rf"(?:(?:the|new|current) )*(?P<s>{{IDENTIFIER}})(?:'s| is|:| =)?(?: now| about| around| still| an?)* "
    rf"(?P<o>{_CODE}|{_HANDLE}){_END}",
    rf"my (?:new )?(?P<s>{{USERNAME}})(?:'s| is|:)(?: now)? (?P<o>@?[\w.-]{{3,}}){_END}",
    rf"(?:my|our|the) (?P<s>thesis|dissertation|phd|research|novel|book|paper|project)(?:'s| is)(?: all| mostly)? "
    rf"(?:on|about) (?P<o>(?!(?:the|my|a|an|order|sale|hold|time|track|fire|its|loan|top|it|that|this|display|"
    rf"schedule|pause|ice)\b)[a-zA-Z][\w '-]{{3,50}}?){_END}",
)
_SECRET = late(r"password|passcode|\bpin\b|token|secret|api key|private key", re.IGNORECASE)
_PASSING = late(
    r"(?:battery|score|progress|upload|download|signal|screen|timer|step|page|question|answer|first|next|last|fav\w*|"
    r"best|worst|old|previous)\b",
    re.IGNORECASE,
)

_NO_HANDLE = late(
    r"(?:down|full|gone|hacked|blocked|broken|private|public|empty|useless|dead|fine|good|great|boring|slow|locked|"
    r"banned|down|acting|mostly|just|not|now|open|closed|new|old)",
    re.IGNORECASE,
)
""" "My telegram is full" names no account."""


_OPENING = r"(?:^|[,;:–—(] ?| - |\b(?:and|but|so|because|btw|is that) )"
DETAILS = KeyedGroup(*(KeyedPattern(_OPENING + filled(pattern)) for pattern in _PATTERNS))


@cache
def _nouns() -> frozenset[str]:
    return vocabulary(f"{filled('{DETAIL}')}|thesis|dissertation|phd|research|novel|book|paper|project")


def detail_drafts(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The drafts of the details in a sentence."""
    if _nouns().isdisjoint(spoken_words(text)) or not DETAILS.possible(text) or HIDDEN in text:
        return
    taken: set[str] = set()
    for pattern in DETAILS.patterns:
        for match in pattern.finditer(text):
            if _SECRET.search(text):
                return
            slot, value = match["s"].lower(), match["o"].strip(" .,")
            if slot in taken or _PASSING.match(slot) or not value or _NO_HANDLE.fullmatch(value):
                continue
            taken.add(slot)
            yield Draft(
                predicate="detail",
                object=value,
                slot=slot,
                phrase=f"'s {slot} is {value}",
                quote=span,
                confidence=0.8,
                category="details",
            )
