"""What the words around an order say of it: its condition, its scope, or that it is not meant for the assistant.

"Whenever we discuss a case, tell me first which court" keeps its condition, "My number is 063 555 0170, don't use
Viber" is not for the assistant.
"""

import re

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.standing_instructions.order_forms import CONDITIONAL

_SAID_TO_STAND = late(
    r"\b(?:from (?:now|here|today)|every time|each time|in (?:the )?future|by default|permanent(?:ly)?|standing|"
    r"(?:in|for) (?:anything|everything)|anything you|when(?:ever)? you|rules?)\b|"
    r"\b(?:always|ever|again|every \w+)(?=\W*(?:$|[.!\n]))",
    re.IGNORECASE,
)
"""Words of a turn that say that its orders stand; "I've always loved scones" is none of these."""
_NUMBER_OR_ADDRESS = late(r"(?<!\w)\+?\d[\d ()./-]{6,}\d(?!\w)|\w@\w+\.\w")
_MEANS = late(
    r"\b(?:calls?|calling|texts?|texting|ring|rings|ringing|phone|voicemails?|voice (?:notes|messages)|whats?app|"
    r"viber|"
    r"signal|telegram|sms|dms?|messenger|e-?mails?|messages only)\b",
    re.IGNORECASE,
)
""" "WhatsApp only, no calls" below a number tells people how to reach the speaker."""
_IN_TEXTS = late(r"\b(?:sign|put|add|include|write|draft|format|end|begin|cc|mention)\b", re.IGNORECASE)
""" "Put my phone number in my letters" is for the assistant."""
_COMMENT = late(r"[ \t]*(?:#|//|/\*|--)[ \t]+\S")
_CODE = late(r"\w\(|[{};]\s*$|^\s*(?:import|from|library|def|class|return|const|let|var|use|require)\b", re.MULTILINE)
_AIM = late(
    r"\W*(?:(?:my|the|our|new|next|big|only|one) )*(?:goal|target|aim|plan|dream|resolution)s?\b[^:]{0,25}:", re.I
)
_OWN_LAW = late(
    r"\bthat(?:'s| is) (?:my|our|(?:the|my) \w+'s|[\w-]+'s) (?:\w+ ){0,2}(?:law|rule|motto|religion|creed|principle|"
    r"policy|commandment|limit)s?\b",
    re.IGNORECASE,
)
_TO_ASSISTANT = late(r"\b(?:you|your|u|ur|me|please|pls|plz)\b", re.IGNORECASE)
_WOULD = late(r"\b(?:i|we|he|she|they)(?:'d| would| could|'ll| will)\b[^,;:]*\band $", re.IGNORECASE)
""" "I'd go to Kew and never come out"."""
_OF_ANOTHER = late(
    r"\b(?:me|us|him|her|them|i|we|have|has|had|needs?|wants?|wanted|got|going|trying|supposed|"
    r"told) to [^,;:]*\band $|"
    r"\b(?:wants?|wanted|told|tells|asks?|asked) (?:me|us) to [^;:]*, $|(?<!\bi )(?<!\byou )\b(?:"
    r"insists?|insisted|says?|said|tells?|told(?! you)|reckons?|warns?|warned|advises?|advice|motto|wisdom)\b"
    r"(?!.*\b(?:so|please|pls|but)\b[ ,]*$)",
    re.IGNORECASE,
)
""" "My editor wants me to cut 20k words and stop using adverbs", "dad's advice: wear a tie, never mention salary"."""
_NEVER = late(r"never\b(?!.*\b(?:me|you|your)\b)", re.IGNORECASE)
_ASKS_SILENCE = late(
    r"(?:don't|dont|do not|never) (?:ever )?(?:ask|mention|bring up|start|tell|write an? (?:poem|song|book|novel|ode)|"
    r"quote me|thank me|applaud)\b",
    re.IGNORECASE,
)
_JOINED = late(r"\b(?:so|and|please|pls|but|because|then)[ ,]*$|[:.;!]\s*$", re.IGNORECASE)
_A_QUALITY = late(r"no (?!more\b)[\w' -]{3,25}\b(?<!more)", re.IGNORECASE)
_OF_A_PERSON = late(r"\b(?:he|she|his|her|they|who)\b|\b(?:is|has)\b|'s (?:an?|the|from|got|all|very)\b", re.IGNORECASE)
_OF_SPEAKER = late(r"\b(?:i|i'm|i've|me|my|we|you|your|answers?|repl(?:y|ies)|so|please|pls)\b", re.IGNORECASE)
_ONE_THING = late(
    r"(?:don't|dont|do not) (?:\w+ly )?(?:(?:put|add|pour|serve|bring|touch(?= \w+$))\b(?!.*\b(?:you|your|every|"
    r"any)\b)"
    r"(?P<where>.*)|(?:write|include|mention|say|put) (?:about )?the \w+(?: (?:part|bit|thing|stuff))?"
    r"(?: because .*)?)",
    re.IGNORECASE,
)
_SOMEWHERE = late(
    r"\b(?:in|to|on|with|under|over|into|onto|at|between|after|before|without|unless|when) "
    r"(?!it\b|that\b|this\b|them\b)|\b\w+s$|[\"'“]",
    re.IGNORECASE,
)
""" "Don't put prices with cents" says where; "don't add salt" belongs to one dish."""
_LIMIT = late(
    r"(?:\d+|[a-z]+) (?:lines?|sentences?|words?|bullets?|paragraphs?|points|pages?) "
    r"(?:max(?:imum)?|tops|at most|or less)\b.*",
    re.IGNORECASE,
)
_ORDERED = late(
    r"\b(?:write|draft|give|make|list|do|describe|summari[sz]e|explain|comment|review|rewrite) (?!me short)",
    re.IGNORECASE,
)
""" "Write my updates every morning, three lines max": the limit of what was ordered before it."""
_ALSO_LIMITS = late(r"\W*(?:and|but|also|plus)\b", re.IGNORECASE)
_LIKE_I_AM = late(
    r"(?:explain|describe|teach)(?P<it> it| this| that)?(?: to me)? (?:like|as if|as though) i'?m?\b.*", re.IGNORECASE
)
""" "Explain like I'm 12" is about what is being asked; "explain things like I'm 12" stands."""
_PART = late(
    r"(?:cut|drop|lose|skip|ditch|remove|delete) the (?:\w+ )?(?:intro|introduction|outro|summary|heading|header|"
    r"title|"
    r"table|list|paragraph|sentence|joke|quote|greeting|link|footnote|preamble|message|reply|answer|recipe)",
    re.IGNORECASE,
)
""" "Cut the intro" of one text; "cut the intros" of all."""
_HANDED_OVER = late(
    r"(?:please |pls |can you )*(?:put|turn|translate|rewrite|type|fix|tidy|proofread|check|correct|make|write|read) "
    r"(?:this|it|that|these)\b(?! down as)[^:]*:",
    re.IGNORECASE,
)
_FOR_SOMEBODY = late(
    r"(?: please| pls)?[,;:–—-]? ?(?:because |cos |since |as )?(?:he|she|they)"
    r" (?:takes?|won't|wont|doesn't|don't|can't|hates?|likes?|finds?|never)\b",
    re.IGNORECASE,
)
""" "No metaphors, he takes it literally": the text is for him."""
_EXAMPLE = late(r"\w+")
_EXAMPLES = late(r":[\w' -]+,[\w', -]*$")
""" "It confuses my students: sulphur, colour, litre"."""
_TIMED = late(r"no (?!more\b)[\w' -]+? (?:after|before) ", re.IGNORECASE)
_SCHEDULED = late(
    r"\b(?:meetings?|calls?|appointments?|deploy\w*|releas\w+|notifications?|reminders?|messages?|e-?mails?|pings?|"
    r"posts?|"
    r"deadlines?|updates?|invit\w+|slots?|sessions?|interviews?|bookings?|commits?|merges?|questions?|quizzes|"
    r"lessons?|"
    r"code|tests?|push\w*|answers?|repl(?:y|ies)|rules?|explanations?|tasks?|you|your|me|my)\b",
    re.IGNORECASE,
)
""" "No mate after two" is the speaker's own rule; no assistant serves mate."""
_NO_ORDER = late(
    r"(?:when|if) [^,]*? (?:it's|its|that's|it is) (?:usually|probably|just|only|because|mostly|often)\b.*|"
    r"if i ever\b.*\b(?:shoot|kill|slap|bury|delete my|divorce|disown|lock me|take away|call the|throw|"
    r"my (?:gravestone|tombstone|headstone|coffin))\b.*|"
    r"(?:if|when(?:ever)?) i \w+(?: \w+){0,5}? (?:i (?:become|am|will|get|have|go|stay|lose|save|would)|i'll|"
    r"(?:it|they|he|she|that)(?:'ll| will)) (?!.*\b(?:you|answer|reply|use|write)\b)[^,;]*(?:, (?:like|no) .*)?|"
    r".*\bjust (?:help me with|fix|do|answer) (?:the|this|that|it)\b.*",
    re.IGNORECASE,
)
_EVERY_DISH = late(r"\b(?:recipes|meals|dishes|plans|menus|lists|food)\b", re.IGNORECASE)
_FOOD = late(
    r"\b(?:salt|sugar|chicken|nuts|prawns|onions?|garlic|cheese|milk|eggs|raisins|olives|chilli|pepper)\b", re.I
)


_LOST = late(
    r"^[^,]*\b(?:in|at|on|during|for|to|before|after) (?:those|these|that)\b(?! i\b| you\b| we\b| means\b)|(?<!stop "
    r")(?<!over )(?<!from )\bthere(?=$|,| when\b| always\b| so\b)|\w+days? (?:after|before)$|(?<!no )\b(?:any|some|"
    r"those|these|me one|another one)$|^(?:put|place|add|include|list|attach|repeat|mention) (?:it|them) (?:at|on|"
    r"under|before|after|first|last|to)\b|^(?:stop|quit|don't be|dont be|do not be|no more) (?:converting|translating|"
    r"changing|offering|sending|adding|giving|rounding|suggesting|using|correcting)$|^(?:don't|dont|do not|never) "
    r"(?:convert|translate|change|round|offer)$|\bthings that (?:stop|start|end|begin|go|come|run)\b",
    re.IGNORECASE,
)
"""Words of an order that only the words before it explain."""
_LOST_IN_CONDITION = late(
    r"(?:if|when|whenever) i \w+ (?:one|some|any|it|them)\b(?! of\b)|.*\byou (?:may|can) (?:\w+ ){0,2}(?:it|them)$",
    re.IGNORECASE,
)
_SO = late(r"(?:[,;–—-]|\band)? ?\bso,? (?:please |pls |just |always )*$", re.IGNORECASE)
_LEAD = late(r"\W*(?:(?:and|but|so|ok|okay|also|hey|hi|please|well|yes|no|oh|btw),? )*", re.IGNORECASE)
LONGEST_REASON = 15
"""Words of a reason that stays with its order."""

_OPENS = r"(?:^|[,;:(–—]\s*|\b(?:so|and|but|please|pls|now on|always|that)\s+)"
_IF = late(
    rf"{_OPENS}(?P<if>(?:when(?:ever)?|if|every time|each time|any ?time|whatever|anything|on days when)\s+"
    r"(?!it'?s\b|you (?:don't|dont|please|like|want|can|could|would|will|have|must)\b|possible|needed|"
    r"necessary|i may\b)(?:[^,;:]{3,80}?))(?P<and>,?\s+and)?[,;:]?\s*(?:(?:then|you|u|please|pls|just|always|"
    r"so)\s+)*$",
    re.IGNORECASE,
)
_OF_CONVERSATION = late(
    r"\b(?:you|u)\b|\b(?:i|we) (?:\w+ )?(?:send|paste|say|type|write|ask|give|show|share|discuss|talk|upload|forward|"
    r"mention|post|drop|use|start|open|work on|do)\b|\b(?:comes? (?:in|up)|pops? up|appears?|is mentioned)\b",
    re.IGNORECASE,
)
_WHEN_AFTER = late(
    r"\W*(?:please|pls|thanks|ok)?[,\s]*(?P<scope>(?:only )?(?:on days when|when(?:ever)?|if|unless|except|"
    r"as long as) "
    r"(?!i (?:was|were|had)\b|you (?:would|please|like|can|could|don't mind)\W*$|should\b|is\b|can\b|"
    r"do\b)[^.;?!,]{3,60})\W*$",
    re.IGNORECASE,
)
_HEADED = late(
    r"\W*(?:(?:and|so|ok|new|the|my|our|one|another|standing|here's|a|two|three|few|some|house|more) )*"
    r"(?:(?:rules?|instructions?) (?P<of>(?:for|in|when|on) (?!(?:you|me|us|this|today|now|here|all|anything|life)\b|"
    r"(?:our|the|my|your) (?:chats?|conversations?|answers|thread|future)\b)[^:,]{3,40})|"
    r"(?P<when>(?:when(?:ever)?|if) (?:you|u|i|we) [^:,]{3,50})):\s",
    re.IGNORECASE,
)


def in_context(orders: list[Draft], text: str, turn: str, start: int) -> list[Draft]:
    """The orders of a sentence that stand, each with its condition; the sentence begins at `start` of `turn`."""
    kept = []
    for order in orders:
        goal = order.object or ""
        # Blanks are where the text had quotes.
        found = re.search(r"\s+".join(map(re.escape, goal[:12].split())), text)
        at = found.start() if found else -1
        before = text[:at] if at > 0 else ""
        if _is_for_others(goal, before, text, turn, start) or _holds_once(goal, before, text, turn):
            continue
        whole = goal if at < 0 else _with_reason(goal, text, before)
        if whole is None:
            continue
        whole = whole if whole != goal or at < 0 else _with_condition(goal, before, text[at:], text)
        if whole != goal:
            order.phrase, order.object = order.phrase.replace(goal, whole), whole
        kept.append(order)
    return kept


def _is_for_others(goal: str, before: str, text: str, turn: str, start: int) -> bool:
    """Whether an order is for other people, a comment in code, a goal of the speaker, or a description."""
    if _MEANS.search(goal) and _NUMBER_OR_ADDRESS.search(turn) and not _IN_TEXTS.search(goal):
        return True
    if _COMMENT.match(turn, turn.rfind("\n", 0, start) + 1) and _CODE.search(turn):
        return True
    if _AIM.match(text) or (_OWN_LAW.search(text) and not _TO_ASSISTANT.search(goal)):
        return True
    if _NO_ORDER.fullmatch(goal) or (_TIMED.match(goal) and not _SCHEDULED.search(text)):
        return True
    if not before.strip():
        return False
    if (_NEVER.match(goal) and _WOULD.search(before)) or (
        _OF_ANOTHER.search(before) and not _TO_ASSISTANT.search(goal)
    ):
        return True
    described = _A_QUALITY.match(goal) and _OF_A_PERSON.search(before) and not _OF_SPEAKER.search(before)
    return not _JOINED.search(before) and bool(described or _ASKS_SILENCE.match(goal))


def _holds_once(goal: str, before: str, text: str, turn: str) -> bool:
    """Whether an order holds for one text, dish or question only: "cut the intro", "don't add salt"."""
    stands = _SAID_TO_STAND.search(turn) is not None
    like = _LIKE_I_AM.fullmatch(goal)
    if (like and not (_SAID_TO_STAND.search(goal) if like["it"] else stands)) or (not stands and _PART.fullmatch(goal)):
        return True
    if not stands and goal in text and _FOR_SOMEBODY.match(text, text.find(goal) + len(goal)):
        return True
    if _HANDED_OVER.match(text) or (_EXAMPLE.fullmatch(goal) and _EXAMPLES.search(before)):
        return True
    if _LIMIT.fullmatch(goal) and (_ORDERED.search(before) or (_ALSO_LIMITS.match(text) and not stands)):
        return True
    one = None if stands else _ONE_THING.fullmatch(goal)
    where = (one["where"] or "") if one else ""
    if one is None or _EVERY_DISH.search(where):
        return False
    return not _SOMEWHERE.search(where) or _FOOD.search(where) is not None


def _with_reason(goal: str, text: str, before: str) -> str | None:
    """An order that its reason explains, with the reason: "I sleep from 9 to 3, so no reminders in those hours".

    None if no reason explains it.
    """
    if CONDITIONAL.match(goal):
        return None if _LOST_IN_CONDITION.match(goal) else goal
    if not _LOST.search(goal):
        return goal
    reason = _LEAD.sub("", before, count=1)
    if not _SO.search(before) or not 2 <= len(reason.split()) <= LONGEST_REASON:
        return None
    return f"{' '.join(reason.split())} {goal}"


def _with_condition(goal: str, before: str, after: str, text: str) -> str:
    """An order with the words that say when it holds, whether they are before it, after it or in its heading."""
    if headed := _HEADED.match(text):
        scope = " ".join((headed["of"] or headed["when"]).split())
        return goal if goal.startswith(scope) else f"{scope}: {goal}"
    condition = None if CONDITIONAL.match(goal) else _IF.search(before)
    if condition and _OF_CONVERSATION.search(condition["if"]):
        return " ".join(f"{condition['if']}{' and' if condition['and'] else ','} {goal}".split())
    if after.startswith(goal) and (later := _WHEN_AFTER.fullmatch(after[len(goal) :])):
        return " ".join(f"{goal}, {later['scope']}".split())
    return goal
