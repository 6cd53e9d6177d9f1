"""What a turn says and does not mean: "oh great, more forms, I love forms", and the characters of a story."""

import re
from collections.abc import Iterable

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.filters.fiction import sets_scene

_IRONY = late(
    r"(?i:^\W*(?:oh|ah|well|ugh|wow),? (?:great|brilliant|good|lovely|joy|super|wonderful|fantastic|perfect|marvellous|"
    r"yay)\b)|\bjust LOVE\b|\b(?:LOVE|ADORE)\b.*[,;] (?i:best|nothing (?:better|like)|what (?:a|could))|🙄|"
    r"(?i:^\W*(?:yay|hooray),? (?:yet )?another\b)|"
    r"(?i:\b(?:lucky me|living the dream|how lovely for (?:me|us)|just what i needed)\b)|"
    r"(?i:^\W*(?:yay|yippee|woo-?hoo|hooray|great|brilliant|joy),? (?:yet )?another\b)|"
    r"^(?i:super|génial|na toll|qué bien|genial), (?:encore|schon wieder|otra vez)\b"
)


def sincere(text: str, drafts: Iterable[Draft]) -> list[Draft]:
    """`drafts` of a turn without the tastes that it states in irony, and without the people of a story it asks for."""
    ironic, scene = _IRONY.search(text), sets_scene(text)
    return [
        draft
        for draft in drafts
        if not (ironic and draft.predicate in ("likes", "prefers", "favorite"))
        and not (scene and draft.subject is not None and draft.owner is None)
    ]


_HEDGED = late(
    r"(?:\b(?:am|is|are|was|i'?m)|'s|'re) (?:(?:just|also) )?(?:kind of|kinda|sort of|sorta|almost|nearly|"
    r"not quite) \w",
    re.IGNORECASE,
)


def hedged(clause: str) -> bool:
    """True for "I'm kind of veggie": a description that is not quite true."""
    return bool(_HEDGED.search(clause))
