"""What and where someone studies."""

from memctl.extract.lexicon.places import ADVERBIALS
from memctl.extract.verb_frames import Frame, frame

FRAMES: tuple[Frame, ...] = (
    frame(
        "do get complete finish take earn have",
        (
            r"(?:my|an?) (?:\w+ )?(?:phd|ph\.d|master'?s?|bachelor'?s?|degree|doctorate|mba|b\.?sc|m\.?sc|"
            r"b\.?a|m\.?a|undergrad|postdoc|b\.?tech)(?: degree)?(?: (?:in|on) [\w ]+?)? (?:at|"
            r"from) (?P<o>(?-i:[A-Z]|the ).+)"
        ),
        "studied_at",
        "studied at {o}",
        shape="org",
        past="assert",
        neg="skip",
        category="education",
    ),
    frame(
        "be",
        r"an? (?:[\w\-]+ ){0,3}?student of (?P<o>.+?)(?: (?:at|in|from) (?-i:[A-Z]).*|$)",
        "studies",
        "studies {o}",
        neg="skip",
        category="education",
    ),
    frame(
        "be",
        r"an? (?:[\w\-]+ ){0,3}?student (?:.+? )?at (?P<o>(?-i:[A-Z]|the ).+)",
        "studied_at",
        "studies at {o}",
        shape="org",
        past="retract",
        neg="skip",
        category="education",
    ),
    frame(
        "drop",
        (
            r"out of (?:my |the |a )?(?P<o>(?!school|college|uni|university)[a-z][\w ]+?)(?: (?:degree|course|"
            r"program(?:me)?))?(?: at .+)?$"
        ),
        "studies",
        "studies {o}",
        op="retract",
        past="assert",
        neg="skip",
        category="education",
    ),
    frame(
        "do pursue complete finish have get take start",
        (
            r"(?:an?|my|the)?\s*(?:\w+ )?(?:b\.?tech|m\.?tech|b\.?e|b\.?sc|m\.?sc|b\.?a|m\.?a|bachelor'?s?|"
            r"master'?s?|phd|ph\.d|doctorate|degree|diploma|minor|major)(?: degree)?(?: course)? (?:in|"
            r"on) (?P<o>.+?)(?: (?:at|from) .+|$)"
        ),
        "studies",
        "studies {o}",
        past="skip",
        neg="skip",
        category="education",
    ),
    frame(
        "be",
        (
            r"(?:doing|pursuing|finishing|getting|taking)? ?(?:an?|my|the)?\s*(?:b\.?tech|m\.?tech|"
            r"bachelor'?s?|master'?s?|phd|ph\.d|degree) (?:student |candidate )?in (?P<o>.+?)(?: (?:at|"
            r"from) .+|$)"
        ),
        "studies",
        "studies {o}",
        neg="skip",
        category="education",
    ),
    frame(
        "be",
        (
            r"in (?:my|the) (?:first|second|third|fourth|fifth|final|last|1st|2nd|3rd|"
            r"4th) year (?:of )?(?:an? |my |the )?(?P<o>[\w ]+?) (?:degree|course|program(?:me)?|major)"
        ),
        "studies",
        "studies {o}",
        neg="skip",
        category="education",
    ),
    frame(
        "be",
        (
            r"in (?:my|the) (?:first|second|third|fourth|fifth|final|last|1st|2nd|3rd|"
            r"4th) year .*?\bat (?P<o>(?-i:[A-Z]).+)"
        ),
        "studied_at",
        "studies at {o}",
        shape="org",
        neg="skip",
        category="education",
    ),
    frame(
        "study major",
        rf"(?!{ADVERBIALS}(?:at|in (?-i:[A-Z])|for|abroad|hard)\b)(?:in )?(?P<o>.+?)(?: (?:at|in) (?-i:[A-Z]).*)?$",
        "studies",
        "studies {o}",
        shape="list",
        past="skip",
        neg="skip",
        category="education",
    ),
    frame(
        "study",
        rf"{ADVERBIALS}(?:[\w\- ]{{2,40}} )?at (?P<o>(?-i:[A-Z]|the ).+)",
        "studied_at",
        "studies at {o}",
        shape="org",
        past="retract",
        neg="skip",
        category="education",
    ),
    frame(
        "attend go",
        (
            r"(?:to )?(?P<o>(?-i:[A-Z])[\w ]*(?:University|College|School|Institute|Academy|MIT|UCLA|NYU|ETH|"
            r"TUM|LSE|UCL))\b"
        ),
        "studied_at",
        "studies at {o}",
        past="retract",
        neg="skip",
        category="education",
    ),
    frame(
        "graduate",
        r"(?:with .+? )?from (?P<o>.+)",
        "studied_at",
        "graduated from {o}",
        shape="org",
        past="assert",
        neg="skip",
        category="education",
    ),
    frame(
        "have get earn hold finish complete",
        (
            r"(?P<o>(?:an?|my) (?:[\w'\-]+ ){0,2}?(?:degree|PhD|Ph\.D|master's|masters|bachelor's|bachelors|"
            r"MBA|BSc|MSc|doctorate|diploma|certification|certificate)(?: degree)?(?: in [\w ]+)?)"
        ),
        "education",
        "{v} {o}",
        past="assert",
        neg="skip",
        category="education",
    ),
    frame(
        "be",
        (
            r"(?:doing|pursuing|working on|getting|finishing|in the (?:first|second|third|"
            r"final) year of) (?P<o>(?:an?|my) (?:[\w'\-]+ ){0,2}?(?:degree|PhD|Ph\.D|master's|masters|"
            r"bachelor's|MBA|BSc|MSc|doctorate|diploma)(?: degree)?(?: in [\w ]+)?)"
        ),
        "education",
        "is pursuing {o}",
        neg="skip",
        category="education",
    ),
    frame(
        "be",
        r"(?P<o>(?:an?) (?:[\w\-]+ ){0,3}?student) ?(?:at|in|$)",
        "job_title",
        "is {a}",
        shape="job",
        past="retract",
        neg="skip",
        category="education",
    ),
)
