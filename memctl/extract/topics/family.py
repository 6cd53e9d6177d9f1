"""Status, partners, children, relatives."""

from memctl.extract.lexicon.people import COUNT
from memctl.extract.verb_frames import Frame, frame

FRAMES: tuple[Frame, ...] = (
    frame(
        "be get",
        (
            r"(?:happily |newly |now |recently )?(?P<o>married|engaged|divorced|single|widowed|separated|"
            r"in a relationship|in a long-distance relationship)\b(?! (?:out|in (?:the|a) (?:project|class)))"
        ),
        "relationship_status",
        "is {o}",
        shape="raw",
        past="assert",
        neg="retract",
        confidence=0.85,
        category="family",
    ),
    frame(
        "have",
        r"(?:got )?an? (?:new |lovely |serious |long-term )*(?:girlfriend|boyfriend|partner)\b",
        "relationship_status",
        "is in a relationship",
        shape="none",
        value="in a relationship",
        past="skip",
        neg="skip",
        category="family",
    ),
    frame(
        "be",
        r"(?:married|engaged) to (?:my [\w ]+?,? )?(?P<o>(?-i:[A-Z][\w\-]+))",
        "spouse",
        "is married to {o}",
        shape="raw",
        neg="retract",
        past="skip",
        category="family",
    ),
    frame(
        "marry",
        r"(?P<o>(?-i:[A-Z][\w\-]+))",
        "spouse",
        "is married to {o}",
        shape="raw",
        past="assert",
        category="family",
    ),
    frame(
        "break",
        r"up with (?P<o>.+)",
        "partner",
        "is with {o}",
        op="retract",
        past="assert",
        neg="skip",
        category="family",
    ),
    frame(
        "break separate",
        r"up\b(?! the)|from my (?:wife|husband|partner)",
        "relationship_status",
        "is in a relationship",
        shape="none",
        op="retract",
        past="assert",
        neg="skip",
        confidence=0.75,
        category="family",
    ),
    frame(
        "date see",
        r"(?P<o>(?-i:[A-Z][\w\-]+))(?:$| (?:for|since|now|from)\b)",
        "partner",
        "is dating {o}",
        shape="raw",
        category="family",
        confidence=0.75,
    ),
    frame(
        "have",
        (
            rf"(?:got )?(?P<o>{COUNT} (?:[\w\-]+ ){{0,3}}?(?:kids?|child|children|sons?|daughters?|boys?|"
            r"girls?|toddlers?|twins|grandchildren|grandkids|stepchildren|stepkids|babies|"
            rf"baby)(?: and {COUNT} (?:[\w\-]+ ){{0,2}}?(?:sons?|daughters?|boys?|girls?))?)\b"
        ),
        "has_child",
        "has {o}",
        past="skip",
        neg="skip",
        category="family",
    ),
    frame(
        "have",
        (
            rf"(?:got )?(?P<o>{COUNT} (?:[\w\-]+ ){{0,3}}?(?:sisters?|brothers?|siblings?|wife|husband|partner|"
            r"girlfriend|boyfriend|roommates?|cousins?|nieces?|"
            rf"nephews?)(?: and {COUNT} (?:[\w\-]+ ){{0,2}}?(?:sisters?|brothers?))?)\b"
        ),
        "relation",
        "has {o}",
        past="skip",
        neg="skip",
        category="family",
    ),
    frame(
        "be",
        (
            r"(?P<o>(?:an?|the) (?:[\w\-]+ ){0,3}?(?:mom|mum|mother|dad|father|parent|grandmother|grandfather|"
            r"grandparent)(?: of [\w ]+?)?)(?:$|[,.!]| (?:and|from|living|who|with)\b)"
        ),
        "has_child",
        "is {o}",
        past="skip",
        neg="skip",
        category="family",
        confidence=0.8,
    ),
    frame(
        "be", r"(?P<o>(?:an?) (?:only child|twin|middle child))\b", "relation", "is {o}", neg="skip", category="family"
    ),
    frame(
        "be",
        (
            r"(?P<o>(?:\d+ (?:weeks|months) )?pregnant|expecting (?:a|our|my) (?:[\w\-]+ )?(?:baby|child|"
            r"twins|son|daughter|kid|boy|girl))\b"
        ),
        "family_event",
        "is {o}",
        neg="skip",
        category="family",
    ),
)
