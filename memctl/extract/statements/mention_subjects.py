"""Whether the words around a drug or an illness speak of it in general, or of another person than the speaker."""

import re

from memctl.core.late_pattern import late
from memctl.extract.vocabulary.verbs import FORMS

_ITSELF = late(
    r"(?: xr)?(?:,? \d[\d.]*+(?: ?(?:%|mg|mcg|micrograms|milligrams|g|ml|units))?)?(?:(?:(?:'s| is| was| are| were) "
    r"(?:an?|the|one|no|not|never|going to|negative)|n't| isn'?t| wasn'?t| would| could| should| might| must)\b|"
    r" (?P<verb>(?!goes|helps|works|says (?:the|my|dr|doc|gp))[a-z]+s)\b(?!.*\b(?:me|my|mine|i)\b))",
    re.IGNORECASE,
)
""" "Pantoprazole comes in two strengths", "dementia is an illness of the old": about the thing itself."""
_SUBJECT = late(r"\W*(?:(?:and|but|so|well|ok|yeah|oh|btw)\W+)*(?:the )?", re.IGNORECASE)
_ANOTHER_HAS = late(
    r"\W*(?:(?:and|but|so) )*(?!(?:i|we|my|our|me|it|this|that|what|there|here|the|left|right|one|both|doc|doctor|dr|"
    r"gp|consultant|nurse|hospital|specialist|surgeon)\b)(?!\w+ (?:ear|eye|knee|hip|leg|arm|hand|foot|shoulder|lung)s?"
    r"\b)[a-z][\w-]*(?: [\w-]+){0,2}(?: (?:has|takes|needs)(?: got| the| a)*|(?:'s| is)[^;]* on(?: the)?|"
    r" (?P<is>is)(?: [\w-]+){0,3}) ",
    re.IGNORECASE,
)
""" "Shosho has cataracts"; "my left ear has tinnitus" is the speaker's."""
_ONE_OF_MINE = late(
    r"\W*(?:(?:and|but|so) )*(?:my|our|the) (?:[\w-]+ )?(?:one|eldest|oldest|youngest|middle|lot|ones)"
    r"(?:'s| is| has| was)(?: got| a| an| also| very)* $",
    re.IGNORECASE,
)
""" "My middle one is autistic"."""
_AGED = late(r"\W*(?-i:[A-ZÀ-Þ])[\w'-]+(?:, | \()\d{1,2}\b")
""" "Kai, 5, glue ear": about Kai."""
TRAIT = late(r"(?!colic)[\w-]+(?:ic|ed|blind|plegic)", re.IGNORECASE)


def is_about_itself(before: str, after: str) -> bool:
    """True if the clause is about the drug or the illness itself: "omeprazole comes in two strengths"."""
    matched = _ITSELF.match(after) if _SUBJECT.fullmatch(before) else None
    if matched is None:
        return False
    _, form = FORMS.get((matched["verb"] or "").lower(), ("", None))
    return matched["verb"] is None or form == "s"


def is_of_another(before: str, illness: str) -> bool:
    """True if the words `before` have a subject other than the speaker."""
    if _AGED.match(before) or _ONE_OF_MINE.match(before):
        return True
    subject = _ANOTHER_HAS.fullmatch(before)
    return subject is not None and (subject["is"] is None or bool(TRAIT.fullmatch(illness)))
