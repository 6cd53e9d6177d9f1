"""Cuts reasons and remarks off an order: "Keep it short, I'm on a bus" is "Keep it short"."""

import re
from functools import cache

from memctl.core.late_pattern import late
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.rule_tables import filled

_REASON = late(
    r"\s+(?:bc|because|cause|cos|cuz|coz) of\b|\s+(?:bc|because|cause|cos|cuz|coz|since|as)\s+"
    r"(?=i\b|i'm|im\b|my\b|it\b|we\b|that\b|the\b)|\s+(?:please|pls|"
    r"plz)\s+(?=i\b|my\b|it\b|we\b)|,? or (?:else\b|(?:i|you|we)(?:'ll| will)\b)",
    re.IGNORECASE,
)


_COMPARED = late(r"\bas \w+(?: \w+)?$", re.IGNORECASE)
""" "As many lines" of "as many lines as it takes"."""


@cache
def _then_why() -> KeyedPattern:
    """ "Keep it short I'm on a bus": the reason follows without a comma."""
    return KeyedPattern(
        filled(
            r"(?P<order>(?!.*\b(?:if|when|whenever|like|as|that|until|unless|assume|remember|(?:every|each) time (?:i|"
            r"we))\b).*\b(?:{MANNER}|{STYLE}|please|pls|plz|(?:every|each) time))(?: (?:lol|haha|tbh|omg|"
            r"ffs))? (?:i'm|"
            r"im|i am|i've|ive|i have|it's|its|it is|we're|we are|my \w+ (?:is|are|hurts?))\b.*"
        )
    )


ASIDE = late(
    r"(?:i|i'm|im|i've|ive|i'll|my|we|our|because|since|cos|cuz|thx|thanks|ta|lol|haha|(?:it's|its)(?! (?-i:[A-Z]))|"
    r"it (?:\w+s|just|will)|that's|this is|that is|here (?:i|we)|nobody|no one|everyone|everybody|always have|they|he|"
    r"she|how|what|which|who|where|why|when should|can|could|would|do|does|is there|are there|last time|nobody|"
    r"(?:for )?"
    r"(?:the|an?) (?:[\w-]+ ){1,3}?(?:is|are|was|were|has|have|had|isn't|doesn't|makes?|takes?|took|taught|told|said)|"
    r"for (?:i|we|he|she|they|it|there)\b|[\w-]+(?: [\w-]+)? (?:is|are) (?:not|no longer) (?:needed|necessary|"
    r"required)|"
    r"(?:the|"
    r"an?) [\w-]+(?: one)?'s(?= (?:in|on|at|not|the|an?|too|so|always)\b)|any (?:ideas?|tips|advice)|(?:half|most|"
    r"some|all|none|both) of (?:them|us|my|the)|that's why|ok|"
    r"okay|got it|cheers|k|you know|tbh|seriously|honestly)\b",
    re.IGNORECASE,
)
""" "Use Celsius, it's what I know": the words that open a remark."""
PREFERS = late(r"(?:i|i'm|im|we|we're) (?:\w+ )?(?:prefer|like|want|need|use|using|have|love|keep)\b", re.IGNORECASE)
""" "Use Celsius, I prefer it": a wish, not a remark."""


def before_reason(text: str) -> str:
    """The order of "Keep it short I'm on a bus"; any other text as it is."""
    match = _then_why().match(text)
    return match["order"] if match else text


def without_reason(text: str) -> str:
    """The order before its reason, also before "because it …", with single spaces."""
    words = " ".join(before_reason(text).split())
    for reason in _REASON.finditer(words):
        if not _COMPARED.search(words, 0, reason.start()):
            return words[: reason.start()]
    return words


def without_asides(goal: str) -> str:
    """The words of an order up to the first part after a comma that is a remark: "Use Celsius, it's what I know"."""
    for comma in re.finditer(r",\s+(?:and |but |so )?", goal):
        remark = goal[comma.end() :]
        if ASIDE.match(remark) and not PREFERS.match(remark):
            return goal[: comma.start()].rstrip(" ,")
    return goal


_RUN_ON = late(
    r"(?<!when)(?<!if)(?<!what)(?<!that)(?<!how)(?<!because)(?<!unless)(?<!where)(?<!ever)(?:,? (?:otherwise|or "
    r"else|else))? i (?:gagged|cried|"
    r"hate (?:it|them)|can'?t (?:stand|eat|have|bear) (?:it|them)|(?:never|don'?t) (?:like|want|need|have|use|eat|do) "
    r"(?:it|them|that)|get (?:all )?(?:lost|"
    r"confused|bored|dizzy|muddled|tired|headaches)|lose (?:track|my place|the thread)|can'?t (?:read|follow|"
    r"see))\b.*$",
    re.IGNORECASE,
)


def without_run_on(order: str) -> str:
    """An order without the sentence that follows it with no comma: "don't put exclamation marks i never use them"."""
    return _RUN_ON.sub("", order)


_REMARK = late(
    r"[,;]\s+(?:and |but |so |because )?(?=(?P<remark>"
    r"(?:i|we|he|she|they)(?:'m|'ve|'re|'d| \w+)|(?:you|u)(?:'re| are|r)? (?:not|ain'?t)\b|(?:ur|youre|"
    r"you ain'?t) not\b|"
    r"(?:the )?last time\b|(?:(?:the|an?|my|our|his|her|their|all (?:my|the)|this|ms|mrs|mr|dr)\.? (?!rest\b|"
    r"others?\b)"
    r"(?:[\w'-]+ ){1,3}?|(?-i:[A-Z][a-z]+) (?:[\w'-]+ )?|(?:bullet points|lists|emojis|nobody|everybody|everyone) )"
    r"(?:(?:can|will|can't|won't|was|were|isn't|doesn't|don't|didn't)\b|[a-z]+(?:s|ed|t|nt|ote|ook|ave|ew|ade|aid|"
    r"an|ot) "
    r"(?=(?:me|it|us|him|her|them|too|an?|the|my|his|her|that|not|off|marks)\b)|(?:make|drive|annoy|give) (?:me|"
    r"us)\b)))|"
    r" (?:either )?(?=(?P<not>(?:you|ur|u|you're|youre|you are) (?:ain'?t|not|are not|aren'?t) (?:my|our|his|her|"
    r"their|an?|"
    r"the|his)\b))",
    re.IGNORECASE,
)
""" "Stop apologising, you're not my mother", "bullets please, the line annoys me"."""
_CONDITION = late(r"(?:when(?:ever)?|if|whatever|every time|each time|anything|everything|since|for|in|with)\b", re.I)
_SO = late(r",? so (?:please |just |pls )?\w", re.IGNORECASE)
""" "Ana reads everything, she hates gotos, so no gotos": the reason is before its order."""
_DOES = late(
    r".{8,}\b(?:just|please|you|u|don'?t|say|tell|give|show|put|ask|use|shout|keep|call|write|answer|assume|check|no|"
    r"never|always|be|explain|add|remind)\b",
    re.IGNORECASE,
)


def without_remark(order: str) -> str:
    """An order without the statement that follows it; the main clause after "if …" stays."""
    for cut in _REMARK.finditer(order):
        before = order[: cut.start()]
        if (_CONDITION.match(order) and not _DOES.match(before)) or _SO.search(order, cut.end()):
            continue
        if cut["remark"] and PREFERS.match(cut["remark"]) and not _CONDITION.match(order):
            continue
        return before.rstrip(" ,;")
    return order
