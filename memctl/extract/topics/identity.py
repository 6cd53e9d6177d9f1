"""Origin, name, age, birthday, pronouns."""

from memctl.extract.lexicon.people import NATIONALITY, NOT_A_NAME, PERSON_NAME
from memctl.extract.verb_frames import Frame, frame

FRAMES: tuple[Frame, ...] = (
    frame(
        "be",
        r"(?:both )?(?:originally )?from (?P<o>.+)",
        "hometown",
        "is from {o}",
        shape="place",
        confidence=0.85,
        neg="skip",
        category="identity",
    ),
    frame(
        "come hail",
        r"(?:originally )?from (?P<o>(?-i:[A-Z]).+)",
        "hometown",
        "is from {o}",
        shape="place",
        confidence=0.8,
        neg="skip",
        category="identity",
    ),
    frame(
        "grow",
        r"up (?:in|near|outside) (?P<o>.+)",
        "hometown",
        "grew up in {o}",
        shape="place",
        past="assert",
        neg="skip",
        category="identity",
    ),
    frame(
        "be",
        (
            r"(?:and raised )?(?:born|raised|born and raised|brought up)(?: and raised|"
            r" and bred)?(?: and grew up)? in (?P<o>(?-i:[A-Z]|the ).+)"
        ),
        "hometown",
        "is from {o}",
        shape="place",
        past="assert",
        neg="skip",
        category="identity",
    ),
    frame("be", NATIONALITY, "nationality", "is {o}", shape="raw", neg="skip", category="identity"),
    frame(
        "be",
        (
            r"(?:born )(?:on )?(?P<o>(?:\d{1,2}(?:st|nd|rd|th)?(?: of)? [A-Z][a-z]+|"
            r"(?!in )[A-Z][a-z]+ \d{1,2}(?:st|nd|rd|th)?)(?:,? \d{4})?|in (?:19|20)\d\d)"
        ),
        "birthday",
        "was born {o}",
        shape="raw",
        past="assert",
        neg="skip",
        category="identity",
    ),
    frame(
        "be",
        rf"(?:called |named ){PERSON_NAME}",
        "name",
        "is called {o}",
        shape="raw",
        confidence=0.9,
        category="identity",
    ),
    frame(
        "be",
        rf"{NOT_A_NAME}{PERSON_NAME}\s*(?:$|[,!]|and (?=i\b|i'|we\b)|from\b|by the way|btw)",
        "name",
        "is called {o}",
        shape="raw",
        confidence=0.85,
        category="identity",
        neg="skip",
        others=False,
    ),
    frame(
        "go",
        rf"by (?:the name (?:of )?)?{PERSON_NAME}",
        "preferred_name",
        "goes by {o}",
        shape="raw",
        confidence=0.9,
        category="identity",
    ),
    frame(
        "prefer",
        rf"to be called {PERSON_NAME}",
        "preferred_name",
        "goes by {o}",
        shape="raw",
        confidence=0.9,
        category="identity",
    ),
    frame(
        "be",
        (
            r"(?P<o>\d{1,3})(?: years? old| yrs? old| y/?o| years? of age)?\s*(?:$|[,;)]|and\b|n\b|&|now\b|"
            r"btw|years?\b(?! (?:into|in|at|sober|older|younger|away|ago))|from\b|with\b|based\b|living\b|"
            r"working\b)"
        ),
        "age",
        "is {o} years old",
        shape="number",
        confidence=0.85,
        category="identity",
        neg="skip",
    ),
    frame(
        "turn",
        r"(?P<o>\d{1,3})\b(?! (?:pages|degrees|of|into))",
        "age",
        "is {o} years old",
        shape="number",
        past="assert",
        neg="skip",
        category="identity",
    ),
    frame(
        "use",
        r"(?P<o>(?:she|he|they|ze|xe)/(?:her|him|them|his|they|she|he|hers|theirs|zir)(?:/\w+)?)(?: pronouns)?",
        "pronouns",
        "uses {o} pronouns",
        shape="raw",
        category="identity",
    ),
    frame(
        "be identify",
        (
            r"(?:as )?(?:an? )?(?P<o>(?:trans(?:gender)? (?:woman|man)|non-?binary|bisexual|gay|lesbian|queer|"
            r"transgender))\b"
        ),
        "identity",
        "is {o}",
        shape="raw",
        neg="skip",
        category="identity",
    ),
)
