"""The words before an order that say that it stands: "from now on", "new rule:", "henceforth, if you please,"."""

import re

from memctl.core.late_pattern import late
from memctl.extract.patterns.keyed_pattern import OpeningPattern
from memctl.extract.rule_tables import compiled
from memctl.extract.standing_instructions import lasting_orders, orders_without_verb
from memctl.extract.standing_instructions.order_forms import is_order, trimmed

_FROM_NOW_ON = OpeningPattern(
    r"^(?:from now on|from here on(?: out)?|going forward|in (?:the )?future(?! (?!always)[a-z]+s\b)|for future "
    r"reference|by default|until further notice)[,:]? (?!i\b|i'm|im\b|i've|my |we\b|our |he\b|she\b|they\b|"
    r"there)(?P<o>.+)",
    re.IGNORECASE,
)
_HENCEFORTH = OpeningPattern(
    r"^(?:(?:starting )?from (?:now|here|today|noo|hereafter|this (?:day|point|moment))(?: (?:on(?:wards?)?|out|"
    r"forward|and (?:on|always|ever)))*|henceforth|henceforward|hereafter|starting (?:now|today))[,:]?"
    r"(?: (?:(?:so|then|also|just|please|pls|kindly)[,:]?|if you (?:please|would|don't mind)[,:]?|(?:sir|madam|"
    r"ma'?am)[,:]?))* (?P<o>\S.+)",
    re.IGNORECASE,
)
""" "From now write the pace first": the wordings that news has too, so that what follows has to have the form of an
order."""
_NEWS = late(
    r"(?!(?:you|your|it's|its|everything|all|answers?|replies)\b)(?:(?:the|a|an|our|\w+'s) )?[\w-]+(?: [\w-]+)? "
    r"(?:is|are|will|has|have|had|goes|gets|does|can|won't|isn't|aren't)\b|"
    r"(?!\w+(?:an|ish|ese|ch|ic)\b)(?-i:[A-Z])[a-z]+ [a-z]+s\b",
    re.IGNORECASE,
)
""" "From now on Joost lifts" and "… dinner is at six" are news."""
_RULE = OpeningPattern(
    r"^(?:(?:(?:change|update|correction|amendment|addition) to |new |another |and |that's |thats |here's |one more )?"
    r"(?:the |a |my |our )?(?:house |ground )?rules?(?: (?:\d+|update|change))?"
    r"(?: (?:for|in|of|about|here|from(?= (?:me|now|here)\b))[^:]{0,40})?|"
    r"(?:note|rule) to self):\s*(?P<o>(?!i\b|i'm)\S.+)",
    re.IGNORECASE,
)
_SAYS_RULE = late(
    r"\b(?:no|never|always|only|don't|dont|do not|are|is|must|should|has|have|every|use|keep|stop|avoid|skip)\b",
    re.IGNORECASE,
)
_ORDERED = OpeningPattern(
    r"^(?:and )?(?:a |one |an |my |the )?(?:(?:new|another|last|one more|more|small|permanent|standing|general|"
    r"fixed) )+"
    r"(?:rule|order|request|stipulation|condition|instruction)s?(?: (?:for|from|to) (?:you|u|me))?"
    r"(?: (?:from now|from here|today))?\s?(?::| -| –| —)\s*(?P<o>\S.+)",
    re.IGNORECASE,
)
_OF_WRITING = (
    r".*\b(?:{WRITINGS}|{STYLE}|{UNITS}|{FORMATS}|{TONGUES}|{MANNER} only|(?:lines?|words?|entr(?:y|ies)) only)\b.*"
)
_STATES = late(
    r"(?:i|we|he|she|they|it|there|my|our|his|her)\b|[^,]*\b(?:is|are|was|were|has|have|had|will|said|says|got|went)\b",
    re.IGNORECASE,
)


def order_after_lead(text: str) -> str | None:
    """The order after words that say that it stands; None without them, and for news: "from now on Joost lifts"."""
    later = _FROM_NOW_ON.match(text) or orders_without_verb.from_now_on(text)
    if later is not None:
        return None if _NEWS.match(later["o"]) else later["o"]
    if henceforth := _HENCEFORTH.match(text):
        order = henceforth["o"]
        told = lasting_orders.is_told(order) or compiled(_OF_WRITING).fullmatch(order)
        return order if told and not _NEWS.match(order) and not _STATES.match(order) else None
    return _rule(text)


def _rule(text: str) -> str | None:
    """The order of "House rule: no shoes indoors"; None for "rule: phone in the kitchen at 9", not an order."""
    ordered = _ORDERED.match(text)
    if ordered and not _STATES.match(ordered["o"]) and compiled(_OF_WRITING).fullmatch(ordered["o"]):
        return ordered["o"]
    rule = _RULE.match(text)
    return rule["o"] if rule and (_SAYS_RULE.search(rule["o"]) or is_order(trimmed(rule["o"]))) else None
