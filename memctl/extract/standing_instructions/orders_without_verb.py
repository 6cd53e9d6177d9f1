"""Standing instructions that have no verb: "low salt from now on", "always Decimal, never float"."""

import re

from memctl.core.late_pattern import late
from memctl.extract.patterns.keyed_pattern import KeyedPattern, OpeningPattern
from memctl.extract.rule_tables import compiled
from memctl.extract.vocabulary.verbs import FORMS

_FROM_NOW_ON = OpeningPattern(
    r"^(?P<o>(?:low|less|fewer|more|only|just|extra|reduced|zero|plain|full|half|smaller|bigger|simpler|shorter|longer)"
    r"[ -](?!i\b|my\b|me\b)[\w' -]{2,40}?),? (?:from (?:now|here|today) on|from now|going forward)\b",
    re.IGNORECASE,
)
_NAMED = late(
    r"(?P<o>always (?!(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|I\b)(?-i:[A-Z])[\w.+#-]*(?: [\w.+#-]+)??"
    r"(?:,? (?:and )?(?:never|not) [^,.;:!?]+?|(?: (?:for|in) [^,.;:!?]+?)?(?=,? (?:please|pls|plz)\b)))"
    r"(?:,? (?:please|pls|plz))?(?=$|[,.;!])",
    re.IGNORECASE,
)
""" "Always Ben" answers a question; a thing that is not to be used, or "please", makes it an order."""


_LATER = KeyedPattern(r" (?:from (?:now|here|today) on|from now|going forward)\b", re.IGNORECASE)
_OF_ANSWERS = r"(?P<o>(?!(?:i|we|you|he|she|it|they|my|our|his|her)\b)(?:[\w'-]+ ){{0,3}}(?:{{STYLE}}|{{UNITS}})),?{}"
""" "Trailing commas from now on"; "early nights from now on" is the speaker's own resolution."""


def from_now_on(text: str) -> re.Match[str] | None:
    """The match of what shall hold "from now on", which `text` opens with."""
    later = _LATER.search(text)
    return later and (_FROM_NOW_ON.match(text) or compiled(_OF_ANSWERS.format(_LATER.text)).match(text))


def always_named(text: str) -> str | None:
    """The order with which `text` opens, if it only names what to use: "always Roboto, never Arial"."""
    match = _NAMED.match(text)
    return match["o"] if match else None


_NOT_ONE = (
    r"(?!(?:next|first|last|more|new|other|same|which|what|your|my|our|the|an?|some|any|few|this|that|these|those|just|"
    r"two|three|four|five|six|ten|\d+|no|give|show|and|or|another|only the|your)\b)"
)
_ASKED_FOR = (
    rf"{_NOT_ONE}(?:in )?(?:[\w'-]+ ){{0,3}}?(?:spellings?|style|format|units|language|words|sentences|print|font|"
    r"letters|clock|notation|capitals|dates|numbers|lines|examples|grammar|punctuation|{UNITS}|{TONGUES})"
    r"(?: and (?:the )?[\w' -]{2,25})?"
)
_REFUSED = (
    r"(?:absolutely |definitely )?no (?:more )?(?!(?:{FOODS}|worries|thanks|problems|questions asked|kids|stairs|"
    r"flights|guests|cards|flowers|presents|gifts|visitors|shoes|pets|dogs|cats)\b)(?:[\w'-]+ )?[\w-]{4,}(?:s|ing)"
)
_PLEASE = late(r",? (?:please|pls|plz)$", re.IGNORECASE)


def asked_for(text: str) -> bool:
    """True for "proper sentences please" and "no proverbs please": only "please" tells that something is asked."""
    polite = _PLEASE.search(text)
    first = FORMS.get(text.split(" ", 1)[0].lower())
    if polite is None or (first is not None and first[1] == "base"):
        return False
    named = text[: polite.start()]
    return bool(compiled(_ASKED_FOR).fullmatch(named) or compiled(_REFUSED).fullmatch(named))
