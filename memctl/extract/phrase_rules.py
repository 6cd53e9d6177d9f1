"""Fixed turns of phrase that no verb frame reads: "call me Ally", "Priyanka here", "bricklayer by trade".

A `Saying` is searched for in a whole sentence; its hints spare the search where none of them stands.
"""

import re
from collections.abc import Iterator

import msgspec

from memctl.extract.draft_claim import Draft
from memctl.extract.lexicon.health import DIETS, DRUG


class Saying(msgspec.Struct, frozen=True):
    """A phrase that says `predicate` of its group `o`; one of `hints` (lower case) stands in every such phrase."""

    pattern: re.Pattern[str]
    predicate: str
    template: str
    category: str
    hints: tuple[str, ...]
    confidence: float = 0.85


def saying(
    pattern: str, predicate: str, template: str, category: str, hints: tuple[str, ...], *, confidence: float = 0.85
) -> Saying:
    """A row of the tables, its pattern case-insensitive."""
    return Saying(re.compile(pattern, re.IGNORECASE), predicate, template, category, hints, confidence)


_NAME = r"(?-i:[A-ZÀ-Þ][\w'\-À-ž]+(?: (?:de |van |von |la )?[A-ZÀ-Þ][\w'\-À-ž]+){0,3})"
_ONE = r"(?-i:[A-ZÀ-Þ][\w\-À-ž]+)"
_DAY = (
    r"(?:\d{1,2}(?:st|nd|rd|th)?(?: of)? [A-Z][a-z]+|[A-Z][a-z]+ \d{1,2}(?:st|nd|rd|"
    r"th)?)(?:,? \d{4})?|\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{2,4}"
)
_POST = (
    r"(?:(?:senior|junior|head|lead|team|shift|store|deputy|assistant|branch|area|general|project|"
    r"regional|executive|managing|staff|principal|chief|floor|office|account|duty|line|sous|vice) )*"
    r"(?:chef|manager|lead|leader|supervisor|head of \w+|director|partner|engineer|developer|editor|"
    r"teacher|nurse|officer|captain|foreman|buyer|consultant|associate|president|principal|"
    r"coordinator|analyst|designer|head chef|vp|cto|ceo|cfo|coo|[\w]+ (?:manager|lead|leader|director|"
    r"editor|supervisor))"
)
_NICK = r"(?P<o>(?-i:[A-ZÀ-Þ])[\w.\-À-ž]*(?: (?-i:[A-ZÀ-Þ])[\w.\-]*)?)"

SAYINGS: tuple[Saying, ...] = (
    saying(
        (
            r"(?:^(?:[\w',! ]{0,25}?[,.!]? )?|[,;.] |\b(?:but|and|so) )(?:you (?:can|may) |please |just |"
            rf"do |pls |and |so |but |, )*call me {_NICK}(?=$|[,.!;]| (?:from|please|for|instead|btw|if|and|"
            r"now)\b)"
        ),
        "preferred_name",
        "goes by {o}",
        "identity",
        ("call me",),
        confidence=0.95,
    ),
    saying(
        (
            r"\b(?:everyone|everybody|people|friends|my (?:friends|family)|most people|folks|they)(?: all|"
            rf" just| usually| mostly)? (?:calls?|says?|knows?) (?:me (?:as )?)?{_NICK}(?=$|[,.!;]| (?:though|"
            r"instead|for|and|at)\b)"
        ),
        "preferred_name",
        "goes by {o}",
        "identity",
        (
            "call",
            "say",
            "know",
        ),
    ),
    saying(
        (
            r"^(?:(?:hi|hello|hey|heya|hiya|oi|yo|ey up|sup|greetings|morning|good (?:morning|evening|"
            r"afternoon|day)|evening|afternoon)[,!. ]+(?:all|there|everyone|again)?[,!. ]*)+(?:it's|its|it is|"
            rf"this is) (?P<o>{_ONE}(?: {_ONE})?)(?=$|[,.!;:–—]| (?:here|from|again)\b)"
        ),
        "name",
        "is called {o}",
        "identity",
        (
            "it's",
            "its",
            "it is",
            "this is",
        ),
    ),
    saying(
        rf"(?:^|[,;:] )(?:my )?(?:date of birth|dob|d\.o\.b\.?)(?: is|:)? (?P<o>{_DAY})",
        "birthday",
        "has their birthday on {o}",
        "identity",
        (
            "birth",
            "dob",
            "d.o.b",
        ),
        confidence=0.9,
    ),
    saying(
        (
            r"\b(?:i'm|i am) an? (?:proud )?(?P<o>(?-i:[A-ZÀ-Þ])[\w\-]+(?: (?-i:[A-Z])[\w\-]+)?) (?:girl|lad|"
            r"boy|lass|native|man|woman|kid)(?:,? born and (?:bred|raised)| at heart| through and through|"
            r"(?=$|[,.]))"
        ),
        "hometown",
        "is from {o}",
        "identity",
        (
            "girl",
            "lad",
            "boy",
            "lass",
            "native",
            "man",
            "kid",
        ),
        confidence=0.75,
    ),
    saying(
        rf"\bmy (?:current |new )?(?:employer|company|workplace|firm)(?:,| is) (?P<o>{_NAME})(?=$|[,.])",
        "works_at",
        "works at {o}",
        "work",
        (
            "employer",
            "company",
            "workplace",
            "firm",
        ),
    ),
    saying(
        (
            r"^(?:(?:and|but|so) )?my (?:current |new )?(?:job|role|position|desk|team|manager|boss|"
            rf"colleagues|coworkers|contract) (?:at|with) (?P<o>{_NAME})(?! (?:ended|was|ends|finished))"
        ),
        "works_at",
        "works at {o}",
        "work",
        ("my ",),
        confidence=0.75,
    ),
    saying(
        (
            r"^(?:now |back |over )*(?:at|with) (?P<o>(?!the\b|my\b|a\b|an\b|it\b|this|that|home|work|school|"
            r"uni|college|lunch|dinner|breakfast|peace|least|church|sea|bay|night|war|risk|ease|"
            r"rest)[\w&'\-]+(?: [\w&'\-]+){0,2}?) now(?=$|[,.!])"
        ),
        "works_at",
        "works at {o}",
        "work",
        (" now",),
        confidence=0.75,
    ),
    saying(
        (
            r"(?:^|[,;.] )(?:and )?(?:now|currently|these days) (?:living |"
            r"based )?in (?P<o>(?-i:[A-Z])[\w\-]+(?: (?-i:[A-Z])[\w\-]+)*)(?=$|[,.])"
        ),
        "lives_in",
        "lives in {o}",
        "home",
        (
            "now",
            "currently",
            "these days",
        ),
        confidence=0.75,
    ),
    saying(
        rf"^(?P<o>{DRUG}),? \d+ ?(?:mg|mcg|ml)\b",
        "takes_medication",
        "takes {o}",
        "health",
        (
            "mg",
            "mcg",
            "ml",
        ),
        confidence=0.8,
    ),
    saying(
        (
            r"(?:^|[,.;] |\bi'm an? |\bi am an? |\bim an? )(?P<o>[a-z][\w\-]+(?: [a-z][\w\-]+){0,2}) by "
            r"(?:trade|profession|training|day)\b"
        ),
        "job_title",
        "is a {o}",
        "work",
        (" by ",),
    ),
    saying(
        (
            r"\b(?:they|my (?:boss|manager|company)|work|the company|he|she)(?:'ve| have|'s| has)? (?:just |"
            r"finally )?(?:made|promoted|appointed|named|bumped) me(?: up)?(?: to| as)? (?:the |"
            rf"an? )?(?P<o>{_POST})(?=$|[,.!;]| (?:at|in|of|from|last|this|today|yesterday|after|now|so|and|"
            r"finally)\b)"
        ),
        "job_title",
        "is {o}",
        "work",
        (" me",),
    ),
    saying(
        (
            r"\b(?:doctor|gp|dr\.? \w+|consultant|psychiatrist|nurse|hospital|they|specialist|cardiologist|"
            r"neurologist)(?:'s|'ve| has| have)? (?:just |recently |finally )?(?:put|started|got|"
            r"prescribed) me (?:back )?(?:on )?(?:\d+ ?mg (?:of )?|a (?:low|high) dose of |"
            rf"some )?(?P<o>{DRUG})"
        ),
        "takes_medication",
        "takes {o}",
        "health",
        (" me ",),
    ),
    saying(rf"\bchanged my name to {_NICK}", "name", "is called {o}", "identity", ("changed my name",), confidence=0.9),
    saying(
        r"\bnow (?:i'm|i am) (?:at|with) (?P<o>(?-i:[A-Z])[\w\-&']*(?: (?-i:[A-Z])[\w\-&']*)*)(?=$|[,.!])",
        "works_at",
        "works at {o}",
        "work",
        ("now i",),
        confidence=0.75,
    ),
    saying(
        r"\bswitched me (?:over )?(?:from [\w\-]+ )?to (?P<o>(?-i:[A-Z])[\w\-]+)",
        "takes_medication",
        "takes {o}",
        "health",
        ("switched me",),
        confidence=0.8,
    ),
    saying(
        (
            r"^(?:(?:hiya|hi|hello|hey|good (?:morning|evening|afternoon)|yo|so|ok)[,!.]? (?:all|there|"
            r"everyone|team)?[,!.]? ?)?(?P<o>(?!Same|Looky?|And|But|Me|Us|Only|Been|Not|Just|Yes|Yep|No|Nope|"
            r"Welcome|Sitting|Vegan|Vegetarian|Mom|Dad|Mum|Everything|Get|See|Put|Is|Was|It|We|I|You|The|Wish|"
            r"Live|Stay|Click|Add|Sign|Names?|Newbie|Long|Anyone|Someone|Right|Over|Come|Out|Down|Up|Still|"
            rf"Back|Also|New|First|All|Hiya|Hello|Good|Nothing|Everyone){_ONE}(?: {_ONE})?) here(?=$|[,.!;–—])"
        ),
        "name",
        "is called {o}",
        "identity",
        (" here",),
    ),
    saying(
        rf"^(?:(?:hello|hi|hey|dear sir|sir)[!,.]? )?myself (?P<o>{_NAME})",
        "name",
        "is called {o}",
        "identity",
        ("myself",),
        confidence=0.9,
    ),
    saying(
        rf"^(?:the )?name(?:'s| is|:) (?P<o>{_NAME})", "name", "is called {o}", "identity", ("name",), confidence=0.9
    ),
    saying(
        (
            r"^(?P<o>\d{2}) ?(?:yrs?|years?)[ -]olds?\b(?! (?:dog|cat|son|daughter|boy|girl|kid|house|car|"
            r"wine|child|woman|man))"
        ),
        "age",
        "is {o} years old",
        "identity",
        ("old",),
        confidence=0.8,
    ),
    saying(
        r"\b(?:so |now )?at (?:the age of )?(?P<o>\d{2}) (?=i\b|i'm\b|i've\b)",
        "age",
        "is {o} years old",
        "identity",
        ("at ",),
        confidence=0.8,
    ),
    saying(
        r"^(?:newly |recently |freshly )?(?P<o>single|married|divorced) (?:again )?at (?P<age>\d{2})\b",
        "relationship_status",
        "is {o}",
        "family",
        (" at ",),
        confidence=0.8,
    ),
    saying(
        rf"^(?:and |so |well |, )*(?P<o>{DIETS}) (?:here|since|for \d+ years)\b",
        "diet",
        "is {o}",
        "diet",
        (
            " here",
            " since",
            " for ",
        ),
    ),
    saying(
        r"\b(?:my|our) (?:\w+ )?shift at (?P<o>(?-i:the )?(?-i:[A-Z])[\w'\-]*(?: (?-i:[A-Z])[\w'\-]*)*)",
        "works_at",
        "works at {o}",
        "work",
        ("shift",),
        confidence=0.8,
    ),
    saying(
        (
            r"\b(?!This|That|Here|There|It)(?P<o>(?-i:[A-Z])[\w\-]*(?: (?-i:[A-Z])[\w\-]*)*) is (?:now )?(?:my |"
            r"our )?(?:new )?home(?: now| these days|$)"
        ),
        "lives_in",
        "lives in {o}",
        "home",
        ("home",),
        confidence=0.8,
    ),
    saying(
        r"\bday one at (?P<o>(?-i:[A-Z])[\w'\-]*(?: (?-i:[A-Z])[\w'\-]*)*)",
        "works_at",
        "works at {o}",
        "work",
        ("day one",),
        confidence=0.8,
    ),
    saying(
        (
            r"\b(?:my|our) (?:total |max(?:imum)? )?budget(?:'s| is)? (?:capped at|limited to|around|about|"
            r"up to|max|under)? ?(?P<o>[$€£]? ?\d[\d,.]*k?(?: ?(?:dollars|euros|pounds|bucks|usd|eur|gbp))?)"
        ),
        "constraint",
        "has a budget of {o}",
        "constraints",
        ("budget",),
        confidence=0.9,
    ),
    saying(
        (
            r"\bmy (?:own )?(?P<o>(?!worst|first|next|new|last|big|best|main)[A-Z]?[a-z]+(?:'s)?) (?:divorce|"
            r"separation) (?:came through|is final)"
        ),
        "relationship_status",
        "is divorced",
        "family",
        (
            "divorce",
            "separation",
        ),
        confidence=0.8,
    ),
)


def sayings(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The drafts of fixed phrases in one sentence."""
    lowered = text.lower()
    for row in SAYINGS:
        found = row.pattern.search(text) if any(hint in lowered for hint in row.hints) else None
        if found is None:
            continue
        value = found["o"].strip(" .,")
        yield Draft(
            predicate=row.predicate,
            object=value if row.predicate != "relationship_status" or len(value) > 3 else "divorced",
            phrase=row.template.format(o=value),
            quote=span,
            confidence=row.confidence,
            category=row.category,
        )
        if age := found.groupdict().get("age"):
            yield Draft(
                predicate="age",
                object=age,
                phrase=f"is {age} years old",
                quote=span,
                confidence=row.confidence,
                category="identity",
            )
