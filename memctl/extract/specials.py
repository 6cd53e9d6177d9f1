# ruff: noqa: E501 -- a pattern is read in one piece
"""Fixed turns of phrase that no verb frame reads: "call me Ally", "Priyanka here", "my sister Emma", "As a nurse I …"."""

import re
from collections.abc import Iterator

from memctl.extract.clauses import ADVERBS
from memctl.extract.draft import Draft, article
from memctl.extract.phrases import job, listed, noun, preference
from memctl.extract.topics.body import DIETS, DRUG
from memctl.extract.topics.life import PET
from memctl.extract.verbs import FORMS, gerund

_NAME = r"(?-i:[A-ZÀ-Þ][\w'\-À-ž]+(?: (?:de |van |von |la )?[A-ZÀ-Þ][\w'\-À-ž]+){0,3})"
_ONE = r"(?-i:[A-ZÀ-Þ][\w\-À-ž]+)"
_DAY = r"(?:\d{1,2}(?:st|nd|rd|th)?(?: of)? [A-Z][a-z]+|[A-Z][a-z]+ \d{1,2}(?:st|nd|rd|th)?)(?:,? \d{4})?|\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{2,4}"
_POST = (
    r"(?:(?:senior|junior|head|lead|team|shift|store|deputy|assistant|branch|area|general|project|regional|executive|managing|staff|principal|chief|floor|office|account|duty|line|sous|vice) )*"
    r"(?:chef|manager|lead|leader|supervisor|head of \w+|director|partner|engineer|developer|editor|teacher|nurse|officer|captain|foreman|buyer|consultant|associate|president|principal|coordinator|analyst|designer|head chef|vp|cto|ceo|cfo|coo|[\w]+ (?:manager|lead|leader|director|editor|supervisor))"
)
_NICK = r"(?P<o>(?-i:[A-ZÀ-Þ])[\w.\-À-ž]*(?: (?-i:[A-ZÀ-Þ])[\w.\-]*)?)"

SPECIALS: tuple[tuple[re.Pattern[str], str, str, float, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), predicate, template, confidence, category)
    for pattern, predicate, template, confidence, category in (
        (
            rf"(?:^(?:[\w',! ]{{0,25}}?[,.!]? )?|[,;.] |\b(?:but|and|so) )(?:you (?:can|may) |please |just |do |pls |and |so |but |, )*call me {_NICK}(?=$|[,.!;]| (?:from|please|for|instead|btw|if|and|now)\b)",
            "preferred_name",
            "goes by {o}",
            0.95,
            "identity",
        ),
        (
            rf"\b(?:everyone|everybody|people|friends|my (?:friends|family)|most people|folks|they)(?: all| just| usually| mostly)? (?:calls?|says?|knows?) (?:me (?:as )?)?{_NICK}(?=$|[,.!;]| (?:though|instead|for|and|at)\b)",
            "preferred_name",
            "goes by {o}",
            0.85,
            "identity",
        ),
        (
            rf"^(?:(?:hi|hello|hey|heya|hiya|oi|yo|ey up|sup|greetings|morning|good (?:morning|evening|afternoon|day)|evening|afternoon)[,!. ]+(?:all|there|everyone|again)?[,!. ]*)+(?:it's|its|it is|this is) (?P<o>{_ONE}(?: {_ONE})?)(?=$|[,.!;:–—]| (?:here|from|again)\b)",
            "name",
            "is called {o}",
            0.85,
            "identity",
        ),
        (
            rf"(?:^|[,;:] )(?:my )?(?:date of birth|dob|d\.o\.b\.?)(?: is|:)? (?P<o>{_DAY})",
            "birthday",
            "has their birthday on {o}",
            0.9,
            "identity",
        ),
        (
            r"\b(?:i'm|i am) an? (?:proud )?(?P<o>(?-i:[A-ZÀ-Þ])[\w\-]+(?: (?-i:[A-Z])[\w\-]+)?) (?:girl|lad|boy|lass|native|man|woman|kid)(?:,? born and (?:bred|raised)| at heart| through and through|(?=$|[,.]))",
            "hometown",
            "is from {o}",
            0.75,
            "identity",
        ),
        (
            rf"\bmy (?:current |new )?(?:employer|company|workplace|firm)(?:,| is) (?P<o>{_NAME})(?=$|[,.])",
            "works_at",
            "works at {o}",
            0.85,
            "work",
        ),
        (
            rf"^(?:(?:and|but|so) )?my (?:current |new )?(?:job|role|position|desk|team|manager|boss|colleagues|coworkers|contract) (?:at|with) (?P<o>{_NAME})(?! (?:ended|was|ends|finished))",
            "works_at",
            "works at {o}",
            0.75,
            "work",
        ),
        (
            r"^(?:now |back |over )*(?:at|with) (?P<o>(?!the\b|my\b|a\b|an\b|it\b|this|that|home|work|school|uni|college|lunch|dinner|breakfast|peace|least|church|sea|bay|night|war|risk|ease|rest)[\w&'\-]+(?: [\w&'\-]+){0,2}?) now(?=$|[,.!])",
            "works_at",
            "works at {o}",
            0.75,
            "work",
        ),
        (
            r"(?:^|[,;.] )(?:and )?(?:now|currently|these days) (?:living |based )?in (?P<o>(?-i:[A-Z])[\w\-]+(?: (?-i:[A-Z])[\w\-]+)*)(?=$|[,.])",
            "lives_in",
            "lives in {o}",
            0.75,
            "home",
        ),
        (rf"^(?P<o>{DRUG}),? \d+ ?(?:mg|mcg|ml)\b", "takes_medication", "takes {o}", 0.8, "health"),
        (
            r"(?:^|[,.;] |\bi'm an? |\bi am an? |\bim an? )(?P<o>[a-z][\w\-]+(?: [a-z][\w\-]+){0,2}) by (?:trade|profession|training|day)\b",
            "job_title",
            "is a {o}",
            0.85,
            "work",
        ),
        (
            rf"\b(?:they|my (?:boss|manager|company)|work|the company|he|she)(?:'ve| have|'s| has)? (?:just |finally )?(?:made|promoted|appointed|named|bumped) me(?: up)?(?: to| as)? (?:the |an? )?(?P<o>{_POST})(?=$|[,.!;]| (?:at|in|of|from|last|this|today|yesterday|after|now|so|and|finally)\b)",
            "job_title",
            "is {o}",
            0.85,
            "work",
        ),
        (
            rf"\b(?:doctor|gp|dr\.? \w+|consultant|psychiatrist|nurse|hospital|they|specialist|cardiologist|neurologist)(?:'s|'ve| has| have)? (?:just |recently |finally )?(?:put|started|got|prescribed) me (?:back )?(?:on )?(?:\d+ ?mg (?:of )?|a (?:low|high) dose of |some )?(?P<o>{DRUG})",
            "takes_medication",
            "takes {o}",
            0.85,
            "health",
        ),
        (rf"\bchanged my name to {_NICK}", "name", "is called {o}", 0.9, "identity"),
        (
            r"\bnow (?:i'm|i am) (?:at|with) (?P<o>(?-i:[A-Z])[\w\-&']*(?: (?-i:[A-Z])[\w\-&']*)*)(?=$|[,.!])",
            "works_at",
            "works at {o}",
            0.75,
            "work",
        ),
        (
            r"\bswitched me (?:over )?(?:from [\w\-]+ )?to (?P<o>(?-i:[A-Z])[\w\-]+)",
            "takes_medication",
            "takes {o}",
            0.8,
            "health",
        ),
        (
            rf"^(?:(?:hiya|hi|hello|hey|good (?:morning|evening|afternoon)|yo|so|ok)[,!.]? (?:all|there|everyone|team)?[,!.]? ?)?(?P<o>(?!Same|Looky?|And|But|Me|Us|Only|Been|Not|Just|Yes|Yep|No|Nope|Welcome|Sitting|Vegan|Vegetarian|Mom|Dad|Mum|Everything|Get|See|Put|Is|Was|It|We|I|You|The|Wish|Live|Stay|Click|Add|Sign|Names?|Newbie|Long|Anyone|Someone|Right|Over|Come|Out|Down|Up|Still|Back|Also|New|First|All|Hiya|Hello|Good|Nothing|Everyone){_ONE}(?: {_ONE})?) here(?=$|[,.!;–—])",
            "name",
            "is called {o}",
            0.85,
            "identity",
        ),
        (rf"^(?:(?:hello|hi|hey|dear sir|sir)[!,.]? )?myself (?P<o>{_NAME})", "name", "is called {o}", 0.9, "identity"),
        (rf"^(?:the )?name(?:'s| is|:) (?P<o>{_NAME})", "name", "is called {o}", 0.9, "identity"),
        (
            r"^(?P<o>\d{2}) ?(?:yrs?|years?)[ -]olds?\b(?! (?:dog|cat|son|daughter|boy|girl|kid|house|car|wine|child|woman|man))",
            "age",
            "is {o} years old",
            0.8,
            "identity",
        ),
        (
            r"\b(?:so |now )?at (?:the age of )?(?P<o>\d{2}) (?=i\b|i'm\b|i've\b)",
            "age",
            "is {o} years old",
            0.8,
            "identity",
        ),
        (
            r"^(?:newly |recently |freshly )?(?P<o>single|married|divorced) (?:again )?at (?P<age>\d{2})\b",
            "relationship_status",
            "is {o}",
            0.8,
            "family",
        ),
        (rf"^(?:and |so |well |, )*(?P<o>{DIETS}) (?:here|since|for \d+ years)\b", "diet", "is {o}", 0.85, "diet"),
        (
            r"\b(?:my|our) (?:\w+ )?shift at (?P<o>(?-i:the )?(?-i:[A-Z])[\w'\-]*(?: (?-i:[A-Z])[\w'\-]*)*)",
            "works_at",
            "works at {o}",
            0.8,
            "work",
        ),
        (
            r"\b(?P<o>(?-i:[A-Z])[\w\-]*(?: (?-i:[A-Z])[\w\-]*)*) is (?:now )?(?:my |our )?(?:new )?home(?: now| these days|$)",
            "lives_in",
            "lives in {o}",
            0.8,
            "home",
        ),
        (r"\bday one at (?P<o>(?-i:[A-Z])[\w'\-]*(?: (?-i:[A-Z])[\w'\-]*)*)", "works_at", "works at {o}", 0.8, "work"),
        (
            r"\b(?:my|our) (?:total |max(?:imum)? )?budget(?:'s| is)? (?:capped at|limited to|around|about|up to|max|under)? ?(?P<o>[$€£]? ?\d[\d,.]*k?(?: ?(?:dollars|euros|pounds|bucks|usd|eur|gbp))?)",
            "constraint",
            "has a budget of {o}",
            0.9,
            "constraints",
        ),
        (
            r"\bmy (?:own )?(?P<o>(?!worst|first|next|new|last|big|best|main)[A-Z]?[a-z]+(?:'s)?) (?:divorce|separation) (?:came through|is final)",
            "relationship_status",
            "is divorced",
            0.8,
            "family",
        ),
    )
)
_DIVORCE = re.compile(r"\b(?:officially|finally|now) (?P<o>divorced|married|engaged|single)\b", re.IGNORECASE)
_AS_A = re.compile(
    r"(?:^|[,;] |\b(?:and|but|so) )(?:speaking )?as an? (?P<o>[\w\- ]{3,45}?),? (?=i\b|i'm|i've|my\b)|\bbeing an? (?P<p>[\w\- ]{3,40}?), (?=i\b|i'm|i've)",
    re.IGNORECASE,
)
_NO_TRADE = re.compile(
    r"\b(?:result|kid|child|teenager|rule|habit|treat|gift|joke|person|human|man|woman|fan|user|customer|bonus|friend|matter|whole|beginner|side|family|team|group|couple|starting|last resort|follow|test|student of life|favou?r|surprise|backup|parent|mom|mum|dad|mother|father|reward|present|reminder|way|start)\b",
    re.IGNORECASE,
)
_RAN_ON = re.compile(
    r"\b(?:everything|our (?:app|site|stack|backend|service|product|platform)|my (?:app|site|stack|backend)|the (?:whole )?(?:app|site|stack|backend))(?: here)? (?:runs on|is built (?:with|on|in)|is written in|uses) (?P<o>.+)",
    re.IGNORECASE,
)
_FAVOURITE = re.compile(
    r"^(?:my |the )?(?:(?:new|current|latest|all-time) )*(?:favou?rite|fav|fave) (?P<s>[\w\- ]{2,25}?)\s*(?::|=|-|–)\s*(?P<o>.+)",
    re.IGNORECASE,
)
_PASTIME = re.compile(
    r"\b(?:in my (?:spare|free) time|for fun|in my time off|when i'm not working|at weekends|(?:on )?(?:the )?weekends),? (?:i|we) (?:(?:mostly|usually|often|also|mainly|like to|love to|enjoy|like|love) )*"
    r"(?P<o>(?!am\b|have\b|had\b|was\b|went\b|can|will|would|do\b|don't|need|want|think|know|feel|get\b|is\b|are\b|just\b)[a-z]+ .+)",
    re.IGNORECASE,
)
_PASTIME_AFTER = re.compile(
    r"^(?:i|we) (?:(?:mostly|usually|often|also|mainly) )*(?P<o>(?!am\b|have|had|was|went|can|will|would|do\b|don't|need|want|think|know|feel|get\b)[a-z]+ [\w\- ]{3,40}?) (?:in my (?:spare|free) time|for fun|as a hobby)\b",
    re.IGNORECASE,
)
_RATHER = re.compile(
    r"\b(?:i'd|i would) (?:much )?rather (?:have |use |get |take |drink |eat |travel by |go by |be )?(?P<o>.+?) (?:than|over|instead of) ",
    re.IGNORECASE,
)
_RATHER_DO = re.compile(
    r"\b(?:i'd|i would) (?:much |always )?rather (?!not\b|you\b|he\b|she\b|they\b|we\b|it\b|have\b|be\b)(?P<o>\w+ (?:.+? )?"
    r"(?:on (?:\w+days|weekends)|in the (?:mornings?|evenings?|afternoons?)|at weekends|every \w+|at night|from home|by default))\b(?!.* than )",
    re.IGNORECASE,
)
""" "I'd rather work from home on Fridays": a habit, not a wish for now."""

RETRACTED: tuple[tuple[re.Pattern[str], str, str, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), predicate, template, category)
    for pattern, predicate, template, category in (
        (rf"\b(?:ignore|forget) what i said about being (?:an? )?(?P<o>{DIETS})", "diet", "is {o}", "diet"),
        (
            r"(?:\b(?:i've|i have|i)|^) (?:really |totally )?(?:gone|went) off (?P<o>[a-z][\w\- ]{2,30}?)(?=$|[,.!]| (?:lately|recently|since|now|a)\b)",
            "likes",
            "likes {o}",
            "preferences",
        ),
        (
            rf"\b(?:my|our) (?:\w+ )?(?:{PET}),? (?P<o>(?-i:[A-Z])[\w\-]+),? (?:has |just )?(?:passed away|died|passed)\b",
            "has_pet",
            "has {o}",
            "pets",
        ),
        (
            rf"\b(?:put|to put) (?:my|our) (?P<o>{PET})(?: (?-i:[A-Z])\w+)? (?:down|to sleep)\b",
            "has_pet",
            "has a {o}",
            "pets",
        ),
        (r"\bswitched me (?:over )?from (?P<o>[\w\-]+) to ", "takes_medication", "takes {o}", "health"),
        (
            r"\b(?:taken|took|takes|taking) me off (?:the |my )?(?P<o>[a-z][\w\-]{3,})",
            "takes_medication",
            "takes {o}",
            "health",
        ),
        (
            r"\b(?:the|my|our) (?P<o>(?-i:[A-Z])[\w\-]*(?: (?-i:[A-Z])[\w\-]*)*) (?:trip|holiday|flight|visit|wedding|race|move|plan|vacation|gig|concert)(?:'s| is| was| got| has been| is now)(?: all)? (?:off|cancell?ed|called off|postponed)\b",
            "plans",
            "plans {o}",
            "plans",
        ),
        (
            r"\b(?:cancell?ed|called off|postponed|scrapped) (?:the|my|our) (?:trip to |flight to |visit to )?(?P<o>(?-i:[A-Z])[\w\-]*(?: (?-i:[A-Z])[\w\-]*)*)",
            "plans",
            "plans {o}",
            "plans",
        ),
        (
            r"\bhand(?:ed|ing) (?:in )?my (?:notice|resignation)(?: in)? (?:at|to) (?P<o>(?-i:[A-Z])[\w\-&']*(?: (?-i:[A-Z])[\w\-&]*)*)",
            "works_at",
            "works at {o}",
            "work",
        ),
        (
            r"\b(?:ignore|forget) what i said (?:about|on) (?P<o>[\w ]+?)(?=$|[,.;])",
            "instruction",
            "wants {o}",
            "instructions",
        ),
    )
)


def retracted(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The retractions of fixed phrases: "the Lisbon trip's off"."""
    for pattern, predicate, template, category in RETRACTED:
        gone = pattern.search(text)
        if gone is not None:
            yield Draft(
                predicate=predicate,
                object=gone["o"],
                phrase=template.format(o=gone["o"]),
                quote=span,
                op="retract",
                category=category,
            )


def specials(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The drafts of fixed phrases in one sentence."""
    for pattern, predicate, template, confidence, category in SPECIALS:
        match = pattern.search(text)
        if match is None:
            continue
        value = match["o"].strip(" .,")
        yield Draft(
            predicate=predicate,
            object=value if predicate != "relationship_status" or len(value) > 3 else "divorced",
            phrase=template.format(o=value),
            quote=span,
            confidence=confidence,
            category=category,
        )
        if match.groupdict().get("age"):
            yield Draft(
                predicate="age",
                object=match["age"],
                phrase=f"is {match['age']} years old",
                quote=span,
                confidence=confidence,
                category="identity",
            )
    yield from retracted(text, span)
    yield from _trades(text, span)
    yield from _tastes(text, span)


def _trades(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """Occupation, status and tools said in passing."""
    trade = _AS_A.search(text)
    if trade:
        name = job(trade["o"] or trade["p"])
        if name and not _NO_TRADE.search(name):
            yield Draft(
                predicate="job_title",
                object=name,
                phrase=f"is {article(name)}",
                quote=span,
                confidence=0.8,
                category="work",
            )
    status = _DIVORCE.search(text)
    if status:
        yield Draft(
            predicate="relationship_status",
            object=status["o"].lower(),
            phrase=f"is {status['o'].lower()}",
            quote=span,
            confidence=0.8,
            category="family",
        )
    stack = _RAN_ON.search(text)
    if stack:
        for tool in listed(stack["o"]):
            if tool[:1].isupper():
                yield Draft(
                    predicate="uses", object=tool, phrase=f"uses {tool}", quote=span, confidence=0.8, category="tools"
                )


def _gerund_phrase(text: str) -> str | None:
    """ "Build model railways" gives "building model railways", None without a known present verb."""
    verb, _, rest = text.partition(" ")
    if verb.lower() in ADVERBS:
        return None
    lemma, form = FORMS.get(verb.lower(), (verb, "base"))
    value = noun(rest)
    if value is None or form not in ("base", "ing"):
        return None
    return f"{verb.lower() if form == 'ing' or verb.endswith('ing') else gerund(lemma)} {value}"


def _tastes(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """Favourites and preferences said without a verb of their own."""
    favourite = _FAVOURITE.match(text)
    if favourite and (value := noun(favourite["o"])):
        slot = favourite["s"].lower()
        yield Draft(
            predicate="favorite",
            object=value,
            slot=slot,
            phrase=f"has the favourite {slot} {value}",
            quote=span,
            kind="preference",
            confidence=0.9,
            category="preferences",
        )
    pastime = _PASTIME.search(text) or _PASTIME_AFTER.match(text)
    if pastime and (doing := _gerund_phrase(pastime["o"])):
        yield Draft(
            predicate="hobby",
            object=doing,
            phrase=f"has the hobby {doing}",
            quote=span,
            kind="preference",
            confidence=0.85,
            category="interests",
        )
    habit = _RATHER_DO.search(text)
    if habit and (value := preference(f"to {habit['o']}")):
        yield Draft(
            predicate="prefers",
            object=value,
            phrase=f"prefers {value}",
            quote=span,
            kind="preference",
            confidence=0.85,
            category="preferences",
        )
    rather = _RATHER.search(text)
    if rather and (value := noun(rather["o"])):
        yield Draft(
            predicate="prefers",
            object=value,
            phrase=f"prefers {value}",
            quote=span,
            kind="preference",
            confidence=0.85,
            category="preferences",
        )
