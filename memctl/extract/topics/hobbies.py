"""Hobbies, games, instruments."""

from memctl.extract.lexicon.hobbies import GAMES_AND_INSTRUMENTS, PASTIMES
from memctl.extract.verb_frames import Frame, frame

FRAMES: tuple[Frame, ...] = (
    frame(
        "play",
        rf"(?P<o>{GAMES_AND_INSTRUMENTS}(?:(?:,| and|, and) {GAMES_AND_INSTRUMENTS})*)\b",
        "hobby",
        "plays {o}",
        shape="list",
        past="skip",
        confidence=0.85,
        can=True,
        kind="fact",
        neg="skip",
        category="interests",
    ),
    frame(
        "go",
        rf"(?P<o>{PASTIMES})\b(?! (?:yesterday|last|tomorrow|this|on (?:mon|tue|wed|thu|fri|sat|sun)\w+day\b(?!s)))",
        "hobby",
        "goes {o}",
        shape="raw",
        kind="preference",
        neg="skip",
        category="interests",
    ),
    frame(
        "do practise practice",
        rf"(?:a lot of |some |lots of )?(?P<o>{PASTIMES})\b",
        "hobby",
        "does {o}",
        shape="raw",
        kind="preference",
        neg="skip",
        category="interests",
    ),
    frame(
        "run swim hike climb bake garden knit paint meditate cycle",
        (
            r"(?P<o>(?:every (?:day|morning|week|weekend|evening|night|sunday|saturday)|daily|regularly|"
            r"most (?:mornings|days|weekends)|on (?:weekends|sundays|saturdays)|a lot|\d+ times a week|"
            r"(?:twice|three times|once) a week))"
        ),
        "hobby",
        "{v} {o}",
        shape="none",
        kind="preference",
        neg="skip",
        category="interests",
        value="{v}",
    ),
    frame(
        "take get pick start",
        r"(?:up |into )(?P<o>(?!(?:a|the|my|it)\b).+)",
        "hobby",
        "has taken up {o}",
        past="assert",
        present=False,
        neg="skip",
        kind="preference",
        confidence=0.8,
        category="interests",
    ),
    frame(
        "give_up",
        (
            rf"(?:on )?(?P<o>collecting .+|(?:{PASTIMES})\b.*|(?:the )?(?:guitar|piano|cello|violin|drums|"
            r"tennis|golf|football|chess)\b)"
        ),
        "hobby",
        "has the hobby {o}",
        op="retract",
        past="assert",
        neg="skip",
        category="interests",
    ),
    frame(
        "quit stop drop pack",
        rf"(?:in |playing |doing |going |off )*(?P<o>{PASTIMES}|{GAMES_AND_INSTRUMENTS})\b(?! (?:class|lesson|group))",
        "hobby",
        "has the hobby {o}",
        op="retract",
        past="assert",
        neg="skip",
        category="interests",
    ),
    frame(
        "do practise practice play go",
        (
            r"(?:to )?(?P<o>(?!it|that|this|laundry|the|my|some|a\b|homework|dishes|shopping|work|bed|school|"
            r"church|out|home|cleaning|chores|nothing|things)[a-z][\w\- ]{2,24}?) (?:(?:\w+|\d+) (?:times|"
            r"days|nights|evenings|mornings) (?:a|per) (?:week|month)|(?:once|twice) a (?:week|month)|"
            r"every (?:mon|tues|wednes|thurs|fri|satur|sun)day)"
        ),
        "hobby",
        "{v} {o}",
        past="skip",
        neg="skip",
        kind="preference",
        confidence=0.8,
        category="interests",
    ),
)
