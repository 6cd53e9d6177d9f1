"""Likes, dislikes and preferences."""

from memctl.extract.verb_frames import Frame, frame

FRAMES: tuple[Frame, ...] = (
    frame(
        "like love enjoy adore fancy favor",
        r"(?:(?:eating|drinking|watching|reading|listening to|playing) (?=[\w\- ]+$))?(?!to\b)(?P<o>.+)",
        "likes",
        "{v} {o}",
        shape="list",
        neg="dislikes",
        kind="preference",
        confidence=0.85,
        category="preferences",
    ),
    frame(
        "like love enjoy",
        (
            r"to (?P<o>(?!be\b|see|hear|know|think|say|have|get|help|meet|chat|talk|thank|ask|share|do\b|"
            r"go\b(?! \w+ing)|take|try|make|use|keep|come|give|tell|show|put|start|add|call)\w+ ?.*)"
        ),
        "likes",
        "{v} to {o}",
        shape="vp",
        neg="dislikes",
        kind="preference",
        confidence=0.8,
        category="preferences",
    ),
    frame(
        "be",
        (
            r"(?:(?:really|so|very|super|totally|absolutely|quite|pretty|big|huge|also|currently) )*(?:into|"
            r"in love with|obsessed with|crazy about|mad about|fond of|keen on|passionate about|hooked on|"
            r"addicted to|a sucker for|partial to|(?:an? )?(?:(?:big|huge|massive|avid|lifelong|real|"
            r"die-?hard|total|great) )*(?:fan|lover|enthusiast) of) (?P<o>.+)"
        ),
        "likes",
        "likes {o}",
        shape="list",
        neg="dislikes",
        kind="preference",
        confidence=0.85,
        category="preferences",
    ),
    frame(
        "be",
        (
            r"(?:an? )(?:(?:big|huge|massive|avid|lifelong|real|die-?hard|total|great) )*(?P<o>(?!real|actual|"
            r"other|big\b|huge\b|massive\b|such\b|total\b|great\b|true\b|bigger\b|"
            r"biggest\b)[\w\- ]{3,30}?) (?:lover|fan|fanatic|enthusiast|addict|buff|geek|nerd|aficionado|"
            r"junkie)\b(?! of)"
        ),
        "likes",
        "likes {o}",
        neg="dislikes",
        kind="preference",
        confidence=0.8,
        category="preferences",
    ),
    frame(
        "be",
        (
            r"(?:not )?(?:an? )(?P<o>(?:morning|cat|dog|night|coffee|tea|beach|mountain|outdoors|people|city|"
            r"dessert|cake|beer|wine) person)\b"
        ),
        "trait",
        "is a {o}",
        shape="raw",
        kind="preference",
        confidence=0.8,
        neg="skip",
        category="preferences",
    ),
    frame(
        "have",
        r"a (?:soft spot|sweet tooth|passion|thing|weakness|real love|love) for (?P<o>.+)",
        "likes",
        "likes {o}",
        shape="list",
        neg="skip",
        kind="preference",
        category="preferences",
    ),
    frame(
        "come",
        r"(?:a)?round to (?P<o>.+)",
        "likes",
        "likes {o}",
        past="assert",
        neg="skip",
        kind="preference",
        confidence=0.8,
        category="preferences",
    ),
    frame(
        "go",
        (
            r"(?:right |really |totally |completely )?off (?P<o>(?!to|on|the rails|script|topic|piste|grid|"
            r"with)[a-z][\w\- ]+)"
        ),
        "likes",
        "likes {o}",
        op="retract",
        past="assert",
        neg="skip",
        kind="preference",
        category="preferences",
    ),
    frame(
        "support",
        r"(?P<o>(?-i:[A-Z])[\w\-]+(?: (?-i:[A-Z])[\w\-]+)*)(?=$|[,.!]| (?:and|so|since|but)\b)",
        "likes",
        "supports {o}",
        shape="raw",
        neg="skip",
        kind="preference",
        category="preferences",
    ),
    frame(
        "hate dislike despise detest loathe",
        r"(?!to\b)(?P<o>.+)",
        "dislikes",
        "{v} {o}",
        shape="list",
        neg="skip",
        kind="preference",
        confidence=0.85,
        category="preferences",
    ),
    frame(
        "stand bear tolerate",
        r"(?P<o>.+)",
        "dislikes",
        "cannot stand {o}",
        shape="list",
        neg="dislikes",
        present=False,
        kind="preference",
        can=True,
        category="preferences",
    ),
    frame(
        "be",
        (
            r"(?:sick(?: and tired)? of|fed up with|scared of|afraid of|terrified of|not into|bored of|"
            r"tired of|over it with|averse to) (?P<o>.+)"
        ),
        "dislikes",
        "dislikes {o}",
        shape="list",
        neg="skip",
        kind="preference",
        confidence=0.75,
        category="preferences",
    ),
    frame(
        "prefer",
        r"(?!to be called|not\b)(?P<o>to \w.+?|.+?)(?: (?:over|to|rather than|instead of|than) .+|$)",
        "prefers",
        "prefers {o}",
        shape="preference",
        neg="skip",
        kind="preference",
        confidence=0.9,
        category="preferences",
    ),
    frame(
        "favour",
        r"(?P<o>.+?)(?: (?:over|to|rather than|instead of) .+|$)",
        "prefers",
        "prefers {o}",
        neg="skip",
        kind="preference",
        confidence=0.85,
        category="preferences",
    ),
    frame(
        "like love enjoy",
        r"(?P<o>[\w\- ]+?) (?:better|more) than .+",
        "prefers",
        "prefers {o}",
        neg="skip",
        kind="preference",
        confidence=0.85,
        category="preferences",
    ),
)
