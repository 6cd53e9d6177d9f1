"""Orders in free words that say when they hold, or that they last.

"In mails to collectors, be a little rude" has a scope, "hex in upper case. Always." says in its next sentence that it
lasts. What is said of the speaker is no order: "no luck in every game", "on Mondays I swim".
"""

import re
from functools import cache

from memctl.core.late_pattern import late
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.rule_tables import compiled, filled
from memctl.extract.standing_instructions.one_off_orders import for_one_task, is_no_rule
from memctl.extract.standing_instructions.order_forms import (
    AT_LENGTH,
    LONGEST_ORDER,
    is_base_verb,
    is_understood,
    trimmed,
)
from memctl.extract.standing_instructions.order_reasons import ASIDE
from memctl.extract.standing_instructions.order_scopes import SCOPED

LONGEST_NAME = 12
"""Words of an order without a verb."""
_LASTS = KeyedPattern(
    r"\b(?:from (?:now|here|today|this point|this day)(?: on(?:wards?)?| out| forward|(?=[,.;]|$))|henceforth|"
    r"hereafter|going forward|for future reference|starting (?:today|now)|at all times|by default|as (?:the|a) "
    r"default|across (?:all )?(?:our |my )?chats|standing (?:order|rule|request)|(?:until|till) i say|until further "
    r"notice|(?:for|in) (?:everything|anything)(?= (?:you|i|we)\b| ?[.,;(]|$)|in (?:everything|anything|whatever|"
    r"any (?!case\b|"
    r"event\b|way\b)\w+) (?:you|i)|(?:every|each) (?:single )?time (?:i|you|u) (?:paste|send|write|ask|say|share|"
    r"mention|log|tell|give|show|type|text|message|use|answer|reply|list|quote|suggest|recommend|translate|get|make)|"
    r"(?:every|each|any|all) (?:[\w-]+ ){1,3}(?:you|u) (?:write|draft|make|give|send|prepare|suggest|plan|create|"
    r"answer))\b",
    re.IGNORECASE,
)
_ALWAYS = KeyedPattern(r"(?:,? always|,? every (?:single )?time)(?=$|[.,;!]|,? (?:please|pls|plz)\b)", re.IGNORECASE)
""" "Grams always": an order if it names a manner; "late trains always" is none."""
_LASTS_IN_TEXTS = (
    r".*\b(?:in|for|on|to|with|of|at the (?:end|top|start) of) (?:all|every|each|any)(?: of)? {WRITINGS}\b"
)
_A_RULE = (
    r"(?:permanent|standing|forever|for good|"
    r"a (?:(?:permanent|standing|fixed|firm|general|house) )?(?:rule|order|request))"
)
_LASTS_AFTER = late(
    r"\W*(?:(?:and|so|ok|yes|please),? )*(?:always|every(?: single)? time|each time|for everything|in everything|"
    rf"ever|permanently|for good|at all times|by default|(?:that|this|it)(?:'s| is| one is) {_A_RULE}|(?:make|keep|"
    r"set) (?:that|this|it|these|them) (?:permanent|standing|a rule|(?:as )?(?:the |a |my )?default|so|like that)|"
    r"standing (?:order|rule|request)|(?:these|those|they|both|all of (?:these|those|them)) (?:stand|hold|"
    r"apply)\b[^.!?\n]*|no exceptions?|non-negotiable|remember (?:that|this|it|these) (?:for (?:all|always|every\w*|"
    r"next time)|always))(?:,? (?:please|pls|thanks))?\W*(?:$|[.!\n])",
    re.IGNORECASE,
)
""" "Hex in upper case. Standing order."."""
_RULES_OPEN = KeyedPattern(
    r"(?:^|[.!?\n]\s*)(?:(?:ok|so|and|also|first|here are|here's|these are|a|an|some|the|my|our|few|couple|of|ground|"
    r"house|golden|basic|simple|quick|little|small|new|more|one|two|three|four|five|six|\d)\b,? ?)+"
    r"(?:rules?|requests|policies)(?: (?:of|for|in|on) (?:the |this |our |my )?(?:house|ship|road|chat|conversation|"
    r"kitchen|boat|land|us|you))?(?: (?:first|then|from me|before we (?:start|begin)))?\s*[.!:]\s",
    re.IGNORECASE,
)
""" "First some rules of the ship." opens a turn of orders."""
_TO_ASSISTANT = late(r"\b(?:me|us|you|u|please|pls|anything)\b", re.IGNORECASE)
_CLOCK = late(
    r"nothing (?:for (?:me|us) )?(?:after|before|between|until|till|past) (?:\d|noon|one|two|three|four|five|six|"
    r"seven|"
    r"eight|nine|ten|lunch|school|work|dinner)|nothing in the (?:mornings?|evenings?|afternoons?)$",
    re.IGNORECASE,
)
_YOU = late(
    r"(?:you|u) (?:can |may |must |should |shall )?(?:always |only |never |just )?(?P<verb>[a-z]+)\b"
    r"(?!.*\b(?:too|so) \w+)",
    re.IGNORECASE,
)
_OWN_DOINGS = late(
    r"(?:go|eat|drink|walk|run|sleep|work|live|feel|wear|drive|swim|ride|play|buy|shop|study|train|try|like|love|hate|"
    r"know|think|want|need|get|see|meet|visit|watch|take|have|come|wake|wash|clean|feed|pay|sing|dance|hope|wish|miss|"
    r"enjoy|believe|guess(?=$| \w)|mean|move|stay|sit|stand|fly|travel|cry|laugh|die|let(?! (?:it|them|the|me "
    r"(?:know|see|have))\b)|lose|win|earn|own|can|did|"
    r"was|"
    r"pray|fast|bring|become|beat|teach(?! (?:me|us)\b)|help(?! (?:me|us)\b)|order|book|cook(?! (?:for|me|us)\b)|bake|"
    r"smoke|thank|start|leave(?! (?:out|it|them|an?|the|my|your)\b)|close|open)\b",
    re.IGNORECASE,
)
""" "Work from home from now on" is what the speaker does."""
_NEGATED = late(r"(?:always|never|only|do not|don't|dont|dun|not) (?:ever )?(?=\w)", re.IGNORECASE)
_NONE = late(r"(?:no|nothing) ", re.IGNORECASE)
_CRY = late(r"(?:shout|ask|stop|wait|refuse|skip|object|warn me|say so)[.!]*", re.IGNORECASE)
""" "If you spot a typo, shout"."""
_POLITELY = late(r"(?:(?:please|pls|plz|just|kindly|also|then|so|and) )+", re.IGNORECASE)
_SPEAKERS = late(r"(?:i|i'm|i've|im|my|our|we|he|she|they|it|it's|there|this|that|these|those)\b", re.IGNORECASE)
_SUBJECT = late(
    r"\b(?:i|i'm|i've|i'll|im|ive|we|we're|he|she|they|it|it's|its|there|that's|who|which|is|are|was|were|am|been|has|"
    r"had|have|will|would|can|could|did|does|do|goes|went|got|gets|said|says|made|makes|need|needs|want|wants)\b",
    re.IGNORECASE,
)
_CLAUSE = late(
    r",? (?:when(?:ever)?|if|unless|until|till|(?:every|each) time|even|(?:that |which |whatever )?(?:you|u|i)|"
    r"so)\b.*",
    re.IGNORECASE,
)
_OPENS_CLAUSE = late(r"(?:all|any|every|each|whatever|when(?:ever)?|if|and|or|but|which|where|whose)\b", re.IGNORECASE)
_NAMES_MANNER = (
    r"(?:no|only|nothing|zero|not|max(?:imum)?|at most|never|one|two|three|\d+) \S.*|.*\S (?:only|first|last|never|"
    r"not|"
    r"rather than|instead of|per)\b.*|.*\b(?:{UNITS}|{STYLE}|{TONGUES}|{FORMATS}|"
    r"{MANNER} (?!(?:from|since|for|in|at|till|until)\b)\w+)\b.*"
)
_PIECE = late(r"[,;:] (?:(?:and|but|also|so|then|plus) )?|\s[-–—]+\s|,? so (?=(?:please |pls )?\w)", re.IGNORECASE)
_HEADING = late(
    r"(?!.*\b(?:rules?|things?|mode|note|says?|can|could|please|let|so|ok)\b)[\w'-]+(?: [\w'-]+){0,2}: ", re.IGNORECASE
)
""" "Latin phrases: translate them, always"."""
_REMARK = late(r"[,;]\s+(?:and |but |so )?|\s[-–—]+\s", re.IGNORECASE)
_ASKED_NICELY = late(r" (?:please|pls|plz)$", re.IGNORECASE)
""" "In reports use metric please, the council insists": the words after "please" are a remark, or another order."""
_GOES_ON = late(
    r"(?:not|no|never|nor|also|even|only|including|except|unless|when|if|in|on|for|at|with|from)\b", re.IGNORECASE
)
_CONTRAST = late(r"(?:not|no|never|nor) ", re.IGNORECASE)
""" "The hours like 16:30, not pm": the contrast belongs to what is before it."""
_POINTS_BACK = late(
    r"call me\b|(?:\w+ ){1,2}(?:it|this|them|those|these|so|that(?! (?:you|i|an?|the|my)\b))\b|(?:scrap|drop|bin|"
    r"ditch|cancel|"
    r"forget|lift|undo|lose|toss)\b|(?:standing (?:order|rule|request)|always|permanent\w*)$|.*\b(?:rule|thing)\b",
    re.IGNORECASE,
)
_OF_THEM = late(
    r"(?:please )?(?:keep|make|write|sign|put|leave|begin|start|end|open|close|number) (?:it|them|em)\b", re.IGNORECASE
)
""" "In mails to clients, sign them Joan": the scope says what "them" is."""
_FIGURE = late(
    r"(?:no|not|never) (?:way|idea|clue|luck|chance|wonder|doubt|need|problem|worries|more|rush|time|money|sleep|"
    r"caffeine|alcohol|booze|snacks?|screens?|phones?|tv|eating|drinking|smoking|running|driving|swimming|sports?|"
    r"work)\b",
    re.IGNORECASE,
)


def free_order(text: str, before: str, after: str) -> str | None:
    """The order in `text` that has a scope or says that it lasts, in any words; None if there is none.

    `before` and `after` are what the turn says before and after the sentence.
    """
    rules = _RULES_OPEN.search(before) is not None
    lasts = rules or _LASTS_AFTER.match(after) is not None
    if not (lasts or _says_it_lasts(text)) and for_one_task(before):
        return None
    for start in _starts(text):
        part = text[start:]
        if _SPEAKERS.match(part) or (start and _CONTRAST.match(part)):
            continue
        first = _first(part)
        shaped = (lasts or _says_it_lasts(part)) and _has_shape(first)
        always = None if shaped else _ALWAYS.search(part)
        shaped = shaped or (always is not None and always.start() <= len(first) and _is_verbless(first, named=True))
        if shaped or _has_scope(part) or (rules and _told(part)):
            return _whole(text if _HEADING.fullmatch(text[:start]) else part)
    return None


def of_all_writing(text: str) -> str | None:
    """The order in "all mails you write for me: plain words, no jokes", which is about all of them; or None."""
    scope = SCOPED.match(text)
    return _whole(text) if scope and scope["writing"] and _has_scope(text) else None


def _starts(text: str) -> list[int]:
    """The offsets at which a part of the sentence begins."""
    return [0, *(match.end() for match in _PIECE.finditer(text))]


def _first(text: str) -> str:
    """The first part of a sentence."""
    cut = _PIECE.search(text)
    return text[: cut.start()] if cut else text


def is_told(text: str) -> bool:
    """Whether `text` opens with an order in the imperative, or with its scope."""
    return not _SPEAKERS.match(text) and (_has_scope(text) or _is_imperative(_first(text)))


def _says_it_lasts(text: str) -> bool:
    return bool(_LASTS.search(text) or _lasts_in_texts().search(text))


@cache
def _lasts_in_texts() -> KeyedPattern:
    return KeyedPattern(filled(_LASTS_IN_TEXTS), re.IGNORECASE)


def _has_scope(text: str) -> bool:
    """Whether `text` is an order after the words that say when it holds: "on Mondays give me the list"."""
    match = SCOPED.match(text)
    if match is None or _SPEAKERS.match(match["core"]):
        return False
    core = match["core"]
    if match["day"] and not (_TO_ASSISTANT.search(core) or _CLOCK.match(core)):
        return False
    if _YOU.match(core):
        return _told(core)
    paused = match[0][: match.start("core")].rstrip()[-1:] in ",:-–—" or _NONE.match(core)
    return _is_imperative(core) or bool(paused and any(map(_is_verbless, _PIECE.split(core))))


def _told(text: str) -> bool:
    """Whether `text` says what "you" do: "you say what it is and you stop"."""
    you = _YOU.match(text)
    return bool(
        you and (AT_LENGTH.match(text) or (_is_verb(you["verb"]) and not _OWN_DOINGS.match(text, you.start("verb"))))
    )


def _has_shape(text: str) -> bool:
    """Whether `text` could be an order: it opens with a verb, or only names how something is to be."""
    return _is_imperative(text) or _is_verbless(text)


def _is_imperative(text: str) -> bool:
    text = _POLITELY.sub("", text, count=1)
    negated = _NEGATED.match(text)
    text = text[negated.end() :] if negated else text
    verb = re.match(r"[a-z-]+", text, re.IGNORECASE)
    if verb is None or (len(text.split()) + bool(negated) < 2 and not _CRY.fullmatch(text)):
        return False
    return _is_verb(verb[0]) and (bool(negated) or not _OWN_DOINGS.match(text))


def _is_verb(word: str) -> bool:
    return is_base_verb(word.lower()) or word.lower() in ("be", "shout", "flag", "say", "refuse", "let")


def _is_verbless(text: str, *, named: bool = False) -> bool:
    """Whether `text` has no verb and names a manner; `named` if "no needles" does not count as one."""
    head = _CLAUSE.sub("", text)
    if named and _CONTRAST.match(head):
        return False
    if not head or _OPENS_CLAUSE.match(head) or _SUBJECT.search(head) or _FIGURE.match(head):
        return False
    return len(head.split()) <= LONGEST_NAME and bool(compiled(_NAMES_MANNER).fullmatch(head))


def _whole(text: str) -> str | None:
    """The order without remarks, if it is understood alone; else None."""
    goal = trimmed(_without_remarks(text))
    if not 2 <= len(goal.split()) <= LONGEST_ORDER or is_no_rule(goal) or not is_understood(goal):
        return None
    scope = SCOPED.match(goal)
    if scope and (scope["when"] or scope["writing"] or (scope["texts"] and _OF_THEM.match(scope["core"]))):
        return goal
    return None if _POINTS_BACK.match(scope["core"] if scope else goal) else goal


def _without_remarks(text: str) -> str:
    """`text` up to the first part after a comma that is a remark or a statement."""
    for cut in _REMARK.finditer(text):
        part = text[cut.end() :]
        remark = _ASKED_NICELY.search(text, 0, cut.start()) and not (_has_shape(part) or _GOES_ON.match(part))
        if remark or ASIDE.match(part) or _SPEAKERS.match(part):
            return text[: cut.start()]
    return text
