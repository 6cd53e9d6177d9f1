"""Deaths of relatives: "my father died a year ago", "mum passed away in 2019"."""

import re
from collections.abc import Iterator
from datetime import datetime

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.events.event_dates import absolute
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.people.name_patterns import SIDE
from memctl.extract.rule_tables import lexicon
from memctl.extract.time.dates import certain
from memctl.extract.vocabulary.kinship import CHILD, canonical

_DEATH = KeyedPattern(
    rf"(?:\b(?:my|our) {SIDE}(?P<rel>{lexicon('RELATIONS')})|^(?:(?:and|but|so|well|yeah) )*(?P<bare>mum|mam|mom|dad|"
    rf"mother|father|nan|gran|grandma|grandad|granddad|grandpa))(?: [A-Z][a-z]+)?,?(?: has| sadly| suddenly| just| "
    rf"actually| finally| only)* (?:died|passed away|passed on)\b",
    re.IGNORECASE,
)
DEATHS = KeyedGroup(_DEATH)
_WHEN = late(
    r"(?: (?:of|from) [a-z' -]{3,30}?)?,? (?:(?:just|only|about|around|back) )*(?:(?:on|in) )?(?:the )?$",
    re.IGNORECASE,
)
"""The words between a death and its date."""


def deaths(text: str, span: tuple[int, int], at: datetime | None) -> Iterator[Draft]:
    """The deaths that a sentence tells of, each with its date."""
    for match in _DEATH.finditer(text):
        relation = canonical(match["rel"] or match["bare"])
        if relation in CHILD and match[0].endswith(" on"):
            continue  # "My son passed on Friday": an examination
        event = f"{relation} died"
        dates = [one for one in certain(text, at) if one.role == "at" and one.span[0] >= match.end()]
        day = dates[0] if dates and _WHEN.match(text[match.end() : dates[0].span[0]]) else None
        yield Draft(
            predicate="family_event",
            object=event,
            phrase=absolute(f"'s {event}", [day] if day else []),
            quote=span,
            confidence=0.8,
            category="family",
            valid_at=day.start if day else None,
            precision=day.precision if day else None,
        )
