"""What people say to end an earlier instruction: "emojis are fine again", "that no tables rule? scrap it"."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from memctl.core.late_pattern import late
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.standing_instructions.order_topics import LIMIT

_OPENING = (
    r"^\W*(?:(?:no|yes|yeah|yep|ok|okay|actually|also|and|an|so|therefore|oh|btw|by the way|please|pls|right|fine|"
    r"alright|hey|now|"
    r"but|hm+|well|right then|rule update|update|i changed my mind|(?:you|u|ye) know what|good news|for (?:heaven'?s|"
    r"god'?s|"
    r"goodness) sake)[,:!]? )*"
)
_YOU_MAY = r"(?:you|u|ye) (?:can|may|could|are (?:allowed|free|welcome) to)(?: now| again| just)?"
_FORGET = (
    r"(?:scrap|scratch|drop|forget|ignore|cancel|ditch|bin|lift|remove|undo|lose|skip|delete|disregard|cross out|"
    r"never mind|strike)"
)
_THING = (
    r"(?:thing|rule|bit|stuff|business|request|order|ban|limit|embargo|instruction|restriction)"
    r"(?: i (?:said|made|set|gave you|asked for))?"
)
_IT_IS_OVER = (
    rf"(?:{_FORGET} (?:it|that)|i take (?:it|that) back|not any ?more|no longer|leave (?:it|that)|changed my mind|"
    r"i(?:'ve| have)? changed my mind|(?:that's )?enough (?:of|with) (?:it|that|those|them)|can we stop|is (?:off|"
    r"over)|"
    r"(?:it|that)(?:'s| is) (?:off|over|cancell?ed))\b"
)
_EITHER = KeyedPattern(
    _OPENING + rf"(?:(?:{_YOU_MAY} )?{_FORGET}(?: now)?(?: about)?"
    r"(?= (?:the|de|that|my|what i said about|all the|those|this)\b)|"
    rf"i (?:hereby |now )?(?:lift|withdraw|retract|revoke|rescind|cancel) (?:the|my|that) (?:{_THING}|stipulation) "
    r"(?:about|on|of|for|concerning|against|with)|"
    r"i was wrong about(?= \w)|(?:i(?:'ll| will)? take back)(?= (?:the|that|my|what i said about|all the|those|"
    r"this)\b)|"
    r"i take it back about|(?:quit it|leave off|enough|stop it|knock it off) (?:with|of)"
    r"(?= (?:the|that|those|all|this)\b)|"
    rf"(?:you know |remember )?(?:that|the|this|my) {_THING} (?:about|on|with|for)(?=.*,? {_FORGET} (?:it|that)\b)) "
    r"(?P<what>[^.!?;\n,]{3,80})",
    re.IGNORECASE,
)
"""The end of an order, or of a ban: "forget the metric thing"."""
_NAMED = KeyedPattern(
    r"(?:^|[.!?;\n,]\s*)(?:(?:and|also|oh|so|ok|but|btw|actually|about|as for|on|re|you know|u know|remember|"
    r"as to)\b[,:]? )*"
    r"(?P<what>(?!(?:i|we|he|she|they|it|you|there)\b)(?:(?:that|the|those|this|my) )?(?:[\w'-]+ ){0,5}?"
    rf"(?:{_THING}(?: (?:about|on|with|for|to) [\w' -]{{2,40}})?|[\w'-]+)) ?[?,:;–—-]+ ?(?:(?:maybe |"
    rf"well,? )?not (?:so much|really)[\w ]*[.,]? )?(?:(?:well|actually|just|"
    rf"please|maybe|"
    rf"you can|we can|u can)\b,? )*{_IT_IS_OVER}(?! (?:the|what|my|your|from|on|in)\b)",
    re.IGNORECASE,
)
""" "That polite thing? Scratch that", "generics: I take it back"."""
_OVER = KeyedPattern(
    _OPENING
    + rf"(?:{_YOU_MAY} (?P<stop>(?:stop|quit|drop|skip|forget|ignore|lose|leave off|leave out|leave|cut out|give up|"
    r"knock off|lay off|end|retire)(?: with| w| it with)?)|(?:you |u )?(?:(?:"
    r"don't|dont|do not|no longer) (?:need|have) to|(?:don't|dont|do not) need(?= [a-z]+ (?:the|me|my|in|"
    r"with)\b.*\bany ?more\b)|"
    r"needn't|need not|need no longer)(?: keep)?|(?:[^,]{0,40} so )?(?:there's |"
    r"there is )?no (?:more )?need (?:to|for)(?: keep)?|i (?:no longer (?:need|want)|(?:don't|dont) (?:need|want)"
    r"(?= .*\b(?:any ?more|any longer)\b))|(?P<halt>(?:stop|quit)(?: it)?(?: with| w)?)(?= (?:\w+ing|the|that|those|"
    r"these|"
    r"your|all|my)\b)|(?:no more|(?:that's )?enough (?:of|with)?)(?= [\w ]+ ?(?:please|pls|from now on|at the end|"
    r"any ?more|for now|$)|(?= [\w'-]+ [\w' -]+,)))"
    r" (?P<what>[^.!?;\n,]{3,80})",
    re.IGNORECASE,
)
"""The end of what the assistant does: "you can stop the reminders"."""
_WHENEVER = (
    r"(?: (?:again|now|after all|whenever(?: you \w+)?|any ?time|all you (?:like|want)|if you (?:like|want|must)|"
    r"back(?: in| on)?))+"
)
_ALLOWED = KeyedPattern(
    _OPENING
    + r"(?:(?P<may>(?:(?:you|u|ye) (?:can|may|could)|feel free to|it's (?:ok|okay|fine) to|go ahead and) (?:use|"
    r"do|have|add|include|write|give|send|call|mention|suggest|show|talk about|put|bring|say|tell me|go back to|make|"
    r"recommend|joke about)? ?)"
    rf"(?P<what>[^.!?;\n,]{{3,60}}?){_WHENEVER}|"
    r"(?P<that>(?!.* but )[\w' -]{3,40}?) (?:is|are|r|am) "
    r"(?:totally |perfectly )?(?:fine|ok|okay|alright|all right|allowed|welcome|good|back)(?: to (?:use|mention|have|"
    r"suggest|talk about))?(?: (?:again|now|after all|with me|back|on the menu|from (?:now|here) on|for me))*"
    r"(?: (?:now|but|because|since|as)\b.*)?|(?P<back>(?:bring|i want|put) (?:the |my )?(?P<brought>[\w' -]{3,40}?) "
    r"(?:back|again)(?: in| please| now)*|bring back (?P<again>[\w' -]{3,40}))|(?P<freely>(?P<deed>"
    r"[a-z]+)(?: me| at me)? (?:all|as much as|whenever) you (?:like|want))|"
    r"(?P<fronted>(?!(?:one|two|just|only|a)\b)(?:the )?(?P<front>[\w' -]{3,30}?) "
    rf"(?:you|u|ye) (?:can|may) (?:use|have|do|mention|make|give|bring)(?: me)?{_WHENEVER}))"
    r"(?:,? (?:btw|by the way|tho|though|please|pls))*"
    r"(?P<only>,? (?:if|when|in|for|on|as long as|until|till|up to) .*)?(?P<rest>,.*| (?:just not|but not|except|"
    r"because|cos|since) .*)?\W*$",
    re.IGNORECASE,
)
_NEEDLESS = KeyedPattern(
    _OPENING
    + r"(?:no )?(?P<what>[\w' -]{3,60}?) (?:(?:is|are) (?:not|no longer) needed|(?:isn't|isnt|aren't|arent) needed|"
    r"needed now|can (?:go|stop|end)(?=$|[,.!;]| (?:now|too|please|pls)\b)|(?:has|have) (?:run its course|"
    r"had (?:its|their) day)|(?:is|are) (?:retired|"
    r"history|done with)|(?:no longer applies|doesn't apply any ?more))\b|"
    + _OPENING
    + r"(?P<ban>[\w' -]*\b(?:ban|rule|limit|embargo|thing|restriction)\b[\w' -]*?)"
    + r"(?:'s| is) (?:lifted|off|over|gone|cancell?ed)\b|"
    + _OPENING
    + r"(?P<that>(?:the|that|this) [\w' -]{3,60}?),? (?:can|could) (?:we|you|u) (?:please )?(?:stop|drop|skip|"
    r"lose|quit|end)\b",
    re.IGNORECASE,
)
""" "The max five thing can go", "the ban on jokes is lifted"."""
LOOSENED = KeyedPattern(
    _OPENING + r"(?P<all>(?:(?:you|u|ye) (?:can|may|could)|feel free to|it's (?:ok|okay|fine) to) (?:be|go|write|get|"
    r"make (?:the |your )?(?:answers|replies|messages)|answer)(?: me)? "
    r"(?:a bit |a little |much |with )?(?P<o>longer|long|"
    r"shorter|more (?:detailed|formal|informal|casual|verbose)|verbose|detailed|formal|"
    r"informal|casual|as long as you like)\b)(?P<rest>.*)",
    re.IGNORECASE,
)
_BE = (
    r"(?:(?: (?:is|are|r|can|may|has|have|gets?|needs?|must)|'s|'re)(?: (?:now|all|totally|officially|"
    r"just|also|really))*)?"
)
_SUBJECT = r"^\W*(?:(?:so|now|and|ok|oh|right|also) )?(?:(?:the|those|these|all|your|any) )?"
_MAY = KeyedPattern(
    rf"{_SUBJECT}(?P<that>[\w'-]+(?: [\w'-]+){{0,5}}?){_BE} (?:ok|okay|fine|good|alright|all right|allowed|welcome|"
    rf"back|free|"
    r"acceptable|legal|unbanned|off the (?:black)?list|(?:no longer|not) (?:off[- ]limits|banned|forbidden|a problem|"
    r"taboo)(?: any ?more)?|on the (?:menu|table)|come back|return|get a pardon|pardoned|forgiven)\b(?: (?:again|"
    r"now|in|by me|"
    r"with me|too|as of \w+))*(?P<only>,? (?:if|when|in|for|on|at|as long as|until|till|up to) [^,]*)?(?P<rest>(?:,|"
    r" because| since| but"
    r"| cos| -|$).*)$",
    re.IGNORECASE,
)
_MUST_GO = KeyedPattern(
    rf"{_SUBJECT}(?P<what>[\w'-]+(?: [\w'-]+){{0,8}}?){_BE} (?:(?:to |can |must )?(?:go|stop|end)(?: now)?|over|off|"
    rf"history|done|out|"
    r"retired|too much|cancell?ed|not needed|(?:no longer|not) (?:needed|necessary|wanted)(?: any ?more)?)(?=$|"
    r"[,.!;]| now\b| thanks\b)",
    re.IGNORECASE,
)
_AWAY = KeyedPattern(
    r"^\W*(?:(?:so|and|ok|please|just) )*(?P<freely>(?P<deed>[a-z]{4,}) away)(?P<rest>(?:,.*)?)$", re.IGNORECASE
)
_PUT_BACK = KeyedPattern(
    r"\bthe (?P<what>[\w' -]{3,30}?),? (?:so |and )?(?:you can |please )?(?:put|bring) (?:it|them|those) back\b|"
    r"\b(?:lifted|ended|scrapped|dropped|retract|withdraw|revoke|rescind|undo) (?:the|my|that) (?P<ban>[\w' -]{3,40}? "
    rf"{_THING})",
    re.IGNORECASE,
)
""" "I miss the lists, put them back", "the doctor lifted the salt ban"."""
ENDINGS = KeyedGroup(LOOSENED, _OVER, _EITHER, _NAMED, _ALLOWED, _NEEDLESS, _MAY, _MUST_GO, _AWAY, _PUT_BACK)
_THE = late(r"\W*(?:(?:so|now|and|ok|oh|right|also) )?(?:the|those|these) ", re.IGNORECASE)
_ANEW = late(r"\b(?:again|now|no longer|not .* any ?more|come back|pardon|on the menu)\b", re.IGNORECASE)
""" "The tables are fine" may be those of a restaurant, "the tables are fine again" are those of the answers."""
LASTING = KeyedGroup(LOOSENED, _OVER, _ALLOWED)
"""What may be an instruction of its own, without an earlier one."""
_CLAUSE = late(r"[,;:]\s+|\s[-–—]+\s|,? (?:so|but|and|because|cos|cuz) ", re.IGNORECASE)
_BAN = late(r"\b(?:ban|rule|limit|embargo|restriction)\b", re.IGNORECASE)
_OWN = late(r"(?:my|our|his|her|their|i|we|he|she|they)\b(?!.* to \w+$)", re.IGNORECASE)
""" "My back is fine again" is news."""
_AVOIDING = late(r"(?:avoid|skip|hid|leav|not |whisper)", re.IGNORECASE)
_IN_PART = late(
    r"(?:(?:and|so|but|oh|ok|also),? )*(?P<when>(?:when(?:ever)?|if|for|on|in|with|"
    r"about) (?!(?:the )?record\b)[^,;:]{2,50}?),? "
    r"(?=(?:you|u|ye) (?:can|may) )",
    re.IGNORECASE,
)
""" "On wiring questions you can go long"."""
_PART = late(
    r"[,;:]\s+|\s[-–—]+\s|,? (?:so|but|and) (?=(?:please )?(?:you|u|stop|no need|enough|quit|bring)\b)", re.IGNORECASE
)


class Lift(NamedTuple):
    """What a part of a turn says that it ends.

    `what` names it, `does` is True for the end of what the assistant does, False for the end of a ban, None for either.
    `allows` is the sentence that gives a permission, at `span` of the turn; `how` is what the answers may be, such as
    "longer", and `part` the condition before a permission. `stops` is the verb of an order to stop something, and "
    "`told` says that "you can" is before it. With `strict` the order has to have all words of `what`.
    """

    what: str
    does: bool | None
    span: tuple[int, int]
    allows: re.Match[str] | None = None
    how: str = ""
    part: str = ""
    stops: str = ""
    told: bool = False
    strict: bool = False


def lifted(sentence: str, start: int, *, standing: bool) -> Iterator[Lift]:
    """What a sentence ends, which begins at `start` of its turn. `standing` says that there are earlier orders."""
    blank = len(sentence) - len(sentence.lstrip())
    for at in (blank, *(cut.end() for cut in _PART.finditer(sentence))):
        part = _IN_PART.match(sentence, at)
        words = sentence[part.end() if part else at :]
        found = _lift(words, (start + len(sentence) - len(words), start + len(sentence)), part["when"] if part else "")
        if found:
            yield found._replace(stops="") if at > blank else found
            break
    yield from _by_topic(sentence, start) if standing else ()


def _by_topic(sentence: str, start: int) -> Iterator[Lift]:
    """What the clauses of a sentence may end whose subject is all that an order is about: "jokes can come back"."""
    for back in _PUT_BACK.finditer(sentence):
        yield Lift(back["what"] or back["ban"], None, (start + back.start(), start + back.end()), strict=True)
    for at in (0, *(cut.end() for cut in _CLAUSE.finditer(sentence))):
        words, span = sentence[at:], (start + at, start + len(sentence))
        if (
            (may := _MAY.match(words))
            and not _OWN.match(may["that"])
            and (not _THE.match(words) or _ANEW.search(words))
        ):
            yield Lift(may["that"], False, span, may, strict=True)
        elif away := _AWAY.match(words):
            yield Lift(away["deed"], False, span, away, strict=True)
        elif (over := _MUST_GO.match(words)) and not _OWN.match(over["what"]):
            yield Lift(over["what"], True, span, strict=True)


def _lift(words: str, span: tuple[int, int], part: str) -> Lift | None:
    """What the `words` end; with `part` only a permission counts."""
    if loosened := LOOSENED.match(words):
        return Lift(loosened["o"], False, span, loosened, loosened["o"], part)
    if not part and (over := _OVER.match(words)):
        either = _BAN.search(over["what"]) or _AVOIDING.match(over["what"])
        return Lift(
            over["what"],
            None if either else True,
            span,
            stops=over["halt"] or over["stop"] or "",
            told=not over["halt"],
        )
    if not part and (ended := _EITHER.match(words)):
        return Lift(ended["what"], None, span)
    if (allowed := _ALLOWED.match(words)) and not (
        allowed["that"] and (allowed["only"] or _OWN.match(allowed["that"]))
    ):
        what = next(allowed[name] for name in ("what", "that", "brought", "again", "deed", "front") if allowed[name])
        return Lift(what, False, span, allowed, "", part)
    needless = None if part else _NEEDLESS.match(words)
    return Lift(needless["what"] or needless["ban"] or needless["that"], None, span) if needless else None


def named(turn: str) -> Iterator[Lift]:
    """What a turn names before it says that it is over: "That polite thing? Scratch that."."""
    for found in _NAMED.finditer(turn):
        yield Lift(found["what"], None, found.span())


def lifts(text: str) -> bool:
    """True for a sentence that only lifts an earlier instruction: "paragraphs are fine now". "You can call me Bo "
    "again"
    and "max 5 bullets is fine" ask for something too."""
    if " call " in text or LIMIT.search(text):
        return False
    allowed = _ALLOWED.match(text)
    return not allowed["only"] if allowed else _NEEDLESS.match(text) is not None
