"""Allergies, conditions, medication."""

from memctl.extract.lexicon.health import CONDITIONS, DEGREES, DRUG_LIST
from memctl.extract.verb_frames import Frame, frame

FRAMES: tuple[Frame, ...] = (
    frame(
        "be",
        rf"{DEGREES}(?:allergic|hypersensitive) to (?P<o>.+)",
        "allergic_to",
        "is allergic to {o}",
        shape="list",
        confidence=0.95,
        category="health",
    ),
    frame(
        "have",
        (
            r"(?:got )?(?:an? )?(?:really )?(?:bad |severe |serious |mild |life-threatening |strong |slight |"
            r"deadly )*allerg(?:y|ies) to (?P<o>.+)"
        ),
        "allergic_to",
        "is allergic to {o}",
        shape="list",
        confidence=0.95,
        category="health",
    ),
    frame(
        "have",
        (
            r"(?:got )?(?:an? )?(?:really )?(?:bad |severe |serious |mild |life-threatening |strong |slight |"
            r"deadly )*(?P<o>(?!any|no|some|food|many|multiple|other|my|seasonal|several|lots|terrible|"
            r"new)[a-z][\w\-]*(?: [a-z]+)?) allerg(?:y|ies)\b"
        ),
        "allergic_to",
        "is allergic to {o}",
        confidence=0.95,
        category="health",
    ),
    frame(
        "develop",
        r"(?:an? )?(?:severe |bad )?allergy to (?P<o>.+)",
        "allergic_to",
        "is allergic to {o}",
        shape="list",
        past="assert",
        category="health",
    ),
    frame(
        "be",
        rf"{DEGREES}(?P<o>(?:lactose|gluten|fructose|histamine)[- ]?intolerant)\b",
        "has_condition",
        "is {o}",
        shape="raw",
        confidence=0.95,
        category="health",
    ),
    frame(
        "be",
        rf"{DEGREES}(?:intolerant|sensitive) to (?P<o>.+)",
        "intolerant_to",
        "is intolerant to {o}",
        shape="list",
        category="health",
    ),
    frame(
        "have suffer live struggle deal",
        (
            r"(?:got |from |with |really |bad |severe |mild |also |"
            rf"chronic )*(?P<o>(?:{CONDITIONS}))\b(?! (?:medication|meds|patients?|research|shop|app|project|"
            r"policy))"
        ),
        "has_condition",
        "has {o}",
        shape="raw",
        confidence=0.9,
        past="skip",
        neg="skip",
        category="health",
    ),
    frame(
        "be",
        (
            r"(?:officially |recently |just |finally |also |now )*(?:diagnosed|living|struggling|"
            r"dealing) (?:with|as) (?:having )?(?P<o>.+)"
        ),
        "has_condition",
        "has {o}",
        shape="list",
        past="assert",
        neg="skip",
        confidence=0.9,
        category="health",
    ),
    frame(
        "get",
        r"(?:officially |recently |just )*(?:diagnosed|a diagnosis)(?: with| of) (?P<o>.+)",
        "has_condition",
        "has {o}",
        shape="list",
        past="assert",
        neg="skip",
        confidence=0.9,
        category="health",
    ),
    frame(
        "be",
        (
            r"(?:an? )?(?P<o>(?:(?:type (?:1|2|one|two) )?diabetic|asthmatic|epileptic|autistic|bipolar|"
            r"dyslexic|colou?r-?blind|deaf|hard of hearing|blind|legally blind|left-handed|coeliac|celiac|"
            r"anaemic|anemic|neurodivergent|short-sighted|nearsighted|insomniac|a wheelchair user|"
            r"a cancer survivor|autistic|hiv positive|immunocompromised|in remission))\b(?! (?:to|about|"
            r"spots?))"
        ),
        "has_condition",
        "is {o}",
        shape="raw",
        confidence=0.85,
        neg="skip",
        category="health",
    ),
    frame(
        "use need",
        r"(?P<o>an? (?:wheelchair|cane|walking stick|hearing aid|prosthetic leg|cpap machine|screen reader))\b",
        "has_condition",
        "uses {o}",
        neg="skip",
        category="health",
    ),
    frame(
        "take use",
        r"(?:(?:my|daily|some|regular|\d+ ?(?:mg|mcg|ml|iu)|of|a|low|dose|a day|medication|called) )*" + DRUG_LIST,
        "takes_medication",
        "takes {o}",
        shape="list",
        past="retract",
        category="health",
    ),
    frame(
        "be",
        (
            r"(?:(?:now|currently|back) )?(?:on|taking|prescribed|put on) (?:(?:my|daily|a|an|the|low|high|"
            r"dose|of|\d+ ?(?:mg|mcg|ml|iu)|blood pressure medication|medication|called) )*"
        )
        + DRUG_LIST,
        "takes_medication",
        "takes {o}",
        shape="list",
        past="retract",
        category="health",
    ),
    frame(
        "come stop wean",
        r"(?:off|taking) (?:my |the )?" + DRUG_LIST,
        "takes_medication",
        "takes {o}",
        shape="list",
        op="retract",
        past="assert",
        neg="skip",
        category="health",
    ),
    frame(
        "be",
        r"on (?P<o>[a-z][\w\-]{4,}),? \d+ ?(?:mg|mcg|ml)\b",
        "takes_medication",
        "takes {o}",
        past="retract",
        neg="skip",
        category="health",
    ),
)
