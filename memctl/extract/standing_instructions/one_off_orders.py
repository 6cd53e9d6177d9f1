"""Orders that hold for one task or answer: "a caption for the photo, no hashtags", "What is a strider? Be specific".

An order that says that it stands ("always", "in every answer", "from now on") is never one of these.
"""

import re

from memctl.core.late_pattern import late
from memctl.extract.patterns.keyed_pattern import KeyedPattern, OpeningPattern
from memctl.extract.rule_tables import compiled, lexicon

_LASTING = KeyedPattern(
    r"\b(?:always|never|ever|from (?:now|here|today)|going forward|in (?:the )?future|every(?: time|thing)?|whenever|"
    r"by default|each time|any ?more|no more(?! than)|no longer|permanent(?:ly)?|as a rule|stands?|standing|stop|quit|"
    r"forever|for good|all (?:your|the|my|of)|anything|generally|in general|rules?|when (?:i|you)|unless|if (?:i|you)|"
    r"until|till|with me|to me|for me|house style|starting)\b",
    re.IGNORECASE,
)
_TASK = late(
    r"(?:^|[.!,;:]\s+)(?:please |pls |ok |so |hey |now |and |can you |could you |would you |will you |i need (?:you "
    r"to )?|i want |need )*(?:write|draft|make|give me|list|compose|translate|summari[sz]e|proofread|plan|suggest|fix|"
    r"check|grade|review|set|type|put together|compare|edit|tidy|design|create|generate|prepare|find|build|tell me|"
    r"show me|help|rewrite|convert|calculate|recommend|explain|turn|shorten|expand|reword|rephrase) (?:me |us |him |"
    r"her |them |up |out |with |w )*(?:an?|"
    r"the|this|that|these|my|our|it|some|\d+|one|two|three|four|five|six|ten|typos|something)\b|(?:^|"
    r"[.!,;:]\s+)(?:please |pls |can you |could you |now )*(?:quiz|drill|grill|interview) (?:me|us)\b|"
    r"\bi'?m (?:after|looking for) |\bi (?:want|"
    r"need|would like|have to write) (?:an?|the|some|my) (?:[\w-]+ ){0,3}(?:letter|e-?mail|essay|speech|cv|bio|poem|"
    r"caption|recipe|report|toast|message|summary)\b|(?:^|[.!,;:]\s+)(?:and |so |ok |but )*(?:(?:what|who|where|why|"
    r"how|which)(?:'s|s|'re| (?:is|are|do|does|did|can|should|would|could|much|many|long|about))|(?:should|can|could|"
    r"do|does|is|are|did|will|would) (?:i|we|it|there|my|the))\b",
    re.IGNORECASE,
)

_NOT_YET = (
    r"\b(?:don't|dont|do not|never) (?:\w+ )?(?:say|tell|mention|congratulate|praise|celebrate|announce|share|"
    r"post)\b.{0,80}(?:[,;(–—-]|\b(?:because|cos|cuz|since|as)\b) ?(?:(?:they|he|she|we) (?:haven'?t|hasn'?t|have not|"
    r"has not)\b|(?:they|he|she) (?:don'?t|doesn'?t|do not|does not) know\b|[^,;.]{0,40}(?:n't|\b(?:\w+nt|not|nobody|"
    r"no one))\b[^,;.]{0,40}\byet\b)"
)
""" "Don't say congratulations, they haven't said yes": silence about something that has not happened yet."""
_NOT_DECIDED = (
    r"\b(?:don't|dont|do not) (?:\w+ )?(?:say|congratulate|celebrate|announce|share|post)\b"
    r"(?:(?!\b(?:any\w*|things?|what|those|ones|stuff)\b)[^,;.]){0,40}?[,;(–—-]? (?:i|we) (?:haven'?t|have not) "
    r"(?:said yes|decided|accepted|agreed|signed|announced|told (?!you\b)\w+)\b"
)
""" "Don't congratulate me I haven't decided": without a comma, where the reason cannot be what is not to be said."""
_FOR_A_WHILE = (
    r"\b(?:this (?:week|month|weekend|term|semester)|for (?:lent|ramadan))\b[^.;]{0,40}\bso\b|\bfor (?:the (?:next|"
    r"rest of the|coming) |this )(?:few |\w+ )?(?:hours?|days?|weeks?|weekend|month|term|semester)\b"
)
""" "I'm off sugar this month so no cakes"."""
_UNTIL_A_DAY = (
    rf"\b(?:until|till|til) (?:[\w']+ ){{0,4}}{lexicon('WEEKDAYS')}\b|"
    r"\b(?:until|till|til) (?:i'?m|i am|i get|we'?re) (?:home|back|better|out|back home)\W*$"
)
_ONE_WORK = (
    r"(?:one|time|piece|chapter|article|essay|email|e-mail|letter|message|post|draft|document|doc|page|paragraph|"
    r"section|question|answer|task|recipe|meal|presentation|report|story|poem|song|text|translation)"
)
_FOR_TODAY = (
    r"\b(?:just |only )?for (?:today|tonight|now|the moment)\b|\b(?:only|just) (?:for |in )?(?:today|tonight|now)\b|"
    rf"(?<!from )\btoday\W*$|^\W*(?:(?:and|but|so|ok|only|just|also),? )*(?:for|in) this {_ONE_WORK}\b|^\W*(?:please "
    r")?(?:keep|make|get) (?:it|this|that) (?:down )?(?:to|under|within|below) [\w ]+ (?:words|characters)\W*$|"
    rf"\b(?:only|just) (?:for |in )?this {_ONE_WORK}\b|\b(?:for|in|from|of|to) this (?:one )?{_ONE_WORK}\W*$"
)
""" "For today, use American spelling", "only this piece"."""
_OF_A_MOOD = (
    r"\b(?:don't|dont|do not) (?:want|need|give me|offer(?: me)?) (?:any |your |more |some )?(?:advice|solutions?|"
    r"sympathy|pity|comfort(?:ing)?|fixing|answers|tips|pep talks?)(?: (?:please|pls|right now|here|on this|on it))?"
    r"(?=\W*$|[,.;:!]| (?:i|just|only|but|so)\b)(?!.*\b(?:always|ever|when(?:ever)?|if|unless|every|in future)\b)"
)
""" "I don't want advice, just be normal": a wish for this talk, as it does not say about what it holds."""
_COLUMNS = KeyedPattern(
    r"\b(?:columns|headings|headers) (?:for )?(?!(?:in|on|and|or|at|of)\b)[\w'-]+(?: [\w'-]+)? ?(?:/|,|\||and\b)",
    re.IGNORECASE,
)
""" "In a table with columns item / weight": the layout of one list."""
_OF_THE_MOMENT = KeyedPattern(
    rf"{_OF_A_MOOD}|{_NOT_YET}|{_NOT_DECIDED}|{_FOR_A_WHILE}|{_UNTIL_A_DAY}|{_FOR_TODAY}", re.IGNORECASE
)

_PRODUCT = (
    r"(?:outline|syllabus|summary|list|plan|poem|haiku|limerick|caption|bio|essay|letter|e-?mail|message|speech|"
    r"script|"
    r"recipe|quiz|worksheet|agenda|schedule|timetable|itinerary|template|draft|headline|slogan|advert|post|tweet|"
    r"story|"
    r"toast|report|table|chart|checklist|abstract|proposal|flyer|menu|notice|invitation|sketch|paragraph|song)"
)
SCOPE = OpeningPattern(
    r"^(?:and |also |so |please )*(?P<scope>(?:in|for|on) (?!(?:me|us|now|once|example|instance|fact|case|general|"
    r"short|future(?! (?!always)[a-z]+s\b)|every|each|all|your|this|that|these|those|what|which)\b|the (?:meantime|"
    r"end|future|moment|record|time)\b)(?:(?!so\b|no\b)[\w'-]+ ){0,5}?(?!(?:the|an?|my|our|his|her|their|i|we|he|"
    r"she|they|"
    r"you|so|and|but)\b)[\w'-]+|when(?:ever)? (?:you (?:write|draft|do|make|plan|edit|translate|answer)|writing|"
    r"drafting|editing|"
    r"planning|translating) (?!to me\b)(?:[\w'-]+ ){0,5}?[\w'-]+)(?:[,:] (?:please )?(?=\w)| (?=(?:always|never|no|"
    r"don't|dont|do not|avoid|only|write|use|keep|leave out) ))(?=(?:always|never|only|don't|dont|do not|no|use|keep|"
    r"avoid|skip|leave out|show|write|answer|reply|stick|give) )",
    re.IGNORECASE,
)
""" "In my emails to clients, never use exclamation marks": what an order is about."""
_ONE_PRODUCT = late(
    rf"(?:in|for|on|when \w+ing) (?:the|my|our|an?|his|her) (?:[\w'-]+ ){{0,2}}{_PRODUCT}\b", re.IGNORECASE
)
_EVERY_TIME = late(r"always|every|each|from now on|weekly|monthly|daily|in future", re.IGNORECASE)
_AMOUNT = (
    r"(?:about |around |max |maximum |under |up to |only )?(?:\d+|{NUMBER_WORDS}) (?:words?|weeks?|pages?|lines?|"
    r"slides?|questions?|minutes?|items?|options?|examples?|days?|paragraphs?|verses?|people|servings|portions|steps|"
    r"points|marks)"
)
_REQUESTED = (
    r"^\W*(?:(?:ok|so|now|next|and|also|please|pls|hi|hey)\b,? )*"
    rf"(?:(?:[\w'-]+ ){{0,4}}{_PRODUCT}(?: (?:for|of|on|about|to|from|with|in) [^,]+)?(?:,.*)?|"
    rf"(?!(?:[\w'-]+ )*(?:{{STYLE}}|{{MANNER}}|{{UNITS}})\b)[\w'-]+(?: [\w'-]+){{0,4}}, {_AMOUNT}(?:,.*)?)$"
)
""" "Syllabus outline, 14 weeks, no fluff": a noun phrase asks for one thing; "lesson plans" in general do not."""
_ONE_TEXT = late(rf"\b(?:write|draft|make|send) (?:me|us) (?:[\w'-]+ ){{0,3}}?(?:{_PRODUCT}|mail)\b", re.IGNORECASE)
""" "Write me goodbye mail, no jokes"."""
_SET_APART = late(
    r"(?:^|(?<=[.!?\n] ))\W*(?:and |so |but )?(?:when(?:ever)?|if|(?:every|each|any) time) "
    r"(?:i|you)\b[^.!?\n]*(?:[.!\n]|$)",
    re.IGNORECASE,
)
""" "When I send a chapter, give me a summary": what holds each time is no task of now."""
_ASKS = late(
    r"\b(?:what|who|where|why|how|which|when|whose|what's|who's|how's|where's|whats|can|could|should|shall|do|does|"
    r"did|is|are|was|"
    r"were|will|would|have|has|had|any|anyone|am|may|isn't|aren't|don't|doesn't|wouldn't|mind)\b[^.!?\n]*\?",
    re.IGNORECASE,
)
""" "See that there?" asks nothing."""
LONGEST_REQUEST = 150
"""Characters of a request without a verb."""
_VERB = late(
    r"\b(?:i|i'm|i've|my|you|your|is|are|was|were|have|has|had|always|never|every|all|when|if)\b", re.IGNORECASE
)

_POINTS_BACK = late(
    r".*\b(?:(?:that|those|these) (?:tone|style|format|way|version|wording|phrase|text|kind|sort|type|ones?)|"
    r"the (?:long|short|other|first|second|last|same|new|old|longer|shorter) (?:form|one|way|spelling))\b",
    re.IGNORECASE,
)
""" "Use that tone always": only the conversation tells which."""
_NO_RULE = late(
    r"never (?:do|did|have|will|would) (?:i|we)\b.*|.*\bwho(?:'s| is|se)? (?:always|never)\b.*|(?:don't|dont|do not) "
    r"bother\b.*|\d+ words?(?: max| or less| tops)?,? for (?:the|my|our|an?) .*|says? (?-i:[A-Z])(?!.* to me$).*|"
    r"prefer (?:the|my|"
    r"an?) .* (?:to|over) .*|which means\b.*|(?:honest|short|long|quick|full|simple|detailed) list of (?:what|my|the|"
    r"things)\b.*|(?=(?:\S+ ){13})(?:.*\b(?:he|she|it|that|they)(?:'s|s| is| was| had| has)\b){2}.*|(?:shorter|"
    r"longer) (?:list|table|version|poem|email|one)\b.*|.*\bon my behalf\b.*|(?:(?:the|all|our|my) )?(?:clock|hours|"
    r"times?|dates?|prices?|references?|citations?|sums|amounts?|figures?|everything|nothing|(?:two|three|four|five|"
    r"\d+) (?:sentences|lines|words)) (?:[^,]* )?(?:is|was|were|went|took|takes|costs?|confuses?|are (?:busy|taken|"
    r"over))\b(?! (?:to be|always|in|as|with|like|more than|over|longer)\b).*|(?:drop|lose|ditch|cut|skip|stop|"
    r"avoid) (?:the|that|your|all) .*\b(?:rule|thing|business|ban)\b.*|(?:[\w']+ ){1,5}(?:are|is|was|were) .*\bevery "
    r"time\b.*|(?:full|part|long|short|hard|small|single)[ -]times?\b.*",
    re.IGNORECASE,
)
""" "Put together a roster with one who's always sick", "shorter list please": for one answer, or no order at all."""
_SUPPOSES = late(
    r"(?:if|when|whenever) (?:i|we) .*\b(?:(?:you|i|we|there|they|it)'d|(?:you|i|we|there|they|it) would)\b|"
    r"no (?:joke|kidding|doubt|worries|problem|idea|clue|chance|way|rush|pressure|comment|offen[cs]e)\b[^,;]*$|"
    r"(?:stop|don't|dont) (?:asking|ask|worry|laugh)\W*$",
    re.IGNORECASE,
)
""" "If I won the lottery you'd never see me", "no joke"."""


_OF_THE_REST = late(r"(?:and )?(?:for|in|with) (?:all )?the (?:rest|others?)\b", re.IGNORECASE)
""" "For the rest no tables": only the order before it tells what the rest is."""


_OWN_HABIT = late(
    r"(?:when(?:ever)?|if|every time|each time) (?:i|we) (?:(?!(?:give|show|tell|put|make|answer|reply|convert|"
    r"translate|check|keep|add|(?:ask|remind|warn|nudge)(?= me\b)|assume|don't|dont|never) \w)[^,])*?,? (?:i|we) "
    r"(?:always |usually |never |just |often )*(?!(?:want|need|prefer|mean|like|expect|can|could|should|may|might|"
    r"would|have|am|was|do|ask|say|send|paste|share)\b)[a-z]+(?<!ed)(?! (?:\w+ )*(?:give|show|tell|put|use|write|add|"
    r"check|answer|reply|make|convert|translate|just|please|always|never|don't|dont) \w)[^,:;]*",
    re.IGNORECASE,
)
""" "When I paste a log I check it twice" is what the speaker does."""


def is_manner(order: str) -> bool:
    """True for an order that is only a manner or a unit: "be honest", "short answers", "inches", without "please"."""
    return bool(
        compiled(
            r"(?!.*\b(?:please|pls|plz)\b)(?:be (?:more |less |very |as |a bit )*{MANNER}|(?:only |a bit "
            r")?(?:{MANNER} ){1,3}{STYLE}|(?:in |only |everything in )?{UNITS}(?: only)?)\b.{0,40}"
        ).fullmatch(order)
    )


def for_one_task(before: str) -> bool:
    """Whether an order that follows `before` belongs to a question or a task in it."""
    before = _SET_APART.sub("", before)
    if _ASKS.search(before) or _TASK.search(before) or _ONE_TEXT.search(before):
        return True
    last = re.split(r"[.!;\n]", before[-LONGEST_REQUEST:].rstrip(" ,.!;\n"))[-1]
    return not _VERB.search(last) and bool(compiled(_REQUESTED).search(last))


def for_the_moment(text: str) -> bool:
    """Whether an order holds only for the moment: because of its reason ("they haven't said yes"), of its end ("until
    Friday"), or of the one thing it is about ("in the toast")."""
    if _OF_THE_MOMENT.search(text) or (_COLUMNS.search(text) and not says_it_stands(text)):
        return True
    scope = SCOPE.match(text)
    return bool(scope and _ONE_PRODUCT.match(scope["scope"]) and not _EVERY_TIME.search(text))


_TELLS = late(
    r"(?:in|on|for|at|with|from) [^,.;!?]{1,40}\b(?:i|we|he|she|they),? (?:always|never|usually|only|just|use|keep)\b",
    re.IGNORECASE,
)
""" "For emails I always use Outlook" tells what the speaker does."""


def says_it_stands(text: str) -> bool:
    """Whether the text says that its orders hold for later answers too."""
    return bool(_LASTING.search(text))


def is_no_rule(text: str) -> bool:
    """True for an order that only its conversation explains, or that is an idiom or a supposition."""
    return bool(
        _OF_THE_REST.match(text)
        or _OWN_HABIT.fullmatch(text)
        or _POINTS_BACK.match(text)
        or _SUPPOSES.match(text)
        or _TELLS.match(text)
        or _NO_RULE.fullmatch(text)
    )
