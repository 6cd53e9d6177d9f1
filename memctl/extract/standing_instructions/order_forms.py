"""What a standing instruction to the assistant looks like: "keep it short", "always cook for four"."""

import re
from functools import cache, lru_cache

from memctl.core.late_pattern import late
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.rule_tables import compiled, records
from memctl.extract.standing_instructions import proverbs
from memctl.extract.standing_instructions.lifted_orders import lifts
from memctl.extract.standing_instructions.one_off_orders import is_no_rule
from memctl.extract.standing_instructions.order_reasons import without_reason, without_run_on
from memctl.extract.standing_instructions.order_wordings import as_imperative
from memctl.extract.standing_instructions.orders_without_verb import asked_for
from memctl.extract.vocabulary.substances import is_food
from memctl.extract.vocabulary.verbs import FORMS

LONGEST_ORDER = 30
"""Words of an instruction."""
POLITE = KeyedPattern(
    r"(?<! are)(?<! is)(?<! or)(?<! be)(?<! and)(?<! not)[, ]+(?:please|pls|plz|ever|by the way|btw|tho|"
    r"though|tbh|lol|haha|from now on|going forward|in (?:the )?future|thanks|thank you|thx|ta|ok|okay|either|"
    r"obviously|of course|if you (?:please|would|don'?t mind))$",
    re.IGNORECASE,
)
_TOPIC = late(
    r"^(?:(?!(?:goal|plan|aim|target|to-?do|wish|dream|idea)s?:|rules? from (?!me\b)|[^:]*\b(?:says?|said|insists?|"
    r"tells?|told|wants?|warns?|goes|thinks?|advice|motto|wisdom|law)\b)[\w][\w' /&-]{1,24}:\s+|(?:for|in|with|on) "
    r"(?!me\b|now\b|this\b|that\b|future\b)(?:(?!always\b|never\b|only\b)[\w'-]+ ?){1,4}, (?=(?:please |always |"
    r"never |only |don't |dont |do not |no |use |keep |give |make |skip |avoid )))",
    re.IGNORECASE,
)
_VAGUE = late(r"^(?:never|don't|dont|do not|always) \w+ (?:\w+ )?(?:it|this|that|them|those|these)\b", re.IGNORECASE)
_ONCE = KeyedPattern(
    r"\b(?:for (?:this|that|the) (?:one|script|task|time|file|email|message|poem|essay|post|recipe)|this time|just "
    r"(?:tidy|fix|correct) (?:it|this|that)|^(?:put|turn|translate|rewrite|type) (?:this|it|that)\b|just this|next "
    r"time|in (?:this|that) (?:case|one))\b|(?<!out of )(?<!new to )\b(?:it|that|this|them|him|her|here)$|\b(?:of|in|"
    r"from|to|on|with) (?:this (?!(?:chat|conversation|project|repo|codebase|app|house|team|company|thread|session|"
    r"kitchen|family)\b)\w+|(?:figure|table|chapter|section|slide|page|question|part) \d)\b|\bfor (?:question|part|"
    r"page|section) \w+|\b(?:after all|can "
    r"stay)\b|\b(?:till|until) (?:dinner|lunch|supper|bedtime|noon|tonight|tomorrow|later)\b|\bsorry$|(?<!from "
    r")\b(?:today|tonight|tomorrow|yet|right now|this (?:week|morning|evening|weekend))$",
    re.IGNORECASE,
)
OF_A_DOCUMENT = late(
    r"(?:keep|make|get) (?:it|this|that) (?:down )?(?:to|under|within) (?:[\w-]+ ){1,2}(?:pages?|slides?|minutes?|"
    r"guests?)\b",
    re.IGNORECASE,
)
""" "Keep it to one page": the CV that was spoken of."""
_NEVER_DID = KeyedPattern(
    r"^never (?:trust|judge|underestimate|marry|date|meet|kiss|bet|lend|mix|eat|drink|buy|shop|wear|drive|fly)\b|"
    r"\b(?:in (?:my|his|her|their|your) (?:whole )?li(?:fe|ves)|before(?=\W*$| (?:i|we|he|she|they|in)\b)|yet|again|"
    r"as a kid|since|mind|been|had|give up|look back|forget|say never)\b",
    re.IGNORECASE,
)
CONDITIONAL = late(
    r"(?:when|whenever|where|wherever|if|every time|each time|any time|anytime|once|as soon as|unless|until) "
    r"(?:i|you)\b|(?:if|when|where) (?:an?|any|the|something|anything) [^,]{3,50}\b(?:you|me|i|don't|dont|never)\b|"
    r"(?:every|each) (?:\w+day|day|week|month|morning|evening|night),? (?:please )?(?:remind|ask|nudge|tell|send|"
    r"give)\b",
    re.IGNORECASE,
)
_ALWAYS = late(
    r"(?:please |pls |just )*always (?!(?:be|have|do|go|did|was|on|in|at|a|the|been|love|like|want|eat|drink|wear|"
    r"feel|"
    r"think|sleep|live|know|try)\b)(?P<verb>[a-z][\w-]*) (?!(?:it|this|that|them)$).+",
    re.IGNORECASE,
)
""" "Always cook for four"; "always eat at noon" is a habit."""
_UNLESS_ASKED = late(r" (?:unless|until|till) (?:i|we) (?:\w+ ){1,2}?(?:for )?(?:it|them|that)$", re.IGNORECASE)
""" "No advice unless I ask for it"."""
_FOR_GOOD = late(
    r"(?:please |pls |just )*(?:no|not|never)(?: any)? (?P<what>\w[\w' -]*?),? ever(?: again)?", re.IGNORECASE
)
_BANNED_HERE = (
    r"(?:please |pls |just )*(?:no|nae|never|not)(?: any)? (?!way\b|idea\b|luck\b|doubt\b)\w[^,;:]{2,60}? (?:in here|"
    r"in (?:this|our) (?:chats?|conversations?)|when(?:ever)? (?:you|u|ye) \w+[^,;:]*?|(?:in|on) (?:any|all|my|"
    r"our) {WRITINGS})"
    r"(?: please| pls)?,? ever(?: again)?"
)
""" "No calories in here, ever": a ban that says where it holds may be of anything."""
LIMIT = late(
    r"(?:max(?:imum)?|at most|no more than) (?:\d|[a-z]+ (?:lines?|sentences?|words|"
    r"bullets?|bullet points|items|points|paragraphs|options)\b)",
    re.IGNORECASE,
)
""" "Write tickets in the present tense, max 2 lines": the limit of what was ordered before it."""


_STOP_DOING = late(r"(?:stop|quit|no more) (?P<verb>[a-z]+ing)\b(?P<rest>.*)", re.IGNORECASE)
_OF_ANSWERS = late(r"\b(?:me|my|us|you|your|answers?|replies|words?|every|all|the word)\b", re.IGNORECASE)
_STOPPABLE = r"(?!(?:buy|book|order|plan|go|leave|work|do|try|run|swear|drop|close|open)$)(?:be|{ORDER_VERBS})"
""" "Stop buying coffee" is a note to oneself; an assistant can stop what it does in its answers."""


AT_LENGTH = late(
    r"\b(?:you|u) (?:can|may|should) (?:go|be|stay|write) (?:long|short|deep|slow|quick|brief)\b", re.IGNORECASE
)
""" "On brakes you can go long" lifts nothing."""


def is_understood(text: str) -> bool:
    """True for an order that stands and that its own words explain."""
    # "If I skip a day, move it": the condition says what "it" is.
    lasting = re.sub(r"\b(?:it|them)$", "", text, flags=re.IGNORECASE) if CONDITIONAL.match(text) else text
    lasting = _UNLESS_ASKED.sub("", lasting)
    return not (
        _ONCE.search(lasting)
        or _VAGUE.match(text)
        or OF_A_DOCUMENT.match(text)
        or is_no_rule(text)
        or proverbs.SAYING.fullmatch(text)
        or (lifts(text) and not AT_LENGTH.search(text))
    )


@lru_cache(maxsize=256)
def is_order(text: str) -> bool:
    """True if `text` is a standing instruction. The sentences around another are asked for again with it."""
    raw = text.strip(" ,.!:;-–—")
    always = _ALWAYS.fullmatch(raw)
    if _is_banned_for_good(raw) or asked_for(raw):
        return True
    text = trimmed(text)
    if (ends := _STOP_DOING.fullmatch(text)) and not (_OF_ANSWERS.search(ends["rest"]) or is_stoppable(ends["verb"])):
        return False
    if not 2 <= len(text.split()) <= LONGEST_ORDER and not compiled("{UNITS}").fullmatch(text):
        return False
    if not is_understood(text):
        return False
    if always and is_base_verb(always["verb"].lower()):
        return True
    topic = _TOPIC.match(text)
    text = as_imperative(text[topic.end() :] if topic else text)
    for form in _forms(of_speaker=SPEAKER.match(text) is not None):
        match = form.fullmatch(text)
        if match is None:
            continue
        groups = match.groupdict()
        verb = groups.get("verb") or groups.get("then")
        if verb is None or (is_base_verb(verb.lower()) and not (groups.get("verb") and _NEVER_DID.search(text))):
            return True
    return False


def _is_banned_for_good(text: str) -> bool:
    """True for "no mushrooms ever"; "no mushrooms" alone may be for one dish, and "no luck ever" is no order."""
    if compiled(_BANNED_HERE).fullmatch(text):
        return True
    banned = _FOR_GOOD.fullmatch(text)
    if banned is None:
        return False
    return is_food(banned["what"]) or bool(compiled("(?:\\w+ )?(?:{STYLE}|{UTTERANCES})").fullmatch(banned["what"]))


def is_stoppable(gerund: str) -> bool:
    """Whether an assistant does this: "apologising", "nagging", but not "fencing"."""
    stem = gerund.lower().removesuffix("ing")
    return any(compiled(_STOPPABLE).fullmatch(verb) for verb in (stem, f"{stem}e", stem[:-1]))


SPEAKER = late(r"(?:i|im|ive|we|my|our)\b", re.IGNORECASE)
"""How most statements about the speaker open. Few orders do, and the pattern of all others takes 3 ms to load."""


@cache
def _forms(*, of_speaker: bool) -> list[re.Pattern[str]]:
    """The patterns of instructions that open as `SPEAKER`, or that do not. Those without a named verb are joined into
    one pattern, which is faster."""
    rows = records("orders")
    plain = [row for row in rows if "(?P<" not in row["pattern"] and ("speaker" in row or not of_speaker)]
    return [
        compiled(f"{{ORDER}}(?:{'|'.join(row['pattern'].removeprefix('{ORDER}') for row in plain)})"),
        *(compiled(row["pattern"]) for row in rows if "(?P<" in row["pattern"]),
    ]


def is_base_verb(word: str) -> bool:
    """True for the base form of a verb that an order may open with."""
    form = FORMS.get(word)
    return (form is not None and form[1] == "base") or bool(compiled(r"{ORDER_VERBS}").fullmatch(word))


_POLITELY_ALWAYS = late(r"^(?:please |pls |plz |just |kindly )*(?:always (?=\w))?", re.IGNORECASE)


def trimmed(text: str) -> str:
    """An order without its reason, "please" and "from now on"."""
    text = without_run_on(without_reason(text))
    goal = _POLITELY_ALWAYS.sub("", text.strip(" ,.!:;-–—"))
    while (shorter := POLITE.sub("", goal)) != goal:
        goal = shorter
    return goal
