"""The words before an order: greetings, labels such as "rule one:", and "I'd like you to"."""

import re

from memctl.core.late_pattern import late
from memctl.extract.patterns.keyed_pattern import KeyedPattern, OpeningPattern

LEAD_IN = late(
    r"^(?:\W*(?:\d+[.)]\s*)?(?:ok(?:ay)?|so|and|also|btw|hey|hi|oh|but|please|pls|plz|one more thing|another thing|"
    r"note(?=:)|nb(?=:)|quick note|fyi|reminder|remember(?: that| to)?|actually|again|yes|yeah|right|look|listen|"
    r"anyway|wait|just|do(?= (?:please|kindly)\b)|then|ta|aye|yep|yup|first (?:off|of all|thing)|firstly|secondly|"
    r"thirdly|kindly|otherwise|"
    r"(?:first|second|third|fourth|lastly|finally|one|two|three|four|five|no|nah|yea)(?=,)|"
    r"(?:(?:one|a few|two) more|another(?: one)?|last one|next)(?=[:–—]| - )|"
    r"absolutely|seriously|above all|most important(?:ly)?|importantly|and mind|mind|better|good|fine|great|perfect|"
    r"for the (?:file|record)|heads up|thanks|cheers|as a rule|generally|in general)\b[,:.!–—-]*\s+)+",
    re.IGNORECASE,
)
_N = r"(?:number |no\.? ?|#)?(?:one|two|three|four|five|six|\d)"
LABEL = late(
    rf"^(?:(?:and|so|my|our|the|first|next|last|ground) )*(?:(?:rule )?{_N}(?: is)?:|rule {_N}(?: is| [-–=])|"
    rf"(?P<rule>rule {_N}(?:,|(?= (?:no|never|always|don't|dont|do not|you|keep|use|sign|write|be|only|all|every|"
    r"letters|answers|replies|e-?mails|messages)\b))))\s+",
    re.IGNORECASE,
)
""" "My rule number one: no long introductions. Number two: metric"."""
PREAMBLE = late(
    r"^(?:(?:ok|okay|so|and|also|but|well|hi|hey|thanks|please)\b,? )*(?:(?:what|all|(?:the )?(?:one|only|main|"
    r"first) thing|something) (?:i|we)(?:'d| would)? (?:\w+ly |just )?(?:want|need|like|expect|ask|wish)(?: (?:from|"
    r"of) you)?(?: (?:is|here))?|before (?:we (?:start|begin)|i forget)|while i remember|(?:only|just) (?:this|"
    r"one thing(?: more)?)|(?:put|write|take|note) "
    r"(?:it|that|this) down as an? rule|i(?:'d| would)? (?:want|like|need)?(?: to)? ?ask (?:of )?you|(?:(?:a|one|two|"
    r"three|my|just|quick|small|little|only|few|more|last|first|another) )+(?:requests?|asks?|favou?rs?|things?|"
    r"wish(?:es)?|points?|preferences?)(?: (?:for|from|of) (?:you|me)| up front)?)(?::| -| –) ",
    re.IGNORECASE,
)
""" "What I want from you: be short": the words before the order say only that it is one."""
TAG = late(r",? (?:yeah|yea|yh|yes|ok|okay|k|aye|right|alright|please|pls|plz|thanks|thx|deal|eh|understood)$", re.I)
""" "Keep it short, yeah?" is an order."""
_YOU_TO = (
    r"(?:i'd|i would|id|i) (?:(?:much |really )?(?:rather|prefer|like|want|need|appreciate)(?: it)?)(?: if)? (?:you|"
    r"u|ye) "
    r"(?:to )?(?=(?:always|never|not|didn't|did not|don't|dont|stop|keep|answer|reply|use|call|write|speak|talk|"
    r"explain|treat|give|show|be|warn|end|start|number|spell|describe|correct|remind|check|push|challenge|tell|list|"
    r"add|include|put|flag|quiz|ask|send|convert|round)\b)"
)
_BE_OBLIGED = (
    r"(?:i(?:'d| should| would| shall| will|'ll)? (?:also )?be (?:much |most |very |so |really |ever so "
    r")?(?:obliged|grateful|"
    r"glad|pleased|happy|happier|thankful|delighted)(?: to you)? if (?:you|u|ye) (?:would|could|will|can)?|"
    r"i(?: should| would| must|'d| do|'ll| will)?(?: also| now)?(?: like to| have to)? ask (?:of )?(?:you|u)(?: "
    r"also)? to|"
    r"i(?: should| would| must|'d| do|'ll| will)?(?: also| now)?(?: like to| have to)? ask (?:of )?(?:you|u)(?: also)?"
    r"(?= (?:never|not|always)\b)|i wish (?:you|u|ye) (?:would|'d)(?= (?:not|never|always|stop|only)\b)|"
    r"(?:it would|it'd|that'd|that would|would) be (?:good|nice|better|best|helpful|great|lovely|kind) if (?:you|u|ye)"
    r"(?: would| could|'d)?(?= (?:not|never|always|only|stop|stopped|kept)\b)|"
    r"i(?:'d| would)? (?:want|like|need|prefer|ask|beg) that (?:you|u|ye)) (?:please |kindly |just )?"
    r"(?=(?:always|never|not|only|stop|quit|keep|avoid|refrain|address|refer to me|call me)\b)"
)
""" "I should be obliged if you would never use tables"."""
_IMPORTANT = (
    r"(?:it'?s|it is) important (?:to|for) me that you (?=(?:always|never|don't|do not)\b)|"
    r"promise (?:me )?(?=(?:no|never|not)\b)|can we agree (?:that )?(?:you )?(?=(?:always|never)\b)|"
    r"can we agree on (?=\w+ only)|you(?:'re| are)? (?:should|must|need to|have to) (?=(?:always|never|not)\b)"
)
_CAN_YOU = (
    r"(?:can|could|would|will) (?:you|u) (?:please |pls )?(?=(?:stop|remind me (?:every|each) time|remind me whenever|"
    r"always|never|not|keep|only|be (?:a bit |a little )?less)\b|(?:round|convert|write|show|give|put|list|keep|"
    r"express|spell) (?:me )?(?:everything|all|every|each)\b|(?:write|type|text|talk|answer|reply)(?: to me)? in "
    r"(?:all )?(?:lower|small|caps)|[^?]*\b(?:your|the|all) (?:answers|replies|responses)\b(?! in (?:an?|the|this|my) "
    r")|[^?]*\b(?:from now on|going forward|in (?:the )?future|by default|every time|each time)\b)"
)
_MIND = r"would you mind (?=(?:leaving out|skipping|dropping|avoiding|not \w+ing)\b)"
WISH = OpeningPattern(rf"^(?:{_YOU_TO}|{_BE_OBLIGED}|{_IMPORTANT}|{_CAN_YOU}|{_MIND})", re.IGNORECASE)
""" "I'd rather you" and "could you please", before what makes the rest an order that stands."""
_LASTS = late(r"(?:always|never|not|stop|quit|don't|dont|do not|only)\b", re.IGNORECASE)
LATER_WISH = KeyedPattern(
    rf"(?:[,;:] |\b)(?:so|and|but),? (?={_YOU_TO}|{_BE_OBLIGED}|can (?:you|u) (?:please )?(?:always|never|stop)\b)",
    re.IGNORECASE,
)
""" "I use a reader, so I'd be glad if you would never use tables": a wish after its reason."""


def after_wish(text: str) -> tuple[str, int | None]:
    """The words after "I'd like you to", and where in `text` that is; `text` and None without it."""
    wish = WISH.match(text)
    if wish:
        return text[wish.end() :], 0
    reason = LATER_WISH.search(text)
    wish = WISH.match(text[reason.end() :]) if reason else None
    rest = text[reason.end() + wish.end() :] if reason and wish else ""
    return (rest, reason.end()) if reason and _LASTS.match(rest) else (text, None)
