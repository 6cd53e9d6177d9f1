"""Standing instructions that have no verb: "low salt from now on", "always Decimal, never float"."""

import re

from memctl.core.late_pattern import late
from memctl.extract.patterns.keyed_pattern import KeyedPattern, OpeningPattern
from memctl.extract.rule_tables import compiled

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
