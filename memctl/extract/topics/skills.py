"""Languages spoken, skills, what someone is learning."""

from memctl.extract.lexicon.languages import SPOKEN_LIST
from memctl.extract.lexicon.software import PROGRAMMING
from memctl.extract.verb_frames import Frame, frame

FRAMES: tuple[Frame, ...] = (
    frame(
        "get",
        rf"by in {SPOKEN_LIST}",
        "speaks",
        "speaks {o}",
        shape="list",
        past="skip",
        neg="skip",
        confidence=0.8,
        category="languages",
    ),
    frame(
        "speak know understand",
        rf"{SPOKEN_LIST}",
        "speaks",
        "speaks {o}",
        shape="list",
        can=True,
        past="skip",
        confidence=0.9,
        neg="skip",
        category="languages",
    ),
    frame(
        "be",
        (
            r"(?:(?:fluent|bilingual|trilingual|proficient|conversational) in|a native speaker of|"
            rf"a native) {SPOKEN_LIST}(?: speaker)?"
        ),
        "speaks",
        "speaks {o}",
        shape="list",
        confidence=0.9,
        neg="skip",
        category="languages",
    ),
    frame(
        "learn study teach",
        rf"(?:myself |how to speak |to speak )?{SPOKEN_LIST}",
        "learning",
        "is learning {o}",
        shape="list",
        past="skip",
        neg="skip",
        category="languages",
    ),
    frame(
        "learn",
        (
            r"(?:how )?(?:to )?(?:play |code in |program in |use |speak )?(?P<o>(?!a lot|that|about|from|how|"
            r"so|it|more|the hard|new|something|what|my|to be|many|much|this|by|as|of\b|about|on|at|"
            r"in)[\w\-+#./ ]+)"
        ),
        "learning",
        "is learning {o}",
        past="skip",
        present=True,
        confidence=0.75,
        neg="skip",
        category="skills",
    ),
    frame(
        "know",
        (
            r"(?:how to (?:code in|program in|use|write) )?(?P<o>(?-i:[A-Z])[\w+#.\-]*(?:,? (?:and )?"
            r"(?-i:[A-Z])[\w+#.\-]*)*)(?=$|[,.]| (?:pretty|quite|very|really|well|but|inside|and|better|"
            r"fairly|already|enough)\b)"
        ),
        "knows",
        "knows {o}",
        shape="list",
        confidence=0.75,
        neg="skip",
        category="skills",
    ),
    frame(
        "code program write build develop work",
        (
            r"(?:(?:mostly|mainly|primarily|a lot|all|everything|code|apps?|software|exclusively|day to day|"
            r"daily|only|services|most(?:ly)? of my code|my code) )*(?:in|"
            rf"with) (?P<o>(?:{PROGRAMMING})(?:(?:, | and |, and |/)(?:{PROGRAMMING}))*)(?=$|[\s,.;!])"
        ),
        "uses",
        "works with {o}",
        shape="list",
        past="skip",
        category="tools",
    ),
    frame(
        "be",
        (
            r"(?:(?:very|pretty|really|quite|also) )*(?:good|great|skilled|proficient|experienced|expert|"
            r"well-versed|an expert|trained|certified|comfortable) (?:at|in|with) (?P<o>(?!it|that|this|what|"
            r"all|my|your|the\b).+)"
        ),
        "knows",
        "is good at {o}",
        shape="list",
        neg="skip",
        confidence=0.75,
        category="skills",
    ),
    frame(
        "teach",
        (
            r"(?P<o>(?!me|my|him|her|them|us|you|myself|a\b|the\b|kids|children|at\b|in\b|"
            r"people)[\w ]+?)(?: (?:at|in|to|for|part|on) .+|$)"
        ),
        "job_title",
        "is a {o} teacher",
        past="retract",
        confidence=0.85,
        neg="skip",
        category="work",
        value="{o} teacher",
    ),
)
