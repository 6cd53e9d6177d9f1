"""Fixed turns of phrase that take something back: "the Lisbon trip's off", "they took me off the statins"."""

from collections.abc import Iterator

from memctl.extract.draft_claim import Draft
from memctl.extract.lexicon.animals import PET
from memctl.extract.lexicon.health import DIETS
from memctl.extract.phrase_rules import Saying, saying

TAKEN_BACK: tuple[Saying, ...] = (
    saying(
        rf"\b(?:ignore|forget) what i said about being (?:an? )?(?P<o>{DIETS})",
        "diet",
        "is {o}",
        "diet",
        ("what i said",),
    ),
    saying(
        (
            r"(?:\b(?:i've|i have|i)|^) (?:really |totally )?(?:gone|went) off (?P<o>[a-z][\w\- ]{2,30}?)(?=$|"
            r"[,.!]| (?:lately|recently|since|now|a)\b)"
        ),
        "likes",
        "likes {o}",
        "preferences",
        ("off ",),
    ),
    saying(
        rf"\b(?:my|our) (?:\w+ )?(?:{PET}),? (?P<o>(?-i:[A-Z])[\w\-]+),? (?:has |just )?(?:passed away|died|passed)\b",
        "has_pet",
        "has {o}",
        "pets",
        (
            "died",
            "passed",
        ),
    ),
    saying(
        rf"\b(?:put|to put) (?:my|our) (?P<o>{PET})(?: (?-i:[A-Z])\w+)? (?:down|to sleep)\b",
        "has_pet",
        "has a {o}",
        "pets",
        ("put ",),
    ),
    saying(
        r"\bswitched me (?:over )?from (?P<o>[\w\-]+) to ", "takes_medication", "takes {o}", "health", ("switched me",)
    ),
    saying(
        r"\b(?:taken|took|takes|taking) me off (?:the |my )?(?P<o>[a-z][\w\-]{3,})",
        "takes_medication",
        "takes {o}",
        "health",
        ("me off",),
    ),
    saying(
        (
            r"\b(?:the|my|our) (?P<o>(?-i:[A-Z])[\w\-]*(?: (?-i:[A-Z])[\w\-]*)*) (?:trip|holiday|flight|visit|"
            r"wedding|race|move|plan|vacation|gig|concert)(?:'s| is| was| got| has been|"
            r" is now)(?: all)? (?:off|cancell?ed|called off|postponed)\b"
        ),
        "plans",
        "plans {o}",
        "plans",
        (
            "off",
            "cancel",
            "called",
            "postponed",
        ),
    ),
    saying(
        (
            r"\b(?:cancell?ed|called off|postponed|scrapped) (?:the|my|our) (?:trip to |flight to |"
            r"visit to )?(?P<o>(?-i:[A-Z])[\w\-]*(?: (?-i:[A-Z])[\w\-]*)*)"
        ),
        "plans",
        "plans {o}",
        "plans",
        (
            "cancel",
            "called off",
            "postponed",
            "scrapped",
        ),
    ),
    saying(
        (
            r"\bhand(?:ed|ing) (?:in )?my (?:notice|resignation)(?: in)? (?:at|"
            r"to) (?P<o>(?-i:[A-Z])[\w\-&']*(?: (?-i:[A-Z])[\w\-&]*)*)"
        ),
        "works_at",
        "works at {o}",
        "work",
        (
            "notice",
            "resignation",
        ),
    ),
    saying(
        r"\b(?:ignore|forget) what i said (?:about|on) (?P<o>[\w ]+?)(?=$|[,.;])",
        "instruction",
        "wants {o}",
        "instructions",
        ("what i said",),
    ),
)


def retracted(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The retractions of fixed phrases: "the Lisbon trip's off"."""
    lowered = text.lower()
    for row in TAKEN_BACK:
        gone = row.pattern.search(text) if any(hint in lowered for hint in row.hints) else None
        if gone is not None:
            yield Draft(
                predicate=row.predicate,
                object=gone["o"],
                phrase=row.template.format(o=gone["o"]),
                quote=span,
                op="retract",
                category=row.category,
            )
