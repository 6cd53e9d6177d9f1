"""Standing instructions that have no verb: "low salt from now on", "always Decimal, never float"."""

import re

from memctl.core.late_pattern import late
from memctl.extract.patterns.keyed_pattern import OpeningPattern

FROM_NOW_ON = OpeningPattern(
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


def always_named(text: str) -> str | None:
    """The order with which `text` opens, if it only names what to use: "always Roboto, never Arial"."""
    match = _NAMED.match(text)
    return match["o"] if match else None
