"""How someone eats and drinks, and what they leave out."""

from memctl.extract.lexicon.health import DIETS
from memctl.extract.verb_frames import Frame, frame

FRAMES: tuple[Frame, ...] = (
    frame(
        "be become go turn",
        (
            r"(?:(?:a|an|on|strict|strictly|mostly|mainly|committed|lifelong|life-long|fully|100%|the|eating|"
            rf"following|now|pretty much|mostly|raw|new) )*(?P<o>{DIETS})\b(?! (?:recipes?|food|restaurants?|"
            r"options?|cuisine|bakery|cheese|ice|place|and my|myself-))"
        ),
        "diet",
        "is {o}",
        shape="raw",
        past="assert",
        confidence=0.9,
        category="diet",
    ),
    frame(
        "eat follow keep observe do try have",
        (
            rf"(?:(?:a|an|on|strict|strictly|mostly|fully|only|the) )*(?P<o>{DIETS})\b(?! (?:recipes?|"
            r"restaurants?|options?|cheese|ice|place|meals?|cookies))"
        ),
        "diet",
        "eats {o}",
        shape="raw",
        confidence=0.85,
        category="diet",
    ),
    frame(
        "eat drink consume",
        (
            r"(?P<o>(?!here|there|out|breakfast|lunch|dinner|alone|anything|any|a\b|the\b|my\b|an\b|time|to\b|"
            r"much|enough|it\b|one\b|that\b|kids|children|plans|questions|all\b)[\w\- ,]+)"
        ),
        "avoids",
        "does not eat or drink {o}",
        shape="list",
        only_neg=True,
        category="diet",
    ),
    frame(
        "avoid abstain",
        r"(?:(?:eating|drinking|all|any|from) )*(?P<o>.+)",
        "avoids",
        "avoids {o}",
        shape="list",
        neg="retract",
        confidence=0.8,
        category="diet",
    ),
    frame(
        "need",
        r"to avoid (?:eating |drinking )?(?P<o>.+)",
        "avoids",
        "avoids {o}",
        shape="list",
        neg="skip",
        category="diet",
    ),
    frame(
        "give_up",
        (
            r"(?:(?:eating|drinking) )?(?P<o>(?:meat|dairy|alcohol|sugar|gluten|coffee|caffeine|red meat|"
            r"smoking|bread|carbs|booze|soda|fish|pork|cigarettes|drinking)\b.*)"
        ),
        "avoids",
        "avoids {o}",
        shape="list",
        past="assert",
        neg="skip",
        category="diet",
    ),
    frame(
        "quit pack",
        (
            r"(?:in )?(?:(?:eating|drinking) )?(?P<o>(?:meat|dairy|alcohol|sugar|gluten|coffee|caffeine|"
            r"red meat|smoking|bread|carbs|booze|soda|fish|pork|cigarettes|the fags|vaping|drinking)\b.*)"
        ),
        "avoids",
        "avoids {o}",
        shape="list",
        past="assert",
        neg="skip",
        category="diet",
    ),
    frame(
        "smoke vape", r"(?P<o>)", "avoids", "avoids {o}", shape="none", value="{v}", only_neg=True, category="health"
    ),
    frame(
        "drink",
        r"(?P<o>)(?=\s*$|[,.]| (?:any ?more|at all|these days)|alcohol\b)",
        "avoids",
        "avoids {o}",
        shape="none",
        value="alcohol",
        only_neg=True,
        category="diet",
    ),
    frame(
        "be",
        (
            r"(?:totally |completely |mostly |trying to stay )?off (?P<o>(?:meat|dairy|alcohol|sugar|gluten|"
            r"coffee|caffeine|red meat|bread|carbs|booze|soda|fish|pork|the booze|the drink)\b.*)"
        ),
        "avoids",
        "avoids {o}",
        shape="list",
        neg="skip",
        category="diet",
    ),
)
