"""Patterns of names, of words for relatives, and of the ages after names."""

import re
from collections.abc import Iterator

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft, article
from memctl.extract.patterns.wordlist import words
from memctl.extract.rule_tables import lexicon
from memctl.extract.vocabulary.kinship import CHILD, canonical

ONE_NAME = r"(?-i:(?!(?:Dr|Prof|Mrs?|Ms|Smt|St|Mt|Ft)\b)[A-ZÀ-Þ][\w\-À-ž]+)"
TITLED = rf"(?-i:(?:Dr|Prof|Mrs?|Ms|Smt)\b)\.? {ONE_NAME}"
REL = lexicon("RELATIONS")
SIDE = (
    r"(?:(?:own|older|younger|big|little|lil|elder|eldest|youngest|oldest|twin|half|step|lovely|dear|best|"
    r"good|close|closest|dearest|new|wonderful|late|old|baby|two|three|other|amazing|"
    r"great(?![ -](?:great|grand|aunt|auntie|uncle|niece|nephew))|beautiful|beloved|"
    r"\d+[- ]year[- ]old|teenage|adult|foster|adopted)[ -])*"
)
WHOSE = (
    r"(?:my|our|(?:me|ma|wor)(?= (?:\w+ )?(?:mam|mum|da|dad|nan|nana|gran|mate|bro|sis|sister|brother|cousin|uncle|"
    r"aunt|auntie|son|daughter|nephew|niece|wife|husband|girlfriend|boyfriend|fella|mother|father|lad|pal)\b)|the(?= "
    r"(?:missus|wife|husband|hubby|other half|eldest|youngest|oldest|twins|mother[- ]in[- ]law|father[- ]in[- ]law|"
    r"boyfriend|girlfriend|gf|bf)\b(?! (?:of|who|that)\b))|the(?= (?:boys|girls|kids|lads|children) "
    r"(?-i:[A-ZÀ-Þ])\w+(?:,| and| &)))"
)
AGE = r"(?: ?\(\d{1,2}\)| \d{1,2}(?=,| and | & |[;.!)]|$))"
TOLD_AGE = (
    r"(?P<age>,? (?:is |who's |whos |who is |(?:and )?s?he's |(?:and )?s?hes |\()?\d{1,2}\b(?!,? \d|[:.]\d| ?(?:[ap]m|"
    r"%|o'clock|(?:and|&) \d|(?:weeks|months|days|hours|minutes|years? (?:ago|in|older|younger)|times|kids|of)\b)))?"
)
NAMES = (
    rf"(?:{TITLED}|{ONE_NAME}){AGE}?(?:(?:, {ONE_NAME}{AGE}?)*(?:,? and |,? & )(?:(?:baby|little|wee) "
    rf")?{ONE_NAME}{AGE}?| (?!St\b|Street|University)(?-i:[A-Z])[\w\-]+)?"
)
NOT_NAMES = frozenset(
    words(
        "Nobody Everybody Everyone Someone Somebody Anyone Anybody I Is The My Our He She They We And But So In On At "
        "Who When Will Was Has Had Just Also It Am Are Not For With To From English Spanish French German Italian "
        "Christmas Easter Monday Tuesday Wednesday Thursday Friday Saturday Sunday Mondays Tuesdays Wednesdays "
        "Thursdays Fridays Saturdays Sundays Mon Tue Tues Wed Weds Thu Thur Thurs Fri Sat Sun January February March "
        "April May June July August September October November December Wouldve Couldve Shouldve Mustve Mightve"
    )
)
SHORT_NAME = (
    r"(?:,| \() ?(?:(?:(?:we|everyone|everybody|people|friends|they|his mates|the kids) (?:all |just )?calls? "
    rf"(?:him|her|them)|(?:better |also )?known as|aka|a\.k\.a\.?) (?P<called>{ONE_NAME})|"
    rf"(?:or )?(?P<short>{ONE_NAME}) (?:for short|to (?:everyone|us|friends|(?:his|her) (?:friends|mates)|most "
    r"people)))[,)]"
)
""" "Mateo, we call him Teo, is 9", "Krzysztof (Kris to everyone)"."""
NUMBER = late(r"\d{1,2}")
_AT_WORK = frozenset({"boss", "manager", "colleague", "friend"})


def named(name: str, relation: str, span: tuple[int, int]) -> Draft:
    """The draft of the name of somebody with a `relation` to the speaker, in any of its spellings."""
    rel = canonical(relation)
    return Draft(
        predicate="has_child" if rel in CHILD else f"has_{rel.replace('-', '_').replace(' ', '_')}",
        object=name,
        phrase=f"has {article(rel)} called {name}",
        quote=span,
        confidence=0.85,
        category="people" if rel in _AT_WORK else "family",
    )


def split_names(text: str) -> Iterator[tuple[str, str | None]]:
    """The names in `text`, each with the age in parentheses after it."""
    for part in re.split(r",? (?:and|&) |, ", text):
        age = NUMBER.search(part)
        spoken = re.sub(r" ?\(\d+\)| \d+$", "", part).split()
        baby = spoken[:1] != [] and spoken[0] in ("baby", "little", "wee")
        spoken = spoken[baby:]
        while spoken and spoken[-1] in NOT_NAMES and not baby:
            spoken.pop()
        if (baby and spoken) or (spoken and spoken[0] not in NOT_NAMES):
            yield " ".join(spoken), age[0] if age else None
