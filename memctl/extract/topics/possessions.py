"""Pets and possessions."""

from memctl.extract.lexicon.animals import PET, PET_TRAITS
from memctl.extract.lexicon.possessions import BELONGINGS
from memctl.extract.verb_frames import Frame, frame

FRAMES: tuple[Frame, ...] = (
    frame(
        "have adopt get own rescue keep buy",
        (
            rf"(?:got )?(?:just )?(?P<o>{PET_TRAITS}(?:{PET})s?(?:(?:,|:| -)? (?:called |"
            r"named )?(?-i:[A-ZÀ-Þ][\w'\-]+)(?:,? and (?-i:[A-ZÀ-Þ][\w'\-]+))?)?)\b(?! (?:food|allerg|hair|"
            r"park|show|video|toy|shelter|person|lover|sitter|walker))"
        ),
        "has_pet",
        "has {o}",
        shape="raw",
        past="assert",
        confidence=0.85,
        neg="skip",
        category="pets",
    ),
    frame(
        "lose bury",
        (
            r"(?:our |my )?(?:(?:dog|cat|puppy|kitten|rabbit|hamster|horse|bird|parrot|greyhound|"
            r"pet) )?(?P<o>(?-i:[A-Z][\w\-]+))(?=$| (?:last|this|yesterday|on|in|two|a)\b)"
        ),
        "has_pet",
        "has {o}",
        shape="raw",
        op="retract",
        past="assert",
        neg="skip",
        confidence=0.75,
        category="pets",
    ),
    frame(
        "give rehome",
        r"(?:away |up )?(?:our |my )(?P<o>(?:dog|cat|puppy|kitten|rabbit|hamster|horse|bird|parrot)s?)\b",
        "has_pet",
        "has {o}",
        op="retract",
        past="assert",
        neg="skip",
        category="pets",
    ),
    frame("own", r"(?P<o>.+)", "owns", "owns {o}", shape="list", past="retract", category="possessions", neg="retract"),
    frame(
        "have",
        (
            rf"(?:got )?(?P<o>(?:an?|two|three|my own) (?:[\w\-'.]+ ){{0,4}}?{BELONGINGS})\b(?! (?:lesson|"
            r"problem|issue|accident|question|class|idea|rental|loan|payment|meeting|warming|party))"
        ),
        "owns",
        "has {o}",
        past="skip",
        neg="skip",
        category="possessions",
    ),
    frame(
        "have",
        (
            r"(?:got )?(?P<o>(?:an? )(?-i:(?:[a-z\-]+ )?[A-Z][\w\-]+(?: [A-Z0-9][\w\-]*)+|"
            r"(?:[a-z\-]+ )?(?:\d{4} )[A-Z][\w\-]+(?: [A-Z0-9][\w\-]*)*))(?=$|[,.]| (?:and|that|with|which|"
            r"for|but)\b)"
        ),
        "owns",
        "has {o}",
        past="skip",
        confidence=0.75,
        neg="skip",
        category="possessions",
    ),
    frame(
        "drive ride",
        (
            r"(?P<o>(?:an?|my) (?:\d{4} )?(?:[a-z\-]+ ){0,3}?(?:(?-i:[A-Z])[\w\-]*(?: (?-i:[A-Z0-9])[\w\-]*)*|"
            r"car|truck|van|motorcycle|motorbike|bike|bicycle|scooter|lorry|bus|taxi|suv|hatchback|sedan|"
            r"pickup|horse))"
        ),
        "owns",
        "{v} {o}",
        past="retract",
        neg="skip",
        category="possessions",
    ),
    frame(
        "drive ride",
        r"the (?P<o>(?-i:[A-Z])[\w\-]*(?: (?-i:[A-Z0-9])[\w\-]*)*)(?=$|[,.]| any)",
        "owns",
        "{v} the {o}",
        neg="skip",
        category="possessions",
    ),
    frame(
        "trade swap",
        r"(?:it|that|mine) (?:in )?for (?P<o>an? .+)",
        "owns",
        "owns {o}",
        past="assert",
        present=False,
        neg="skip",
        category="possessions",
    ),
    frame(
        "buy purchase order",
        (
            r"(?:myself |ourselves )?(?P<o>(?:an?|my first|our first|a new|a used|"
            r"a second-hand) .+?)(?: (?:for|from|off|at|on|to|in) .+|$)"
        ),
        "owns",
        "owns {o}",
        past="assert",
        present=False,
        neg="skip",
        category="possessions",
    ),
    frame(
        "get",
        (
            r"(?:myself |ourselves )?(?P<o>(?:an?|my first|our first) (?:new |"
            rf"used )?(?:[\w\-'.]+ ){{0,4}}?{BELONGINGS})\b(?! (?:lesson|quote|fixed))"
        ),
        "owns",
        "owns {o}",
        past="assert",
        present=False,
        neg="skip",
        category="possessions",
    ),
    frame(
        "inherit", r"(?P<o>.+)", "owns", "owns {o}", past="assert", present=False, neg="skip", category="possessions"
    ),
    frame(
        "have",
        r"(?:got )?(?:the|my|that) (?P<o>[\w\- ]+)",
        "owns",
        "owns {o}",
        present=False,
        neg="skip",
        category="possessions",
    ),
    frame(
        "sell ditch",
        r"(?:my|our|the) (?:old )?(?P<o>.+?)(?: (?:for|to|on|and) .+|$)",
        "owns",
        "owns their {o}",
        op="retract",
        past="assert",
        present=False,
        neg="skip",
        category="possessions",
    ),
    frame(
        "get",
        r"rid of (?:my|our|the) (?:old )?(?P<o>.+?)(?: (?:for|to|on|and) .+|$)",
        "owns",
        "owns their {o}",
        op="retract",
        past="assert",
        present=False,
        neg="skip",
        category="possessions",
    ),
    frame(
        "trade swap",
        r"(?:in )?(?:my|our|the) (?:old )?(?P<o>.+?)(?: in)? (?:for|to) .+",
        "owns",
        "owns their {o}",
        op="retract",
        past="assert",
        present=False,
        neg="skip",
        category="possessions",
    ),
    frame(
        "trade swap sell",
        r"(?:in )?(?:my|our|the) .+? (?:for|and (?:bought|got)) (?P<o>(?:an?|the) .+)",
        "owns",
        "owns {o}",
        past="assert",
        present=False,
        neg="skip",
        category="possessions",
    ),
    frame(
        "collect",
        r"(?P<o>(?!my|the|data|it|feedback|information|user|them|some)[\w\- ,]+)",
        "hobby",
        "collects {o}",
        shape="list",
        past="skip",
        neg="skip",
        category="interests",
        value="collecting {o}",
    ),
)
