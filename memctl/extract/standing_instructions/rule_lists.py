"""Lists of rules: where one begins, whose rules they are, and the numbers of rules that are listed in one line."""

import re
from itertools import pairwise

from memctl.core.late_pattern import late
from memctl.extract.grammar.segmentation import Sentence
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.standing_instructions.order_forms import is_order

_ANNOUNCED = KeyedPattern(
    r"\b(?:rules?|guidelines|instructions|conventions|preferences|requests|"
    r"things (?:to|you should|i(?:'d| would)? (?:want|need|like) you to) (?:\w+ )?(?:always|never|remember|do|"
    r"keep in mind|know))\b",
    re.IGNORECASE,
)
HEADING = KeyedPattern(
    r"\b(?:(?:ground|house|basic|golden|our|my|some|few|the|these|simple|standing|general|more|new) (?:\w+ )?(?:rules|"
    r"guidelines|instructions|conventions)|rules (?:for|of)|how i(?:'d| would)? (?:like|want|work|prefer)|how (?:we|"
    r"to) work with me|working "
    r"with me|"
    r"(?:my )?preferences for (?:you|this|our|all)|things (?:to remember|you should know) when|"
    r"things (?:to|you should|i(?:'d| would)? (?:want|need|like) you to) (?:always|never|remember|do|keep in mind))\b|"
    r"^\W*(?:(?:ok|so|and|here are|here's|these are|new|quick|two|three|four|five|six|\d) )*"
    r"(?:rules|requests|preferences|instructions|guidelines)\b[^:,]{0,30}(?::|-)?\s*\(?1?$",
    re.IGNORECASE,
)
_NOT_A_HEADING = late(r"\?|\b(?:what|which|who) (?:is|are)\b", re.IGNORECASE)
_BEGINS_LIST = late(r"[^\n]{0,3}\n\s*(?:[-*•·–]|\(?\d{1,2}[.)]|[a-h][.)]|rule (?:\d|one)\b)\s?", re.IGNORECASE)
_FIRST_OF_LINE = late(r"(?::|-)\s*\(?1$")
_ENUMERATOR = late(
    r"(?P<blank>\s)(?:\(?(?P<n>\d{1,2})[.)]|\(?(?P<letter>[a-h])\)|"
    r"(?P<labelled>rule (?:number |no\.? ?|#)?(?P<of>\d{1,2})(?: is|:| [-–=])))(?=\s)",
    re.IGNORECASE,
)
ITEM = late(r"(?:(?:^|[\s:])\(?\d{1,2}[.)][ \t]+$)|(?:^|\n)[ \t]*(?:[-*•·–]|\(?\d{1,2}[.)]|[a-h][.)])[ \t]+$")
_BARE = late(r"\W{0,3}\(?1[.)]\s+\S.*\s\(?2[.)]\s|[-*•·–]\s+\S.*\n\s*[-*•·–]\s", re.DOTALL)
_LABEL_OPENS = late(r"\W*rule (?:number |no\.? ?|#)?(?:1|one)(?: is|:| [-–=])\s", re.IGNORECASE)
_OTHERS = KeyedPattern(
    r"\b(?:clubs?|school|class|classroom|gym|pool|dorm|hostel|hotel|airbnb|building|hoa|office|league|tournament|"
    r"games?|"
    r"competition|contest|exam|church|library|park|campsite|campground|festival|nursery|daycare|camp|landlords?|"
    r"landlady|tenants?|tenancy|lodgers?|guests?|visitors?|kids?|child|children|boys?|girls?|sons?|daughters?|teens?|"
    r"teenagers?|toddlers?|twins|students?|pupils|players?|members?|customers?|babysitters?|sitters?|nanny|carers?|"
    r"cleaners?|dog|cat|puppy|grandkids|grandchildren|nephews?|nieces?|staff|employees?|volunteers?|"
    r"(?:room|house|flat)mates?|committee|allotments?|ward|hospital|hospice|marina|range|studio|society|association|"
    r"council|(?:his|her|their)(?= (?:\w+ )?rules)|"
    r"(?!let|it|here|there|that|what|today)\w+(?:'s(?= (?:\w+ )?rules)|s(?=' (?:\w+ )?rules)))\b",
    re.IGNORECASE,
)
_RULES = KeyedPattern(r"\b(?:rules?|guidelines)\b", re.IGNORECASE)
_RULES_FOR = KeyedPattern(
    r"\b(?:rules|guidelines) (?:for|of) (?!me\b|us\b|thumb\b|engagement\b)|\brules? (?:in|at) (?:my|our|the) ",
    re.IGNORECASE,
)
_OF_ASSISTANT = late(
    r"\b(?:you|your|u|ur|chats?|conversations?|answers?|answering|repl\w+|respon\w+|recipes?|meals?|menus?|plans?|"
    r"planning|lessons?|stor(?:y|ies)|code\w*|coding|repos?|project|tests?|docs|api|commits?|this thread|e?-?mails?|"
    r"writing|texts?|drafts?|drafting|messages?|"
    r"blog|newsletter|novel|captions?|listings?|essays?|articles?|website|podcast|"
    r"workouts?|suggest\w*|itinerar\w+|posts?|letters?|translat\w+|here)\b",
    re.IGNORECASE,
)


_BARE_ITEM = late(
    r"(?:^|[\n,;.!]|[ \t](?=\(?\d))[ \t]*(?:[-*•·–]|\(?\d{1,2}[.)])[ \t]+(?P<item>\S.*?)"
    r"(?=\s*(?:$|\n|[,;.]?\s\(?\d{1,2}[.)]\s))"
)


def are_orders(text: str) -> bool:
    """True for a list without a heading if two thirds of it are orders: "1. reply in Dutch 2. no jokes"."""
    if not _BARE.match(text):
        return False
    items = [match["item"] for match in _BARE_ITEM.finditer(text)]
    return len(items) > 1 and 3 * sum(map(is_order, items)) >= 2 * len(items) and "?" not in text


def on_lines(text: str) -> str:
    """`text` with the rules of a list in one line on lines of their own, as long as before.

    "My rules: 1) no emojis 2) always metric", "Rule 1: no emojis. Rule 2: always metric", "a) no emojis b) …".
    """
    if not ("2" in text or "b)" in text):
        return text
    bare = are_orders(text)
    if not (bare or _ANNOUNCED.search(text) or HEADING.search(text)):
        return text
    found = list(_ENUMERATOR.finditer(text))
    if not found:
        return text
    labelled = bool(found[0]["labelled"])
    announced = text[: found[0].start()]
    if labelled:
        opened = _LABEL_OPENS.match(re.split(r"[.!?\n]\s", announced)[0]) or found[0]["of"] == "1"
    else:
        heading = re.split(r"[.!?\n]\s", announced)[-1]
        opened = bare or _ANNOUNCED.search(heading) or HEADING.search(heading)
    numbers = [
        match["n"] or match["of"] or str("abcdefgh".find((match["letter"] or "?").lower()) + 1) for match in found
    ]
    first = 2 if (labelled and found[0]["of"] != "1") or (bare and found[0]["n"] != "1") else 1
    if not opened or numbers[0] != str(first) or any(int(b) != int(a) + 1 for a, b in pairwise(numbers)):
        return text
    if len(found) + first < 3:
        return text
    for match in found:
        at = match.start("blank")
        text = f"{text[:at]}\n{text[at + 1 :]}"
    return text


def opens_rules(sentence: Sentence, turn: str) -> bool:
    """True for the heading of a list of rules: "Some ground rules:"."""
    if not _ANNOUNCED.search(sentence.text) and not HEADING.search(sentence.text):
        return False
    if _NOT_A_HEADING.search(sentence.text + sentence.mark) or not HEADING.search(sentence.text):
        return False
    return bool(_FIRST_OF_LINE.search(sentence.text) or _BEGINS_LIST.match(turn[sentence.start + len(sentence.text) :]))


def are_of_others(sentence: Sentence) -> bool:
    """True for a sentence that gives or announces the rules of a game, a club, or for one's children."""
    if not _ANNOUNCED.search(sentence.text):
        return False
    heading, colon, _ = sentence.text.partition(":")
    if _OF_ASSISTANT.search(heading) or (not colon and len(heading.split()) > 8):
        return False
    return bool(_RULES_FOR.search(heading) or (_RULES.search(heading) and _OTHERS.search(heading)))


def is_item(sentence: Sentence, turn: str) -> bool:
    """True for an item of a list in `turn`, and for the number before it."""
    return sentence.text.strip("() ").isdigit() or ITEM.search(turn[: sentence.start]) is not None
