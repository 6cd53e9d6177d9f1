"""Standing instructions by a yes: "Shall I always give both units?" – "Yes please."."""

import re

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft, instruction
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.rule_tables import compiled

LONGEST_ANSWER = 8
"""Words of an answer."""
_OFFER = KeyedPattern(
    r"\b(?:(?:shall|should) i|(?:(?:would|do) you (?:like|want|prefer)|want) (?:me to|that i|it if i)|"
    r"(?:would|do) you (?:like|want|prefer)(?P<thing>)) (?P<o>[^?!.;]{5,120})\?\s*$",
    re.IGNORECASE,
)
_LASTING = KeyedPattern(
    r"\b(?:always|never|every|each|from now on|going forward|in (?:the )?future|by default|any ?more|whenever|"
    r"weekly|daily|monthly|in all|all (?:your|the|my)|per (?:answer|message|question|reply)|at a time|stop|"
    r"(?:kids'|school|work) (?:weeks|days|nights)|(?:mon|tues|wednes|thurs|fri|satur|sun)days)\b",
    re.IGNORECASE,
)
_ONCE = late(
    r"\b(?:now|today|tonight|tomorrow|this|that|these|those|it|them|him|her|there|here|next (?:week|month|time|one))\b"
    r"(?! on\b)|\b(?:the|your) (?:draft|email|letter|text|message|recipe|list|plan|table|file)\b(?! (?:every|each))",
    re.IGNORECASE,
)
_THING = (
    r"(?:an? |the |my |your )?(?:[\w'-]+ ){0,2}?(?:{STYLE}|{WRITINGS}|overview|digest|recap|check-in|tip|word|question)"
    r"\b.*"
)
""" "Would you like a summary every Friday?" offers a thing that an assistant can give; "the kids" are none."""
_YES_WORDS = (
    r"(?:yes|yeah|yea|yep|yup|aye|sure|please do|please|definitely|absolutely|of course|always|that (?:would|'d) be "
    r"(?:great|good|nice|lovely|perfect|helpful)|(?:that )?sounds (?:good|great)|perfect|good idea|"
    r"do(?: that)?|go ahead)"
)
_AND_YES = (
    r"(?:please|pls|thanks|thank you|do that|do|always|every time|both|that would be \w+|good idea|exactly|definitely|"
    r"i'd like that|leave it out|from now on)"
)
_YES = late(
    rf"\W*(?:(?:oh|ah|mm|ok|okay)\b\W*)?{_YES_WORDS}\b(?:[,!]? {_AND_YES})*(?:[,!]? (?P<more>(?:at|on|before|around|"
    r"after) (?:\d[\w:.]*(?: ?[ap]m)?|noon|(?:mon|tues|wednes|thurs|fri|satur|sun)days?)))?\W*$",
    re.IGNORECASE,
)
_SENTENCE = late(r"[^.!?\n]+")
_EITHER = late(r"(?P<before>.*\b)(?P<a>[\w-]+) or (?P<b>[\w-]+)(?P<after>\b.*)", re.IGNORECASE)
_NAMED = late(
    r"\W*(?:(?:just|only|on|in|rather|better)\b\W*)?(?P<o>[\w-]+)"
    r"(?:,? (?:please|pls|thanks|works|is (?:fine|best|better)))*\W*$",
    re.IGNORECASE,
)
_LANGUAGE = KeyedPattern(
    r"\b(?:which|what) language (?:should|shall|do you want me to|would you like me to) i? ?"
    r"(?P<verb>answer|reply|write|speak|respond|use)\b",
    re.IGNORECASE,
)
_TONGUE = r"\W*(?:in )?(?P<o>{TONGUES})\b(?P<even>,? (?:even|also|always)\b.*)?.{0,12}"
_MINE = {"you": "me", "your": "my", "yours": "mine", "yourself": "myself"}
_YOURS = late(r"\b(?:you|your|yours|yourself)\b", re.IGNORECASE)


def accepted_instruction(asked: str, text: str) -> Draft | None:
    """The instruction of a speaker whose `text` says yes to an offer `asked` for good, or chooses one of two."""
    first = _SENTENCE.match(text)
    if first is None or len(first[0].split()) > LONGEST_ANSWER or text[first.end() :].startswith("?"):
        return None
    answer, span = first[0], (first.start(), first.end())
    if _LANGUAGE.search(asked):
        tongue = compiled(_TONGUE).fullmatch(answer)
        return _draft(f"answer in {tongue['o']}{tongue['even'] or ''}", span) if tongue else None
    offer = _OFFER.search(asked)
    if offer is None or _ONCE.search(offer["o"]) or not _LASTING.search(offer["o"]):
        return None
    if offer["thing"] is not None and not compiled(_THING).fullmatch(offer["o"]):
        return None
    goal = _agreed(offer["o"].strip(), answer)
    return _draft(goal, span) if goal else None


def _agreed(offer: str, answer: str) -> str | None:
    """What an answer agrees to: the offer, with a time that is added, or with one of two named things."""
    either = _EITHER.fullmatch(offer)
    if either is None:
        yes = _YES.match(answer)
        return None if yes is None else f"{offer}, {yes['more']}" if yes["more"] else offer
    chosen = _NAMED.match(answer)
    named = {either["a"].lower().rstrip("s"), either["b"].lower().rstrip("s")}
    if chosen is None or chosen["o"].lower().rstrip("s") not in named:
        return None
    return f"{either['before']}{chosen['o']}{either['after']}"


def _draft(words: str, span: tuple[int, int]) -> Draft:
    goal = _YOURS.sub(lambda match: _MINE[match[0].lower()], " ".join(words.split()))
    return instruction(goal, span, 0.8)
